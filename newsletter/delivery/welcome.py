"""The welcome: the best of the last week in their topics, for readers who have just confirmed.

It is a delivery like any other, of the newest issue: the ledger sends it once, within the rates,
and never again after a crash, and the papers in it count as had, so that no digest brings them
again. What makes it a welcome is that the subscriber's row names the issue it was made of. That
row is changed in the transaction that makes the delivery, and only where it names none yet.

A reader who has just confirmed looks into the inbox now, so a welcome goes before all other
digests. The queue is in the order of `not_before`: a welcome's stands `AHEAD` of its time, where no
other digest's can, and where a look into the index finds it at once, however many wait behind it.
After a failed attempt it waits like the others.
"""

import datetime as dt
import logging

from django.conf import settings
from django.db import connection, transaction

from newsletter.issues.freezing import WEEK
from newsletter.models import Delivery, Issue
from papers.days import current_day, feature_day
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

WITHIN = dt.timedelta(days=1)
"""How long after the confirmation a welcome is still one; also how long it waits for an issue."""

CHUNK = 1000
"""New readers welcomed in one transaction."""

AHEAD = dt.timedelta(days=30)
"""How far before its time a welcome stands in the queue: further than any deadline reaches back."""


def is_first(not_before: dt.datetime, now: dt.datetime) -> bool:
    """Whether this place in the queue is one of a welcome that was not tried yet."""
    return not_before <= now - AHEAD / 2


def are_waiting(now: dt.datetime) -> bool:
    """Whether a welcome may be sent now. One look into the index of the queue."""
    return Delivery.objects.ready(now).filter(not_before__lte=now - AHEAD / 2).exists()


def plan(now: dt.datetime) -> int:
    """Make the deliveries that welcome those who confirmed since `WITHIN`; how many were new.

    A reader whose digest of that issue is already planned gets that one as the welcome. Nothing
    happens while no issue of the last week exists. Run twice, or by two at once, it welcomes each
    reader once.
    """
    if not Subscriber.objects.mailable().unwelcomed(now - WITHIN).exists():
        return 0  # so it is nearly every time
    newest = Issue.objects.running().up_to(current_day(now)).first()
    if newest is None or newest.day <= feature_day(now) - dt.timedelta(days=WEEK):
        return 0
    welcomed = 0
    while True:
        found = _plan_chunk(newest, now)
        welcomed += found
        if found < CHUNK:
            break
    if welcomed:
        logger.info("welcomed", extra={"issue": str(newest.day), "readers": welcomed})
    return welcomed


@transaction.atomic
def _plan_chunk(issue: Issue, now: dt.datetime) -> int:
    # By the order of the index that has only those who had none: by their ids, every reader would
    # be looked at every minute.
    new = Subscriber.objects.mailable().unwelcomed(now - WITHIN).order_by("confirmed_at", "pk")
    if connection.features.has_select_for_update_skip_locked:
        new = new.select_for_update(skip_locked=True, of=("self",))
    ids = list(new.values_list("pk", flat=True)[:CHUNK])
    Delivery.objects.bulk_create(
        [
            Delivery(
                issue=issue,
                subscriber_id=pk,
                due_at=now,
                not_before=now - AHEAD,
                deadline=now + settings.DIGEST_DEADLINE,
            )
            for pk in ids
        ],
        ignore_conflicts=True,
    )
    # Whose digest of this issue was planned already gets that one, and not behind the others.
    Delivery.objects.filter(
        issue=issue, subscriber__in=ids, state=Delivery.State.PENDING, attempts=0
    ).update(not_before=now - AHEAD)
    Subscriber.objects.filter(pk__in=ids, welcomed_on=None).update(welcomed_on=issue.day)
    return len(ids)
