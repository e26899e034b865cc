"""Sources that list nothing themselves: they add facts to papers that others listed.

A service that knows institutions and free copies, and cannot say what was new on a day, is asked
for the papers of the last days by their identifiers, many in a request. What it may be asked in a
day is a budget that the row keeps. New papers are asked for first; then comes one round through the
others, once a day, which goes on the next day where the budget ended it.
"""

import datetime as dt
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from papers.models import Paper
from papers.sources import http
from papers.sources.base import FetchFailed, PaperSource
from papers.sources.last_answer import wait
from papers.sources.record import NOT_LISTED, Draft
from papers.sources.settings import SourceSettings, setting

READ_AT_ONCE = 500
"""Papers whose names are read in one query."""

AHEAD = dt.timedelta(days=7)
"""Papers may be listed on an issue day that is still to come."""


@dataclass(frozen=True, slots=True)
class FactsSettings(SourceSettings):
    """For how long, and how much in a day."""

    days: int = setting(
        30,
        "Look up papers listed in this many days, new ones first, each once a day.",
        label="Days to look back",
        least=1,
        most=400,
    )
    daily_requests: int = setting(
        80,
        "At most this many requests per day (UTC). The rest is looked up the next day.",
        label="Requests per day",
        least=1,
        most=10_000,
    )
    every_minutes: int = setting(
        60, "Minutes between two rounds.", label="Fetched every", least=15, most=24 * 60
    )


S = TypeVar("S", bound=FactsSettings)


class FactsSource(PaperSource[S], Generic[S]):
    """Looks papers up that others listed. What it gives is never listed.

    A kind says how it calls a paper (`asked_as`) and how many it is asked for at once (`look_up`).
    """

    answers_for_past = False
    adds_facts = True

    most_asked: ClassVar[int] = 50
    """Papers in one request."""

    most_requests: ClassVar[int] = 20
    """Requests in one fetch."""

    pause: ClassVar[float] = 1.0
    """Seconds between two requests."""

    @abstractmethod
    def asked_as(self, identifier: str) -> str:
        """What the service calls the paper of this identifier; empty where it cannot know it."""

    @abstractmethod
    def look_up(self, asked: Sequence[str]) -> Mapping[str, Draft]:
        """What the service knows of papers, by what it was asked for; in one request.

        Raises `FetchFailed`.
        """

    def items(self, day: dt.date) -> Iterator[Any]:
        """What is known of the papers whose turn it is. The list of a day does not wait for it."""
        self.is_complete = True
        today = self.now.date()
        if self.state.get("day") != today.isoformat():
            self.state |= {"day": today.isoformat(), "spent": 0, "round": False}
            self.state["until"] = self._number("newest")
        if self._is_resting():
            return
        for number, papers in enumerate(self._batches(today)):
            if number >= self.most_requests:
                return
            if self._number("spent") >= self.settings.daily_requests:
                self.notes.append(
                    f"The {self.settings.daily_requests:,} requests for today are used up. The "
                    "rest will be looked up tomorrow."
                )
                return
            if number:
                wait(self.pause)
            asked = {self.asked_as(identifier): identifier for _, identifier in papers}
            try:
                found = self.look_up(list(asked))
            except FetchFailed as error:
                if number == 0:
                    raise
                self.notes.append(f"{error} The rest will be looked up later.")
                if isinstance(error, http.Busy):
                    self.rest(error.wait or 3600)
                return
            self.state["spent"] = self._number("spent") + 1
            yield from ((asked[name], draft) for name, draft in found.items() if name in asked)
            self._done(papers[-1][0])
            if self._is_resting():
                return

    def draft(self, item: Any) -> Draft:
        """What is known of one paper, under the name that we have it by."""
        identifier: str = item[0]
        found: Draft = item[1]
        known_as, found.id = found.id, identifier
        found.names = [name for name in [known_as, *(found.names or ())] if name]
        found.listing = NOT_LISTED
        return found

    def rest(self, seconds: float) -> None:
        """Ask nothing for so long."""
        until = self.now + dt.timedelta(seconds=min(seconds, 2 * 86400))
        self.state["rest_until"] = until.isoformat()

    def _is_resting(self) -> bool:
        try:
            until = dt.datetime.fromisoformat(str(self.state.get("rest_until")))
        except ValueError:
            return False
        if self.now >= until:
            self.state.pop("rest_until", None)
            return False
        self.notes.append(f"The service asked us to wait until {until:%-d %b %H:%M} UTC.")
        return True

    def _batches(self, today: dt.date) -> Iterator[list[tuple[int, str]]]:
        """The papers to ask for, a request at a time: numbers of rows and identifiers.

        First those that came since the last fetch, then the round through the others.
        """
        listed = Paper.objects.listed_between(
            today - dt.timedelta(days=self.settings.days), today + AHEAD
        ).order_by("pk")
        self._is_round = False
        yield from self._parted(listed.filter(pk__gt=self._number("newest")))
        if self.state.get("round"):
            return
        self._is_round = True
        yield from self._parted(
            listed.filter(pk__gt=self._number("after"), pk__lte=self._number("until"))
        )
        self.state |= {"round": True, "after": 0}

    def names_of(self, papers: Sequence[tuple[int, str]]) -> Mapping[int, Sequence[str]]:
        """By the number of its row, under which of its names each paper is asked for; by default
        its own.
        """
        return {key: (identifier,) for key, identifier in papers}

    def _parted(self, papers: Any) -> Iterator[list[tuple[int, str]]]:
        batch: list[tuple[int, str]] = []
        last = 0
        rows = iter(list(papers.values_list("pk", "identifier")))
        while read := list(islice(rows, READ_AT_ONCE)):
            names = self.names_of(read)
            for key, _ in read:
                mine = [name for name in names.get(key, ()) if self.asked_as(name)]
                if batch and len(batch) + len(mine) > self.most_asked:
                    yield batch
                    batch = []
                batch += [(key, name) for name in mine[: self.most_asked]]
                last = key
        if batch:
            yield batch
        if last:
            self._done(last)

    def _done(self, key: int) -> None:
        """Keep how far the papers were asked for."""
        self.state["after" if self._is_round else "newest"] = key

    def _number(self, name: str) -> int:
        value = self.state.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0


def doi_of(identifier: str) -> str:
    """The DOI under which DOI services know the paper of this identifier; empty for none."""
    scheme, _, name = identifier.partition(":")
    if scheme == "doi":
        return name
    return f"10.48550/arxiv.{name.lower()}" if scheme == "arxiv" else ""
