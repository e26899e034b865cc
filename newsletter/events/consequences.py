"""What follows from events: the second half of listening.

`process` takes the stored events that nobody acted upon yet, a batch at a time, and applies them
set by set: the ledger's times, deliveries that were in doubt, addresses to suppress, readers who
leave or are paused, issues that cause too much trouble. Every rule looks at what is known and never
at the order in which it came, so events may come doubled, late and in any order, and two workers
may process at once:

    a hard bounce                     the address is suppressed
    five soft bounces within a week   the reader is paused for four weeks, and may end it
    a complaint                       unsubscribed at once, and suppressed
    unsubscribed at the provider      unsubscribed here
    rejected by the provider          as its reason says, so that both lists agree

A refusal for good while the server was told of an email is an event as well. Of notices only hard
bounces and complaints have consequences: they are no digests, of which one may be too many.

An event that names another address than the subscriber's moves the ledger and nobody's
subscription: the reader may have changed address since.
"""

import datetime as dt
import logging
import time
from collections.abc import Iterable, Sequence

from anymail.signals import EventType, RejectReason
from django.db import connection, transaction
from django.db.models import Min

from newsletter import bulk_sql
from newsletter.channels.email import EmailChannel
from newsletter.events import reputation, scanners
from newsletter.mail.return_paths import is_of
from newsletter.models import Delivery, Event
from newsletter.webhooks import recording
from subscriptions.models import Notice, Subscriber, Suppression
from subscriptions.notices.letters import recipient_of
from subscriptions.readers import leaving

logger = logging.getLogger(__name__)

Bounce = Delivery.Bounce

BATCH = 1000
"""Events acted upon in one transaction."""

PROOFS = frozenset(
    (
        EventType.SENT,
        EventType.DELIVERED,
        EventType.BOUNCED,
        EventType.DEFERRED,
        EventType.OPENED,
        EventType.CLICKED,
        EventType.COMPLAINED,
        EventType.UNSUBSCRIBED,
    )
)
"""Kinds of event that prove that the provider took the message."""

PROVEN = "the mail provider's events show that it was sent"
"""The reason of a delivery that was in doubt and no longer is."""

SOFT_BOUNCES = 5
WITHIN = dt.timedelta(days=7)
WITHIN_WEEKLY = dt.timedelta(days=35)
"""So many digests that came back for now, within so long, pause a reader; a weekly one gets five
digests in five weeks.
"""

PAUSE = dt.timedelta(days=28)
"""How long such a pause lasts. Then the next digest tries again: a full mailbox gets emptied."""

_GRAVITY = {"": 0, Bounce.BLOCKED.value: 1, Bounce.SOFT.value: 2, Bounce.HARD.value: 3}


def process(now: dt.datetime, seconds: float = float("inf")) -> int:
    """Act upon every event that waits, or for so many `seconds`; how many were acted upon."""
    end = time.monotonic() + seconds
    count = 0
    while True:
        done = _process_batch(now)
        count += done
        if done < BATCH or time.monotonic() >= end:
            return count


@transaction.atomic
def _process_batch(now: dt.datetime) -> int:
    # Locked, so that a second worker waits and then finds nothing; on SQLite the transaction is
    # the lock.
    rows = list(Event.objects.unprocessed().select_for_update()[:BATCH])
    # A delivery that is being settled right now is left for the next time: two statements over
    # many rows each could wait for each other.
    free = set(
        Delivery.objects.filter(pk__in={row.delivery_id for row in rows if row.delivery_id})
        .select_for_update(skip_locked=True, no_key=True)
        .values_list("pk", flat=True)
    )
    rows = [row for row in rows if row.delivery_id is None or row.delivery_id in free]
    if not rows:
        return 0
    known = [row for row in rows if row.delivery_id is not None]
    _note_times(known)
    _note_reading(known)
    _note_proofs(known)
    about_notices = [row for row in rows if row.notice_id is not None]
    _note_on_notices(about_notices)
    for_readers([*known, *about_notices], now)
    _tell_webhooks(rows, now)
    Event.objects.filter(pk__in=[row.pk for row in rows]).update(processed_at=now)
    reputation.review({row.delivery_id for row in known if row.delivery_id and _hurts(row)}, now)
    return len(rows)


