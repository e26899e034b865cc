"""Every issue reaches every reader, wherever they live and whenever they read.

Four weeks are planned hour by hour, by the planner that runs in production, for readers of every
rhythm and hour in zones on both sides of UTC, over a change of clocks.
"""

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.delivery import backend_state, continuity, explanations, ledger, planning, worker
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Issue
from papers.days import LONGEST_WAIT, feature_day, feature_days
from subscriptions.models import Subscriber
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_issue,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db

ZONES = (
    "Australia/Adelaide",
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/Los_Angeles",
    "Pacific/Honolulu",
)
HOUR = dt.timedelta(hours=1)
WEEK = dt.timedelta(days=7)
State = Delivery.State
FAILING = [State.FAILED, State.EXPIRED]

#: Los Angeles and Berlin change their clocks in the first, Adelaide and Berlin in the second.
WINDOWS = {
    "spring": dt.date(2026, 3, 2),
    "autumn": dt.date(2026, 9, 28),
}


def run_weeks(first: dt.date, readers: list[Subscriber], frozen: str = "00:30") -> dt.datetime:
    """Plan every hour for four weeks from the Monday `first` on, with an issue a weekday.

    Each digest is sent at once. What that ends at.
    """
    start = dt.datetime.combine(first, dt.time(), dt.UTC)
    for reader in readers:
        reader.reschedule(start)
    Subscriber.objects.bulk_update(readers, ["next_digest_at"])
    minutes = dt.timedelta(hours=int(frozen[:2]), minutes=int(frozen[3:]))
    now, end = start, start + 4 * WEEK
    while now < end:
        day = feature_day(now)
        closed = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
        if day >= first and now >= closed + minutes:
            Issue.objects.get_or_create(day=day, defaults={"frozen_at": closed + minutes})
        planning.plan(now)
        Delivery.objects.filter(state=State.PENDING).update(state=State.SENT, sent_at=now)
        now += HOUR
    return end


