"""What editors do about a paper from its page, which is the same for everyone."""

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from papers.models import AuditEntry, Feature, Match, Pick
from tests.admin_pages import staff, text
from tests.factories import DAY, NOW, make_match, make_paper, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper():
    paper = make_paper("Agents everywhere", day=DAY - dt.timedelta(days=30))
    make_match(paper, make_topic("Agents"))
    return paper


@pytest.fixture
def editor(paper):
    with time_machine.travel(NOW, tick=False):
        yield staff(is_superuser=True)


def desk(paper) -> str:
    return reverse("admin:papers_paper_desk", args=[paper.pk])


def test_the_page_is_the_same_for_everyone_and_the_fragment_is_stored_nowhere(paper, editor):
    page = paper.get_absolute_url()
    assert editor.get(page).content == Client().get(page).content
    fragment = editor.get(desk(paper))
    assert "no-store" in fragment["Cache-Control"]
    assert "For editors" in text(fragment)
    assert Client().get(desk(paper)).status_code == 302
    assert editor.cookies["desk"].value == "1"


def test_a_paper_is_pinned_hidden_and_annotated_for_the_coming_issue(paper, editor):
    form = {"what": "decide", "place": "2", "note": "By our neighbors."}
    assert editor.post(desk(paper), form).url == paper.get_absolute_url()
    pick = Pick.objects.get()
    assert (pick.day, pick.kind, pick.position) == (DAY, "pin", 2)
    assert "By our neighbors." in text(editor.get(desk(paper)))
    editor.post(desk(paper), {"what": "decide", "is_hidden": "on"})
    assert Pick.objects.get().kind == "hide"
    editor.post(desk(paper), {"what": "decide"})
    assert not Pick.objects.exists()
    assert AuditEntry.objects.filter(model="papers.paper").count() == 3
    for nonsense in ({"place": "9" * 40}, {"place": "0"}, {"note": "n" * 301}, {"note": "\0"}):
        editor.post(desk(paper), {"what": "decide"} | nonsense)
    assert not Pick.objects.exists()


def test_a_paper_is_added_to_the_coming_issue_or_the_next(paper, editor):
    for _ in range(2):
        editor.post(desk(paper), {"what": "list", "day": "next"})
    editor.post(desk(paper), {"what": "list", "day": "this"})
    added = Feature.objects.filter(source__kind="byhand").order_by("day")
    assert [one.day for one in added] == [DAY, DAY + dt.timedelta(days=1)]


def test_a_match_is_vetoed_and_left_to_matching_again(paper, editor):
    match = Match.objects.get()
    editor.post(desk(paper), {"what": "veto", "match": match.pk})
    assert Match.objects.get().verdict == Match.Verdict.VETOED
    editor.post(desk(paper), {"what": "allow", "match": match.pk})
    assert Match.objects.get().verdict == Match.Verdict.NONE
    for nonsense in ("", "x", "9" * 40, match.pk + 1):
        assert editor.post(desk(paper), {"what": "veto", "match": nonsense}).status_code == 302
    assert Match.objects.get().verdict == Match.Verdict.NONE


def test_each_does_what_is_theirs(paper):
    viewer = staff("papers.view_paper")
    assert "Save" not in text(viewer.get(desk(paper)))
    for what in ("decide", "list", "veto", "nonsense"):
        assert viewer.post(desk(paper), {"what": what}).status_code == 403
    assert not Pick.objects.exists()
