"""Pins and notes for days that can still carry them, and drafts alike."""

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from newsletter.issues.freezing import build_issue
from newsletter.models import IssueDraft
from papers.models import Paper, Pick
from tests.admin_pages import staff
from tests.factories import DAY, NOW, make_paper

pytestmark = pytest.mark.django_db

DAYS = {
    "frozen already": DAY,
    "come on Monday": dt.date(2026, 6, 13),
    "is over": DAY - dt.timedelta(days=1),
    "": DAY + dt.timedelta(days=1),
}


@pytest.fixture
def editor():
    make_paper()
    build_issue(DAY, NOW)
    with time_machine.travel(NOW, tick=False):
        yield staff(is_superuser=True)


@pytest.mark.parametrize("reason", DAYS)
@pytest.mark.parametrize("kind", Pick.Kind.values)
def test_a_pick_is_refused_with_the_reason_where_no_issue_can_carry_it(editor, kind, reason):
    form = {"day": DAYS[reason], "paper": Paper.objects.get().pk, "kind": kind, "position": 1}
    answer = editor.post(reverse("admin:papers_pick_add"), form)
    is_taken = kind == Pick.Kind.HIDE or not reason
    assert Pick.objects.count() == is_taken
    assert is_taken or reason in answer.content.decode()


@pytest.mark.parametrize("reason", DAYS)
def test_a_draft_is_refused_with_the_reason_alike(editor, reason):
    form = {"day": DAYS[reason], "publishing": "hold", "subject": "Robots"}
    answer = editor.post(reverse("admin:newsletter_issuedraft_add"), form)
    assert IssueDraft.objects.count() == (not reason)
    assert not reason or reason in answer.content.decode()


def test_the_form_of_a_draft_begins_with_the_next_day_that_is_open(editor):
    add = reverse("admin:newsletter_issuedraft_add")
    tomorrow = DAY + dt.timedelta(days=1)
    assert editor.get(add).context["adminform"].form["day"].value() == tomorrow
    IssueDraft.objects.create(day=tomorrow)
    IssueDraft.objects.create(day=tomorrow + dt.timedelta(days=1))
    monday = tomorrow + dt.timedelta(days=4)
    assert editor.get(add).context["adminform"].form["day"].value() == monday


def test_a_pick_of_a_day_that_was_frozen_since_can_still_be_worded_anew(editor):
    paper = Paper.objects.get()
    pick = Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.NOTE, note="Old")
    form = {"day": DAY, "paper": paper.pk, "kind": "note", "position": 1, "note": "New"}
    editor.post(reverse("admin:papers_pick_change", args=[pick.pk]), form)
    pick.refresh_from_db()
    assert pick.note == "New"