def reached(reader: Subscriber) -> Counter[dt.date]:
    """How many digests of a reader drew on each issue."""
    days = list(Issue.objects.order_by("day").values_list("day", flat=True))
    found: Counter[dt.date] = Counter()
    for since, day in reader.deliveries.values_list("since", "issue__day"):
        found.update(one for one in days if (since or day) <= one <= day)
    return found


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("rhythm", Subscriber.Rhythm.values)
def test_every_issue_reaches_every_reader_once_and_the_ledger_says_the_rest(window, rhythm):
    first = WINDOWS[window]
    readers = [
        make_subscriber(
            f"{hour}@{zone.rpartition('/')[2]}.example.org",
            rhythm=rhythm,
            hour=hour,
            timezone=zone,
            weekday=hour % 7,
        )
        for zone in ZONES
        for hour in range(24)
    ]
    make_issue(first - dt.timedelta(days=3), frozen_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

    end = run_weeks(first, readers)

    settled = [day for day in feature_days(first + 4 * WEEK, 40) if day >= first][:-5]
    assert len(settled) == 16
    for reader in readers:
        reader.refresh_from_db()
        rows = list(reader.deliveries.all())
        if rhythm != Subscriber.Rhythm.WEEKLY:
            missed = {day: reached(reader)[day] for day in settled if reached(reader)[day] != 1}
            assert not missed, (reader.email, missed)
            assert len({row.issue_id for row in rows}) == len(rows)
        asked = {row.due_at for row in rows if row.due_at.minute == 0}
        waited = {row.due_at for row in rows} - asked
        in_vain = {at for row in rows for at in row.asked_in_vain}
        moments = set()
        at = dt.datetime.combine(first, dt.time(), dt.UTC)
        while (at := reader.due_after(at)) < end - LONGEST_WAIT:
            moments.add(at)
        assert asked & in_vain == set()
        unsaid = moments - asked - in_vain
        # The rest came within the hour in which their issue froze.
        assert all(any(at <= late <= at + HOUR for late in waited) for at in unsaid), reader.email


@pytest.mark.parametrize("zone", ["Australia/Adelaide", "Asia/Tokyo"])
def test_weekday_reader_whose_morning_is_still_yesterday_gets_thursdays_issue_on_monday(zone):
    first = WINDOWS["autumn"]
    alice = make_subscriber(rhythm="weekdays", hour=7, timezone=zone)
    run_weeks(first, [alice])
    friday = first + dt.timedelta(days=4)
    row = alice.deliveries.get(issue__day=friday)
    assert row.since == friday - dt.timedelta(days=1)
    local = row.due_at.astimezone(ZoneInfo(zone))
    assert (local.weekday(), local.hour) == (0, 7)
    thursday = Issue.objects.get(day=friday - dt.timedelta(days=1))
    assert not alice.deliveries.filter(issue=thursday).exists()
    (said,) = explanations.explain(alice, thursday)
    assert said == (f"Its papers were in the digest of {row.issue} (delivery {row.pk}, sent).")


@pytest.mark.parametrize(("rhythm", "mails"), [("daily", 5), ("weekdays", 5), ("weekly", 1)])
def test_a_week_brings_as_many_mails_as_the_forms_say(rhythm, mails):
    alice = make_subscriber(rhythm=rhythm, hour=8, timezone="Europe/Berlin")
    first = WINDOWS["autumn"]
    make_issue(first - dt.timedelta(days=3))
    run_weeks(first, [alice])
    begin = dt.datetime.combine(first, dt.time(), dt.UTC) + WEEK
    assert alice.deliveries.filter(due_at__gte=begin, due_at__lt=begin + WEEK).count() == mails


# --- Whole runs: planned, composed and sent ----------------------------------------------


@pytest.mark.parametrize("by", ["at once", "after an outage of a day", "by two planners"])
@pytest.mark.parametrize(
    ("zone", "hour", "rhythm"),
    [
        ("Asia/Tokyo", 7, "weekdays"),
        ("Australia/Adelaide", 23, "weekdays"),
        ("Pacific/Honolulu", 7, "daily"),
        ("Europe/Berlin", 0, "daily"),
    ],
)
def test_every_paper_of_two_weeks_is_sent_once(zone, hour, rhythm, by, tmp_path):
    topic = make_topic("Agents")
    alice = make_subscriber(
        topics=[topic], rhythm=rhythm, hour=hour, timezone=zone, papers_wanted=50
    )
    first = dt.date(2026, 10, 12)
    start = dt.datetime.combine(first, dt.time(), dt.UTC)
    alice.reschedule(start)
    alice.save()
    transport = RecordingTransport()
    now = start
    titles = []
    while now < start + 2 * WEEK:
        day = feature_day(now)
        if day >= first and not Issue.objects.filter(day=day).exists():
            for nth in ("first", "second"):
                titles.append(f"The {nth} of {day:%d %B}")
                make_match(make_paper(titles[-1], day=day), topic)
            build_issue(day, now)
        is_down = by == "after an outage of a day" and now.date() == first + dt.timedelta(days=3)
        if not is_down:
            planning.plan(now)
            if by == "by two planners":
                planning.plan(now)
            worker.drain(transport=transport, directory=tmp_path, clock=lambda at=now: at)
            ledger.sweep(tmp_path, now)
        now += HOUR
    texts = ["".join(fragment.text for fragment in mail.text) for mail in transport.sent]
    sent = Counter({title: sum(title in text for text in texts) for title in titles})
    due = [title for title in titles if title.split(" of ")[1] < "21"]
    assert len(due) == 14
    assert {title: sent[title] for title in due} == dict.fromkeys(due, 1)
    assert max(sent.values()) == 1


# --- Since which issue -------------------------------------------------------------------


def issues(*days_ago: int) -> dict[int, Issue]:
    """Issues of so many days before `DAY`, a Wednesday."""
    return {ago: make_issue(DAY - dt.timedelta(days=ago)) for ago in days_ago}


def planned(reader: Subscriber) -> int | None:
    """How many days before its issue's the planned digest begins."""
    planning.plan(NOW)
    row = reader.deliveries.get(issue__day=DAY)
    return None if row.since is None else (DAY - row.since).days


@pytest.mark.parametrize(
    ("earlier", "last", "since"),
    [
        ((1, 2), 1, None),
        ((1, 2), 2, 1),
        ((1, 2, 5), 5, 2),  # three at most
        ((1, 2, 5, 6), 6, 2),
        ((5, 6), 6, 5),
        ((6,), 8, 6),
        ((7, 8), 8, None),  # and of one week
    ],
)
def test_a_digest_begins_after_the_readers_last_one(earlier, last, since):
    made = issues(0, *earlier)
    alice = make_subscriber()
    issue = made.get(last) or make_issue(DAY - dt.timedelta(days=last))
    make_delivery(issue, alice, state=State.SENT)
    assert planned(alice) == since


def test_the_first_digest_begins_with_its_own_issue():
    issues(0, 1, 2)
    assert planned(make_subscriber()) is None


@pytest.mark.parametrize(
    ("state", "carried"),
    [
        (State.SENT, True),
        (State.FEED, True),
        (State.UNKNOWN, True),
        (State.CLAIMED, True),
        (State.SKIPPED, True),
        (State.PENDING, True),
        (State.FAILED, False),
        (State.EXPIRED, False),
    ],
)
def test_what_failed_or_came_too_late_is_made_up_for(state, carried):
    made = issues(0, 1)
    alice = make_subscriber()
    make_delivery(made[1], alice, state=state)
    assert planned(alice) == (None if carried else 1)


def test_a_digest_that_waited_past_its_deadline_is_made_up_for_though_nobody_swept():
    made = issues(0, 1)
    alice = make_subscriber()
    make_delivery(made[1], alice, deadline=NOW)
    assert planned(alice) == 1


def test_a_weekly_digest_has_its_own_week():
    issues(0, 1, 2)
    alice = make_subscriber(rhythm="weekly")
    make_delivery(make_issue(DAY - dt.timedelta(days=5)), alice, state=State.SENT)
    assert planned(alice) is None


def test_papers_of_a_stopped_issue_come_in_no_later_digest(tmp_path):
    topic = make_topic("Agents")
    for ago, title in ((2, "Right"), (1, "Wrong"), (0, "New")):
        make_match(make_paper(title, day=DAY - dt.timedelta(days=ago)), topic)
        build_issue(DAY - dt.timedelta(days=ago), NOW)
    Issue.objects.get(day=DAY - dt.timedelta(days=1)).stop("wrong papers")
    alice = make_subscriber(topics=[topic])
    make_delivery(make_issue(DAY - dt.timedelta(days=5)), alice, state=State.SENT)
    stopped = Issue.objects.get(day=DAY - dt.timedelta(days=1))
    make_delivery(stopped, alice, state=State.SKIPPED)

    planning.plan(NOW)
    transport = RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)

    (mail,) = transport.sent
    text = "".join(fragment.text for fragment in mail.text)
    assert ["Right" in text, "Wrong" in text, "New" in text] == [True, False, True]


