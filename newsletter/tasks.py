"""Celery tasks: wake-ups without payload. What is to be done stands in the database."""

import logging
from dataclasses import asdict

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from newsletter.delivery import (
    backfill,
    continuity,
    daily_interests,
    late_matches,
    ledger,
    notices,
    planning,
    rates,
    watch,
    welcome,
    worker,
)
from newsletter.digests import retractions
from newsletter.events import consequences, tracking
from newsletter.issues import corrections, freezing, publishing, sent
from newsletter.letters import planning as letters
from newsletter.models import Delivery
from newsletter.operations import retention
from newsletter.operations.watching import heartbeats
from newsletter.statistics import rollups
from newsletter.webhooks import sending
from papers import bulk
from subscriptions.notices import due
from subscriptions.notices.due import wake
from subscriptions.readers import topic_changes

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 50.0
"""How long one drain works before it makes room: workers can then be told to stop."""

ONE_HAND = 200
"""Digests that one hand may have to itself; more are worth another, whatever a batch holds: where
each takes long, as with a provider's API, hands send side by side.
"""

FILL_SECONDS = 20.0
"""How long one sweep puts rows of the version before into this version's words."""


@shared_task
def freeze() -> None:
    """Freeze the feature day's issue when its time has come, have its papers matched with what
    readers follow, and let out an issue that nobody approved in time.
    """
    now = timezone.now()
    if freezing.freeze_due(now):
        wake("subscriptions.tasks.match_interests")
    publishing.settle_unapproved(now)


@shared_task
def tick() -> None:
    """Plan what is due, welcome who is new, have waiting what was found late, count whom
    corrections came too late for, and wake a worker if anything is to be sent.
    """
    now = timezone.now()
    late_matches.offer()
    planning.plan(now)
    daily_interests.plan(now)
    welcome.plan(now)
    sent.note_sent(now)
    corrections.count_reached(now)
    letters.plan(now)
    letters.count(now)
    heartbeats.tick_was_run(now)
    if Delivery.objects.ready(now).exists() or notices.are_waiting(now):
        drain.apply_async(expires=120)


@shared_task
def send_welcomes() -> None:
    """Welcome who has just confirmed: the page of the confirmation wakes this."""
    now = timezone.now()
    if welcome.plan(now):
        drain.apply_async(expires=120)


@shared_task
def drain() -> None:
    """Send what is ready. A hand that finds more than `ONE_HAND` calls for another, which
    does the same: so many hands come as the pool has free, and none once the queue is empty.
    """
    now = timezone.now()
    if continuity.hold(settings.JOURNAL_DIR, now):
        return  # the watch tells why
    waiting = Delivery.objects.ready(now).order_by().values("pk")
    enough = min(ONE_HAND, settings.DELIVERY_BATCH)
    found = waiting[: enough + 1].count()
    if not found and not notices.are_waiting(now):
        return
    # Once the day's mails are used up what waits is mail: hands would call each other in vain.
    if found > enough and not rates.is_spent(settings.EMAIL_BACKEND, now):
        drain.apply_async(expires=30)
    with watch.hand(DRAIN_SECONDS) as is_free:
        tally = worker.drain(seconds=DRAIN_SECONDS) if is_free else worker.Tally()
    if tally.total or tally.notices:
        logger.info("drained", extra=tally.as_dict())
    if tally.total and not tally.is_stuck and waiting[:1].exists():
        drain.apply_async(expires=120)


@shared_task
def heed() -> None:
    """Act upon what providers reported and nobody acted upon yet."""
    count = consequences.process(timezone.now(), seconds=DRAIN_SECONDS)
    if count:
        logger.info("processed events", extra={"count": count})


@shared_task
def send_webhooks() -> None:
    """Tell other programs what happened."""
    tally = sending.send_due(seconds=DRAIN_SECONDS)
    if tally.sent or tally.failed:
        logger.info("sent webhooks", extra=asdict(tally))


@shared_task
def sweep() -> None:
    """Put right what no worker will."""
    now = timezone.now()
    ledger.sweep(settings.JOURNAL_DIR, now)
    planning.settle_stopped(now)
    letters.settle_stopped()
    retractions.look(now)
    due.ask_for_the_forgotten(now)
    topic_changes.tell_the_stranded(now)
    backfill.fill_channels(seconds=FILL_SECONDS)


@shared_task
def run_bulk_actions() -> None:
    """Work on what people do to many rows at once; while there is more to do, call for the next
    round.
    """
    if not bulk.are_waiting(timezone.now()):
        return
    from newsletter.delivery import in_bulk  # loads much, and is seldom needed

    if in_bulk.work(seconds=DRAIN_SECONDS):
        bulk.call_worker()


@shared_task
def count_clicks() -> None:
    """Count the clicks on papers' links, where they are tracked."""
    tracking.count_clicks(timezone.now())


@shared_task
def count_days() -> None:
    """Count for the statistics what was not counted since the last midnight, UTC."""
    rollups.roll_up(timezone.now())


@shared_task
def forget() -> None:
    """Delete what the settings do not keep any longer."""
    retention.delete_expired(timezone.now())
    backfill.clean_reasons()


@shared_task(name="subscriptions.tasks.send_mail_to")
def send_mail_to(kind: str, subscriber_id: int) -> None:
    """Write the row of an email that the version before left to a message; Redis may hold some, as
    retries to come, too. The name is that of the app whose mail it was.
    """
    if notices.ask_as_before(kind, subscriber_id, timezone.now()):
        drain.apply_async(expires=120)
