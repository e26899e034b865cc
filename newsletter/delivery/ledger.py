"""The ledger's moves: claiming, choosing, settling and recovering, many rows at a time.

Every move is one statement that names the states it leaves, so that of two workers one wins and
the other changes nothing. The rows are those of digests (deliveries) and those of all other emails
(notices); what holds for both is written once.
"""

import datetime as dt
import logging
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anymail.signals import EventType
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from newsletter import bulk_sql
from newsletter.channels.registry import is_mail
from newsletter.delivery import journal
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.models import Delivery, Event, Issue, Letter
from subscriptions.models import Notice, Subscriber, Suppression
from subscriptions.notices.due import give_back_the_day
from subscriptions.notices.letters import recipient_of

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
    """0 of a letter."""
    subscriber_id: int | None
    attempts: int
    """Counting this one."""
    not_before: dt.datetime
    since: dt.date | None = None
    """Day of the earliest issue that it draws on as well."""
    is_of_interests: bool = False
    """It is a daily email of what its reader follows, and no digest."""
    letter_id: int | None = None
    """The letter that it is, and then no digest."""

    @property
    def key(self) -> journal.Key:
        """How a journal names it."""
        return self.id

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
    was_in_doubt: bool = False
    """Of a notice only: it goes on although it is in doubt, which happens once."""


