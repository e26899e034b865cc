"""Forgetting: what readers left behind is deleted when its time is over.

The times are settings, and the privacy page names them. Everything here may run at any time, twice,
and on two machines at once; what was missed one day is done the next.
"""

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from newsletter.models import (
    ApiWrite,
    Delivery,
    Event,
    Issue,
    Letter,
    RetractionAlert,
    WaitingPaper,
    WebhookEvent,
)
from papers.models import BulkAction, Join, SourceRecord, SourceRun
from subscriptions.addresses import address_hashes
from subscriptions.models import FormEntry, Notice, Subscriber, Suppression
from subscriptions.readers import personal_data

logger = logging.getLogger(__name__)

BATCH = 2_000
"""Rows deleted in one statement, so that nobody waits long for a lock."""


@dataclass(slots=True)
class Forgotten:
    """How much was forgotten, or would be."""

    unconfirmed: int = 0
    """Subscribers who never confirmed."""
    left: int = 0
    """Subscribers who left."""
    suppressed: int = 0
    """Subscribers whose address must not be emailed; its hash stays."""
    events: int = 0
    """What mail providers reported."""
    deliveries: int = 0
    """Rows of the ledger that no longer say who got what."""
    logins: int = 0
    """Attempts to log in to the admin, and sessions there that have run out."""
    notices: int = 0
    """Emails other than digests, and what was typed into forms and never worked off."""
    fetches: int = 0
    """Rows of the log of fetches, which say nothing of readers."""
    waiting: int = 0
    """Records of papers that no source listed, whose texts go."""
    questions: int = 0
    """Whether two papers are one work, which no editor answered."""
    alerts: int = 0
    """Who was, or was to be, told of retracted papers."""
    webhooks: int = 0
    """Events that webhooks were told of, and the record of what programs changed."""
    actions: int = 0
    """What people did to many rows at once; the record of who did it stays."""
    left_over: int = 0
    """Papers that waited for a reader's next email."""

    def __str__(self) -> str:
        return (
            f"{self.unconfirmed} subscribers who never confirmed, {self.left} who unsubscribed, "
            f"{self.suppressed} who are suppressed; {self.events} events, the readers of "
            f"{self.deliveries} deliveries, {self.logins} logins, {self.notices} other emails, "
            f"{self.fetches} fetches, the texts of {self.waiting} papers that nobody listed, "
            f"{self.questions} questions about papers, {self.alerts} alerts of retracted papers, "
            f"{self.webhooks} rows about webhooks and the API, "
            f"{self.actions} actions on many rows, "
            f"{self.left_over} papers that waited for a next email"
        )


def delete_expired(now: dt.datetime, *, dry_run: bool = False) -> Forgotten:
    """Forget what is older than the settings allow; with `dry_run`, only count it."""
    unconfirmed = Subscriber.objects.never_confirmed(_before(now, settings.KEEP_UNCONFIRMED_DAYS))
    left = Subscriber.objects.gone(_before(now, settings.KEEP_LEFT_DAYS))
    events_before = _before(now, settings.KEEP_EVENTS_DAYS)
    logins: list[QuerySet[Any]] = [
        model.objects.filter(attempt_time__lt=events_before)
        for model in (AccessAttempt, AccessFailureLog, AccessLog)
    ]
    logins.append(Session.objects.filter(expire_date__lt=now))
    done = Forgotten(
        unconfirmed=_erase(unconfirmed, dry_run),
        left=_erase(left, dry_run),
        suppressed=_erase(_suppressed(_before(now, settings.KEEP_LEFT_DAYS)), dry_run),
        events=_delete(Event.objects.filter(received_at__lt=events_before), dry_run),
        deliveries=_untie(_before(now, settings.KEEP_DELIVERIES_DAYS).date(), dry_run),
        logins=sum(_delete(rows, dry_run) for rows in logins),
        waiting=_empty(_before(now, settings.KEEP_WAITING_DAYS), dry_run),
        questions=_delete(
            Join.objects.open_questions().filter(
                created_at__lt=_before(now, settings.KEEP_QUESTIONS_DAYS)
            ),
            dry_run,
        ),
        alerts=_delete(
            RetractionAlert.objects.filter(
                paper__retraction__noticed_at__lt=_before(now, settings.KEEP_DELIVERIES_DAYS)
            ),
            dry_run,
        ),
        webhooks=_delete(WebhookEvent.objects.filter(at__lt=events_before), dry_run)
        + _delete(
            ApiWrite.objects.filter(at__lt=_before(now, settings.KEEP_DELIVERIES_DAYS)), dry_run
        ),
        actions=_delete(BulkAction.objects.over(events_before), dry_run),
        left_over=_delete(
            WaitingPaper.objects.filter(
                day__lt=_before(now, settings.KEEP_INTEREST_MATCHES_DAYS).date()
            ),
            dry_run,
        ),
        notices=sum(_delete(rows, dry_run) for rows in _notices(now)),
        fetches=_delete(
            SourceRun.objects.filter(started_at__lt=_before(now, settings.KEEP_FETCHES_DAYS)),
            dry_run,
        ),
    )
    if not dry_run and any(asdict(done).values()):
        logger.info("forgot", extra=asdict(done))
    return done


