"""A paper comes into the issue of the first day that is still open when we learn of it: never into
a frozen one, and never into none.
"""

import datetime as dt
import threading

import pytest
from django.db import connection

from newsletter.delivery import planning, welcome
from newsletter.issues.freezing import build_issue, freeze_due
from newsletter.models import Delivery, IssuePaper
from papers.days import closes_at
from papers.ingest import community
from papers.ingest.fetching import fetch_day, refresh
from papers.ingest.records import store
from papers.models import Feature, Paper, Source, SourceRun
from papers.sources.base import PaperSource
from papers.sources.http import Busy
from papers.sources.record import Draft, PaperRecord
from papers.sources.registry import KINDS, growing_days
from papers.sources.settings import SourceSettings
from tests.factories import DAY, NOW, make_issue, make_paper, make_source, make_subscriber

pytestmark = pytest.mark.django_db

FRIDAY = dt.date(2026, 6, 12)
MONDAY = FRIDAY + dt.timedelta(days=3)
HOUR = dt.timedelta(hours=1)


def at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), dt.UTC)


def record(number: int = 1) -> PaperRecord:
    return PaperRecord(identifier=f"arxiv:2606.{number:05}", title=f"Paper {number}")


class Told(PaperSource[SourceSettings]):
    """Lists what a test says for each day, and says that a day is complete where it is to."""

    kind = "told"
    label = "Told"
    lists: dict[dt.date, list[int]]
    complete: set[dt.date]
    asked: list[dt.date]
    failure: Exception | None = None

    def items(self, day):
        self.asked.append(day)
        if self.failure:
            raise self.failure
        self.is_complete = day in self.complete
        return self.lists.get(day, [])

    def draft(self, item):
        return Draft(id=f"arxiv:2606.{item:05}", title=f"Paper {item}")


@pytest.fixture
def told(monkeypatch):
    """A kind that a test tells what it lists, of which there is one source and no other active."""
    Source.objects.update(is_active=False)
    kind = type("Told", (Told,), {"lists": {}, "complete": set(), "asked": []})
    monkeypatch.setitem(KINDS, "told", kind)
    Source.objects.create(kind="told", slug="told", name="Told")
    return kind


def listed() -> dict[str, tuple[dt.date, dt.date | None]]:
    rows = Feature.objects.values_list("paper__title", "day", "source_day")
    return {title: (day, source_day) for title, day, source_day in rows}


def frozen() -> dict[dt.date, set[str]]:
    found: dict[dt.date, set[str]] = {}
    for day, title in IssuePaper.objects.values_list("issue__day", "paper__title"):
        found.setdefault(day, set()).add(title)
    return found


def test_a_weekends_papers_come_on_monday_with_the_sources_own_day_beside(told):
    saturday, sunday = FRIDAY + dt.timedelta(days=1), FRIDAY + dt.timedelta(days=2)
    told.lists = {FRIDAY: [1], saturday: [2], sunday: [3], MONDAY: [4]}

    refresh(at(MONDAY, 10))

    assert told.asked == [FRIDAY, saturday, sunday, MONDAY]
    assert listed() == {
        "Paper 1": (FRIDAY, FRIDAY),
        "Paper 2": (MONDAY, saturday),
        "Paper 3": (MONDAY, sunday),
        "Paper 4": (MONDAY, MONDAY),
    }


def test_what_comes_after_an_issue_is_frozen_comes_into_the_next(told):
    told.lists = {FRIDAY: [1]}
    refresh(at(FRIDAY, 10))
    now = at(FRIDAY + dt.timedelta(days=1), 0, 10)
    refresh(now)
    assert freeze_due(now) is not None

    told.lists[FRIDAY] = [1, 2]
    refresh(now + HOUR)
    refresh(at(MONDAY, 12))
    assert freeze_due(closes_at(MONDAY) + HOUR) is None, "nobody has answered for Monday"
    refresh(closes_at(MONDAY) + HOUR)
    freeze_due(closes_at(MONDAY) + HOUR)

    assert listed()["Paper 2"] == (MONDAY, FRIDAY)
    assert frozen() == {FRIDAY: {"Paper 1"}, MONDAY: {"Paper 2"}}