def _hurts(event: Event) -> bool:
    return bool(event.severity) or event.kind == EventType.COMPLAINED


# --- The ledger ---------------------------------------------------------------------------


def _note_times(events: Iterable[Event]) -> None:
    """Fill the deliveries' times, the earliest of each kind, and the worst bounce."""
    found: dict[int, dict[str, object]] = {}
    for event in events:
        row = found.setdefault(
            event.delivery_id or 0,
            {"id": event.delivery_id, "delivered": None, "complained": None, "bounced": None}
            | {"bounce": "", "gravity": 0},
        )
        name = {EventType.DELIVERED: "delivered", EventType.COMPLAINED: "complained"}.get(
            event.kind, "bounced" if event.severity else ""
        )
        if not name:
            continue
        before = row[name]
        row[name] = min(event.at, before) if isinstance(before, dt.datetime) else event.at
        if event.severity and _GRAVITY[event.severity] > _GRAVITY[str(row["bounce"])]:
            row["bounce"], row["gravity"] = event.severity, _GRAVITY[event.severity]
    values = [row for row in found.values() if any(row[n] for n in _TIMES)]
    if not values:
        return
    delivery = bulk_sql.table(Delivery)
    source = bulk_sql.rows(
        {"id": "id", "bounce": "text", "gravity": "integer"} | dict.fromkeys(_TIMES, "time")
    )
    gravity = " ".join(f"WHEN '{word}' THEN {n}" for word, n in _GRAVITY.items() if word)
    times = ", ".join(
        f"{name}_at = CASE WHEN r.{name} IS NULL OR {delivery}.{name}_at <= r.{name}"
        f" THEN {delivery}.{name}_at ELSE r.{name} END"
        for name in _TIMES
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {delivery} SET {times},
                bounce = CASE WHEN r.gravity > CASE {delivery}.bounce {gravity} ELSE 0 END
                    THEN r.bounce ELSE {delivery}.bounce END
            FROM {source} WHERE {delivery}.id = r.id
            """,  # noqa: S608 - names and words of our own, values are parameters
            [bulk_sql.packed(values)],
        )


_TIMES = ("delivered", "bounced", "complained")


def _note_reading(events: Iterable[Event]) -> None:
    """First opening and first click by a person, judged anew from all that is known of a delivery:
    a click may turn out to be one of a scanner's many.
    """
    kinds = (EventType.OPENED, EventType.CLICKED)
    ids = {event.delivery_id for event in events if event.delivery_id and event.kind in kinds}
    if not ids:
        return
    of_these = Event.objects.filter(delivery__in=ids)
    clicks: dict[int, list[tuple[dt.datetime, str, int]]] = {}
    for pk, delivery_id, at, link in of_these.filter(kind=EventType.CLICKED).values_list(
        "pk", "delivery_id", "at", "description"
    ):
        clicks.setdefault(delivery_id, []).append((at, link, pk))
    machines = set().union(*map(scanners.bursts, clicks.values())) if clicks else set()
    of_these.filter(pk__in=machines, by_machine=False).update(by_machine=True)
    first = of_these.by_people().filter(kind__in=kinds).order_by().values("delivery_id", "kind")
    times = {
        (row["delivery_id"], row["kind"]): row["first"] for row in first.annotate(first=Min("at"))
    }
    rows = list(Delivery.objects.filter(pk__in=ids).only("pk", "opened_at", "clicked_at"))
    for row in rows:
        row.opened_at = times.get((row.pk, EventType.OPENED))
        row.clicked_at = times.get((row.pk, EventType.CLICKED))
    Delivery.objects.bulk_update(rows, ["opened_at", "clicked_at"])


def _note_proofs(events: Iterable[Event]) -> None:
    """Deliveries in doubt of which there is an event were sent, by mail, at that time or before."""
    proofs: dict[int, dt.datetime] = {}
    for event in events:
        if event.kind in PROOFS and event.delivery_id is not None:
            known = proofs.get(event.delivery_id, event.at)
            proofs[event.delivery_id] = min(known, event.at)
    if not proofs:
        return
    delivery = bulk_sql.table(Delivery)
    source = bulk_sql.rows({"id": "id", "at": "time"})
    values = [{"id": pk, "at": at} for pk, at in proofs.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {delivery} SET state = 'sent', reason = %s, lease_until = NULL, channel = %s,
                sent_at = CASE WHEN {delivery}.sent_at <= r.at
                    THEN {delivery}.sent_at ELSE r.at END
            FROM {source}
            WHERE {delivery}.id = r.id AND ({delivery}.state = 'unknown'
              OR ({delivery}.state = 'sent' AND {delivery}.reason = %s))
            """,  # noqa: S608 - names of our own, values are parameters
            [
                PROVEN,
                EmailChannel.name,
                bulk_sql.packed(values),
                PROVEN,
            ],
        )


