"""Papers saved for later: put on a reader's list, taken off it, and how many it holds.

Saving a paper counts as "more like this", see `newsletter.digests.readers`, unless the reader said
something else about it or wants nothing learned.
"""

import datetime as dt
from enum import Enum, auto

from django.db import models, transaction
from django.db.models.functions import Coalesce

from papers.models import Paper
from papers.models.pick import is_hidden
from subscriptions.models import SavedPaper, Subscriber

MOST = 1000
"""Papers on a list, at most."""


class Saved(Enum):
    """What became of a wish to save a paper."""

    NEW = auto()
    ALREADY = auto()
    FULL = auto()
    """The list holds `MOST` papers; nothing was saved."""


@transaction.atomic
def save(subscriber: Subscriber, paper: Paper, now: dt.datetime) -> Saved:
    """Put the paper on the reader's list, where there is room."""
    # One at a time for each reader, or two at once would find room for one.
    Subscriber.objects.select_for_update(no_key=True).get(pk=subscriber.pk)
    if is_saved(subscriber, paper):
        return Saved.ALREADY
    if is_full(subscriber):
        return Saved.FULL
    SavedPaper.objects.create(subscriber=subscriber, paper=paper, at=now)
    return Saved.NEW


def remove(subscriber: Subscriber, paper: Paper) -> bool:
    """Take the paper off the list; whether it was on it."""
    names = Paper.objects.works_of([paper.pk])
    deleted, _ = SavedPaper.objects.filter(subscriber=subscriber, paper__in=names).delete()
    return bool(deleted)


def is_saved(subscriber: Subscriber, paper: Paper) -> bool:
    """Whether the paper is on the reader's list, under whichever of its names."""
    names = Paper.objects.works_of([paper.pk])
    return SavedPaper.objects.filter(subscriber=subscriber, paper__in=names).exists()


def saved_among(subscriber: Subscriber, paper_ids: list[int]) -> set[int]:
    """Those of the papers that are on the reader's list."""
    works = Paper.objects.works_of(paper_ids)
    on_list = SavedPaper.objects.filter(subscriber=subscriber, paper_id__in=works)
    saved = {works[pk] for pk in on_list.values_list("paper_id", flat=True)}
    return {pk for pk in paper_ids if works.get(pk) in saved}


def is_full(subscriber: Subscriber) -> bool:
    """Whether there is no room for another paper. What the reader cannot see takes no room."""
    return entries(subscriber).count() >= MOST


def entries(subscriber: Subscriber) -> models.QuerySet[SavedPaper]:
    """The list, the last saved first, each with its paper. A paper that an editor hid since stands
    nowhere, and one with several names once.
    """
    work = Coalesce("paper__merged_into_id", "paper_id")
    same = SavedPaper.objects.alias(work=work).filter(
        subscriber=subscriber, work=models.OuterRef("work")
    )
    last = same.order_by("-at", "-pk").values("pk")[:1]
    saved = subscriber.saved_papers.alias(work=work).filter(pk=models.Subquery(last))
    shown = saved.exclude(is_hidden("paper_id"))
    return shown.select_related("paper").order_by("-at", "-pk")


def renew_feed_address(subscriber: Subscriber) -> None:
    """Give the list's feed a new address; the one before leads nowhere. Saved.

    One statement, so that of two that happen at once neither is lost.
    """
    Subscriber.objects.filter(pk=subscriber.pk).update(
        reading_list_feed_version=models.F("reading_list_feed_version") + 1
    )
    subscriber.refresh_from_db(fields=["reading_list_feed_version"])
