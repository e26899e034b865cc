"""What mail providers report, turned into the ledger's truth.

Anymail's webhooks check who calls and give every provider's events one vocabulary. An event is
stored once, whatever the provider repeats, and then moves what it says about: a delivery in doubt
becomes sent, a dead address is suppressed, a complaint ends the subscription. Each of these is
idempotent and only ever adds, so events may come doubled and in any order.
"""

import datetime as dt
import hashlib
import logging
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.db import transaction
from django.db.models.functions import Coalesce
from django.dispatch import receiver
from django.utils import timezone

from newsletter.models import Delivery, Event
from newsletter.outcomes import clean
from newsletter.rendering import delivery_id_of
from subscriptions.models import Suppression

logger = logging.getLogger(__name__)

#: Which column of a delivery an event fills, with the time of the first such event.
COLUMNS = {
    EventType.DELIVERED: "delivered_at",
    EventType.BOUNCED: "bounced_at",
    EventType.REJECTED: "bounced_at",
    EventType.COMPLAINED: "complained_at",
    EventType.OPENED: "opened_at",
    EventType.CLICKED: "clicked_at",
}
#: Events that prove that the provider took the message.
PROOFS = {
    EventType.SENT,
    EventType.DELIVERED,
    EventType.BOUNCED,
    EventType.DEFERRED,
    EventType.OPENED,
    EventType.CLICKED,
    EventType.COMPLAINED,
    EventType.UNSUBSCRIBED,
}
#: Bounces that say that the address itself is dead.
DEAD = {RejectReason.INVALID, RejectReason.BOUNCED}


@receiver(tracking, dispatch_uid="newsletter.events")
def on_tracking(sender: Any, event: AnymailTrackingEvent, esp_name: str, **_: Any) -> None:
    """Take one event from an Anymail webhook."""
    record(event, esp_name, timezone.now())


@transaction.atomic
def record(event: AnymailTrackingEvent, provider: str, now: dt.datetime) -> bool:
    """Store the event and act on it; whether it was new."""
    delivery = _delivery_of(event)
    at = event.timestamp or now
    stored, created = Event.objects.get_or_create(
        provider=provider[:40],
        event_id=_identity(event),
        defaults={
            "delivery": delivery,
            "kind": str(event.event_type)[:20],
            "reject_reason": str(event.reject_reason or "")[:20],
            "description": clean(event.description or event.mta_response or ""),
            "at": at,
            "received_at": now,
        },
    )
    if created and delivery is not None:
        _apply(stored, delivery, event, now)
    elif created:
        logger.info("an event for no delivery of ours", extra={"provider": provider})
    return created


def _delivery_of(event: AnymailTrackingEvent) -> Delivery | None:
    """The delivery that the event is about, by its metadata or its Message-ID."""
    given = (event.metadata or {}).get("delivery_id")
    if given is None:
        for tag in event.tags or ():
            if tag.startswith("delivery_id:"):
                given = tag.partition(":")[2]
    try:
        number = int(given) if given is not None else delivery_id_of(event.message_id or "")
    except (TypeError, ValueError):
        return None
    if number is None or not 0 < number < 2**63:
        return None
    return Delivery.objects.select_related("subscriber").filter(pk=number).first()


def _identity(event: AnymailTrackingEvent) -> str:
    """The provider's id of the event, or a digest of what makes it itself."""
    if event.event_id:
        return str(event.event_id)[:200]
    parts = (
        event.event_type,
        event.message_id,
        event.recipient,
        event.timestamp,
        event.mta_response,
    )
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def _apply(
    stored: Event, delivery: Delivery, event: AnymailTrackingEvent, now: dt.datetime
) -> None:
    rows = Delivery.objects.filter(pk=delivery.pk)
    column = COLUMNS.get(event.event_type)
    if column:
        rows.update(**{column: Coalesce(column, stored.at)})
    if event.event_type in PROOFS:
        rows.filter(state=Delivery.State.UNKNOWN).update(
            state=Delivery.State.SENT,
            sent_at=Coalesce("sent_at", stored.at),
            reason=f"the provider reported it as {event.event_type}",
        )
    subscriber = delivery.subscriber
    if subscriber is None:
        return
    if event.event_type == EventType.COMPLAINED:
        Suppression.objects.add_address(subscriber.email, Suppression.Reason.COMPLAINT, now)
    elif event.event_type == EventType.UNSUBSCRIBED:
        subscriber.leave(now, wording="unsubscribed at the mail provider")
    elif event.event_type == EventType.BOUNCED and event.reject_reason in DEAD:
        Suppression.objects.add_address(subscriber.email, Suppression.Reason.BOUNCE, now)
