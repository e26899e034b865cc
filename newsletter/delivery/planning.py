"""Planning: a delivery for every subscriber whose digest is due, and their next due moment.

Set-wise and in chunks: a chunk of due subscribers is read, their deliveries are inserted and their
`next_digest_at` is moved on in one transaction of a few statements. A planner that dies between
chunks leaves the rest due; two planners at once plan each reader once, because the pair of issue
and subscriber is unique and a subscriber already moved on is no longer due.

Issues and readers keep different weeks: Thursday's issue is there when it is Saturday in Tokyo, and
whoever reads from Monday to Friday there would never see it. So a delivery belongs to the newest
issue and says since which day it draws on the earlier ones that its reader had nothing of.
"""

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from newsletter import bulk_sql
from newsletter.issues.freezing import week_to
from newsletter.models import Delivery, Issue
from papers.days import LONGEST_WAIT, closes_at, current_day, feature_day
from papers.planner_statistics import renew_grown
from subscriptions import schedule
from subscriptions.interests import matching
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

CHUNK = 10_000
"""Subscribers planned in one transaction."""

MOST_ISSUES = 3
"""Issues that a daily or weekday digest draws on, at most; all of them of one week."""

MATCHED_WITHIN = dt.timedelta(minutes=10)
"""How long digests wait for a new issue's papers to be matched with what readers follow."""

STOPPED = "the issue was stopped"
"""Why a digest of a stopped issue was not sent."""

_HANDED_OVER = (
    Delivery.State.CLAIMED,
    Delivery.State.SENT,
    Delivery.State.FEED,  # of the version before
    Delivery.State.UNKNOWN,
)
_CARRIED = (*_HANDED_OVER, Delivery.State.SKIPPED)
"""States in which a delivery has brought its reader the issue, or had nothing of it to bring. One
that failed or came too late brought nothing, and the next one makes up for it."""


@dataclass(slots=True)
class Planned:
    """What a planning run did."""

    due: int = 0
    deliveries: int = 0


def current_issue(now: dt.datetime) -> Issue | None:
    """The issue that digests due at `now` carry; None while it is still being waited for.

    That is the current day's where it is frozen already, its sources being complete, and else the
    feature day's. Where that does not come within `LONGEST_WAIT`, because the day had no papers or
    no source answered, the one before it stands: whoever had that gets nothing. While the newest
    waits for approval nobody is passed over to the one before; a dropped one counts as not there.
    """
    day = feature_day(now)
    issue = Issue.objects.not_dropped().up_to(current_day(now)).first()
    if issue is None or (issue.day < day and now < closes_at(day) + LONGEST_WAIT):
        return None
    return issue if issue.is_published else None


def is_being_matched(issue: Issue, now: dt.datetime) -> bool:
    """Whether digests of `issue` still wait for what their readers follow to be matched with its
    papers. `MATCHED_WITHIN` after it was frozen they go out without.
    """
    return now < issue.frozen_at + MATCHED_WITHIN and not matching.is_ready(issue.day)


def plan(now: dt.datetime, *, dry_run: bool = False) -> Planned:
    """Make the deliveries that are due at `now`. `dry_run` counts the due and changes nothing."""
    issue = current_issue(now)
    planned = Planned()
    if issue is None or is_being_matched(issue, now):
        return planned
    if dry_run:
        planned.due = Subscriber.objects.mailable().due(now).count()
        return planned
    while True:
        due, made = _plan_chunk(issue, now)
        planned.due += due
        planned.deliveries += made
        if made == CHUNK and _is_power_of_two(planned.due):
            _tell_planner()
        if due < CHUNK:
            break
    if planned.due:
        logger.info(
            "planned",
            extra={"issue": str(issue.day), "due": planned.due, "deliveries": planned.deliveries},
        )
    return planned


def _tell_planner() -> None:
    """Renew what the database knows of the queue."""
    if connection.vendor != "postgresql":
        renew_grown(Delivery)
        return
    # Autovacuum would notice a minute late that the queue is no longer empty, and until then claims
    # would be planned as if it were: with a sort of all that waits.
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {bulk_sql.table(Delivery)}")


