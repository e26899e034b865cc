"""Sources, and what they listed."""

import pytest
from django.urls import reverse

from papers.models import Feature, Source
from tests.factories import (
    make_paper,
)

pytestmark = pytest.mark.django_db


def test_sources_are_switched_off_but_not_deleted(admin_client):
    source = Source.objects.get(slug="huggingface")
    url = reverse("admin:papers_source_change", args=[source.pk])

    form = {
        "name": "Papers of the day",
        "kind": "x",
        "wait_minutes": "60",
        "setting_every_minutes": "0",
        "setting_most_papers": "100",
    }
    assert admin_client.post(url, form).status_code == 302

    source.refresh_from_db()
    assert (source.name, source.is_active, source.kind) == (
        "Papers of the day",
        False,
        "huggingface",
    )
    delete = reverse("admin:papers_source_delete", args=[source.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


def test_features_are_only_to_be_read(admin_client):
    make_paper()
    feature = Feature.objects.get()

    assert admin_client.get(reverse("admin:papers_feature_add")).status_code == 403
    url = reverse("admin:papers_feature_change", args=[feature.pk])
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"day": "2020-01-01"}).status_code == 403
