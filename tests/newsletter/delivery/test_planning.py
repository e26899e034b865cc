"""Making the deliveries that are due."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.delivery import planning
from newsletter.models import Delivery
from subscriptions.models import Subscriber
from tests.factories import DAY, NOW, make_issue, make_subscriber

pytestmark = pytest.mark.django_db


def test_due_subscriber_gets_one_delivery_and_a_next_moment():
    issue = make_issue(frozen_at=NOW - dt.timedelta(hours=7))
    alice = make_subscriber()
    planning.plan(NOW)
    delivery = Delivery.objects.get()
    assert (delivery.issue, delivery.subscriber) == (issue, alice)
    assert delivery.state == Delivery.State.PENDING
    assert delivery.due_at == NOW
    assert delivery.deadline == NOW + dt.timedelta(hours=12)
    assert delivery.choices == []
    alice.refresh_from_db()
    assert alice.next_digest_at == NOW + dt.timedelta(days=1)


def test_planning_twice_changes_nothing():
    make_issue()
    make_subscriber()
    planning.plan(NOW)
    Subscriber.objects.update(next_digest_at=NOW)  # as if the second planner had not seen the first
    planning.plan(NOW)
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("status", ["pending", "left", "suppressed"])
def test_whoever_is_not_mailable_gets_none(status):
    make_issue()
    make_subscriber(status=status)
    assert planning.plan(NOW).due == 0
    assert not Delivery.objects.exists()


def test_whoever_is_not_due_gets_none():
    make_issue()
    make_subscriber(next_digest_at=NOW + dt.timedelta(seconds=1))
    planning.plan(NOW)
    assert not Delivery.objects.exists()


def test_readers_wait_for_the_days_issue_and_then_get_it():
    make_issue(DAY - dt.timedelta(days=1))
    alice = make_subscriber(hour=0, next_digest_at=NOW.replace(hour=0))
    early = NOW.replace(hour=0, minute=1)
    assert planning.plan(early).due == 0
    late = early + dt.timedelta(minutes=30)
    make_issue(DAY, frozen_at=late)
    planning.plan(late)
    delivery = Delivery.objects.get()
    assert delivery.drawn_on.day == DAY
    assert delivery.due_at == late
    alice.refresh_from_db()
    assert alice.next_digest_at == NOW.replace(hour=0) + dt.timedelta(days=1)


def test_day_without_an_issue_is_passed_over_in_the_end():
    make_issue(DAY - dt.timedelta(days=1))
    alice = make_subscriber()
    planning.plan(NOW.replace(day=11, hour=8) - dt.timedelta(days=1))
    Subscriber.objects.update(next_digest_at=NOW)
    planning.plan(NOW)  # eight hours after the day's end
    assert Delivery.objects.filter(subscriber=alice).count() <= 1
    alice.refresh_from_db()
    assert alice.next_digest_at is not None
    assert alice.next_digest_at > NOW


def test_on_monday_a_daily_reader_is_not_sent_fridays_issue_again():
    friday = dt.date(2026, 6, 5)
    make_issue(friday, frozen_at=dt.datetime(2026, 6, 6, 0, 10, tzinfo=dt.UTC))
    make_subscriber(next_digest_at=dt.datetime(2026, 6, 6, 8, tzinfo=dt.UTC))
    for day in (6, 7, 8):
        planning.plan(dt.datetime(2026, 6, day, 8, tzinfo=dt.UTC))
    assert Delivery.objects.count() == 1


def test_reader_who_changes_timezone_at_noon_gets_the_issue_once():
    make_issue()
    alice = make_subscriber()
    planning.plan(NOW)
    alice.refresh_from_db()
    alice.timezone = "Pacific/Honolulu"
    noon = NOW.replace(hour=12)
    alice.reschedule(noon)
    alice.save()
    assert alice.next_digest_at is not None
    assert alice.next_digest_at.date() == NOW.date()  # 8:00 there is still to come
    planning.plan(alice.next_digest_at)
    assert Delivery.objects.count() == 1


def test_dry_run_counts_and_changes_nothing():
    make_issue()
    alice = make_subscriber()
    assert planning.plan(NOW, dry_run=True).due == 1
    alice.refresh_from_db()
    assert alice.next_digest_at == NOW
    assert not Delivery.objects.exists()


def test_number_of_statements_does_not_depend_on_the_number_of_readers():
    make_issue()
    counts = []
    for size in (3, 60):
        for number in range(size):
            make_subscriber(f"reader{size}-{number}@example.org", timezone="Asia/Tokyo", hour=17)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert planning.plan(NOW).deliveries == size
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_more_than_a_chunk_is_planned_chunk_by_chunk(monkeypatch):
    monkeypatch.setattr(planning, "CHUNK", 4)
    make_issue()
    for number in range(10):
        make_subscriber(f"reader{number}@example.org")
    assert planning.plan(NOW).deliveries == 10


def test_next_moment_compares_with_a_whole_second_as_the_orm_writes_it():
    make_issue()
    alice = make_subscriber()
    planning.plan(NOW)
    tomorrow = NOW + dt.timedelta(days=1)
    assert list(Subscriber.objects.due(tomorrow)) == [alice]
    assert not Subscriber.objects.due(tomorrow - dt.timedelta(microseconds=1)).exists()
