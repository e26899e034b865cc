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

from papers.identifiers import UnknownIdentifier, identifier
from papers.models import Paper
from papers.sources.settings import SourceSettings
from papers.text import cleaning

logger = logging.getLogger(__name__)

MOST_AUTHORS = 500
MOST_KEYWORDS = 30
MOST_CATEGORIES = 20

MOST_COUNTED = 100_000_000
"""A count above this is a mistake, and would not fit the database far beyond it."""

FIRST_YEAR = 1950
"""Papers said to be older, or from after next year, have no date that we believe."""


class FetchFailed(Exception):
    """A source could not be read at all; the message is a sentence for an operator."""


class BadRecord(ValueError):
    """One record is no paper; the message says why."""


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """What one source says of one paper, cleaned. Empty or None where it says nothing."""

    identifier: str
    title: str
    abstract: str = ""
    summary: str = ""
    authors: tuple[str, ...] = ()
    organization: str = ""
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    published_on: dt.date | None = None
    code_url: str = ""
    project_url: str = ""
    thumbnail_url: str = ""
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    submitted_by: str = ""
    submitted_at: dt.datetime | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the source counted anything."""
        return not (self.upvotes is None and self.comments is None and self.stars is None)


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


@dataclass(slots=True)
class Draft:
    """A record as the service gave it, any field of any type; `clean` makes a record of it."""

    id: Any = None
    title: Any = None
    abstract: Any = None
    summary: Any = None
    authors: Any = None
    organization: Any = None
    categories: Any = None
    keywords: Any = None
    published_on: Any = None
    code_url: Any = None
    project_url: Any = None
    thumbnail_url: Any = None
    upvotes: Any = None
    comments: Any = None
    stars: Any = None
    submitted_by: Any = None
    submitted_at: Any = None
    problems: list[str] = field(default_factory=list)
    """Filled by `clean` with what was left out of the record."""

    def clean(self) -> PaperRecord:
        """The record. Raises `BadRecord` without an identifier or a title."""
        if not isinstance(self.id, str) or not self.id.strip():
            raise BadRecord("it has no identifier")
        try:
            known_as = identifier(self.id)
        except UnknownIdentifier as error:
            raise BadRecord(str(error)) from None
        title = cleaning.title(self.title)
        if not title:
            raise BadRecord("it has no title")
        return PaperRecord(
            identifier=known_as,
            title=title,
            abstract=cleaning.abstract(self.abstract),
            summary=cleaning.abstract(self.summary),
            authors=cleaning.names(self.authors, MOST_AUTHORS),
            organization=cleaning.name(
                self.organization, Paper._meta.get_field("organization").max_length or 200
            ),
            categories=cleaning.names(self.categories, MOST_CATEGORIES, 30),
            keywords=cleaning.names(self.keywords, MOST_KEYWORDS, 80),
            published_on=self._day(self.published_on),
            code_url=self._link("code_url"),
            project_url=self._link("project_url"),
            thumbnail_url=self._link("thumbnail_url"),
            upvotes=self._count("upvotes"),
            comments=self._count("comments"),
            stars=self._count("stars"),
            submitted_by=cleaning.name(self.submitted_by),
            submitted_at=moment(self.submitted_at),
        )

    def _count(self, what: str) -> int | None:
        """A count, or None where there is none; a missing count is not a zero."""
        value = getattr(self, what)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_COUNTED:
            self.problems.append(f"its {what} are {str(value)[:40]!r}, which is no count")
            return None
        return value

    def _link(self, what: str) -> str:
        value = getattr(self, what)
        link = cleaning.safe_url(value)
        if value and not link:
            self.problems.append(f"its {what} is no web address: {str(value)[:80]!r}")
        return link

    @staticmethod
    def _day(value: Any) -> dt.date | None:
        at = moment(value)
        return at.date() if at else None


def moment(value: Any) -> dt.datetime | None:
    """An aware time in UTC from ISO 8601; None for anything else, and for years we don't believe.

    A day alone is its midnight; a time without an offset is taken for UTC.
    """
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = dt.datetime.fromisoformat(value)
        at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return at if FIRST_YEAR <= at.year <= dt.datetime.now(dt.UTC).year + 1 else None


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
            what = f"{self.name}, {day}, item {number}"
            try:
                draft = self.draft(item)
                record = draft.clean()
            except LeftOut as error:
                self.left_out[str(error)] += 1
                continue
            except BadRecord as error:
                problems.append(f"{what} is left out: {error}")
                continue
            except (TypeError, ValueError, AttributeError, LookupError, RecursionError) as error:
                problems.append(f"{what} is left out: it is malformed ({type(error).__name__})")
                continue
            problems += (f"{what} ({record.identifier}): {note}" for note in draft.problems)
            records.setdefault(record.identifier, record)
        for problem in problems:
            logger.warning("problem with a record", extra={"problem": problem})
        most = self.settings.most_papers
        if len(records) > most:
            self.left_out[f"beyond the {most:,} that the settings take"] += len(records) - most
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