@dataclass(frozen=True, slots=True)
class ClaimedNotice:
    """A notice that is ours until its lease runs out."""

    id: int
    kind: str
    subscriber_id: int | None
    attempts: int
    """Counting this one."""
    deadline: dt.datetime
    was_in_doubt: bool

    @property
    def key(self) -> journal.Key:
        """How a journal names it."""
        return f"n{self.id}"


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
              AND (COALESCE(issue_id, interests_of_id)
                      IN (SELECT id FROM {bulk_sql.table(Issue)} WHERE state = 'running')
                  OR letter_id
                      IN (SELECT id FROM {bulk_sql.table(Letter)} WHERE state = 'running'))
              {behind} {by}
            ORDER BY not_before, id LIMIT %s {lock}
        )
        UPDATE {delivery}
        SET state = 'claimed', claim = %s, lease_until = %s, attempts = attempts + 1
        WHERE id {picked}
        RETURNING id, COALESCE(issue_id, interests_of_id, 0), subscriber_id, attempts, not_before,
            since, interests_of_id, letter_id
    """  # noqa: S608 - names of our own, values are parameters
    moment = bulk_sql.timestamp_text(now)
    lease = bulk_sql.timestamp_text(now + settings.DELIVERY_LEASE)
    with connection.cursor() as cursor:
        start: tuple[Any, ...] = (bulk_sql.timestamp_text(after[0]), after[1]) if after else ()
        cursor.execute(sql, (moment, moment, *start, *receive_by, count, name, lease))
        found = cursor.fetchall()
    claimed = [
        Claimed(
            pk,
            issue,
            subscriber,
            attempts,
            _moment(not_before),
            _day(since),
            of is not None,
            letter,
        )
        for pk, issue, subscriber, attempts, not_before, since, of, letter in found
    ]
    claimed.sort(key=lambda one: one.place)
    return claimed


def _moment(value: Any) -> dt.datetime:
    """A timestamp as the driver gives it: aware from PostgreSQL, text in UTC from SQLite."""
    moment: dt.datetime = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=dt.UTC)


def _day(value: Any) -> dt.date | None:
    """A day as the driver gives it: text from SQLite."""
    day: dt.date | None = dt.date.fromisoformat(value) if isinstance(value, str) else value
    return day


def claim_notices(name: str, count: int, now: dt.datetime) -> list[ClaimedNotice]:
    """Claim up to `count` ready notices for the journal `name`, oldest first. One statement, which
    on SQLite waits for whoever writes: look first whether there are any.
    """
    notice = bulk_sql.table(Notice)
    lock, picked = "", "IN (SELECT id FROM picked)"
    if connection.vendor == "postgresql":
        lock, picked = "FOR UPDATE SKIP LOCKED", "= ANY(ARRAY(SELECT id FROM picked))"
    sql = f"""
        WITH picked AS MATERIALIZED (
            SELECT id FROM {notice}
            WHERE state = 'pending' AND not_before <= %s AND deadline > %s
            ORDER BY not_before, id LIMIT %s {lock}
        )
        UPDATE {notice}
        SET state = 'claimed', claim = %s, lease_until = %s, attempts = attempts + 1
        WHERE id {picked}
        RETURNING id, kind, subscriber_id, attempts, deadline, was_in_doubt
    """  # noqa: S608 - names of our own, values are parameters
    moment = bulk_sql.timestamp_text(now)
    lease = bulk_sql.timestamp_text(now + settings.DELIVERY_LEASE)
    with connection.cursor() as cursor:
        cursor.execute(sql, (moment, moment, count, name, lease))
        found = cursor.fetchall()
    return sorted(
        (
            ClaimedNotice(pk, kind, subscriber, attempts, _moment(deadline), bool(doubt))
            for pk, kind, subscriber, attempts, deadline, doubt in found
        ),
        key=lambda one: one.id,
    )


def record_choices(
    choices: Sequence[tuple[int, str]], interests: Mapping[int, str] | None = None
) -> None:
    """Write which papers each digest (delivery id) holds, in their stored form as JSON, before it
    is sent: so that whatever happens to the worker, the history knows what its readers may have
    had. By delivery, `interests` says likewise what papers are in it for. One statement.
    """
    if not choices:
        return
    delivery = bulk_sql.table(Delivery)
    columns = {"id": "id", "choices": "json"}
    new = "choices = r.choices"
    # Put together as text: the rows of a paper are the same for very many readers.
    if interests:
        columns["interests"] = "json"
        new += f", interests = COALESCE(r.interests, {delivery}.interests)"
        rows = [
            f'{{"id":{pk},"choices":{mine},"interests":{interests[pk]}}}'
            if pk in interests
            else f'{{"id":{pk},"choices":{mine}}}'
            for pk, mine in choices
        ]
    else:
        rows = [f'{{"id":{pk},"choices":{mine}}}' for pk, mine in choices]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {delivery} SET {new} FROM {bulk_sql.rows(columns)} "  # noqa: S608
            f"WHERE {delivery}.id = r.id",
            ["[" + ",".join(rows) + "]"],
        )


def settle(name: str, settled: Sequence[Settled], model: type[Delivery | Notice] = Delivery) -> int:
    """Record what became of rows of `model` claimed by the journal `name`; how many that changed.

    Rows that a sweep took for lost meanwhile are corrected; rows that are no longer this
    journal's, or that a provider's event already resolved, stay as they are. One statement.
    """
    if not settled:
        return 0
    table = bulk_sql.table(model)
    own, kind = ("channel", "text") if model is Delivery else ("was_in_doubt", "boolean")
    source = bulk_sql.rows(
        {
            "id": "id",
            "state": "text",
            "reason": "text",
            "attempts": "integer",
            "not_before": "time",
            "provider_id": "text",
            "sent_at": "time",
            own: kind,
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
            own: getattr(one, own),
        }
        for one in settled
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {table}
            SET state = r.state, reason = r.reason, attempts = r.attempts,
                not_before = r.not_before, provider_id = r.provider_id, sent_at = r.sent_at,
                {own} = r.{own},
                claim = CASE r.state WHEN 'pending' THEN '' ELSE {table}.claim END,
                lease_until = NULL
            FROM {source}
            WHERE {table}.id = r.id AND {table}.claim = %s
              AND {table}.state IN ('claimed', 'unknown')
            """,  # noqa: S608 - names of our own, values are parameters
            [bulk_sql.packed(values), name],
        )
        return int(cursor.rowcount)


def settle_notices(name: str, settled: Sequence[Settled]) -> int:
    """`settle` for notices. Whoever was to get one of `Notice.ONCE_A_DAY` and did not may ask again
    at once.
    """
    changed = settle(name, settled, Notice)
    if changed:
        failed = (Delivery.State.PENDING, Delivery.State.SENT, Delivery.State.UNKNOWN)
        give_back_the_day([one.id for one in settled if one.state not in failed])
    return changed


