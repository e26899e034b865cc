"""Papers saved for later: put on a reader's list, taken off it, and how many it holds.

Saving a paper counts as "more like this", see `newsletter.digests.readers`, unless the reader said
something else about it or wants nothing learned.
"""

import datetime as dt
from enum import Enum, auto

from django.db import models, transaction

from papers.models import Paper, Pick
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
    deleted, _ = SavedPaper.objects.filter(subscriber=subscriber, paper=paper).delete()
    return bool(deleted)


def is_saved(subscriber: Subscriber, paper: Paper) -> bool:
    """Whether the paper is on the reader's list."""
    return SavedPaper.objects.filter(subscriber=subscriber, paper=paper).exists()


def saved_among(subscriber: Subscriber, paper_ids: list[int]) -> set[int]:
    """Those of the papers that are on the reader's list."""
    on_list = SavedPaper.objects.filter(subscriber=subscriber, paper_id__in=paper_ids)
    return set(on_list.values_list("paper_id", flat=True))


def is_full(subscriber: Subscriber) -> bool:
    """Whether there is no room for another paper. What the reader cannot see takes no room."""
    return entries(subscriber).count() >= MOST


def entries(subscriber: Subscriber) -> models.QuerySet[SavedPaper]:
    """The list, the last saved first, each with its paper. A paper that an editor hid since stands
    nowhere.
    """
    shown = subscriber.saved_papers.exclude(paper__in=Pick.objects.hides().values("paper"))
    return shown.select_related("paper").order_by("-at", "-pk")


def renew_feed_address(subscriber: Subscriber) -> None:
    """Give the list's feed a new address; the one before leads nowhere. Saved.

    One statement, so that of two that happen at once neither is lost.
    """
    Subscriber.objects.filter(pk=subscriber.pk).update(
        reading_list_feed_version=models.F("reading_list_feed_version") + 1
    )
    subscriber.refresh_from_db(fields=["reading_list_feed_version"])
