"""What is reported about deliveries, stored: the first half of listening.

Anymail's webhooks, bounce emails and our own links all end here. An event is written down in one
statement with the others of its request, once whatever its provider repeats, and without the
reader's address: a keyed hash of it is enough to tell whose event it is. What follows from it is
not decided here, so that a webhook answers within milliseconds: the rows are the queue, and
`newsletter.events.consequences` works it off.
"""

import datetime as dt
import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType
from django.conf import settings
from django.utils import timezone

from newsletter.events.scanners import is_machine
from newsletter.mail.message_ids import delivery_id_of, notice_id_of
from newsletter.mail.outcomes import clean, without_addresses
from newsletter.mail.providers.events import read
from newsletter.mail.return_paths import hash_of
from newsletter.models import Delivery, Event
from subscriptions.models import Notice

logger = logging.getLogger(__name__)

EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""No event of ours is older; what claims to be has a broken clock."""

LONGEST_PLAIN_ID = 120
"""Longer ids of providers are kept as a digest."""

_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Report:
    """One event, ready to be stored. `kind`, `reason` and `severity` are as in `Event`."""

    provider: str
    identity: str
    delivery_id: int | None
    kind: str
    at: dt.datetime | None = None
    """When it happened; None where that was not said."""
    reason: str = ""
    severity: str = ""
    recipient: str = ""
    """The address that it is about, empty where none was given. Only its hash is kept."""
    address_hash: str = ""
    """The beginning of that hash, where only this is known."""
    description: str = ""
    by_machine: bool = False
    notice_id: int | None = None
    """In place of a delivery, the notice that it is about."""


def store(reports: Iterable[Report], now: dt.datetime) -> int:
    """Write down those events that are new; how many were given that are worth keeping.

    Two statements, however many events: which deliveries there are, and the rows; one more where
    there are events about notices.
    """
    kept = [report for report in reports if is_wanted(report.kind)]
    if not kept:
        return 0
    wanted = {report.delivery_id for report in kept if report.delivery_id is not None}
    known = set(Delivery.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    notices = {report.notice_id for report in kept if report.notice_id is not None}
    if notices:
        notices = set(Notice.objects.filter(pk__in=notices).values_list("pk", flat=True))
    # In order, or two requests with the same events could wait for each other.
    rows = sorted(
        (_row(report, known, notices, now) for report in kept), key=lambda row: row.event_id
    )
    Event.objects.bulk_create(rows, ignore_conflicts=True)
    strange = sum(row.delivery_id is None and row.notice_id is None for row in rows)
    if strange:
        logger.info("events for no email of ours", extra={"count": strange})
    return len(rows)


def is_wanted(kind: str) -> bool:
    """Whether events of this kind are kept. What readers open and click is nobody's business
    unless the operator chose to know, whatever the provider reports.
    """
    if kind == EventType.OPENED:
        return bool(settings.TRACK_OPENS)
    if kind == EventType.CLICKED:
        return bool(settings.TRACK_CLICKS)
    return True


def _row(report: Report, known: set[int], notices: set[int], now: dt.datetime) -> Event:
    at = report.at or now
    if timezone.is_naive(at):
        at = at.replace(tzinfo=dt.UTC)
    if not EARLIEST <= at <= now:
        at = now
    return Event(
        delivery_id=report.delivery_id if report.delivery_id in known else None,
        notice_id=report.notice_id if report.notice_id in notices else None,
        provider=report.provider[:40],
        event_id=report.identity,
        kind=report.kind[:20],
        reject_reason=report.reason[:20],
        severity=report.severity,
        address_hash=hash_of(report.recipient) if report.recipient else report.address_hash,
        by_machine=report.by_machine,
        description=without_addresses(report.description),
        at=at,
        received_at=now,
    )


# --- Anymail's events ---------------------------------------------------------------------


def reported(event: AnymailTrackingEvent, provider: str) -> Report:
    """An event from one of Anymail's webhooks. Raises nothing, whatever it holds."""
    reading = read(event, provider)
    # Given, but no address at all: then it is nobody's, which is not the same as not given.
    recipient = (clean(event.recipient) or "?") if event.recipient else ""
    kind = clean(reading.kind)
    return Report(
        provider=provider,
        identity=_identity(event, kind, recipient),
        delivery_id=_number(event, "delivery_id", delivery_id_of),
        notice_id=_number(event, "notice_id", notice_id_of),
        kind=kind,
        at=event.timestamp if isinstance(event.timestamp, dt.datetime) else None,
        reason=reading.reason,
        severity=str(reading.severity),
        recipient=recipient,
        description=_description(event, kind),
        by_machine=kind in (EventType.OPENED, EventType.CLICKED)
        and is_machine(str(event.user_agent or "")),
    )


def _description(event: AnymailTrackingEvent, kind: str) -> str:
    if kind == EventType.CLICKED:  # never the address, which may hold a reader's token
        return f"link {_digest((event.click_url,))[:8]}"
    said = dict.fromkeys(clean(text) for text in (event.description, event.mta_response) if text)
    return " · ".join(said)


def _number(
    event: AnymailTrackingEvent, name: str, read_from: Callable[[str], int | None]
) -> int | None:
    """Which delivery or notice the event is about, by its metadata or tag of this `name`, or by
    its Message-ID.
    """
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    given: list[Any] = [metadata.get(name)]
    tags: Sequence[Any] = event.tags if isinstance(event.tags, list | tuple) else ()
    given += [
        tag.partition(":")[2] for tag in tags if isinstance(tag, str) and tag.startswith(f"{name}:")
    ]
    for one in given:
        if isinstance(one, str | int) and not isinstance(one, bool):
            text = str(one) if isinstance(one, str) or 0 < one < 10**18 else ""
            if _NUMBER.fullmatch(text) and int(text):
                return int(text)
    return read_from(clean(event.message_id or ""))


def _identity(event: AnymailTrackingEvent, kind: str, recipient: str) -> str:
    """What makes the event itself: the provider's id of it with its kind, or a digest of what it
    says. One id may stand for several recipients (Amazon SES), or for a bounce and the complaint
    that it turned out to be (Postmark).
    """
    who = hash_of(recipient)[:8] if recipient else ""
    given = clean(event.event_id) if event.event_id else ""
    if given and len(given) <= LONGEST_PLAIN_ID:
        return f"{given}|{kind}|{who}"
    if given:
        return f"{_digest((event.event_id,))}|{kind}|{who}"
    said = (kind, event.message_id, recipient, event.timestamp, event.mta_response, event.click_url)
    return _digest(said)


def _digest(parts: Iterable[object]) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode(errors="replace")).hexdigest()