def note_refusals(refused: Mapping[journal.Key, Outcome], now: dt.datetime) -> None:
    """Write down the refusals for good, by the keys of their messages, as events: what follows
    from one is the same whether the server said it at once or in an email that came back. At most
    one event for a message. One statement.
    """
    events = [
        Event(
            delivery_id=key if isinstance(key, int) else None,
            notice_id=int(key[1:]) if isinstance(key, str) else None,
            provider=DIALOGUE,
            event_id=f"refused|{key}",
            kind=EventType.REJECTED,
            severity=outcome.bounce,
            description=f"{outcome.code}: {outcome.reason}"[:300],
            at=now,
            received_at=now,
        )
        for key, outcome in refused.items()
        if outcome.bounce
    ]
    if events:
        Event.objects.bulk_create(events, ignore_conflicts=True)


DIALOGUE = "dialogue"
"""What events name as their provider that a server's answer led to."""


def notice_verdict(one: ClaimedNotice, outcome: Outcome, now: dt.datetime) -> Settled:
    """What a notice becomes after `outcome`. A confirmation in doubt is sent once more, under the
    same Message-ID: without it a new reader cannot come in, and two of them do no harm.
    """
    found = replace(verdict(one, outcome, now), was_in_doubt=one.was_in_doubt)
    is_first = one.kind == Notice.Kind.CONFIRM and not one.was_in_doubt
    if found.state == Delivery.State.UNKNOWN and is_first:
        return replace(found, state=Delivery.State.PENDING, not_before=now, was_in_doubt=True)
    return found


