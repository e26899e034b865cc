"""After a restore: what went out meanwhile is said, and then mail goes out again.

Three ways to say it, which may be combined: the log beside the workers' journals, a list of
addresses from the mail provider, or that everything that was due before a moment counts as sent.
What is said lands in the ledger, as rows that count as sent or skipped, so that these issues do not
come again.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from newsletter.channels.email import EmailChannel
from newsletter.delivery import continuity, planning, sent_log
from newsletter.delivery.sent_log import Sent
from newsletter.models import Continuity, Delivery, Issue
from papers.days import feature_day
from subscriptions.models import Notice, Subscriber
from subscriptions.notices.due import give_back_the_day

T = TypeVar("T")

CHUNK = 2_000
"""Rows in one transaction."""

SKIPPED = "skipped after a restore: it may have been sent before"
SENT = "sent before the database was restored"

MARGIN = dt.timedelta(minutes=5)
"""The log counts from so long before the backup on: a batch may have been under way, and clocks
differ."""


class Unsaid(Exception):
    """What is said cannot be kept yet; the text says what is missing."""


def current() -> Continuity:
    """Whether nothing goes out, why, and since when."""
    return continuity.row()


def sent_by_log(directories: Iterable[Path]) -> list[Sent]:
    """What the logs in these directories say went out since the backup; where nobody knows when
    that was made, all that they hold.
    """
    made_at = current().backed_up_at
    since = made_at - MARGIN if made_at else dt.datetime.fromtimestamp(0, dt.UTC)
    found = {
        (one.day, one.subscriber_id, one.is_of_interests): one
        for directory in directories
        for one in sent_log.read(directory, since)
    }
    return list(found.values())


def sent_to(addresses: Iterable[str], now: dt.datetime) -> list[Sent]:
    """Of the readers with these addresses: that they had the issue which is current at `now`."""
    day = feature_day(now)
    emails = {address.strip().lower() for address in addresses if "@" in address}
    return [
        Sent(now, day, pk)
        for chunk in _chunks(sorted(emails))
        for pk in Subscriber.objects.filter(email__in=chunk).values_list("pk", flat=True)
    ]


def mark_sent(sent: Sequence[Sent], now: dt.datetime) -> int:
    """Keep that these emails went out; how many rows that made or changed. May be run again.

    Raises `Unsaid` where an issue of theirs is not there: fetch and freeze it first.
    """
    issues = _issues({one.day for one in sent})
    changed = 0
    for chunk in _chunks(sent):
        with transaction.atomic():
            changed += _mark_chunk(chunk, issues, now)
    return changed


def _mark_chunk(sent: Sequence[Sent], issues: dict[dt.date, Issue], now: dt.datetime) -> int:
    readers = Subscriber.objects.select_for_update().in_bulk([one.subscriber_id for one in sent])
    known = [one for one in sent if one.subscriber_id in readers]
    changed = 0
    for day, is_of_interests in {(one.day, one.is_of_interests) for one in known}:
        mine = [one for one in known if (one.day, one.is_of_interests) == (day, is_of_interests)]
        of_kind = {"interests_of" if is_of_interests else "issue": issues[day]}
        rows = Delivery.objects.filter(
            **of_kind, subscriber__in=[one.subscriber_id for one in mine]
        )
        there = set(rows.values_list("subscriber_id", flat=True))
        open_ = rows.exclude(state=Delivery.State.SENT)
        changed += open_.update(
            state=Delivery.State.SENT,
            reason=SENT,
            channel=EmailChannel.name,
            sent_at=now,
            claim="",
            lease_until=None,
        )
        made = [
            Delivery(
                **of_kind,
                subscriber_id=one.subscriber_id,
                state=Delivery.State.SENT,
                reason=SENT,
                channel=EmailChannel.name,
                due_at=one.at,
                not_before=one.at,
                deadline=one.at + settings.DIGEST_DEADLINE,
                sent_at=one.at,
            )
            for one in mine
            if one.subscriber_id not in there
        ]
        Delivery.objects.bulk_create(made, ignore_conflicts=True)
        changed += len(made)
    _move_on(known, readers, now)
    return changed


def _move_on(sent: Sequence[Sent], readers: dict[int, Subscriber], now: dt.datetime) -> None:
    """Let the readers' next emails be due after what they had, and no welcome come twice."""
    for one in sent:
        reader = readers[one.subscriber_id]
        if one.is_of_interests:
            if reader.next_interests_at is not None and reader.next_interests_at <= one.at:
                reader.next_interests_at = reader.interests_due_after(one.at)
            continue
        if reader.next_digest_at is not None and reader.next_digest_at <= one.at:
            reader.next_digest_at = reader.due_after(one.at)
        if reader.welcomed_on is None:
            reader.welcomed_on = one.day
    moved = {one.subscriber_id: readers[one.subscriber_id] for one in sent}
    Subscriber.objects.bulk_update(
        moved.values(), ["next_digest_at", "next_interests_at", "welcomed_on"]
    )


def skip_before(moment: dt.datetime, now: dt.datetime) -> int:
    """Let everything that was due before `moment` count as sent; how many rows that made or closed.

    Raises `Unsaid` where the issue that was current then is not there.
    """
    if Subscriber.objects.mailable().due(moment).exists():
        _issues({feature_day(moment)})
        planning.plan(moment)
        if Subscriber.objects.mailable().due(moment).exists():
            raise Unsaid("Some readers were due for an issue that doesn't exist.")
    _pass_over_daily_emails(moment)
    Subscriber.objects.unwelcomed(dt.datetime.fromtimestamp(0, dt.UTC)).filter(
        confirmed_at__lt=moment
    ).update(welcomed_on=feature_day(moment))
    waiting = Delivery.objects.open().filter(due_at__lt=moment).order_by("pk")
    count = 0
    while ids := list(waiting.values_list("pk", flat=True)[:CHUNK]):
        count += Delivery.objects.filter(pk__in=ids).update(
            state=Delivery.State.SKIPPED, reason=SKIPPED, claim="", lease_until=None
        )
    return count


def _pass_over_daily_emails(moment: dt.datetime) -> None:
    """Daily emails of interests that were due by then are not made anymore."""
    due = Subscriber.objects.interests_due(moment).order_by("pk")
    while readers := list(due[:CHUNK]):
        for reader in readers:
            reader.next_interests_at = reader.interests_due_after(moment)
        Subscriber.objects.bulk_update(readers, ["next_interests_at"])


def release(directory: Path) -> None:
    """Let mail go out again. Other emails than digests that the backup has as waiting may have been
    sent before: they are skipped, and whoever still misses one may ask again at once.
    """
    waiting = Notice.objects.open()
    ids = list(waiting.values_list("pk", flat=True))
    waiting.filter(pk__in=ids).update(
        state=Notice.State.SKIPPED, reason=SKIPPED, claim="", lease_until=None
    )
    give_back_the_day(ids)
    continuity.release(directory)


def _issues(days: set[dt.date]) -> dict[dt.date, Issue]:
    found = {issue.day: issue for issue in Issue.objects.filter(day__in=days)}
    if missing := sorted(days - found.keys()):
        named = ", ".join(day.isoformat() for day in missing)
        raise Unsaid(
            f"The database doesn't have the issue of {named}. Make it first, or its digests "
            "would be sent again later: manage.py fetch_papers --day DAY, manage.py build_issue "
            "--day DAY."
        )
    return found


def _chunks(items: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