def test_a_batch_costs_as_many_queries_with_readers_of_several_issues_as_without(tmp_path):
    continuity.row()  # this row and the next are made once for ever
    backend_state.note(NOW, is_refusing=False)
    topic = make_topic("Agents")
    for ago in (5, 2, 1, 0):
        make_match(make_paper(day=DAY - dt.timedelta(days=ago)), topic)
        build_issue(DAY - dt.timedelta(days=ago), NOW)
    counts = []
    for size in (3, 30):
        for number in range(size):
            reader = make_subscriber(f"{size}-{number}@example.org", topics=[topic])
            last = Issue.objects.get(day=DAY - dt.timedelta(days=(1, 2, 5)[number % 3]))
            make_delivery(last, reader, state=State.SENT)
        planning.plan(NOW)
        with CaptureQueriesContext(connection) as queries:
            tally = worker.drain(
                transport=RecordingTransport(), directory=tmp_path, clock=lambda: NOW
            )
        assert tally.states == {"sent": size}
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- When there is no new issue, or a stopped one ----------------------------------------


def test_the_ledger_says_when_there_was_no_new_issue():
    friday = dt.date(2026, 6, 5)
    issue = make_issue(friday, frozen_at=dt.datetime(2026, 6, 6, 0, 10, tzinfo=dt.UTC))
    saturday = dt.datetime(2026, 6, 6, 8, tzinfo=dt.UTC)
    alice = make_subscriber(next_digest_at=saturday)
    for day in range(3):
        for _twice in range(2):
            planning.plan(saturday + dt.timedelta(days=day))
    row = alice.deliveries.get()
    assert row.asked_in_vain == [saturday + dt.timedelta(days=day) for day in (1, 2)]
    assert explanations.explain(alice, issue)[1:] == [
        "No new issue when the reader's rhythm asked again: Sunday, 7 June 2026, 08:00 UTC.",
        "No new issue when the reader's rhythm asked again: Monday, 8 June 2026, 08:00 UTC.",
    ]


