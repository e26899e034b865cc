"""Freezing waits for every source that is fetched, each until its own deadline, and the issue says
who was missing.
"""

import datetime as dt

import pytest
from django.urls import reverse

from newsletter.delivery import planning
from newsletter.issues.freezing import build_issue, freeze_due
from newsletter.models import Issue, MissingSource
from papers.days import closes_at
from papers.ingest import community
from papers.models import Source
from papers.sources.registry import KINDS
from papers.sources.sample import Sample
from tests.factories import DAY, NOW, make_issue, make_paper, make_subscriber

pytestmark = pytest.mark.django_db

CLOSED = closes_at(DAY)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def papers():
    make_paper()
    Source.objects.update(is_active=False)


def make_live(slug: str, answered: int | None = None, **kwargs) -> Source:
    """A source that answered for the day, so many minutes after its end."""
    source = Source.objects.create(
        **{"kind": "huggingface", "slug": slug, "name": slug.title()} | kwargs
    )
    if answered is not None:
        source.record_answer(DAY, CLOSED + answered * MINUTE, {})
    return source


def missing(issue: Issue | None) -> set[str] | None:
    return None if issue is None else {source.slug for source in issue.missing}


@pytest.mark.parametrize(
    ("minutes", "without"),
    [
        (1, None),  # nobody but the quick one has answered yet
        (59, None),
        (60, {"slow", "dead"}),
        (200, {"slow", "dead"}),
    ],
)
def test_a_slow_a_dead_and_an_inactive_source(minutes, without):
    make_live("quick", answered=1)
    make_live("slow", answered=-30, wait_minutes=60)  # saw the day, but not its end
    make_live("dead", wait_minutes=30)
    make_live("inactive", is_active=False, wait_minutes=360)
    assert missing(freeze_due(CLOSED + minutes * MINUTE)) == without


def test_the_day_is_frozen_as_soon_as_the_last_source_has_answered():
    make_live("quick", answered=1)
    slow = make_live("slow", wait_minutes=300)
    now = CLOSED + 120 * MINUTE
    assert freeze_due(now) is None
    slow.record_answer(DAY, now, {})
    assert missing(freeze_due(now)) == set()
    assert Issue.objects.get().missing_sources == []


@pytest.mark.parametrize(
    ("wait", "waits_until"),
    [(0, 0), (45, 45), (180, 180), (340, 340), (360, 350), (1000, 350)],
)
def test_a_source_is_waited_for_until_its_own_deadline_and_never_past_planning(wait, waits_until):
    make_live("quick", answered=0)
    make_live("dead", wait_minutes=wait)
    if waits_until:
        assert freeze_due(CLOSED + waits_until * MINUTE - MINUTE) is None
    assert missing(freeze_due(CLOSED + waits_until * MINUTE)) == {"dead"}


def test_existing_sources_are_waited_for_three_hours():
    Source.objects.filter(slug="huggingface").update(is_active=True)
    assert Source.objects.get(slug="huggingface").wait == dt.timedelta(hours=3)


def test_planning_finds_an_issue_that_waited_as_long_as_may_be():
    make_issue(DAY - dt.timedelta(days=1))
    make_subscriber(next_digest_at=CLOSED)
    make_live("dead", wait_minutes=360)
    for minutes in range(0, 365, 5):
        freeze_due(CLOSED + minutes * MINUTE)
        planning.plan(CLOSED + (minutes + 1) * MINUTE)
    current = planning.current_issue(CLOSED + 361 * MINUTE)
    assert current is not None
    assert current.day == DAY
    assert list(Issue.objects.filter(deliveries__isnull=False).values_list("day")) == [(DAY,)]


def test_our_readers_are_not_waited_for():
    source = community.source()
    Source.objects.filter(pk=source.pk).update(is_active=True)
    assert missing(freeze_due(CLOSED)) == set()


@pytest.mark.parametrize(("selected", "waited_for"), [("live", "live"), ("sample", "replay")])
def test_only_what_papers_source_selects_is_waited_for(settings, selected, waited_for):
    settings.PAPERS_SOURCE = selected
    make_live("live")
    make_live("replay", kind="sample")
    assert freeze_due(CLOSED) is None
    assert missing(freeze_due(CLOSED + 180 * MINUTE)) == {waited_for}


