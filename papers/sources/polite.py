"""Politeness towards a service, over all machines together: one question at a time, a pause between
two, and a rest after it said that it is asked too often.

The cache that all machines share says whose turn it is; while it does not answer, files that the
processes of one machine share do (`turns`).
"""

import datetime as dt
import logging
import math
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from django.conf import settings

from papers.sources import http
from papers.sources.base import FetchFailed
from papers.sources.last_answer import LONGEST_PAUSE, pause_in
from papers.sources.time_limit import seconds_left
from papers.sources.turns import turns as cache

T = TypeVar("T")

logger = logging.getLogger(__name__)

REMEMBERED = 24 * 3600
"""Seconds for which a refusal makes the next rest longer."""


PATIENCE = 60.0
"""Seconds to wait for a turn."""

NAP = 0.25
"""Seconds between two looks at whose turn it is."""

RATES_REMEMBERED = 3600
"""Seconds for which the pause that a service's headers asked for holds."""

sleep = time.sleep


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
    pause: float = 1.0
    """Seconds between the end of one question and the next, until its headers say otherwise."""
    rates: tuple[str, str] | None = None
    """The headers that say how many questions it takes, and in which time."""

    def check(self, now: dt.datetime | None = None) -> None:
        """Raises `FetchFailed` while, at `now`, the service is to be left alone."""
        until = cache.get(f"{self.key}.rest")
        if until and (now or dt.datetime.now(dt.UTC)) < dt.datetime.fromisoformat(until):
            raise FetchFailed(
                f"{self.name} was asked too often. It won't be asked again until {until[:16]} UTC."
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
            logger.warning("couldn't store in the cache that a service is paused", exc_info=True)

    def reopen(self) -> None:
        """Forget earlier refusals: it has answered."""
        try:
            cache.delete(f"{self.key}.refusals")
        except Exception:
            logger.warning("couldn't clear refusals from the cache", exc_info=True)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Ask alone: nobody else asks until the end, nor for the pause after it. Raises
        `FetchFailed` where it does not become our turn within `PATIENCE`, or within the time that
        is left for a try. Without a cache and without a disk, nobody is stopped.
        """
        token = secrets.token_hex(8)
        is_ours = self._take(token)
        try:
            yield
        finally:
            if is_ours:
                self._give_back(token)

    def heed(self, headers: Mapping[str, str]) -> None:
        """Let everybody pause as the headers of an answer ask."""
        pause = pause_in(headers, *self.rates) if self.rates else 0.0
        if pause:
            try:
                cache.set(f"{self.key}.pause", pause, timeout=RATES_REMEMBERED)
            except Exception:
                logger.warning("the cache did not keep a service's rates", exc_info=True)

    def _take(self, token: str) -> bool:
        left = seconds_left()
        patience = PATIENCE if left is None else min(PATIENCE, left)
        # Longer than a question can take, so that a worker that died does not hold it for ever.
        longest = math.ceil(LONGEST_PAUSE + 4 * settings.FETCH_TIMEOUT)
        try:
            for nap in range(int(patience / NAP) + 1):
                if nap:
                    sleep(NAP)
                if cache.add(f"{self.key}.turn", token, timeout=longest):
                    next_at = cache.get(f"{self.key}.next") or 0.0
                    sleep(max(0.0, min(next_at - time.time(), LONGEST_PAUSE)))
                    return True
        except Exception:  # each cache has errors of its own
            logger.warning("nobody says whose turn it is to ask %s", self.name, exc_info=True)
            return False
        raise FetchFailed(f"It was not our turn to ask {self.name} for {patience:.0f} seconds.")

    def _give_back(self, token: str) -> None:
        try:
            pause = cache.get(f"{self.key}.pause") or self.pause
            cache.set(f"{self.key}.next", time.time() + pause, timeout=math.ceil(pause) + 1)
            if cache.get(f"{self.key}.turn") == token:
                cache.delete(f"{self.key}.turn")
        except Exception:  # the turn then ends by itself
            logger.warning("couldn't return a turn to the cache", exc_info=True)


def ask(
    door: Door,
    client: httpx.Client,
    name: str,
    address: str,
    query: Mapping[str, str],
    read: Callable[[bytes], T],
    *,
    on_headers: Callable[[httpx.Headers], None] | None = None,
    **options: Any,
) -> T:
    """`http.ask`, each attempt in a turn of its own, at the pace that the service's headers ask
    for. One that answers 429 to the last attempt, or wants a longer rest, is left alone by all.
    """
    _check(door)

    def heard(headers: httpx.Headers) -> None:
        door.heed(headers)
        if on_headers:
            on_headers(headers)

    try:
        answer = http.ask(
            client, name, address, query, read, on_headers=heard, turn=door.turn, **options
        )
    except http.Busy as error:
        door.close(error.wait or 0)
        raise
    door.reopen()
    return answer


def _check(door: Door) -> None:
    try:
        door.check()
    except FetchFailed:
        raise
    except Exception:  # each cache has errors of its own, and none stops anybody
        logger.warning("nobody says whether %s rests", door.name, exc_info=True)