def _notices(now: dt.datetime) -> list[QuerySet[Any]]:
    """Settled notices whose time is over, sooner for whoever never confirmed; stale entries."""
    settled = Notice.objects.settled()
    unconfirmed = Subscriber.objects.filter(status=Subscriber.Status.PENDING)
    return [
        settled.filter(due_at__lt=_before(now, settings.KEEP_EVENTS_DAYS)),
        settled.filter(
            due_at__lt=_before(now, settings.KEEP_UNCONFIRMED_DAYS),
            subscriber__in=unconfirmed.order_by().values("pk"),
        ),
        FormEntry.objects.stale(now),
    ]


def _before(now: dt.datetime, days: int) -> dt.datetime:
    return now - dt.timedelta(days=days)


def _suppressed(before: dt.datetime) -> QuerySet[Subscriber]:
    """Subscribers whose address has been suppressed since before then.

    A suppression knows an address by its hash alone, so the hash of each is taken.
    """
    suppressed = Subscriber.objects.filter(status=Subscriber.Status.SUPPRESSED)
    hashes = {pk: address_hashes(email) for pk, email in suppressed.values_list("pk", "email")}
    lately = set(
        Suppression.objects.filter(created_at__gte=before).values_list("address_hash", flat=True)
    )
    over = [pk for pk, known in hashes.items() if lately.isdisjoint(known)]
    return suppressed.filter(pk__in=over)


def _erase(subscribers: QuerySet[Subscriber], dry_run: bool) -> int:
    """Erase them one by one, each as if they had asked for it."""
    if dry_run:
        return subscribers.count()
    count = 0
    for batch in _batches(subscribers):
        for subscriber in Subscriber.objects.filter(pk__in=batch):
            personal_data.erase(subscriber)
            count += 1
    return count


def _delete(rows: QuerySet[Any], dry_run: bool) -> int:
    if dry_run:
        return rows.count()
    count = 0
    for batch in _batches(rows):
        count += rows.model._default_manager.filter(pk__in=batch).delete()[0]
    return count


def _empty(before: dt.datetime, dry_run: bool) -> int:
    """Take the texts from records of papers that no source listed since before then.

    That the source gave them stays, with a digest of what it said: else a feed that still holds
    them would list them as new. What a notice says stays, too, and waits for its paper.
    """
    rows = SourceRecord.objects.filter(paper=None, about="", changed_at__lt=before)
    rows = rows.exclude(facts={})
    if dry_run:
        return rows.count()
    count = 0
    for batch in _batches(rows):
        count += SourceRecord.objects.filter(pk__in=batch).update(facts={})
    return count


def _untie(day: dt.date, dry_run: bool) -> int:
    """Take the reader, and what the reader got and did, from the deliveries of issues before `day`.

    The ledger's numbers stay. The rows of an issue that were forgotten already are not looked at:
    the unique index (issue, subscriber) has them apart, and is read in its own order. In the order
    of the rows' ids PostgreSQL would walk over the whole ledger, for each batch anew.
    """
    count = 0
    kinds: list[dict[str, Any]] = []
    for issue in Issue.objects.filter(day__lt=day).order_by("day"):
        kinds += [{"issue": issue}, {"interests_of": issue}]
    kinds += [{"letter": letter} for letter in Letter.objects.filter(approved_at__date__lt=day)]
    for of_kind in kinds:
        rows = Delivery.objects.filter(subscriber__isnull=False, **of_kind)
        if dry_run:
            count += rows.count()
            continue
        for batch in _batches(rows.order_by("subscriber_id")):
            count += Delivery.objects.filter(pk__in=batch).update(
                subscriber=None,
                choices=[],
                interests=None,
                provider_id="",
                opened_at=None,
                clicked_at=None,
            )
    return count


def _batches(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Keys of the rows, in their order or by key, until there are none left: what a batch names is
    gone when the next is asked for.
    """
    ordered = rows if rows.query.order_by else rows.order_by("pk")
    while batch := list(ordered.values_list("pk", flat=True)[:BATCH]):
        yield batch
