"""Sources that only observe: they list no papers and say nothing of them but how much attention
they got.

A service of news, of code or of votes knows papers by links. It is asked on a schedule of its own
for what it shows now, within a budget of requests a day that the row keeps; what it says of works
that are stored here is observed (`papers.ingest.sightings`), and everything else is passed over.
"""

import copy
import datetime as dt
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, TypeVar

from papers.sources.base import Fetched, FetchFailed, PaperSource, Sighting
from papers.sources.record import BadRecord, Draft
from papers.sources.settings import SourceSettings, setting


@dataclass(frozen=True, slots=True)
class ObservingSettings(SourceSettings):
    """How often, and how much in a day."""

    daily_requests: int = setting(
        500,
        "Requests in a day (UTC) at most.",
        label="Requests per day",
        least=1,
        most=10_000,
    )
    every_minutes: int = setting(
        60, "Minutes between two rounds.", label="Asked every", least=15, most=24 * 60
    )


FEWEST_TO_TELL = 5

S = TypeVar("S", bound=ObservingSettings)


class BudgetSpent(Exception):
    """The requests of the day are spent."""


class ObservingSource(PaperSource[S], Generic[S]):
    """Says how much attention stored works got. A kind says what it sees (`sightings`), and calls
    `spend` before each request.
    """

    answers_for_past = False
    adds_facts = True

    def fetch(self, day: dt.date) -> Fetched:
        """What the service shows now. Raises `FetchFailed` when it cannot be asked at all; what was
        seen before a later request failed is kept.
        """
        before = copy.deepcopy(self.state)
        self.is_complete = True
        today = self.now.date().isoformat()
        if self.state.get("day") != today:
            self.state |= {"day": today, "spent": 0}
        seen: list[Sighting] = []
        try:
            for sighting in self.sightings():
                seen.append(sighting)
        except BudgetSpent:
            self.notes.append(
                f"The {self.settings.daily_requests:,} requests of the day are spent; the rest is "
                "asked for tomorrow."
            )
        except FetchFailed as error:
            if not seen:
                raise
            self.notes.append(f"{error} The rest is asked for later.")
        return Fetched(
            (),
            left_out=dict(self.left_out),
            is_complete=True,
            notes=tuple(dict.fromkeys(self.notes)),
            state=self.state if self.state != before else None,
            sightings=tuple(seen),
        )

    @abstractmethod
    def sightings(self) -> Iterator[Sighting]:
        """What the service shows. Raises `FetchFailed`."""

    def spend(self) -> None:
        """Take one request from the day's budget. Raises `BudgetSpent`."""
        value = self.state.get("spent")
        spent = value if isinstance(value, int) else 0
        if spent >= self.settings.daily_requests:
            raise BudgetSpent
        self.state["spent"] = spent + 1

    def items(self, day: dt.date) -> Iterable[Any]:
        """It lists nothing."""
        return ()

    def draft(self, item: Any) -> Draft:
        """It lists nothing."""
        raise BadRecord("it isn't a record")


def is_in_order_of(values: Iterable[Any]) -> bool:
    """Whether the values of a list only fall, or only rise; never said of fewer than
    `FEWEST_TO_TELL` different ones, which may do so by chance.
    """
    known = [value for value in values if value is not None]
    if len(set(known)) < FEWEST_TO_TELL:
        return False
    steps = list(pairwise(known))
    return all(a >= b for a, b in steps) or all(a <= b for a, b in steps)
