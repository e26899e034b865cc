"""Sources are asked for a day, and what they answer is stored.

A source that cannot be read costs only itself. What one keeps between two fetches, its state, is
replaced only after what it gave has been stored: a fetch that is cut short is done again.
"""

import datetime as dt
import logging
import time

from papers.days import feature_day, growing, listing_day
from papers.ingest.records import Progress, Summary, store
from papers.ingest.sightings import observe
from papers.matching.ranking import rank_and_match
from papers.models import Source, SourceRun
from papers.models.source_run import LONGEST_SENTENCE, kept, kept_counts
from papers.sources.base import Fetched, FetchFailed
from papers.sources.http import Busy
from papers.sources.registry import (
    active_sources,
    answers_for,
    answers_for_past,
    growing_days,
    reader_of,
)

logger = logging.getLogger(__name__)

SHORTEST_PAUSE = dt.timedelta(hours=1)
LONGEST_PAUSE = dt.timedelta(hours=6)
"""How long a service that wants to be left alone, and does not say for how long, is."""

LEFT_ALONE_AT_MOST = dt.timedelta(days=1)
"""However long it says."""


def fetch_day(
    day: dt.date,
    now: dt.datetime,
    source: Source | None = None,
    progress: Progress | None = None,
    *,
    earliest: dt.date | None = None,
) -> Summary:
    """Store what `source`, or every active source, lists on `day`, observed at `now`.

    Papers are listed on the day, or on the next one whose issue is not frozen, and on none before
    `earliest`: so what is learned too late of a day that digests no longer carry gets into one that
    they will. Without it a day of the past is filled, for its page and an issue frozen by hand.

    A source that cannot be read costs only itself: it is among the failures, and the row of the
    source says why. One that cannot be asked for a day that is over is not, which is a problem.
    Raises nothing for what a source does.
    """
    total = Summary()
    for at in [source] if source else list(active_sources()):
        if not answers_for(at, day, now):
            why = f"{at.name} only lists what's new now, so it wasn't asked for {day}."
            total += Summary(problems=(why,))
            continue
        started = time.monotonic()
        try:
            fetched = _fetched(at, day, now)
        except FetchFailed as error:
            logger.error(
                "fetch failed", extra={"source": at.slug, "day": str(day), "why": str(error)}
            )
            wait = error.wait if isinstance(error, Busy) else None
            at.record_failure(
                day,
                now,
                str(error),
                retry_at=_retry_at(at, now, wait) if isinstance(error, Busy) else None,
            )
            _log_run(at, day, now, started, error=str(error))
            total += Summary(failures=(str(error),))
            continue
        summary = Summary(problems=fetched.problems, left_out=fetched.left_out, notes=fetched.notes)
        list_from = max(day, earliest or day)
        summary += store(fetched.records, at, list_from, now, progress, source_day=day)
        if fetched.sightings:
            summary += Summary(observed=observe(fetched.sightings, at, now))
        at.record_answer(day, now, summary.counts(), fetched.state)
        _log_run(at, day, now, started, summary, is_complete=fetched.is_complete)
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
        raise FetchFailed(
            f"{source.name} failed with an unexpected error ({type(error).__name__}). See the log."
        ) from error


def _retry_at(source: Source, now: dt.datetime, wait: float | None) -> dt.datetime:
    """Until when a service that is asked too often is left alone: as long as it said, within a
    day; else for an hour, and twice as long each time that it says so again, up to `LONGEST_PAUSE`.
    """
    if wait is not None:
        return now + min(dt.timedelta(seconds=wait), LEFT_ALONE_AT_MOST)
    before = source.last_pause
    return now + min(max(2 * before, SHORTEST_PAUSE), LONGEST_PAUSE)


def _log_run(
    source: Source,
    day: dt.date,
    now: dt.datetime,
    started: float,
    summary: Summary | None = None,
    *,
    error: str = "",
    is_complete: bool = False,
) -> None:
    """Put the fetch into the log. `started` is a reading of the monotonic clock."""
    said = summary or Summary()
    SourceRun.objects.create(
        source=source,
        day=day,
        started_at=now,
        duration_ms=int(1000 * (time.monotonic() - started)),
        outcome=SourceRun.Outcome.FAILED if error else SourceRun.Outcome.OK,
        is_complete=is_complete,
        counts={} if summary is None else said.counts(),
        left_out=kept_counts(said.left_out),
        notes=kept(said.notes),
        problems=kept(said.problems),
        error=error[:LONGEST_SENTENCE],
    )


def refresh(now: dt.datetime) -> Summary:
    """Fetch the days whose lists may still change at `now`, then rank and match.

    A source that fails for one day is not asked for the next: it was asked often enough.
    """
    total = Summary()
    for source in active_sources():
        for day in growing_days(source, now):
            summary = fetch_day(day, now, source, earliest=feature_day(now))
            total += summary
            if summary.failures:
                break
    rank_and_match(now=now)
    return total


def fetch_now(source: Source, now: dt.datetime) -> Summary:
    """Fetch the days of `source` that may still change, whatever the pause between two fetches,
    then rank and match. A service that wants to be left alone is, which is a failure.
    """
    if source.retry_at is not None and now < source.retry_at:
        until = f"{source.retry_at:%-d %B, %H:%M} UTC"
        return Summary(failures=(f"{source.name} asked us to wait until {until}.",))
    days = growing(now) if answers_for_past(source) else (listing_day(now),)
    total = Summary()
    for day in days:
        total += fetch_day(day, now, source, earliest=feature_day(now))
        if total.failures:
            break
    rank_and_match(now=now)
    return total