def test_without_any_source_the_day_is_frozen_at_its_end():
    assert missing(freeze_due(CLOSED)) == set()


@pytest.mark.parametrize(("answered", "without"), [(None, {"feed"}), (-600, set()), (15, {"feed"})])
def test_a_source_that_lists_only_what_is_new_now_is_not_waited_for(monkeypatch, answered, without):
    """Asked after the day's end it lists the next day, so waiting brings nothing."""
    kind = type("Feed", (Sample,), {"kind": "feed", "is_sample": False, "answers_for_past": False})
    monkeypatch.setitem(KINDS, "feed", kind)
    source = make_live("feed", kind="feed", wait_minutes=300)
    if answered is not None:
        at = CLOSED + answered * MINUTE
        source.record_answer(at.date(), at, {})
    assert missing(freeze_due(CLOSED + 20 * MINUTE)) == without


def test_an_answer_that_the_version_before_noted_counts():
    source = make_live("quick")
    Source.objects.filter(pk=source.pk).update(last_fetched_at=CLOSED + MINUTE)
    assert missing(freeze_due(CLOSED + 2 * MINUTE)) == set()


def test_on_a_weekend_fridays_sources_are_waited_for():
    friday = dt.date(2026, 6, 12)
    make_paper(day=friday)
    source = make_live("quick")
    saturday = closes_at(friday) + 10 * MINUTE
    source.record_answer(friday, saturday - 30 * MINUTE, {})
    assert freeze_due(saturday) is None
    source.record_answer(friday, saturday, {})
    issue = freeze_due(saturday + dt.timedelta(days=1))
    assert issue is not None
    assert (issue.day, missing(issue)) == (friday, set())


def test_of_an_older_day_nobody_says_who_was_missing():
    make_live("dead")
    older = DAY - dt.timedelta(days=7)
    make_paper(day=older)
    issue = build_issue(older, NOW)
    assert issue is not None
    assert (issue.missing_sources, issue.missing) == (None, [])


def test_what_was_missing_is_said_as_it_was_then():
    make_live("dead")
    slow = make_live("slow", answered=-30)
    freeze_due(CLOSED + 180 * MINUTE)
    Source.objects.filter(slug="dead").update(name="Renamed")
    slow.delete()
    assert sorted(Issue.objects.get().missing, key=lambda one: one.slug) == [
        MissingSource("Dead", "dead"),
        MissingSource("Slow", "slow", CLOSED - 30 * MINUTE),
    ]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            (
                "Published without the full list",
                "(no answer yet);",
                "(last answer: 10 June, 23:30 UTC)",
            ),
        ),
        (
            "de",
            (
                "Veröffentlicht ohne die vollständige Liste",
                "(noch keine Antwort);",
                "(letzte Antwort: 10. Juni, 23:30 UTC)",
            ),
        ),
    ],
)
def test_the_issue_and_the_admin_name_the_missing(client, admin_client, language, sentences):
    make_live("dead", name="<b>Dead</b> & gone")
    make_live("slow", answered=-30)
    issue = freeze_due(CLOSED + 180 * MINUTE)
    assert issue is not None

    page = client.get(issue.get_absolute_url(), headers={"Accept-Language": language})
    shown = " ".join(page.content.decode().split())
    for said in sentences:
        assert said in shown
    assert "&lt;b&gt;Dead&lt;/b&gt; &amp; gone" in shown

    for address in (
        reverse("admin:newsletter_issue_changelist"),
        reverse("admin:newsletter_issue_change", args=[issue.pk]),
    ):
        text = admin_client.get(address).content.decode()
        assert "&lt;b&gt;Dead&lt;/b&gt; &amp; gone (never answered)" in text
        assert "Slow (last answered 10 Jun 23:30 UTC)" in text


def test_an_issue_without_missing_sources_says_nothing_of_them(client):
    make_live("quick", answered=1)
    issue = freeze_due(CLOSED + 2 * MINUTE)
    assert issue is not None
    assert "without the full list" not in client.get(issue.get_absolute_url()).content.decode()
