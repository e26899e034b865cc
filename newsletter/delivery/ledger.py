"""The ledger's moves: claiming, choosing, settling and recovering deliveries, many rows at a time.

Every move is one statement that names the states it leaves, so that of two workers one wins and
the other changes nothing.
"""

import datetime as dt
import logging
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from newsletter import bulk_sql
from newsletter.channels.registry import is_mail
from newsletter.delivery import journal
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.models import Delivery, Issue
from subscriptions.models import Subscriber, Suppression

logger = logging.getLogger(__name__)

FIRST_RETRY = 60.0
LONGEST_RETRY = 3600.0
"""Seconds before the second attempt, and at most before any later one."""

MOST_ATTEMPTS = 20
"""Attempts after which a delivery that keeps taking its worker down is given up."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until its lease runs out."""

    id: int
    issue_id: int
    subscriber_id: int | None
    attempts: int
    """Counting this one."""
    deadline: dt.datetime
    not_before: dt.datetime

    @property
    def place(self) -> tuple[dt.datetime, int]:
        """Its place in the queue."""
        return self.not_before, self.id


@dataclass(frozen=True, slots=True)
class Settled:
    """What a claimed delivery becomes."""

    id: int
    state: Delivery.State
    reason: str
    attempts: int
    not_before: dt.datetime
    provider_id: str = ""
    sent_at: dt.datetime | None = None
    channel: str | None = None
    """None where it was not decided, or is to be decided anew."""


def claim(
    name: str,
    count: int,
    now: dt.datetime,
    after: tuple[dt.datetime, int] | None = None,
    receive_by: Sequence[str] = (),
) -> list[Claimed]:
    """Claim up to `count` ready deliveries for the journal `name`, oldest first. One statement.

    On PostgreSQL rows that another worker is claiming are skipped (FOR UPDATE SKIP LOCKED); on
    SQLite the statement itself is the lock. With `after`, a place in the queue, the search begins
    behind it: PostgreSQL's index still holds an entry for every row claimed before, until it is
    vacuumed, and a large issue's claims would walk over all of them again and again. With
    `receive_by` only deliveries of readers who wish one of these ways are claimed.
    """
    delivery = bulk_sql.table(Delivery)
    lock, picked = "", "IN (SELECT id FROM picked)"
    if connection.vendor == "postgresql":
        # As an array, or the planner, not knowing how few they are, may read the whole ledger.
        lock, picked = "FOR UPDATE SKIP LOCKED", "= ANY(ARRAY(SELECT id FROM picked))"
    behind = "AND (not_before, id) > (%s, %s)" if after else ""
    by = ""
    if receive_by:
        ways = ", ".join(["%s"] * len(receive_by))
        readers = bulk_sql.table(Subscriber)
        by = f"AND subscriber_id IN (SELECT id FROM {readers} WHERE receives_by IN ({ways}))"  # noqa: S608
    # MATERIALIZED: or PostgreSQL may run the subquery, and so its LIMIT, more than once.
    sql = f"""
        WITH picked AS MATERIALIZED (
            SELECT id FROM {delivery}
            WHERE state = 'pending' AND not_before <= %s AND deadline > %s
              AND issue_id IN (SELECT id FROM {bulk_sql.table(Issue)} WHERE state = 'running')
              {behind} {by}
            ORDER BY not_before, id LIMIT %s {lock}
        )
        UPDATE {delivery}
        SET state = 'claimed', claim = %s, lease_until = %s, attempts = attempts + 1
        WHERE id {picked}
        RETURNING id, issue_id, subscriber_id, attempts, deadline, not_before
    """  # noqa: S608 - names of our own, values are parameters
    moment = bulk_sql.stamp(now)
    lease = bulk_sql.stamp(now + settings.DELIVERY_LEASE)
    with connection.cursor() as cursor:
        start: tuple[Any, ...] = (bulk_sql.stamp(after[0]), after[1]) if after else ()
        cursor.execute(sql, (moment, moment, *start, *receive_by, count, name, lease))
        found = cursor.fetchall()
    claimed = [
        Claimed(pk, issue, subscriber, attempts, _moment(deadline), _moment(not_before))
        for pk, issue, subscriber, attempts, deadline, not_before in found
    ]
    claimed.sort(key=lambda one: one.place)
    return claimed