def _note_on_notices(events: Iterable[Event]) -> None:
    """The same for notices, of which there are few: one by one."""
    for event in events:
        notice = Notice.objects.select_for_update().filter(pk=event.notice_id or 0).first()
        if notice is None:
            continue
        name = {EventType.DELIVERED: "delivered_at", EventType.COMPLAINED: "complained_at"}.get(
            event.kind, "bounced_at" if event.severity else ""
        )
        if name:
            setattr(notice, name, min(filter(None, (getattr(notice, name), event.at))))
        if _GRAVITY.get(event.severity, 0) > _GRAVITY[notice.bounce]:
            notice.bounce = event.severity
        was_in_doubt = notice.state == Notice.State.UNKNOWN
        if event.kind in PROOFS and (was_in_doubt or notice.reason == PROVEN):
            notice.state, notice.reason, notice.lease_until = Notice.State.SENT, PROVEN, None
            notice.sent_at = min(filter(None, (notice.sent_at, event.at)))
        notice.save()


# --- The readers --------------------------------------------------------------------------


def _tell_webhooks(events: Sequence[Event], now: dt.datetime) -> None:
    """Tell of bounces and complaints, each with the reader whose email it was."""
    told = [event for event in events if _hurts(event)]
    if not told:
        return
    rows = Event.objects.filter(pk__in=[event.pk for event in told])
    readers = {
        pk: subscriber or other
        for pk, subscriber, other in rows.values_list(
            "pk", "delivery__subscriber_id", "notice__subscriber_id"
        )
    }
    happenings = []
    for event in told:
        reader = readers.get(event.pk)
        if reader is None:
            continue
        if event.kind == EventType.COMPLAINED:
            kind, more = "subscriber.complained", {}
        else:
            kind, more = "subscriber.bounced", {"bounce": event.severity}
        data = {"subscriber": reader, **more}
        happenings.append(recording.Happening(kind, event.at, data, reader))
    recording.record(happenings, now)