def _is_power_of_two(due: int) -> bool:
    """Whether `due` is one, two, four, eight … chunks: when statistics are worth renewing."""
    chunks = due // CHUNK
    return chunks & (chunks - 1) == 0


def settle_stopped(now: dt.datetime) -> int:
    """Close the waiting deliveries of issues that were stopped, in chunks; how many there were.

    Older ones than a week are not looked for: their deadlines have passed.
    """
    waiting = Delivery.objects.stopped(week_to(now.date()) - settings.DIGEST_DEADLINE)
    count = 0
    while ids := list(waiting.order_by("not_before", "id").values_list("pk", flat=True)[:CHUNK]):
        rows = Delivery.objects.filter(pk__in=ids, state=Delivery.State.PENDING)
        count += rows.update(state=Delivery.State.SKIPPED, reason=STOPPED)
    if count:
        logger.info("closed deliveries of stopped issues", extra={"count": count})
    return count


def draws_since(issue: Issue, subscriber_id: int, now: dt.datetime) -> dt.date | None:
    """Since which day a daily digest of `issue` would draw on earlier issues, were it planned at
    `now`; None where it would not.
    """
    source = bulk_sql.rows({"id": "id", "weekly": "integer"})
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_since(issue, now)} FROM {source}",  # noqa: S608 - names of our own
            [bulk_sql.packed([{"id": subscriber_id, "weekly": 0}])],
        )
        (found,) = cursor.fetchone()
    return dt.date.fromisoformat(found) if isinstance(found, str) else found


def _plan_chunk(issue: Issue, now: dt.datetime) -> tuple[int, int]:
    """Plan up to `CHUNK` due subscribers; how many were due and how many deliveries were made."""
    following = lru_cache(maxsize=8192)(schedule.next_digest)
    values: list[dict[str, Any]] = []
    with transaction.atomic():
        due = Subscriber.objects.mailable().due(now).order_by("next_digest_at", "id")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        fields = ("pk", "next_digest_at", "rhythm", "hour", "timezone", "weekday", "paused_until")
        out_since, within = issue.out_since, settings.DIGEST_DEADLINE
        for pk, due_at, rhythm, hour, zone, weekday, paused in due.values_list(*fields)[:CHUNK]:
            # The digest is due when the hour has come and the issue is there.
            due_since = max(due_at, out_since)
            values.append(
                {
                    "id": pk,
                    "weekly": int(rhythm == Subscriber.Rhythm.WEEKLY),
                    "asked": due_at,
                    "due": due_since,
                    "deadline": due_since + within,
                    "next": following(
                        now,
                        rhythm=rhythm,
                        hour=hour,
                        timezone=zone,
                        weekday=weekday,
                        paused_until=paused,
                    ),
                }
            )
        if not values:
            return 0, 0
        parameter = bulk_sql.packed(values)
        state, reason = Delivery.State.PENDING, ""
        if issue.state == Issue.State.STOPPED:
            state, reason = Delivery.State.SKIPPED, STOPPED
        with connection.cursor() as cursor:
            cursor.execute(_insert(issue, now), [issue.pk, state.value, reason, parameter])
            made = cursor.rowcount
            if made < len(values):
                cursor.execute(_note_no_new_issue(), [parameter, issue.pk])
            cursor.execute(_advance(), [parameter, bulk_sql.timestamp_text(now)])
    return len(values), made


def _insert(issue: Issue, now: dt.datetime) -> str:
    """INSERT … SELECT of deliveries; those that are there already stay as they are."""
    source = bulk_sql.rows({"id": "id", "weekly": "integer", "due": "time", "deadline": "time"})
    empty = "'[]'::jsonb" if connection.vendor == "postgresql" else "'[]'"
    return f"""
        INSERT INTO {bulk_sql.table(Delivery)}
            (issue_id, subscriber_id, since, state, reason, due_at, deadline, not_before,
             attempts, claim, choices, provider_id)
        SELECT %s, r.id, {_since(issue, now)}, %s, %s, r.due, r.deadline, r.due, 0, '', {empty}, ''
        FROM {source}
        WHERE true  -- SQLite needs it to tell ON CONFLICT from a join
        ON CONFLICT (issue_id, subscriber_id) DO NOTHING
    """  # noqa: S608 - names of our own, values are parameters