def verdict(
    one: Claimed | ClaimedNotice, outcome: Outcome, now: dt.datetime, channel: str | None = None
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
        suppress_address(email, now)


def suppress_address(email: str, now: dt.datetime) -> None:
    """Suppress one such address; nothing where it is empty."""
    if email:
        Suppression.objects.add_address(email, Suppression.Reason.BOUNCE, now)


# --- After a crash -----------------------------------------------------------------------


def recover(directory: Path, now: dt.datetime) -> int:
    """Settle what dead workers of this machine left claimed, from their journals; how many rows.

    Digests and notices alike.

    Answered messages get their outcome, the one under way is in doubt, untouched ones go back in
    the queue. Works at once: a dead owner's lock is gone, whatever its lease says.
    """
    changed = 0
    for trace in journal.orphans(directory, 2 * settings.DELIVERY_LEASE.total_seconds()):
        changed += _recover_notices(trace, now)
        rows = Delivery.objects.filter(
            claim=trace.name, state__in=(Delivery.State.CLAIMED, Delivery.State.UNKNOWN)
        ).values_list(
            "pk",
            Coalesce("issue_id", "interests_of_id", 0),
            "subscriber_id",
            "attempts",
            "not_before",
            "since",
            "interests_of_id",
            "state",
            "letter_id",
        )
        states = {row[0]: row[7] for row in rows}
        left = [
            Claimed(pk, issue, subscriber, attempts, not_before, since, daily is not None, letter)
            for pk, issue, subscriber, attempts, not_before, since, daily, _, letter in rows
        ]
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
        ours: set[journal.Key] = {one.id for one in left if is_mail(trace.channels.get(one.id))}
        refused: dict[journal.Key, Outcome] = {
            key: said for key, said in trace.answered.items() if key in ours
        }
        with transaction.atomic():
            changed += settle(trace.name, settled)
            suppress(bad, now)
            note_refusals(refused, now)
        logger.warning(
            "recovered a crashed worker's batch",
            extra={"journal": trace.name, "rows": len(settled), "doubt": len(trace.under_way)},
        )
    return changed


def _recover_notices(trace: journal.Trace, now: dt.datetime) -> int:
    rows = Notice.objects.filter(
        claim=trace.name, state__in=(Notice.State.CLAIMED, Notice.State.UNKNOWN)
    )
    fields = ("pk", "kind", "subscriber_id", "attempts", "deadline", "was_in_doubt")
    left = {row.pk: ClaimedNotice(*(getattr(row, name) for name in fields)) for row in rows}
    states = {row.pk: row.state for row in rows}
    settled = [
        found
        for found in (_after_crash(trace, one, now) for one in left.values())
        if found.state != states[found.id]
    ]
    if not settled:
        return 0
    answered = {row.pk: trace.answered.get(row.key) for row in rows}
    dead = [row for row in rows if (said := answered[row.pk]) is not None and said.suppress]
    with transaction.atomic():
        changed = settle_notices(trace.name, settled)
        for row in dead:
            suppress_address(recipient_of(row), now)
        keys = {one.key for one in left.values()}
        note_refusals({key: said for key, said in trace.answered.items() if key in keys}, now)
    logger.warning(
        "recovered a crashed worker's notices",
        extra={"journal": trace.name, "rows": len(settled)},
    )
    return changed


def _after_crash(trace: journal.Trace, one: Claimed | ClaimedNotice, now: dt.datetime) -> Settled:
    """What a row of a dead worker becomes."""
    channel = trace.channels.get(one.key)

    def judged(outcome: Outcome) -> Settled:
        if isinstance(one, ClaimedNotice):
            return notice_verdict(one, outcome, now)
        return verdict(one, outcome, now, channel)

    if one.key in trace.answered:
        return judged(trace.answered[one.key])
    if one.key in trace.under_way:
        reason = "the worker crashed while handing it over"
    elif not trace.is_complete:
        reason = "the machine stopped, so its journal may be incomplete"
    elif one.attempts >= MOST_ATTEMPTS:
        reason = "its worker crashed repeatedly before sending it"
        return Settled(one.id, Delivery.State.FAILED, reason, one.attempts, now)
    else:
        # Certainly untouched: it goes on at once. The attempt counts all the same, or a digest
        # that kills its worker would do so for ever.
        reason = "the worker crashed before sending it"
        doubt = isinstance(one, ClaimedNotice) and one.was_in_doubt
        return Settled(
            one.id, Delivery.State.PENDING, reason, one.attempts, now, was_in_doubt=doubt
        )
    return judged(Outcome(Kind.IN_DOUBT, "crash", reason))


GONE = "its worker's machine is gone, along with the journal that had the result"
TOO_LATE = "its deadline passed before it could be sent"


def _lost(lapsed: "QuerySet[Any]", directory: Path) -> list[str]:
    """The journals of lapsed claims that are not on this machine."""
    names = lapsed.order_by().values_list("claim", flat=True).distinct()
    return [name for name in names if journal.is_alive(directory, name) is None]


def _doubt_lost_notices(directory: Path, now: dt.datetime) -> int:
    lapsed = Notice.objects.lapsed(now)
    lost = lapsed.filter(claim__in=_lost(lapsed, directory))
    # The claim stays on the row: if the journal comes back, it settles the row after all.
    again = lost.filter(kind=Notice.Kind.CONFIRM, was_in_doubt=False).update(
        state=Notice.State.PENDING, reason=GONE, lease_until=None, was_in_doubt=True, not_before=now
    )
    return again + lost.update(state=Notice.State.UNKNOWN, reason=GONE, lease_until=None)


def _expire_notices(now: dt.datetime) -> int:
    ids = list(Notice.objects.overdue(now).values_list("pk", flat=True)[:1000])
    expired = (
        Notice.objects.overdue(now)
        .filter(pk__in=ids)
        .update(state=Notice.State.EXPIRED, reason=TOO_LATE)
    )
    give_back_the_day(ids)
    return expired


def sweep(directory: Path, now: dt.datetime) -> dict[str, int]:
    """Put right what no worker will: dead workers' batches, lapsed leases, missed deadlines.

    A lapsed lease whose journal is not on this machine belongs to a machine that is gone, or cut
    off: its rows are in doubt. If it comes back, its journal settles them after all.
    """
    recovered = recover(directory, now)
    lapsed = Delivery.objects.lapsed(now)
    doubtful = lapsed.filter(claim__in=_lost(lapsed, directory)).update(
        state=Delivery.State.UNKNOWN, reason=GONE, lease_until=None
    )
    expired = Delivery.objects.overdue(now).update(state=Delivery.State.EXPIRED, reason=TOO_LATE)
    doubtful += _doubt_lost_notices(directory, now)
    expired += _expire_notices(now)
    found = {"recovered": recovered, "unknown": doubtful, "expired": expired}
    if any(found.values()):
        logger.info("swept", extra=found)
    return found
