"""What every source gives and how a bad record is kept from costing more than itself.

A source turns the answer of one service into `PaperRecord`s. The base does the rest: it cleans
every field, leaves out what is no paper and says why, and lists no paper twice.
"""

import copy
import datetime as dt
import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar, cast

from papers.sources.record import BadRecord, Draft, PaperRecord
from papers.sources.settings import SourceSettings
from papers.sources.time_limit import seconds_left

logger = logging.getLogger(__name__)


class FetchFailed(Exception):
    """A source could not be read at all; the message is a sentence for an operator."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a source that only observes saw of a work. None for what it does not count."""

    name: str
    """An identifier of the work, as `papers.identifiers` spells it."""
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    position: int = 0
    """In the source's own trending list, 1 first; 0 where it has none."""
    length: int = 0
    """Of that list."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source answered for a day."""

    records: tuple[PaperRecord, ...]
    problems: tuple[str, ...] = ()
    """Sentences about records that are missing although they should not be."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many items the source's own rules left out, by reason, such as "of another type"."""
    is_complete: bool = False
    """Whether the list of that day will not grow any more, whatever the time."""
    notes: tuple[str, ...] = ()
    """Sentences for the operator, such as what of that day cannot be had any more."""
    state: dict[str, Any] | None = None
    """What the row keeps for the next fetch in place of what it held; None: as it is."""
    sightings: tuple[Sighting, ...] = ()
    """How much attention works got, from a source that lists none."""


S = TypeVar("S", bound=SourceSettings)


class LeftOut(Exception):
    """An item that a rule of the source keeps out of the list; the message is the reason, in the
    few words under which such items are counted.
    """


class PaperSource(ABC, Generic[S]):
    """A place papers come from. A kind of source says how to list a day and how to read an item.

    While `items` and `draft` run they may fill `notes`, `left_out` and `state` and set
    `is_complete`; all of that goes into what `fetch` returns. State is a JSON object of the row:
    an ETag, the date of the last good answer. It is kept only once the papers have been stored.

    A module of this package that holds such a class is all that a kind of source takes: the
    registry finds it there, the admin offers it, and what it gives goes the way of all papers.
    """

    kind: ClassVar[str]
    """What rows are stored under: up to 20 letters that never change."""

    label: ClassVar[str]
    """What an editor chooses it by."""

    Settings: ClassVar[type[SourceSettings]] = SourceSettings
    """What an editor may set on a row of this kind."""

    answers_for_past: ClassVar[bool] = True
    """Whether it can be asked for a day that is over; else only for what it lists now."""

    is_sample: ClassVar[bool] = False
    """Whether it stands in for the live sources where `PAPERS_SOURCE` is `sample`."""

    adds_facts: ClassVar[bool] = False
    """Whether it lists nothing itself, so that no day waits for it."""

    acknowledgment: ClassVar[str] = ""
    """What the service asks those who show its data to say, as plain text."""

    def __init__(
        self,
        settings: S | None = None,
        name: str = "",
        *,
        state: Mapping[str, Any] | None = None,
        now: dt.datetime | None = None,
    ) -> None:
        """With the settings, the name and the state of a row; by default those that its kind
        declares and none. `now` is when it asks.
        """
        self.settings: S = cast(S, self.Settings()) if settings is None else settings
        self.name = name or self.label
        self.state: dict[str, Any] = copy.deepcopy(dict(state or {}))
        self.now = now or dt.datetime.now(dt.UTC)
        self.notes: list[str] = []
        self.left_out: Counter[str] = Counter()
        self.is_complete = False

    def fetch(self, day: dt.date) -> Fetched:
        """The papers that the source lists on `day`, each once, best first where it has an order,
        and no more than its settings take.

        A record that is no paper is left out and named among the problems; what a rule of the
        source keeps out, and what is more than its settings take, is counted. Raises `FetchFailed`
        when the list itself cannot be had.
        """
        before = copy.deepcopy(self.state)
        records: dict[str, PaperRecord] = {}
        problems: list[str] = []
        for number, item in enumerate(self.items(day), start=1):
            if seconds_left() == 0:
                self.notes.append("There wasn't enough time to read the whole list.")
                break
            what = f"{self.name}, {day}, item {number}"
            try:
                draft = self.draft(item)
                record = draft.clean()
            except LeftOut as error:
                self.left_out[str(error)] += 1
                continue
            except BadRecord as error:
                problems.append(f"{what} was left out: {error}")
                continue
            except (TypeError, ValueError, AttributeError, LookupError, RecursionError) as error:
                problems.append(f"{what} was left out: it is malformed ({type(error).__name__})")
                continue
            problems += (f"{what} ({record.identifier}): {note}" for note in draft.problems)
            records.setdefault(record.identifier, record)
        for problem in problems:
            logger.warning("problem with a record", extra={"problem": problem})
        most = self.settings.most_papers
        if len(records) > most:
            self.left_out[f"over the limit of {most:,} in the settings"] += len(records) - most
        return Fetched(
            tuple(records.values())[:most],
            tuple(problems),
            left_out=dict(self.left_out),
            is_complete=self.is_complete,
            notes=tuple(dict.fromkeys(self.notes)),
            state=self.state if self.state != before else None,
        )

    @abstractmethod
    def items(self, day: dt.date) -> Iterable[Any]:
        """The service's own items of a day. Raises `FetchFailed`."""

    @abstractmethod
    def draft(self, item: Any) -> Draft:
        """What an item says, uncleaned. May raise `BadRecord` or any error of bad data."""
