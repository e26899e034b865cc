"""Sources are asked for a day, and what they answer is stored.

A source that cannot be read costs only itself. What one keeps between two fetches, its state, is
replaced only after what it gave has been stored: a fetch that is cut short is done again.
"""

import datetime as dt
import logging

from papers.ingest.records import Progress, Summary, store
from papers.matching.ranking import rank_and_match
from papers.models import Source
from papers.sources.base import Fetched, FetchFailed
from papers.sources.registry import active_sources, answers_for, growing_days, reader_of

logger = logging.getLogger(__name__)


def fetch_day(
    day: dt.date,
    now: dt.datetime,
    source: Source | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Store what `source`, or every active source, lists on `day`, observed at `now`.

    A source that cannot be read costs only itself: it is among the failures, and the row of the
    source says why. One that cannot be asked for a day that is over is not, which is a problem.
    Raises nothing for what a source does.
    """
    total = Summary()
    for at in [source] if source else list(active_sources()):
        if not answers_for(at, day, now):
            why = f"{at.name} lists only what is new now, so it was not asked for {day}."
            total += Summary(problems=(why,))
            continue
        try:
            fetched = _fetched(at, day, now)
        except FetchFailed as error:
            logger.error(
                "fetch failed", extra={"source": at.slug, "day": str(day), "why": str(error)}
            )
            at.record_failure(day, now, str(error))
            total += Summary(failures=(str(error),))
            continue
        summary = Summary(problems=fetched.problems, left_out=fetched.left_out, notes=fetched.notes)
        summary += store(fetched.records, at, day, now, progress)
        at.record_answer(day, now, summary.counts(), fetched.state)
        logger.info(
            "fetched",
            extra={
                "source": at.slug,
                "day": str(day),
                "new": summary.new,
                "papers": summary.papers,
            },
        )
        total += summary
    return total


def _fetched(source: Source, day: dt.date, now: dt.datetime) -> Fetched:
    """What the source lists on `day`. Raises `FetchFailed`, whatever its module raises."""
    try:
        return reader_of(source, now).fetch(day)
    except FetchFailed:
        raise
    except Exception as error:  # a fault of one kind must not keep the others from being asked
        logger.exception("a source broke", extra={"source": source.slug, "day": str(day)})
        raise FetchFailed(f"{source.name} broke: {type(error).__name__}.") from error


def refresh(now: dt.datetime) -> Summary:
    """Fetch the days whose lists may still change at `now`, then rank and match.

    A source that fails for one day is not asked for the next: it was asked often enough.
    """
    total = Summary()
    for source in active_sources():
        for day in growing_days(source, now):
            summary = fetch_day(day, now, source)
            total += summary
            if summary.failures:
                break
    rank_and_match(now=now)
    return total
