"""Days and issues are counted once and for good: twice changes nothing, a missed day is made good,
and what retention deletes stays counted.
"""

import datetime as dt
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.models import CountedDay, DailyCount, Delivery, Dimension, IssueCount, Measure
from newsletter.operations import retention
from newsletter.statistics import rollups
from subscriptions.models import Consent, Feedback, SavedPaper, Subscriber
from subscriptions.readers import leaving, personal_data
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_issue,
    make_paper,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db

AT = dt.datetime.combine(DAY, dt.time(7, 30), dt.UTC)
HOURS = dt.timedelta(hours=1)


def counts(day: dt.date = DAY) -> dict[tuple[str, str, str], int]:
    """What was counted of a day, but for zeros."""
    rows = DailyCount.objects.filter(day=day, count__gt=0)
    return {(one.measure, one.dimension, one.key): one.count for one in rows}


def issue_counts() -> dict[tuple[str, str, str], int]:
    """What was counted of all issues, but for zeros."""
    rows = IssueCount.objects.filter(count__gt=0)
    return {(one.measure, one.dimension, one.key): one.count for one in rows}


def everything() -> Counter[str]:
    """All counts there are, without their ids."""
    days = (f"{one} {one.dimension}" for one in DailyCount.objects.all())
    return Counter(days) + Counter(f"{one} {one.dimension}" for one in IssueCount.objects.all())


def said(subscriber: Subscriber, action: Consent.Action, at: dt.datetime, **more: str) -> None:
    """Put something on the record of consent."""
    Consent.objects.create(subscriber=subscriber, action=action, at=at, **more)


@pytest.fixture
def day():
    """A day on which Alice came from a blog, Bob left after his digest, and Charlie has a feed."""
    robots, vision = make_topic("Robots"), make_topic("Vision")
    issue = make_issue()
    paper = make_paper()
    joined = make_paper(merged_into=paper)
    alice = make_subscriber(topics=[robots, vision], confirmed_at=AT)
    bob = make_subscriber("bob@example.org", topics=[robots])
    charlie = make_subscriber("charlie@example.org", receives_by="feed", topics=[vision])
    said(alice, Consent.Action.ASKED, AT, came_from="blog")
    said(alice, Consent.Action.CONFIRMED, AT, came_from="blog")
    said(bob, Consent.Action.CONFIRMED, AT - 240 * HOURS, came_from="talk")
    said(charlie, Consent.Action.IMPORTED, AT - 240 * HOURS, came_from="file: Ghost")
    sent = {"state": Delivery.State.SENT, "channel": "email", "sent_at": AT}
    make_delivery(issue, alice, **sent, opened_at=AT + HOURS, clicked_at=AT + 2 * HOURS)
    make_delivery(issue, bob, **sent, delivered_at=AT, bounced_at=AT, bounce="soft")
    make_delivery(issue, charlie, **sent | {"channel": "feed", "sent_at": AT + 3 * HOURS})
    for reader in (alice, charlie):
        Feedback.objects.create(subscriber=reader, paper=paper, value=1, at=AT)
    Feedback.objects.create(subscriber=bob, paper=joined, value=-1, at=AT)
    SavedPaper.objects.create(subscriber=bob, paper=joined, at=AT)
    Subscriber.objects.filter(pk=bob.pk).update(status="left", left_at=AT + HOURS)
    said(bob, Consent.Action.LEFT, AT + HOURS, wording=leaving.ONE_CLICK, reason="too_often")
    return paper


def test_a_day_is_counted_by_what_it_is_asked_for(day):
    rollups.roll_up(NOW)
    paper = str(day.pk)
    assert counts() == {
        ("readers", "", ""): 2,
        ("readers", "channel", "email"): 1,
        ("readers", "channel", "feed"): 1,
        ("readers", "topic", "t-robots"): 1,
        ("readers", "topic", "t-vision"): 2,
        ("readers", "source", "blog"): 1,
        ("readers", "source", "file: Ghost"): 1,
        ("asked", "", ""): 1,
        ("asked", "source", "blog"): 1,
        ("asked", "topic", "t-robots"): 1,
        ("asked", "topic", "t-vision"): 1,
        ("confirmed", "", ""): 1,
        ("confirmed", "source", "blog"): 1,
        ("confirmed", "topic", "t-robots"): 1,
        ("confirmed", "topic", "t-vision"): 1,
        ("left", "", ""): 1,
        ("left", "source", "talk"): 1,
        ("left", "topic", "t-robots"): 1,
        ("left", "way", "one_click"): 1,
        ("left", "reason", "too_often"): 1,
        ("sent", "", ""): 3,
        ("sent", "channel", "email"): 2,
        ("sent", "channel", "feed"): 1,
        ("sent", "hour", "07"): 2,
        ("sent", "hour", "10"): 1,
        ("bounced", "", ""): 1,
        ("bounced", "severity", "soft"): 1,
        ("opened", "", ""): 1,
        ("clicked", "", ""): 1,
        ("liked", "", ""): 2,
        ("liked", "paper", paper): 2,
        ("disliked", "", ""): 1,
        ("disliked", "paper", paper): 1,
        ("saved", "", ""): 1,
        ("saved", "paper", paper): 1,
    }
    assert issue_counts() == {
        ("sent", "", ""): 3,
        ("sent", "channel", "email"): 2,
        ("sent", "channel", "feed"): 1,
        ("sent", "hour", "07"): 2,
        ("sent", "hour", "10"): 1,
        ("sent", "topic", "t-robots"): 2,
        ("sent", "topic", "t-vision"): 2,
        ("received", "", ""): 1,
        ("bounced", "", ""): 1,
        ("bounced", "severity", "soft"): 1,
        ("opened", "", ""): 1,
        ("opened", "topic", "t-robots"): 1,
        ("opened", "topic", "t-vision"): 1,
        ("clicked", "", ""): 1,
        ("clicked", "topic", "t-robots"): 1,
        ("clicked", "topic", "t-vision"): 1,
        ("left", "", ""): 1,
        ("left", "way", "one_click"): 1,
        ("left", "reason", "too_often"): 1,
    }


