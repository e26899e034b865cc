"""What an editor decides about a paper for a day: pin it to a place, hide it, say something of it.

The start page, a paper's own page and the list of picks all decide here.
"""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from papers.days import feature_day, on_weekday
from papers.ingest import by_hand, issue_days
from papers.models import Feature, Paper, Pick


def check_day(day: dt.date) -> None:
    """Raise `ValidationError`, with the reason, for a day whose issue can no longer be prepared."""
    if issue_days.is_closed(day):
        raise ValidationError("The issue of this day is frozen already.", "frozen")
    if day != on_weekday(day):
        raise ValidationError(
            "Saturdays and Sundays have no issue. Their papers come on Monday.", "weekend"
        )
    if day < feature_day(timezone.now()):
        raise ValidationError("This day is over and had no issue.", "over")


def next_open_day(now: dt.datetime) -> dt.date:
    """The day of the issue that is coming: the first that can still be prepared at `now`."""
    return issue_days.next_open(feature_day(now))


def pick_of(day: dt.date, paper_id: int) -> Pick | None:
    """What was decided about the work of this paper for the day."""
    work = Q(paper=paper_id) | Q(paper__merged_into=paper_id)
    return Pick.objects.filter(work, day=day).first()


@transaction.atomic
def decide(
    day: dt.date,
    paper: Paper,
    *,
    place: int | None = None,
    is_hidden: bool = False,
    note: str = "",
    by: Any = None,
) -> Pick | None:
    """Make this the decision about the paper for the day, in place of what was decided before;
    None where nothing is decided now. Who hides a paper neither pins it nor speaks of it.

    Raises `ValidationError` for a pin or a note that no issue can carry, and for a note that is
    too long.
    """
    found = pick_of(day, paper.pk)
    if not is_hidden and place is None and not note:
        if found is not None:
            found.delete()
        return None
    pick = found or Pick(day=day, paper=paper, created_by=by)
    before = None if found is None else (pick.kind, pick.position, pick.note)
    pick.kind = Pick.Kind.NOTE
    if is_hidden:
        pick.kind = Pick.Kind.HIDE
    elif place is not None:
        pick.kind, pick.position = Pick.Kind.PIN, place
    pick.note = note
    if before == (pick.kind, pick.position, pick.note):
        return pick
    if not is_hidden:
        check_day(day)
    pick.full_clean(exclude=("created_by",))
    pick.save()
    return pick


@transaction.atomic
def list_on(day: dt.date, paper: Paper) -> dt.date:
    """List a paper that is here on the day, or on the next one that is open; which that was. Twice
    is once.
    """
    found = issue_days.first_open(day)
    row = Feature(source=by_hand.source(), paper=paper, day=found)
    Feature.objects.bulk_create([row], ignore_conflicts=True)
    return found
