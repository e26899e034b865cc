"""Planning the daily emails of what weekly readers follow.

As `newsletter.delivery.planning` plans digests: set-wise, in chunks, each reader once for an issue.
Nothing is planned on the day of a reader's weekly digest, which has what they follow, and nothing
for a reader whose moment passed longer ago than a digest may be late: such as one who came back.
"""

import datetime as dt
import logging
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from newsletter import bulk_sql
from newsletter.delivery.planning import CHUNK, current_issue, is_being_matched
from newsletter.models import Delivery, Issue
from subscriptions import schedule
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)


def plan(now: dt.datetime, *, dry_run: bool = False) -> int:
    """Make the daily emails that are due at `now`; how many. `dry_run` counts the readers that are
    due, and changes nothing.
    """
    issue = current_issue(now)
    if issue is None or issue.state != Issue.State.RUNNING or is_being_matched(issue, now):
        return 0
    due = Subscriber.objects.mailable().interests_due(now)
    if dry_run:
        return due.count()
    planned = 0
    while True:
        found, made = _plan_chunk(issue, now)
        planned += made
        if found < CHUNK:
            break
    if planned:
        logger.info("planned daily emails", extra={"issue": str(issue.day), "deliveries": planned})
    return planned


@transaction.atomic
def _plan_chunk(issue: Issue, now: dt.datetime) -> tuple[int, int]:
    """Plan up to `CHUNK` due readers; how many were due and how many deliveries were made."""
    following = lru_cache(maxsize=8192)(schedule.next_digest)
    due = Subscriber.objects.mailable().interests_due(now).order_by("next_interests_at", "id")
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",))
    moved: list[dict[str, Any]] = []
    wanted: list[dict[str, Any]] = []
    fields = ("pk", "next_interests_at", "rhythm", "hour", "timezone", "weekday", "paused_until")
    for pk, due_at, rhythm, hour, zone, weekday, paused in due.values_list(*fields)[:CHUNK]:
        next_at = following(
            now,
            rhythm=Subscriber.Rhythm.DAILY,
            hour=hour,
            timezone=zone,
            paused_until=paused,
        )
        moved.append({"id": pk, "next": next_at})
        is_late = due_at + settings.DIGEST_DEADLINE <= now
        is_weekly = rhythm == Subscriber.Rhythm.WEEKLY
        if is_weekly and not is_late and _weekday(due_at, zone) != weekday:
            at = max(due_at, issue.frozen_at)
            wanted.append({"id": pk, "due": at, "deadline": at + settings.DIGEST_DEADLINE})
    if not moved:
        return 0, 0
    made = 0
    with connection.cursor() as cursor:
        if wanted:
            cursor.execute(_insert(), [issue.pk, bulk_sql.packed(wanted)])
            made = cursor.rowcount
        cursor.execute(_advance(), [bulk_sql.packed(moved), bulk_sql.timestamp_text(now)])
    return len(moved), made


def _weekday(moment: dt.datetime, zone: str) -> int:
    """The weekday, Monday being 0, that the reader's calendar shows."""
    try:
        return moment.astimezone(ZoneInfo(zone)).weekday()
    except (KeyError, ValueError, OSError):
        return moment.astimezone(dt.UTC).weekday()


def _insert() -> str:
    """INSERT … SELECT of the emails; those that are there already stay as they are."""
    source = bulk_sql.rows({"id": "id", "due": "time", "deadline": "time"})
    empty = "'[]'::jsonb" if connection.vendor == "postgresql" else "'[]'"
    return f"""
        INSERT INTO {bulk_sql.table(Delivery)}
            (interests_of_id, subscriber_id, state, reason, due_at, deadline, not_before,
             attempts, claim, choices, provider_id)
        SELECT %s, r.id, 'pending', '', r.due, r.deadline, r.due, 0, '', {empty}, ''
        FROM {source}
        WHERE true  -- SQLite needs it to tell ON CONFLICT from a join
        ON CONFLICT (interests_of_id, subscriber_id) WHERE interests_of_id IS NOT NULL DO NOTHING
    """  # noqa: S608 - names of our own, values are parameters


def _advance() -> str:
    """UPDATE … FROM of the readers' next due moment."""
    subscriber = bulk_sql.table(Subscriber)
    source = bulk_sql.rows({"id": "id", "next": "time"})
    return f"""
        UPDATE {subscriber} SET next_interests_at = r.next FROM {source}
        WHERE {subscriber}.id = r.id AND {subscriber}.next_interests_at <= %s
    """  # noqa: S608 - names of our own, values are parameters
