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

from papers.ingest import community
from papers.models import Paper
from subscriptions.models import Subscriber, Upvote

READER_FOR = dt.timedelta(days=3)
"""How long ago a reader confirmed whose upvotes count."""


def give(subscriber: Subscriber, paper: Paper, now: dt.datetime) -> bool:
    """Upvote the paper; whether that is new. Only confirmed readers may."""
    if not subscriber.is_mailable:
        return False
    _, created = Upvote.objects.get_or_create(
        subscriber=subscriber, paper=paper, defaults={"at": now}
    )
    return created


def take_back(subscriber: Subscriber, paper: Paper) -> bool:
    """Forget the reader's upvote; whether there was one."""
    deleted, _ = Upvote.objects.filter(subscriber=subscriber, paper=paper).delete()
    return bool(deleted)


def is_given(subscriber: Subscriber, paper: Paper) -> bool:
    """Whether the reader upvoted the paper."""
    return Upvote.objects.filter(subscriber=subscriber, paper=paper).exists()


def total(paper: Paper) -> int:
    """The paper's upvotes at this moment."""
    return Upvote.objects.filter(paper=paper).count()


def count(now: dt.datetime) -> int:
    """Bring the papers' counts up to date; how many changed. Votes count while their reader is
    active, and has been for `READER_FOR`.
    """
    votes = Upvote.objects.counting(now - READER_FOR)
    counted = votes.order_by().values("paper_id").annotate(n=Count("pk"))
    return community.observe(dict(counted.values_list("paper_id", "n")), now)
