"""An editor's picks."""

import pytest
from django.urls import reverse

from papers.models import Pick
from tests.factories import (
    make_paper,
)

pytestmark = pytest.mark.django_db


def test_a_pick_remembers_whose_hand_it_was(admin_client, admin_user):
    paper = make_paper()
    form = {"day": "2026-06-10", "paper": paper.pk, "kind": "pin", "note": "Read", "position": 1}

    assert admin_client.post(reverse("admin:papers_pick_add"), form).status_code == 302

    pick = Pick.objects.get()
    assert (pick.paper, pick.created_by, pick.note) == (paper, admin_user, "Read")


def test_the_paper_of_a_pick_is_completed_while_typing(admin_client):
    paper = make_paper("Needles in haystacks")
    make_paper("Something else")
    query = {
        "term": "needl",
        "app_label": "papers",
        "model_name": "pick",
        "field_name": "paper",
    }

    found = admin_client.get(reverse("admin:autocomplete"), query).json()["results"]

    assert found == [{"id": str(paper.pk), "text": "Needles in haystacks"}]