def test_the_same_moment_is_noted_once():
    make_issue(frozen_at=NOW - HOUR)
    alice = make_subscriber(next_digest_at=NOW - 8 * HOUR)
    planning.plan(NOW - 8 * HOUR)
    for _ in range(2):  # as if a second planner had not seen the first
        Subscriber.objects.update(next_digest_at=NOW)
        planning.plan(NOW)
    assert alice.deliveries.get().asked_in_vain == [NOW]


@pytest.mark.parametrize("state", [Issue.State.RUNNING, Issue.State.PAUSED, Issue.State.STOPPED])
def test_only_a_stopped_issue_collects_no_waiting_rows(state):
    issue = make_issue(state=state)
    alice = make_subscriber()
    planning.plan(NOW)
    row = alice.deliveries.get()
    is_stopped = state == Issue.State.STOPPED
    assert row.state == (State.SKIPPED if is_stopped else State.PENDING)
    assert row.reason == ("the issue was stopped" if is_stopped else "")
    assert planning.settle_stopped(NOW) == 0
    bob = make_subscriber("bob@example.org")
    make_delivery(issue, bob)
    assert planning.settle_stopped(NOW) == int(is_stopped)
    assert Delivery.objects.filter(state=State.PENDING).exists() is not is_stopped


def test_without_a_stopped_issue_looking_for_its_rows_costs_one_query(django_assert_num_queries):
    make_issue()
    with django_assert_num_queries(1):
        planning.settle_stopped(NOW)


# --- Why not? ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        ({"status": "suppressed"}, "None: the address is suppressed."),
        ({"status": "pending", "confirmed_at": None}, "None: the reader has not confirmed."),
        (
            {"confirmed_at": NOW + HOUR},
            "None: the reader confirmed later, on Thursday, 11 June 2026 at 09:00 UTC.",
        ),
        (
            {"status": "left", "left_at": NOW},
            "None: the reader unsubscribed on Thursday, 11 June 2026.",
        ),
        (
            {"paused_until": dt.date(2026, 7, 1), "pause_reason": "emails bounced"},
            "None: the reader is paused until Wednesday, 1 July 2026, because emails bounced.",
        ),
        ({}, "None yet: the reader's next digest is due on Thursday, 11 June 2026 at 08:00 UTC."),
        ({"next_digest_at": None}, "None: no digest is due."),
    ],
)
def test_why_a_reader_has_no_digest_of_an_issue(reader, said):
    assert explanations.explain(make_subscriber(**reader), make_issue()) == [said]


def test_why_a_digest_failed_and_which_later_one_carried_its_papers():
    made = issues(1, 0)
    alice = make_subscriber()
    failed = make_delivery(made[1], alice, state=State.EXPIRED, reason="its deadline passed")
    later = make_delivery(made[0], alice, since=made[1].day, state=State.SENT)
    assert explanations.explain(alice, made[1]) == [
        f"Delivery {failed.pk} of this issue: too late: its deadline passed.",
        f"Its papers were in the digest of {made[0]} (delivery {later.pk}, sent).",
    ]
    assert explanations.explain(alice, made[0])[1] == (
        "It includes issues since Tuesday, 9 June 2026."
    )


def test_a_weekly_digest_carries_the_issues_of_its_week():
    made = issues(1, 0)
    alice = make_subscriber(rhythm="weekly")
    make_delivery(made[0], alice, state=State.SENT)
    (said,) = explanations.explain(alice, made[1])
    assert said.startswith(f"Its papers were in the digest of {made[0]}")
