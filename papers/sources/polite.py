"""Leaving a service alone for a while, on all machines, after it said it is asked too often."""

import datetime as dt
import logging
from dataclasses import dataclass

from django.core.cache import cache

from papers.sources.base import FetchFailed

logger = logging.getLogger(__name__)

REMEMBERED = 24 * 3600
"""Seconds for which a refusal makes the next rest longer."""


@dataclass(frozen=True, slots=True)
class Door:
    """A service, as the cache that all machines share knows it."""

    name: str
    """As sentences call it."""
    key: str
    """Of the cache."""
    least: int
    """Seconds for which nobody asks after a refusal; twice as long after each further one."""
    longest: int
    """Seconds."""

    def check(self, now: dt.datetime | None = None) -> None:
        """Raises `FetchFailed` while, at `now`, the service is to be left alone."""
        until = cache.get(f"{self.key}.rest")
        if until and (now or dt.datetime.now(dt.UTC)) < dt.datetime.fromisoformat(until):
            raise FetchFailed(
                f"{self.name} was asked too often and is left alone until {until[:16]} UTC."
            )

    def close(self, wanted: float = 0, now: dt.datetime | None = None) -> None:
        """Leave it alone from `now` on for the `wanted` seconds, or for longer after each refusal
        in a row.
        """
        try:
            refusals = cache.get(f"{self.key}.refusals", 0) + 1
            cache.set(f"{self.key}.refusals", refusals, timeout=REMEMBERED)
            seconds = max(wanted, min(self.least * 2 ** (refusals - 1), self.longest))
            until = (now or dt.datetime.now(dt.UTC)) + dt.timedelta(seconds=seconds)
            cache.set(f"{self.key}.rest", until.astimezone(dt.UTC).isoformat(), int(seconds))
        except Exception:  # each cache has errors of its own; the next refusal comes by itself
            logger.warning("the cache did not keep that a service rests", exc_info=True)

    def reopen(self) -> None:
        """Forget earlier refusals: it has answered."""
        try:
            cache.delete(f"{self.key}.refusals")
        except Exception:
            logger.warning("the cache did not forget refusals", exc_info=True)
