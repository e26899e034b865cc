"""Planning: a delivery for every subscriber whose digest is due, and their next due moment.

Set-wise and in chunks: a chunk of due subscribers is read, their deliveries are inserted and their
`next_digest_at` is moved on in one transaction of four statements. A planner that dies between
chunks leaves the rest due; two planners at once plan each reader once, because the pair of issue
and subscriber is unique and a subscriber already moved on is no longer due.
"""

import datetime as dt
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from newsletter import bulk_sql
from newsletter.models import Delivery, Issue
from papers.days import LONGEST_WAIT, closes_at, feature_day
from subscriptions import schedule
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

CHUNK = 10_000
"""Subscribers planned in one transaction."""


@dataclass(slots=True)
class Planned:
    """What a planning run did."""

    due: int = 0
    deliveries: int = 0


def current_issue(now: dt.datetime) -> Issue | None:
    """The issue that digests due at `now` carry; None while it is still being waited for.

    That is the feature day's. Where it does not come within `LONGEST_WAIT`, because the day had
    no papers or no source answered, the one before it stands: whoever had that gets nothing.
    """
    day = feature_day(now)
    issue = Issue.objects.up_to(day).first()
    if issue is None or (issue.day < day and now < closes_at(day) + LONGEST_WAIT):
        return None
    return issue


def plan(now: dt.datetime, *, dry_run: bool = False) -> Planned:
    """Make the deliveries that are due at `now`. `dry_run` counts the due and changes nothing."""
    issue = current_issue(now)
    planned = Planned()
    if issue is None:
        return planned
    if dry_run:
        planned.due = Subscriber.objects.mailable().due(now).count()
        return planned
    while True:
        due, made = _plan_chunk(issue, now)
        planned.due += due
        planned.deliveries += made
        if made == CHUNK and connection.vendor == "postgresql" and _is_power_of_two(planned.due):
            # Autovacuum would notice a minute late that the queue is no longer empty, and until
            # then claims would be planned as if it were: with a sort of all that waits.
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {bulk_sql.table(Delivery)}")
        if due < CHUNK:
            break
    if planned.due:
        logger.info(
            "planned",
            extra={"issue": str(issue.day), "due": planned.due, "deliveries": planned.deliveries},
        )
    return planned


def _is_power_of_two(due: int) -> bool:
    """Whether `due` is one, two, four, eight … chunks: when statistics are worth renewing."""
    chunks = due // CHUNK
    return chunks & (chunks - 1) == 0


def _plan_chunk(issue: Issue, now: dt.datetime) -> tuple[int, int]:
    """Plan up to `CHUNK` due subscribers; how many were due and how many deliveries were made."""
    following = lru_cache(maxsize=8192)(schedule.next_digest)
    values: list[dict[str, Any]] = []
    with transaction.atomic():
        due = Subscriber.objects.mailable().due(now).order_by("next_digest_at", "id")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        fields = ("pk", "next_digest_at", "rhythm", "hour", "timezone", "weekday", "paused_until")
        for pk, due_at, rhythm, hour, zone, weekday, paused in due.values_list(*fields)[:CHUNK]:
            values.append(
                {
                    "id": pk,
                    # The digest is due when the hour has come and the issue is there.
                    "due": max(due_at, issue.frozen_at),
                    "deadline": max(due_at, issue.frozen_at) + settings.DIGEST_DEADLINE,
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
        with connection.cursor() as cursor:
            cursor.execute(_insert(), [issue.pk, parameter])
            made = cursor.rowcount
            cursor.execute(_advance(), [parameter, bulk_sql.stamp(now)])
    return len(values), made


def _insert() -> str:
    """INSERT … SELECT of pending deliveries; those that are there already stay as they are."""
    source = bulk_sql.rows({"id": "id", "due": "time", "deadline": "time", "next": "time"})
    empty = "'[]'::jsonb" if connection.vendor == "postgresql" else "'[]'"
    return f"""
        INSERT INTO {bulk_sql.table(Delivery)}
            (issue_id, subscriber_id, state, reason, due_at, deadline, not_before,
             attempts, claim, choices, provider_id)
        SELECT %s, r.id, 'pending', '', r.due, r.deadline, r.due, 0, '', {empty}, ''
        FROM {source}
        WHERE true  -- SQLite needs it to tell ON CONFLICT from a join
        ON CONFLICT (issue_id, subscriber_id) DO NOTHING
    """  # noqa: S608 - names of our own, values are parameters


def _advance() -> str:
    """UPDATE … FROM of the subscribers' next due moment."""
    subscriber = bulk_sql.table(Subscriber)
    source = bulk_sql.rows({"id": "id", "next": "time"})
    return f"""
        UPDATE {subscriber} SET next_digest_at = r.next FROM {source}
        WHERE {subscriber}.id = r.id AND {subscriber}.next_digest_at <= %s
    """  # noqa: S608 - names of our own, values are parameters