def test_counting_twice_changes_nothing_and_late_news_are_added(day):
    rollups.roll_up(NOW)
    before = everything()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert rollups.roll_up(NOW + HOURS).days == 0
    assert len(asked) <= 5  # nothing to do today
    rollups.roll_up(NOW + 24 * HOURS)
    after = everything()
    assert not before - after
    assert {text.split(":")[0] for text in after - before} == {str(DAY + dt.timedelta(days=1))}
    Delivery.objects.update(complained_at=AT + 5 * HOURS)
    rollups.roll_up(NOW + 48 * HOURS)
    assert counts()["complained", "", ""] == 3
    assert issue_counts()["complained", "", ""] == 3


def test_what_is_deleted_stays_counted(day, settings):
    rollups.roll_up(NOW)
    days, issues = counts(), issue_counts()
    personal_data.erase(Subscriber.objects.get(email="alice@example.org"))
    settings.KEEP_LEFT_DAYS = settings.KEEP_DELIVERIES_DAYS = 0
    retention.delete_expired(NOW + 24 * HOURS)
    assert Delivery.objects.filter(subscriber=None).count() == 3
    rollups.roll_up(NOW + 24 * HOURS)
    rollups.roll_up(NOW + 1000 * HOURS)
    assert counts() == days
    assert issue_counts() == issues


def test_missed_days_are_made_good(day):
    rollups.roll_up(NOW)
    whole = everything()
    missed = [DAY - dt.timedelta(days=n) for n in (9, 8, 4)]
    DailyCount.objects.filter(day__in=missed).delete()
    CountedDay.objects.filter(day__in=missed).delete()
    assert rollups.roll_up(NOW + HOURS).days == 3
    assert everything() == whole
    assert DailyCount.objects.get(day=missed[0], measure="readers", dimension="").count == 2
    # From Bob's and Charlie's first day until the day before NOW's, each of them.
    assert CountedDay.objects.count() == 11


def test_a_state_that_changes_is_not_counted_twice(day):
    delivery = Delivery.objects.earliest("pk")
    Delivery.objects.filter(pk=delivery.pk).update(state="failed", channel=None, sent_at=None)
    rollups.roll_up(NOW)
    assert (issue_counts()["failed", "", ""], issue_counts()["sent", "", ""]) == (1, 2)
    Delivery.objects.filter(pk=delivery.pk).update(
        state="sent", channel="email", sent_at=NOW + HOURS
    )
    rollups.roll_up(NOW + 24 * HOURS)
    assert ("failed", "", "") not in issue_counts()
    assert issue_counts()["sent", "", ""] == 3


def test_the_number_of_statements_does_not_depend_on_the_readers(day):
    with CaptureQueriesContext(connection) as few:
        rollups.roll_up(NOW)
    DailyCount.objects.all().delete()
    CountedDay.objects.all().delete()
    IssueCount.objects.all().delete()
    issue = make_issue(DAY - dt.timedelta(days=1))
    for number in range(40):
        reader = make_subscriber(f"r{number}@example.org", confirmed_at=AT)
        said(reader, Consent.Action.CONFIRMED, AT, came_from=f"source {number}")
        make_delivery(issue, reader, state="sent", channel="email", sent_at=AT)
    with CaptureQueriesContext(connection) as many:
        rollups.roll_up(NOW)
    assert len(many) - len(few) <= 2  # SQLite takes so many values at once
    assert (
        DailyCount.objects.filter(measure=Measure.CONFIRMED, dimension=Dimension.ALL)
        .get(day=DAY)
        .count
        == 41
    )
