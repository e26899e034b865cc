"""Changing one's mind: what changes, what is recorded, when the next digest is due."""

import datetime as dt
from typing import Any

import pytest

from subscriptions.models import Feedback
from subscriptions.readers import feedback, preferences
from subscriptions.readers.preferences import Preferences
from tests.factories import NOW, make_paper, make_subscriber

pytestmark = pytest.mark.django_db

SAME: dict[str, Any] = {
    "rhythm": "daily",
    "weekday": 0,
    "hour": 8,
    "timezone": "UTC",
    "papers_wanted": 10,
    "receives_by": "mail",
    "text_only": False,
    "learns": True,
    "paused_until": None,
}
TOMORROW = NOW + dt.timedelta(days=1)


@pytest.fixture
def alice(topics):
    return make_subscriber(topics=topics[:2], next_digest_at=TOMORROW)


def wordings(subscriber) -> list[str]:
    return [row.wording for row in subscriber.consents.filter(action="changed")]


def test_no_change_leaves_no_trace(alice, topics):
    assert not preferences.change(alice, Preferences(**SAME), topics[:2], NOW)
    assert wordings(alice) == []


def test_a_change_is_saved_recorded_and_moves_the_next_digest(alice, topics):
    wanted = Preferences(**(SAME | {"hour": 9, "text_only": True}))
    assert preferences.change(alice, wanted, topics[1:], NOW)
    alice.refresh_from_db()
    assert (alice.hour, alice.text_only) == (9, True)
    assert alice.next_digest_at == NOW.replace(hour=9)
    assert set(alice.topics.values_list("slug", flat=True)) == {"robots", "vision"}
    assert wordings(alice) == ["hour, text_only, topics"]


def test_topics_at_rest_are_kept(alice, topics):
    topics[0].is_active = False
    topics[0].save()
    preferences.change(alice, Preferences(**SAME), topics[2:], NOW)
    assert set(alice.topics.values_list("slug", flat=True)) == {"agents", "vision"}


def test_a_digest_that_is_due_is_not_lost_to_a_change_but_to_a_pause(alice, topics):
    alice.next_digest_at = NOW - dt.timedelta(minutes=1)
    alice.save()
    preferences.change(alice, Preferences(**(SAME | {"hour": 20})), topics[:2], NOW)
    alice.refresh_from_db()
    assert alice.next_digest_at == NOW - dt.timedelta(minutes=1)
    preferences.pause(alice, 7, NOW)
    alice.refresh_from_db()
    assert alice.next_digest_at == dt.datetime(2026, 6, 18, 20, tzinfo=dt.UTC)


def test_a_pause_because_mails_came_back_ends_where_none_is_sent(alice):
    alice.pause_for_bounces(NOW.date() + dt.timedelta(days=30), "five came back", NOW)
    assert preferences.receive_by_feed(alice, NOW)
    alice.refresh_from_db()
    assert (alice.receives_by, alice.paused_until) == ("feed", None)
    assert alice.next_digest_at == TOMORROW
    preferences.pause(alice, 7, NOW)
    preferences.receive_by_feed(alice, NOW)
    assert alice.paused_until is not None  # the reader's own pause is the reader's own


def test_a_digest_sent_meanwhile_is_not_forgotten(alice, topics):
    stale = type(alice).objects.get(pk=alice.pk)
    type(alice).objects.update(next_digest_at=TOMORROW + dt.timedelta(days=1))
    preferences.change(stale, Preferences(**(SAME | {"papers_wanted": 3})), topics[:2], NOW)
    stale.refresh_from_db()
    assert stale.next_digest_at == TOMORROW + dt.timedelta(days=1)


def test_weekly(alice):
    assert preferences.receive_weekly(alice, NOW)
    assert not preferences.receive_weekly(alice, NOW)
    alice.refresh_from_db()
    assert alice.next_digest_at == dt.datetime(2026, 6, 15, 8, tzinfo=dt.UTC)
    assert wordings(alice) == ["rhythm"]


@pytest.mark.parametrize(
    ("zone", "until"), [("UTC", 18), ("Pacific/Kiritimati", 18), ("Pacific/Pago_Pago", 17)]
)
def test_a_pause_counts_days_where_the_reader_lives(alice, zone, until):
    alice.timezone = zone
    alice.save()
    assert preferences.pause(alice, 7, NOW)
    assert alice.paused_until == dt.date(2026, 6, until)
    assert alice.next_digest_at == alice.due_after(NOW)


def test_one_who_is_not_active_gets_no_due_time(alice):
    type(alice).objects.update(status="pending", next_digest_at=None)
    preferences.receive_weekly(alice, NOW)
    alice.refresh_from_db()
    assert alice.next_digest_at is None


def test_a_topic_is_muted_but_not_the_last(alice, topics):
    assert preferences.mute(alice, topics[0], NOW)
    assert not preferences.mute(alice, topics[0], NOW)
    assert not preferences.mute(alice, topics[1], NOW)
    assert [topic.slug for topic in alice.topics.all()] == ["robots"]
    assert wordings(alice) == ["topics"]


def test_the_last_word_on_a_paper_counts(alice):
    paper = make_paper()
    feedback.say(alice, paper, Feedback.Value.MORE, NOW)
    feedback.say(alice, paper, Feedback.Value.MORE, NOW)
    feedback.say(alice, paper, Feedback.Value.LESS, TOMORROW)
    row = Feedback.objects.get()
    assert (row.value, row.at) == (-1, TOMORROW)
    assert feedback.said(alice, paper) == -1
    assert feedback.take_back(alice, paper)
    assert not feedback.take_back(alice, paper)
    assert feedback.said(alice, paper) is None
