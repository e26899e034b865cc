"""What a source would list with the settings that somebody is just typing; nothing is stored.

It goes the way of a fetch: the same guard, the same turns at services that take one request at a
time. But nobody waits in front of a page for minutes, so there is a limit to the time, and nothing
is asked twice.
"""

import datetime as dt
import logging
import time
from dataclasses import dataclass

from django.core.cache import cache

from papers.days import growing, listing_day
from papers.models import Source
from papers.sources.base import Fetched, FetchFailed
from papers.sources.record import LISTED, NEW_TO_SITE, NEW_TO_SOURCE, PaperRecord
from papers.sources.registry import KINDS, reader_of
from papers.sources.time_limit import time_limit

logger = logging.getLogger(__name__)

SECONDS = 20.0

PAUSE = 3
"""Seconds between two tries of one source."""

_MEANING = {
    LISTED: "",
    NEW_TO_SITE: "unless it’s already known",
    NEW_TO_SOURCE: "unless it came before",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A paper that the source named."""

    record: PaperRecord
    note: str
    """Under what condition it would be listed."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What the source answered, or why it did not."""

    day: dt.date
    seconds: float
    listed: tuple[Found, ...] = ()
    only_known: tuple[Found, ...] = ()
    """Papers that would be stored and not listed, such as those before the first fetch."""
    left_out: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    error: str = ""

    @property
    def groups(self) -> tuple[tuple[tuple[Found, ...], str], ...]:
        """The papers under headings."""
        return (
            (self.listed, "Would be listed"),
            (self.only_known, "Would be stored but not listed"),
        )


def try_out(source: Source, now: dt.datetime) -> Trial:
    """Ask the source, whose settings may be unsaved, as if it had never been asked. The day is the
    last one that is over and, where it lists nothing for that, the current one; of a source that
    answers for no other, the current one alone.
    """
    kind = KINDS[source.kind]
    days = growing(now)[:1] + growing(now)[-1:] if kind.answers_for_past else (listing_day(now),)
    if source.pk and not cache.add(f"papers.try.{source.pk}", 1, timeout=PAUSE):
        return Trial(days[0], 0.0, error=f"This was just tried. Please wait {PAUSE} seconds.")
    started = time.monotonic()
    found = Trial(days[0], 0.0)
    with time_limit(SECONDS):
        for day in days:
            found = _try_day(source, day, now, started)
            if found.listed or found.only_known or found.error:
                break
    return found


def _try_day(source: Source, day: dt.date, now: dt.datetime, started: float) -> Trial:
    fresh = Source(kind=source.kind, name=source.name, slug=source.slug, settings=source.settings)
    try:
        fetched = reader_of(fresh, now).fetch(day)
    except FetchFailed as error:
        return Trial(day, time.monotonic() - started, error=str(error))
    except Exception as error:
        logger.exception("a source broke when it was tried", extra={"source": source.slug})
        said = (
            f"{source.name} failed with an unexpected error ({type(error).__name__}). See the log."
        )
        return Trial(day, time.monotonic() - started, error=said)
    return _trial(fetched, day, time.monotonic() - started)


def _trial(fetched: Fetched, day: dt.date, seconds: float) -> Trial:
    found = [Found(one, _MEANING.get(one.listing, "")) for one in fetched.records]
    return Trial(
        day,
        seconds,
        listed=tuple(one for one in found if one.record.listing in _MEANING),
        only_known=tuple(one for one in found if one.record.listing not in _MEANING),
        left_out=tuple(sorted(fetched.left_out.items(), key=lambda item: -item[1])),
        notes=fetched.notes,
        problems=fetched.problems,
    )