def _moment(value: Any) -> dt.datetime:
    """A timestamp as the driver gives it: aware from PostgreSQL, text in UTC from SQLite."""
    moment: dt.datetime = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=dt.UTC)


def record_choices(choices: Sequence[tuple[int, list[Any]]]) -> None:
    """Write which papers each digest (delivery id) holds, in their stored form, before it is sent:
    so that whatever happens to the worker, the history knows what its readers may have had. One
    statement.
    """
    if not choices:
        return
    delivery = bulk_sql.table(Delivery)
    source = bulk_sql.rows({"id": "id", "choices": "json"})
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {delivery} SET choices = r.choices FROM {source} "  # noqa: S608
            f"WHERE {delivery}.id = r.id",
            [bulk_sql.packed([{"id": pk, "choices": rows} for pk, rows in choices])],
        )


def settle(name: str, settled: Sequence[Settled]) -> int:
    """Record what became of deliveries claimed by the journal `name`; how many that changed.

    Rows that a sweep took for lost meanwhile are corrected; rows that are no longer this
    journal's, or that a provider's event already resolved, stay as they are. One statement.
    """
    if not settled:
        return 0
    delivery = bulk_sql.table(Delivery)
    source = bulk_sql.rows(
        {
            "id": "id",
            "state": "text",
            "reason": "text",
            "attempts": "integer",
            "not_before": "time",
            "provider_id": "text",
            "sent_at": "time",
            "channel": "text",
        }
    )
    values = [
        {
            "id": one.id,
            "state": one.state.value,
            "reason": one.reason[:300],
            "attempts": one.attempts,
            "not_before": one.not_before,
            "provider_id": one.provider_id[:200],
            "sent_at": one.sent_at,
            "channel": one.channel,
        }
        for one in settled
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {delivery}
            SET state = r.state, reason = r.reason, attempts = r.attempts,
                not_before = r.not_before, provider_id = r.provider_id, sent_at = r.sent_at,
                channel = r.channel,
                claim = CASE r.state WHEN 'pending' THEN '' ELSE {delivery}.claim END,
                lease_until = NULL
            FROM {source}
            WHERE {delivery}.id = r.id AND {delivery}.claim = %s
              AND {delivery}.state IN ('claimed', 'unknown')
            """,  # noqa: S608 - names of our own, values are parameters
            [bulk_sql.packed(values), name],
        )
        return int(cursor.rowcount)


def verdict(
    one: Claimed, outcome: Outcome, now: dt.datetime, channel: str | None = None
) -> Settled:
    """What a delivery becomes after `outcome` of `channel`. Pure but for the jitter of a retry,
    for which the channel will be decided anew.
    """
    state, reason = Delivery.State.PENDING, outcome.reason
    attempts = one.attempts if outcome.tried else one.attempts - 1
    not_before, sent_at = now, None
    match outcome.kind:
        case Kind.ACCEPTED:
            state, reason, sent_at = Delivery.State.SENT, "", now
        case Kind.REFUSED:
            state = Delivery.State.FAILED
        case Kind.IN_DOUBT if not settings.RETRY_UNKNOWN:
            state = Delivery.State.UNKNOWN
        case _:
            not_before = now + retry_after(one.attempts, outcome.retry_after)
    if reason and outcome.code and outcome.code not in reason:
        reason = f"{outcome.code}: {reason}"
    went = None if state == Delivery.State.PENDING else channel
    return Settled(one.id, state, reason, attempts, not_before, outcome.provider_id, sent_at, went)


def retry_after(attempts: int, asked: float | None = None) -> dt.timedelta:
    """How long until the next attempt: doubling from `FIRST_RETRY` to `LONGEST_RETRY`, with up to
    half as much again at random so that many do not come back at once, and not before the other
    side `asked` (seconds, at most a day).
    """
    pause = min(FIRST_RETRY * 2.0 ** max(0, min(attempts - 1, 16)), LONGEST_RETRY)
    pause *= 1 + random.random() / 2  # noqa: S311 - spreading load, not a secret
    if asked is not None:
        pause = max(pause, min(asked, 86_400.0) + random.random())  # noqa: S311
    return dt.timedelta(seconds=pause)


def suppress(subscriber_ids: Iterable[int], now: dt.datetime) -> None:
    """Suppress addresses that the other side says do not exist."""
    ids = list(subscriber_ids)
    if not ids:
        return
    for email in Subscriber.objects.filter(pk__in=ids).values_list("email", flat=True):
        Suppression.objects.add_address(email, Suppression.Reason.BOUNCE, now)


# --- After a crash -----------------------------------------------------------------------


def recover(directory: Path, now: dt.datetime) -> int:
    """Settle what dead workers of this machine left claimed, from their journals; how many rows.

    Answered messages get their outcome, the one under way is in doubt, untouched ones go back in
    the queue. Works at once: a dead owner's lock is gone, whatever its lease says.
    """
    changed = 0
    for trace in journal.orphans(directory, 2 * settings.DELIVERY_LEASE.total_seconds()):
        rows = Delivery.objects.filter(
            claim=trace.name, state__in=(Delivery.State.CLAIMED, Delivery.State.UNKNOWN)
        ).values_list(
            "pk", "issue_id", "subscriber_id", "attempts", "deadline", "not_before", "state"
        )
        states = {row[0]: row[6] for row in rows}
        left = [Claimed(*row[:6]) for row in rows]
        settled = [
            one
            for one in (_after_crash(trace, row, now) for row in left)
            if one.state != states[one.id]
        ]
        if not settled:
            continue
        bad = [
            one.subscriber_id
            for one in left
            if one.subscriber_id is not None
            and one.id in trace.answered
            and trace.answered[one.id].suppress
            and is_mail(trace.channels.get(one.id))
        ]
        with transaction.atomic():
            changed += settle(trace.name, settled)
            suppress(bad, now)
        logger.warning(
            "recovered a dead worker's batch",
            extra={"journal": trace.name, "rows": len(settled), "doubt": len(trace.under_way)},
        )
    return changed


def _after_crash(trace: journal.Trace, one: Claimed, now: dt.datetime) -> Settled:
    """What a delivery of a dead worker becomes."""
    channel = trace.channels.get(one.id)
    if one.id in trace.answered:
        return verdict(one, trace.answered[one.id], now, channel)
    if one.id in trace.under_way:
        reason = "the worker died while it was being handed over"
    elif not trace.is_complete:
        reason = "the machine stopped, and its journal may lack lines"
    elif one.attempts >= MOST_ATTEMPTS:
        reason = "its worker died time and again before sending it"
        return Settled(one.id, Delivery.State.FAILED, reason, one.attempts, now)
    else:
        # Certainly untouched: it goes on at once. The attempt counts all the same, or a digest
        # that kills its worker would do so for ever.
        reason = "the worker died before sending it"
        return Settled(one.id, Delivery.State.PENDING, reason, one.attempts, now)
    return verdict(one, Outcome(Kind.IN_DOUBT, "crash", reason), now, channel)


def sweep(directory: Path, now: dt.datetime) -> dict[str, int]:
    """Put right what no worker will: dead workers' batches, lapsed leases, missed deadlines.

    A lapsed lease whose journal is not on this machine belongs to a machine that is gone, or cut
    off: its rows are in doubt. If it comes back, its journal settles them after all.
    """
    recovered = recover(directory, now)
    lost: list[str] = []
    lapsed = Delivery.objects.lapsed(now)
    for name in lapsed.order_by().values_list("claim", flat=True).distinct():
        if journal.is_alive(directory, name) is None:
            lost.append(name)
    doubtful = lapsed.filter(claim__in=lost).update(
        state=Delivery.State.UNKNOWN,
        reason="its worker's machine is gone, and with it the journal that knows",
        lease_until=None,
    )
    expired = Delivery.objects.overdue(now).update(
        state=Delivery.State.EXPIRED, reason="its deadline passed before it could be sent"
    )
    found = {"recovered": recovered, "unknown": doubtful, "expired": expired}
    if any(found.values()):
        logger.info("swept", extra=found)
    return found
