"""Making summaries of new papers, one after another, within a day's budget.

An attempt is written down as a failure before it is made, and success takes that back: so two
machines never ask for the same paper, and one that kills its worker is not asked for at once again,
and after the third time never. The budget counts questions, answered or not.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from django.conf import settings
from django.db import IntegrityError, transaction

from papers.models import Paper
from papers.models.summary import MachineSummary, SummaryDay, hash_of
from papers.rights import may_be_shown_in_full
from papers.sources.base import FetchFailed
from papers.sources.http import Busy
from papers.summaries import asking
from papers.summaries.answers import BadAnswer

logger = logging.getLogger(__name__)

SINCE = dt.timedelta(days=3)
"""Papers that a source listed longer ago get no summary any more: their issue is out."""

MOST = 30
"""Papers that are asked for in one run."""

LONGEST_RUN = 60.0
"""Seconds after which no further paper is begun: other tasks wait, and soon it is run again."""

SHORTEST = 300
"""Characters of an abstract that is worth a summary."""

BACKOFF = (dt.timedelta(hours=1), dt.timedelta(hours=12))
"""How long to wait after the first bad answer and the second; after the next one, for ever."""

AWAY = dt.timedelta(minutes=15)
"""How long to leave a service alone that does not answer, or that is busy and does not say for how
long."""

LONGEST_REST = dt.timedelta(days=1)
"""However long a service says that it wants to be left alone."""

FAILURES = 3
"""So many papers in a row for which the service did not answer end a run."""

Progress = Callable[[str], None]
"""Called with the identifier of the paper that is asked for next."""


@dataclass(slots=True)
class Made:
    """What a run did."""

    made: int = 0
    failed: int = 0
    why_stopped: str = ""

    def __str__(self) -> str:
        stopped = f"; {self.why_stopped}" if self.why_stopped else ""
        return f"{self.made} summaries made, {self.failed} failed{stopped}"


def is_wanted() -> bool:
    """Whether the operator wants summaries."""
    return bool(settings.SUMMARY_URL and settings.SUMMARY_MODEL)


def due(now: dt.datetime, most: int = MOST) -> list[Paper]:
    """The papers that should get a summary at `now`, the newest first: those whose rights allow it
    and whose source gave none. Two queries.
    """
    today = now.date()
    listed = Paper.objects.shown().listed_between(today - SINCE, today).filter(summary="")
    papers = [
        paper
        for paper in listed.newest_first().only("identifier", "title", "abstract")
        if len(paper.abstract) >= SHORTEST and may_be_shown_in_full(paper)
    ]
    known = {
        (row.paper_id, row.text_hash): row
        for row in MachineSummary.objects.filter(
            paper__in=[paper.pk for paper in papers], model=settings.SUMMARY_MODEL
        )
    }
    waiting = []
    for paper in papers:
        row = known.get((paper.pk, hash_of(paper.abstract)))
        if row is None or (row.next_try_at is not None and row.next_try_at <= now):
            waiting.append(paper)
    return waiting[:most]


def left_today(now: dt.datetime) -> int:
    """How many questions the day's budget still has. One query."""
    row = SummaryDay.objects.filter(day=now.astimezone(dt.UTC).date()).first()
    return max(0, settings.SUMMARIES_PER_DAY - (row.asked if row else 0))


def make_due(
    now: dt.datetime,
    *,
    most: int = MOST,
    longest: float = LONGEST_RUN,
    progress: Progress | None = None,
) -> Made:
    """Make the summaries that are due, at most `most` and for about `longest` seconds.

    Raises nothing for what a service answers. One paper's failure does not stop the others.
    """
    total = Made()
    if not is_wanted():
        return total
    until = time.monotonic() + longest
    unanswered = 0
    with asking.client() as client:
        for paper in due(now, most):
            if time.monotonic() > until:
                total.why_stopped = "the time for one run is over"
                break
            row = _claim(paper, now)
            if row is None:
                continue  # another worker asks
            if not SummaryDay.take_one(now, settings.SUMMARIES_PER_DAY):
                _give_back(row, now)
                total.why_stopped = "today's budget is used up, or the service asked us to wait"
                break
            if progress:
                progress(paper.identifier)
            try:
                is_made = _make(paper, row, client, now)
            except Busy as error:
                _rest(row, error.wait, now)
                _note(row, paper, str(error))
                total.failed += 1
                total.why_stopped = "the service asked us to wait"
                break
            except FetchFailed as error:
                _give_back(row, now + AWAY)
                _note(row, paper, str(error))
                total.failed += 1
                unanswered += 1
                if unanswered >= FAILURES:
                    total.why_stopped = "the service doesn't answer"
                    break
                continue
            unanswered = 0
            total.made += is_made
            total.failed += not is_made
    if total.made or total.failed:
        logger.info("summaries made", extra={"made": total.made, "failed": total.failed})
    SummaryDay.objects.filter(day__lt=now.date() - dt.timedelta(days=30)).delete()
    return total


def _make(paper: Paper, row: MachineSummary, client: httpx.Client, now: dt.datetime) -> bool:
    """Ask for one summary; whether there is one now. Raises `FetchFailed`."""
    try:
        text = asking.summary_of(paper, client)
    except BadAnswer as error:
        _note(row, paper, str(error))
        return False
    MachineSummary.objects.filter(pk=row.pk).update(
        text=text, made_at=now, failed=0, next_try_at=None, reason=""
    )
    return True


def _note(row: MachineSummary, paper: Paper, why: str) -> None:
    logger.info("no summary", extra={"paper": paper.identifier, "why": why})
    MachineSummary.unwatched.filter(pk=row.pk).update(reason=why[:300])


def _claim(paper: Paper, now: dt.datetime) -> MachineSummary | None:
    """Write down an attempt; None where somebody else was faster."""
    key = {
        "paper": paper,
        "model": settings.SUMMARY_MODEL,
        "text_hash": hash_of(paper.abstract),
    }
    row = MachineSummary.unwatched.filter(**key).first()
    if row is None:
        row = MachineSummary(**key, failed=1, next_try_at=_again(1, now))
        try:
            with transaction.atomic():
                return MachineSummary.unwatched.bulk_create([row])[0]
        except IntegrityError:
            return None
    if row.next_try_at is None or row.next_try_at > now:
        return None  # another worker's since we looked
    failed = row.failed + 1
    mine = MachineSummary.unwatched.filter(
        pk=row.pk, failed=row.failed, next_try_at=row.next_try_at
    ).update(failed=failed, next_try_at=_again(failed, now))
    row.failed = failed
    return row if mine else None


def _again(failed: int, now: dt.datetime) -> dt.datetime | None:
    return now + BACKOFF[failed - 1] if failed <= len(BACKOFF) else None


def _give_back(row: MachineSummary, again: dt.datetime) -> None:
    """The attempt says nothing of the paper."""
    MachineSummary.unwatched.filter(pk=row.pk).update(failed=row.failed - 1, next_try_at=again)


def _rest(row: MachineSummary, wait: float | None, now: dt.datetime) -> None:
    """Leave the service alone for as long as it said, on every machine."""
    rest = AWAY if wait is None else min(dt.timedelta(seconds=max(wait, 1.0)), LONGEST_REST)
    _give_back(row, now + rest)
    SummaryDay.objects.filter(pk=SummaryDay.of(now).pk).update(not_before=now + rest)