def for_readers(events: Sequence[Event], now: dt.datetime) -> None:
    """Suppress, unsubscribe and pause, as the events of these deliveries ask for."""
    grave = [event for event in events if event.severity or event.kind in _ABOUT_READERS]
    if not grave:
        return
    subscribers = {
        row.pk: row.subscriber
        for row in Delivery.objects.filter(
            pk__in={event.delivery_id for event in grave if event.delivery_id}
        ).select_related("subscriber")
        if row.subscriber is not None
    }
    notices = {
        row.pk: row
        for row in Notice.objects.filter(
            pk__in={event.notice_id for event in grave if event.notice_id}
        ).select_related("subscriber")
    }
    suppress: dict[str, Suppression.Reason] = {}
    complained: dict[int, Subscriber] = {}
    bounced: dict[int, Subscriber] = {}
    for event in grave:
        subscriber = subscribers.get(event.delivery_id or 0)
        notice = notices.get(event.notice_id or 0)
        if notice is not None:
            subscriber = notice.subscriber
            if notice.kind == Notice.Kind.MOVE_TO:
                _process_for_new_address(notice, event, suppress)
                continue
        if subscriber is None:
            continue
        if not is_of(subscriber.email, event.address_hash):
            logger.warning(
                "an event names another address than the subscriber's",
                extra={"event": event.pk, "delivery": event.delivery_id},
            )
            continue
        if _is_complaint(event):
            complained[subscriber.pk] = subscriber
            suppress[subscriber.email] = Suppression.Reason.COMPLAINT
        elif event.severity == Bounce.HARD:
            suppress.setdefault(subscriber.email, Suppression.Reason.BOUNCE)
        elif event.severity and notice is None:
            bounced[subscriber.pk] = subscriber
        if _is_leave(event) and not _came_back_since(subscriber, event.at):
            subscriber.leave(now, wording=leaving.AT_PROVIDER)
    for subscriber in complained.values():
        if not subscriber.leave(now, wording=leaving.COMPLAINT):
            continue
        logger.warning("a reader complained", extra={"subscriber": subscriber.pk})
    Suppression.objects.add_addresses(suppress, now)
    for subscriber in bounced.values():
        _pause_if_bouncing(subscriber, now)


def _process_for_new_address(
    notice: Notice, event: Event, suppress: dict[str, Suppression.Reason]
) -> None:
    """What came back from an address that is not the reader's yet ends nobody's subscription."""
    email = recipient_of(notice)
    if not email or not is_of(email, event.address_hash):
        return
    if _is_complaint(event):
        suppress[email] = Suppression.Reason.COMPLAINT
    elif event.severity == Bounce.HARD:
        suppress.setdefault(email, Suppression.Reason.BOUNCE)


_ABOUT_READERS = frozenset((EventType.COMPLAINED, EventType.UNSUBSCRIBED, EventType.REJECTED))


def _is_complaint(event: Event) -> bool:
    """A complaint, or a refusal because the provider remembers one. A *bounce* for "spam" is the
    receiver's filter speaking, not the reader.
    """
    return bool(
        event.kind == EventType.COMPLAINED
        or (event.kind == EventType.REJECTED and event.reject_reason == RejectReason.SPAM)
    )


def _is_leave(event: Event) -> bool:
    return bool(
        event.kind == EventType.UNSUBSCRIBED
        or (event.kind == EventType.REJECTED and event.reject_reason == RejectReason.UNSUBSCRIBED)
    )


def _came_back_since(subscriber: Subscriber, at: dt.datetime) -> bool:
    """Whether the reader confirmed again after the moment `at`; newer consent counts."""
    return subscriber.confirmed_at is not None and subscriber.confirmed_at > at


def _pause_if_bouncing(subscriber: Subscriber, now: dt.datetime) -> None:
    """Pause the reader where `SOFT_BOUNCES` digests came back for now within the time allowed."""
    is_weekly = subscriber.rhythm == Subscriber.Rhythm.WEEKLY
    within = WITHIN_WEEKLY if is_weekly else WITHIN
    since = [now - PAUSE - within, subscriber.bounces_count_after, subscriber.confirmed_at]
    times = list(
        Delivery.objects.filter(
            subscriber=subscriber, bounce=Bounce.SOFT, bounced_at__gt=max(filter(None, since))
        )
        .order_by("bounced_at")
        .values_list("bounced_at", flat=True)
    )
    last = [
        end
        for start, end in zip(times, times[SOFT_BOUNCES - 1 :], strict=False)
        if start and end and end - start <= within
    ]
    if not last:
        return
    until = (last[-1] + PAUSE).date()
    if until <= now.date():
        return
    reason = f"{SOFT_BOUNCES} digests bounced within {within.days} days"
    if subscriber.pause_for_bounces(until, reason, now):
        logger.warning(
            "paused a reader because emails bounced",
            extra={"subscriber": subscriber.pk, "until": until.isoformat()},
        )