def _since(issue: Issue, now: dt.datetime) -> str:
    """The expression for the day since which the digest of `issue` for the row `r` (its `id`, and
    whether it is `weekly`) draws on earlier issues; NULL where it does not.

    The reader's deliveries of the last issues are looked up through the unique index (issue,
    subscriber), the newest first, and for almost every reader the first one found ends the search.
    Whoever never had a digest starts with this issue: the welcome brought the week before.
    """
    delivery = bulk_sql.table(Delivery)
    earlier = Issue.objects.filter(day__gte=week_to(issue.day), day__lt=issue.day)
    cases, since, drawn = [], "NULL", 1
    for one in earlier.order_by("-day"):
        runs = one.state == Issue.State.RUNNING
        carried = f"d.state IN ({_listed(_CARRIED if runs else _HANDED_OVER)})"
        if runs:  # or waits, and is not yet too late
            waits = f"d.state = '{Delivery.State.PENDING.value}'"
            carried += f" OR {waits} AND d.deadline > '{bulk_sql.timestamp_text(now)}'"
        cases.append(
            f"WHEN EXISTS (SELECT 1 FROM {delivery} d WHERE d.issue_id = {one.pk}"  # noqa: S608
            f" AND d.subscriber_id = r.id AND ({carried})) THEN {since}"
        )
        if runs:
            since, drawn = _date(one.day), drawn + 1
            if drawn == MOST_ISSUES:
                break
    if since == "NULL":
        return since
    return f"""
        CASE WHEN r.weekly = 1 THEN NULL {" ".join(cases)}
             WHEN EXISTS (SELECT 1 FROM {delivery} d WHERE d.subscriber_id = r.id) THEN {since}
             ELSE NULL END
    """  # noqa: S608 - names of our own


def _listed(states: Iterable[Delivery.State]) -> str:
    return ", ".join(f"'{state.value}'" for state in states)


def _date(day: dt.date) -> str:
    """A day as a literal. SQLite keeps days as text."""
    kind = "DATE " if connection.vendor == "postgresql" else ""
    return f"{kind}'{day.isoformat()}'"


def _note_no_new_issue() -> str:
    """UPDATE … FROM of deliveries whose readers' hour came again, and no newer issue with it."""
    delivery = bulk_sql.table(Delivery)
    source = bulk_sql.rows({"id": "id", "asked": "time"})
    said = "to_jsonb(r.asked)"
    added = f"COALESCE(no_new_issue_at, '[]'::jsonb) || {said}"
    again = f"COALESCE(no_new_issue_at, '[]'::jsonb) @> {said}"
    if connection.vendor == "sqlite":
        added = "json_insert(COALESCE(no_new_issue_at, '[]'), '$[#]', r.asked)"
        again = "r.asked IN (SELECT value FROM json_each(COALESCE(no_new_issue_at, '[]')))"
    return f"""
        UPDATE {delivery} SET no_new_issue_at = {added} FROM {source}
        WHERE {delivery}.subscriber_id = r.id AND {delivery}.issue_id = %s
          AND {delivery}.due_at < r.asked AND NOT ({again})
    """  # noqa: S608 - names of our own, values are parameters


def _advance() -> str:
    """UPDATE … FROM of the subscribers' next due moment."""
    subscriber = bulk_sql.table(Subscriber)
    source = bulk_sql.rows({"id": "id", "next": "time"})
    return f"""
        UPDATE {subscriber} SET next_digest_at = r.next FROM {source}
        WHERE {subscriber}.id = r.id AND {subscriber}.next_digest_at <= %s
    """  # noqa: S608 - names of our own, values are parameters