def test_a_paper_is_listed_once_for_a_day_of_its_source_however_often_that_is_asked(told):
    told.lists = {DAY: [1]}
    fetch_day(DAY, NOW)
    make_issue(DAY)
    fetch_day(DAY, NOW + HOUR)
    fetch_day(DAY, NOW + 2 * HOUR)

    assert listed() == {"Paper 1": (DAY, DAY)}


def test_listings_of_the_version_before_are_known_by_their_day():
    source = make_source()
    paper = make_paper("Paper 1", identifier=record().identifier)
    Feature.objects.filter(paper=paper).update(source_day=None)
    make_issue(DAY)

    store([record()], source, DAY, NOW)

    assert Feature.objects.values_list("day", "source_day").get() == (DAY, None)


def test_what_readers_bring_late_comes_into_the_next_issue():
    make_paper()
    make_issue(DAY)
    now = at(DAY, 15)

    community.feature(record(7), now)

    assert listed()["Paper 7"][0] == DAY + dt.timedelta(days=1)


def test_several_frozen_days_are_passed_over():
    for more in (0, 1, 2):
        make_issue(DAY + dt.timedelta(days=more))

    store([record()], make_source(), DAY, NOW)

    assert listed()["Paper 1"] == (MONDAY, DAY), "DAY is a Wednesday, so Friday is frozen, too"


def test_missed_days_are_made_good_and_come_into_an_issue_to_come(told):
    told.lists = {DAY + dt.timedelta(days=more): [more + 1] for more in range(6)}
    refresh(at(DAY, 12))  # Wednesday; then nothing until Monday
    told.asked.clear()

    refresh(at(MONDAY, 12))

    assert told.asked == [DAY + dt.timedelta(days=more) for more in range(1, 6)]
    assert listed()["Paper 2"] == (FRIDAY, DAY + dt.timedelta(days=1)), "Thursday's is not sent now"
    told.asked.clear()
    refresh(at(MONDAY, 13))
    assert told.asked == [FRIDAY + dt.timedelta(days=more) for more in range(4)]


def test_a_new_source_has_missed_nothing(told):
    refresh(at(FRIDAY, 12))
    assert told.asked == [FRIDAY - dt.timedelta(days=1), FRIDAY]


def test_a_backfilled_day_stays_on_its_day_unless_that_is_frozen(told):
    old, frozen_day = DAY - dt.timedelta(days=30), DAY - dt.timedelta(days=29)
    told.lists = {old: [1], frozen_day: [2]}
    make_issue(frozen_day)

    fetch_day(old, NOW)
    fetch_day(frozen_day, NOW)

    assert listed()["Paper 1"] == (old, old)
    assert listed()["Paper 2"] == (frozen_day + dt.timedelta(days=1), frozen_day)


@pytest.mark.django_db(transaction=True)
def test_a_paper_stored_while_a_day_is_frozen_is_in_the_issue_or_on_the_next_day():
    """Whichever comes first, nothing is on a frozen day whose issue does not have it."""
    source = make_source()
    make_paper()
    start = threading.Barrier(3)

    def stores(first: int):
        start.wait()
        try:
            for number in range(first, first + 10):
                store([record(number)], source, DAY, NOW)
        finally:
            connection.close()

    def freezes():
        start.wait()
        try:
            build_issue(DAY, NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=stores, args=(first,)) for first in (10, 30)]
    threads.append(threading.Thread(target=freezes))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    on_the_day = set(Feature.objects.filter(day=DAY).values_list("paper__title", flat=True))
    assert frozen()[DAY] == on_the_day
    late = set(Feature.objects.filter(day=DAY + dt.timedelta(days=1)).values_list("paper_id"))
    assert len(on_the_day) + len(late) == Paper.objects.count() == 21


# --- Complete lists --------------------------------------------------------------------------


def test_the_issue_freezes_when_all_sources_of_the_day_are_complete(told):
    early = at(DAY, 4, 5)
    make_issue(DAY - dt.timedelta(days=1))
    told.lists = {DAY: [1]}
    refresh(early)
    assert freeze_due(early) is None

    told.complete = {DAY}
    refresh(early + HOUR)
    issue = freeze_due(early + HOUR)

    assert issue is not None
    assert (issue.day, issue.missing, issue.missing_sources) == (DAY, [], [])
    assert frozen()[DAY] == {"Paper 1"}
    assert freeze_due(closes_at(DAY) + HOUR) is None


