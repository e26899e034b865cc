"""Readers' upvotes: given once for each paper, taken back at will, counted every few minutes.

A vote is a row and nothing else. The paper's own count, which pages and the trending score read,
follows in `count`, a whole batch at a time, so that a burst of votes costs no page its cache and
leaves one observation behind.

Ten votes within an evening lift a paper as far as a hundred at a source do, and to the top of the
next issue, and addresses are cheap. So a vote counts once its reader has been one for `READER_FOR`:
nobody can sign up a crowd for a paper of today.
"""

import datetime as dt

from django.db.models import Count
from django.db.models.functions import Coalesce

from papers.ingest import community
from papers.models import Paper
from subscriptions.models import SavedPaper, Subscriber, Upvote
from subscriptions.models.upvote import UpvoteQuerySet

READER_FOR = dt.timedelta(days=3)
"""How long ago a reader confirmed whose upvotes count."""

SAVES_OF = dt.timedelta(days=14)
"""How long ago papers were saved that are counted: as long as papers are ranked."""


def give(subscriber: Subscriber, paper: Paper, now: dt.datetime) -> bool:
    """Upvote the paper; whether that is new. Only confirmed readers may."""
    if not subscriber.is_mailable or is_given(subscriber, paper):
        return False
    _, created = Upvote.objects.get_or_create(
        subscriber=subscriber, paper=paper, defaults={"at": now}
    )
    return created


def take_back(subscriber: Subscriber, paper: Paper) -> bool:
    """Forget the reader's upvote; whether there was one."""
    deleted, _ = _of(paper).filter(subscriber=subscriber).delete()
    return bool(deleted)


def is_given(subscriber: Subscriber, paper: Paper) -> bool:
    """Whether the reader upvoted the paper."""
    return _of(paper).filter(subscriber=subscriber).exists()


def total(paper: Paper) -> int:
    """The paper's upvotes at this moment."""
    return _of(paper).values("subscriber").distinct().count()


def _of(paper: Paper) -> UpvoteQuerySet:
    """The upvotes of the paper under all its names."""
    return Upvote.objects.filter(paper__in=Paper.objects.works_of([paper.pk]))


def count(now: dt.datetime) -> int:
    """Bring the papers' counts up to date; how many changed. Votes count while their reader is
    active, and has been for `READER_FOR`.
    """
    votes = Upvote.objects.counting(now - READER_FOR)
    by_work = votes.order_by().values(work=Coalesce("paper__merged_into_id", "paper_id"))
    counted = by_work.annotate(n=Count("subscriber", distinct=True))
    return community.observe(dict(counted.values_list("work", "n")), now)


def count_saves(now: dt.datetime) -> int:
    """Tell how many readers saved each paper of the last weeks for later; for how many papers that
    is news. As with upvotes, only readers of `READER_FOR` count.
    """
    saves = SavedPaper.objects.filter(
        at__gte=now - SAVES_OF,
        subscriber__status=Subscriber.Status.ACTIVE,
        subscriber__confirmed_at__lte=now - READER_FOR,
    )
    by_work = saves.order_by().values(work=Coalesce("paper__merged_into_id", "paper_id"))
    counted = by_work.annotate(n=Count("subscriber", distinct=True))
    return community.observe_readers("saves", dict(counted.values_list("work", "n")), now)
