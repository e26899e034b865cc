"""What providers report."""

import datetime as dt

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from newsletter import events
from newsletter.models import Delivery, Event
from subscriptions.models import Subscriber, Suppression
from tests.factories import NOW, make_delivery, make_issue, make_subscriber

pytestmark = pytest.mark.django_db

LATER = NOW + dt.timedelta(minutes=5)


@pytest.fixture
def alice():
    return make_subscriber()


@pytest.fixture
def row(alice):
    return make_delivery(make_issue(), alice, state=Delivery.State.SENT, sent_at=NOW)


def make_event(row, kind, event_id="e1", **kwargs):
    given = {
        "event_type": kind,
        "event_id": event_id,
        "timestamp": LATER,
        "recipient": "alice@example.org",
        "metadata": {"delivery_id": str(row.pk)},
        "tags": [],
        "message_id": "provider-1",
        "reject_reason": None,
        "description": None,
        "mta_response": None,
    }
    return AnymailTrackingEvent(**(given | kwargs))


def test_delivered_is_noted_with_its_time(row):
    events.record(make_event(row, EventType.DELIVERED), "Test", NOW)
    row.refresh_from_db()
    assert row.delivered_at == LATER


def test_event_counts_once_however_often_it_is_reported(row):
    event = make_event(row, EventType.DELIVERED)
    assert events.record(event, "Test", NOW)
    assert not events.record(event, "Test", NOW)
    assert Event.objects.count() == 1


def test_events_without_an_id_are_told_apart_by_what_they_say(row):
    for kind in (EventType.DELIVERED, EventType.OPENED, EventType.DELIVERED):
        events.record(make_event(row, kind, event_id=None), "Test", NOW)
    assert Event.objects.count() == 2


@pytest.mark.parametrize("kind", [EventType.DELIVERED, EventType.BOUNCED, EventType.OPENED])
def test_delivery_in_doubt_is_resolved_by_an_event(row, kind):
    Delivery.objects.update(state=Delivery.State.UNKNOWN, sent_at=None)
    events.record(make_event(row, kind), "Test", NOW)
    row.refresh_from_db()
    assert row.state == Delivery.State.SENT
    assert row.sent_at == LATER


def test_event_about_a_failed_delivery_does_not_make_it_sent(row):
    Delivery.objects.update(state=Delivery.State.FAILED)
    events.record(make_event(row, EventType.REJECTED), "Test", NOW)
    row.refresh_from_db()
    assert row.state == Delivery.State.FAILED


def test_dead_address_is_suppressed(row, alice):
    bounce = make_event(row, EventType.BOUNCED, reject_reason=RejectReason.INVALID)
    events.record(bounce, "Test", NOW)
    assert Suppression.objects.covers(alice.email)


def test_full_mailbox_is_not(row, alice):
    bounce = make_event(row, EventType.DEFERRED, reject_reason=RejectReason.OTHER)
    events.record(bounce, "Test", NOW)
    assert not Suppression.objects.covers(alice.email)


def test_complaint_ends_the_subscription_for_good(row, alice):
    events.record(make_event(row, EventType.COMPLAINED), "Test", NOW)
    alice.refresh_from_db()
    assert alice.status == Subscriber.Status.SUPPRESSED
    assert alice.next_digest_at is None


def test_unsubscribe_at_the_provider_is_one_here(row, alice):
    events.record(make_event(row, EventType.UNSUBSCRIBED), "Test", NOW)
    alice.refresh_from_db()
    assert alice.status == Subscriber.Status.LEFT


@pytest.mark.parametrize("given", ["0", "-1", "x", "9" * 40, "1; DROP TABLE"])
def test_event_for_no_delivery_of_ours_is_stored_and_harmless(row, given):
    odd = make_event(row, EventType.BOUNCED, metadata={"delivery_id": given})
    assert events.record(odd, "Test", NOW)
    assert Event.objects.get().delivery is None


def test_event_is_found_by_its_message_id_where_there_is_no_metadata(row):
    from newsletter.rendering import message_id

    odd = make_event(row, EventType.DELIVERED, metadata={}, message_id=message_id(row.pk))
    events.record(odd, "Test", NOW)
    row.refresh_from_db()
    assert row.delivered_at == LATER


def test_event_is_found_by_its_tag_where_there_is_neither(row):
    odd = make_event(row, EventType.DELIVERED, metadata={}, tags=[f"delivery_id:{row.pk}"])
    events.record(odd, "Test", NOW)
    row.refresh_from_db()
    assert row.delivered_at == LATER
