"""Celery tasks: wake-ups without payload. What is to be done stands in the database."""

import logging
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from newsletter.delivery import (
    backfill,
    continuity,
    ledger,
    planning,
    rates,
    service_mail,
    welcome,
    worker,
)
from newsletter.events import consequences
from newsletter.events.intake import without_addresses
from newsletter.issues import freezing
from newsletter.mail.outcomes import Kind
from newsletter.models import Delivery
from newsletter.operations import retention
from newsletter.operations.watching import heartbeats

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 50.0
"""How long one drain works before it makes room: workers can then be told to stop."""


FILL_SECONDS = 20.0
"""How long one sweep puts rows of the version before into this version's words."""


@shared_task
def freeze() -> None:
    """Freeze the feature day's issue when its time has come."""
    freezing.freeze_due(timezone.now())


@shared_task
def tick() -> None:
    """Plan what is due, welcome who is new, and wake a worker if anything is to be sent."""
    now = timezone.now()
    planning.plan(now)
    welcome.plan(now)
    heartbeats.tick_was_run(now)
    if Delivery.objects.ready(now).exists():
        drain.apply_async(expires=120)


@shared_task
def send_welcomes() -> None:
    """Welcome who has just confirmed: the page of the confirmation wakes this."""
    now = timezone.now()
    if welcome.plan(now):
        drain.apply_async(expires=120)


@shared_task
def drain() -> None:
    """Send what is ready. A hand that finds more than it can claim at once calls for another, which
    does the same: so many hands come as the pool has free, and none once the queue is empty.
    """
    now = timezone.now()
    if continuity.hold(settings.JOURNAL_DIR, now):
        return  # the watch tells why
    waiting = Delivery.objects.ready(now).order_by().values("pk")
    found = waiting[: settings.DELIVERY_BATCH + 1].count()
    if not found:
        return
    # Once the day's mails are used up what waits is mail: hands would call each other in vain.
    if found > settings.DELIVERY_BATCH and not rates.is_spent(settings.EMAIL_BACKEND, now):
        drain.apply_async(expires=30)
    tally = worker.drain(seconds=DRAIN_SECONDS)
    if tally.total:
        logger.info("drained", extra=tally.as_dict())
    if tally.is_stuck or tally.states[Delivery.State.SENT]:
        heartbeats.backend_said(now, is_refusing=tally.is_stuck, reason=tally.why)
    if tally.total and not tally.is_stuck and waiting[:1].exists():
        drain.apply_async(expires=120)


@shared_task
def heed() -> None:
    """Act upon what providers reported and nobody acted upon yet."""
    count = consequences.heed(timezone.now(), seconds=DRAIN_SECONDS)
    if count:
        logger.info("heeded events", extra={"count": count})


@shared_task
def sweep() -> None:
    """Put right what no worker will."""
    now = timezone.now()
    ledger.sweep(settings.JOURNAL_DIR, now)
    planning.settle_stopped(now)
    backfill.fill_channels(seconds=FILL_SECONDS)


@shared_task
def forget() -> None:
    """Delete what the settings do not keep any longer."""
    retention.delete_expired(timezone.now())


@shared_task(
    name="subscriptions.tasks.send_mail_to", bind=True, max_retries=service_mail.MOST_RETRIES
)
def send_mail_to(self: Any, kind: str, subscriber_id: int) -> None:
    """Send a mail of `kind` (see `letters.Kind`) to a subscriber, if that is still due.

    The name is that of the app whose mail it is, which wakes it by that name.
    """
    outcome = service_mail.send(kind, subscriber_id, timezone.now())
    if outcome is None or outcome.kind is Kind.ACCEPTED:
        return
    wait = service_mail.wait_before(self.request.retries, outcome)
    logger.warning(
        "a mail was not sent",
        extra={
            "kind": kind,
            "subscriber": subscriber_id,
            "code": outcome.code,
            "reason": without_addresses(outcome.reason),
            "again_in": wait,
        },
    )
    if wait is not None:
        raise self.retry(countdown=wait)