def test_one_source_that_is_not_complete_keeps_the_day_open(told):
    Source.objects.create(kind="told", slug="other", name="Other")
    make_issue(DAY - dt.timedelta(days=1))
    make_paper()
    told.complete = {DAY}
    fetch_day(DAY, at(DAY, 4), Source.objects.get(slug="told"))
    assert freeze_due(at(DAY, 5)) is None

    Source.objects.filter(slug="other").update(is_active=False)
    assert freeze_due(at(DAY, 5)) is not None


def test_without_an_active_source_no_day_is_complete():
    Source.objects.update(is_active=False)
    make_issue(DAY - dt.timedelta(days=1))
    make_paper()
    assert freeze_due(at(DAY, 12)) is None


def test_the_day_before_is_not_overtaken(told):
    """While an issue is still being waited for, the next one waits, too."""
    before = DAY - dt.timedelta(days=1)
    make_paper("Before", day=before)
    told.lists, told.complete = {DAY: [1]}, {DAY}
    fetch_day(DAY, at(DAY, 0, 30))

    assert freeze_due(at(DAY, 0, 40)) is None
    first = freeze_due(at(DAY, 5))
    assert first is not None
    assert first.day == before
    second = freeze_due(at(DAY, 5))
    assert second is not None
    assert second.day == DAY


def test_a_complete_source_is_not_waited_for_after_midnight(told):
    Source.objects.create(kind="told", slug="slow", name="Slow", wait_minutes=60)
    make_paper()
    told.complete = {DAY}
    fetch_day(DAY, at(DAY, 4), Source.objects.get(slug="told"))
    Source.objects.get(slug="slow").record_answer(DAY, closes_at(DAY) + HOUR / 2, {})

    issue = freeze_due(closes_at(DAY) + HOUR / 2)

    assert issue is not None
    assert issue.missing == []


def test_an_early_issue_is_what_digests_carry_from_then_on():
    """Readers get each issue once, wherever they are: one due before it is frozen gets the one
    before, one due after it gets it.
    """
    yesterday = make_issue(DAY - dt.timedelta(days=1), frozen_at=at(DAY - dt.timedelta(days=1), 4))
    make_paper()
    early, late = at(DAY, 1), at(DAY, 9)
    alice = make_subscriber("alice@example.org", next_digest_at=early, hour=1)
    planning.plan(early)
    today = make_issue(DAY, frozen_at=at(DAY, 4))
    bob = make_subscriber("bob@example.org", next_digest_at=late)
    planning.plan(late)
    planning.plan(late + HOUR)

    got = set(Delivery.objects.values_list("subscriber", "issue"))
    assert got == {(alice.pk, yesterday.pk), (bob.pk, today.pk)}
    assert planning.current_issue(closes_at(DAY) + HOUR) == today
    charlie = make_subscriber("charlie@example.org", confirmed_at=late)
    welcome.plan(late)
    assert Delivery.objects.get(subscriber=charlie).issue == today


# --- What is logged, and who is left alone ---------------------------------------------------


def test_each_fetch_is_logged(told):
    told.lists = {DAY: [1, 2]}
    fetch_day(DAY, NOW)
    told.failure = Busy("It answers 429.", 7200)
    fetch_day(DAY, NOW + HOUR)

    failed, answered = SourceRun.objects.all()
    assert (answered.outcome, answered.day, answered.started_at) == ("ok", DAY, NOW)
    assert answered.counts["new"] == 2
    assert (failed.outcome, failed.error, failed.counts) == ("failed", "It answers 429.", {})


@pytest.mark.parametrize(
    ("waits", "paused"),
    [
        ([7200], dt.timedelta(hours=2)),
        ([10**9], dt.timedelta(days=1)),
        ([None], dt.timedelta(hours=1)),
        ([None, None], dt.timedelta(hours=2)),
        ([None] * 6, dt.timedelta(hours=6)),
    ],
)
def test_a_service_that_is_asked_too_often_is_left_alone(told, waits, paused):
    now = at(DAY, 8)
    for wait in waits:
        told.failure = Busy("It answers 429.", wait)
        fetch_day(DAY, now)
    source = Source.objects.get(slug="told")
    assert growing_days(source, now + paused - dt.timedelta(minutes=1)) == ()
    assert growing_days(source, now + paused) != ()

    told.failure = None
    fetch_day(DAY, now)
    assert growing_days(Source.objects.get(slug="told"), now) != ()
