"""A row for every reader of an approved letter, and what became of these rows.

In chunks by the readers' numbers, each in a transaction that notes how far it came: whoever dies
between two leaves the rest to the next, and two at once make each reader one row, because the pair
of letter and reader is unique.
"""

import datetime as dt
import logging
import time
from collections import Counter

from django.db import transaction
from django.db.models import Count, F, Q

from newsletter.letters.recipients import Recipients
from newsletter.models import Delivery, Letter

logger = logging.getLogger(__name__)

CHUNK = 5_000
"""Readers planned in one transaction."""

COUNT_EVERY = dt.timedelta(minutes=1)
"""How often a letter that goes out is counted."""

COUNTED_FOR = dt.timedelta(days=14)
"""How long after its approval bounces and complaints may still come."""

STOPPED = "the letter was stopped"


def plan(now: dt.datetime, *, seconds: float = 20.0) -> int:
    """Make the rows of letters that were approved, until done or `seconds` are over; how many."""
    end, made = time.monotonic() + seconds, 0
    for letter in Letter.objects.to_plan():
        while time.monotonic() < end:
            found, is_done = _plan_chunk(letter.pk, now)
            made += found
            if is_done:
                break
    if made:
        logger.info("planned letters", extra={"deliveries": made})
    return made


@transaction.atomic
def _plan_chunk(letter_id: int, now: dt.datetime) -> tuple[int, bool]:
    """Plan the next readers of a letter; how many rows there are more, and whether it has all."""
    letter = Letter.objects.select_for_update().get(pk=letter_id)
    if letter.state != Letter.State.RUNNING or letter.planned_at is not None:
        return 0, True
    assert letter.approved_at is not None  # an approval sets both
    readers = Recipients.of(letter).readers().filter(pk__gt=letter.planned_to).order_by("pk")
    ids = list(readers.values_list("pk", flat=True)[:CHUNK])
    Delivery.objects.bulk_create(
        [
            Delivery(
                letter=letter,
                subscriber_id=pk,
                due_at=letter.approved_at,
                not_before=letter.approved_at,
                deadline=letter.approved_at + Letter.WITHIN,
            )
            for pk in ids
        ],
        ignore_conflicts=True,
        batch_size=1_000,
    )
    letter.planned_to = ids[-1] if ids else letter.planned_to
    if len(ids) < CHUNK:
        letter.planned_at = now
    letter.save(update_fields=["planned_to", "planned_at"])
    return len(ids), letter.planned_at is not None


def settle_stopped() -> int:
    """Close the waiting rows of letters that were stopped; how many."""
    waiting = Delivery.objects.filter(
        state=Delivery.State.PENDING, letter__state=Letter.State.STOPPED
    )
    count = 0
    while ids := list(waiting.values_list("pk", flat=True)[:CHUNK]):
        rows = Delivery.objects.filter(pk__in=ids, state=Delivery.State.PENDING)
        count += rows.update(state=Delivery.State.SKIPPED, reason=STOPPED)
    return count


def count(now: dt.datetime) -> int:
    """Count what became of the letters that go out or went out lately, those that nobody counted
    for longest first; how many letters. Workers do this, so that no page reads a letter's rows.
    """
    due = Letter.objects.filter(approved_at__gt=now - COUNTED_FOR).filter(
        Q(counted_at=None) | Q(counted_at__lte=now - COUNT_EVERY)
    )
    done = 0
    for letter in due.order_by(F("counted_at").asc(nulls_first=True))[:3]:
        rows = Delivery.objects.filter(letter=letter).order_by()
        by_state = dict(rows.values_list("state").annotate(Count("pk")))
        counts = Counter({str(state): number for state, number in by_state.items()})
        counts += Counter(
            rows.aggregate(
                received=Count("delivered_at"),
                bounced=Count("bounced_at"),
                complained=Count("complained_at"),
                opened=Count("opened_at"),
                clicked=Count("clicked_at"),
            )
        )
        Letter.objects.filter(pk=letter.pk).update(counts=dict(counts), counted_at=now)
        done += 1
    return done
