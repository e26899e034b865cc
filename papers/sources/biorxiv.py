"""bioRxiv and medRxiv by subject: https://api.biorxiv.org.

`GET /details/biorxiv/2026-04-27/2026-04-27/0/json` answers with a page of the versions that were
posted in an interval of days; the last number is how many rows to pass over. A page has as many
rows as the server likes, so the next one begins after those that came: a cursor that points
anywhere else is answered all the same, with papers missing. The end is an empty `collection`, which
is also the answer for a day without posts. Rows of a longer interval are in no order of days, so
each day is asked for alone, and again on the two days after it, for rows come late. A day of the
past is asked for by itself.

Every version is a row, and so is a withdrawal. Version 1 is a new preprint; the others bring facts:
a changed title, the DOI under which the article was published, that it was withdrawn.
"""

import datetime as dt
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import httpx
from django.conf import settings

from papers.sources import author_strings, http, polite
from papers.sources.base import FetchFailed, LeftOut, PaperSource
from papers.sources.record import (
    IS_PREPRINT_OF,
    LISTED,
    NEW_TO_SOURCE,
    NOT_LISTED,
    BadRecord,
    Draft,
    Relation,
)
from papers.sources.settings import SourceSettings, setting
from papers.text import markup

DAYS = 3
"""Days asked for in one fetch: the one that is listed and those before it."""

LONGEST_GAP = 31
"""Days back that are made good after nobody asked for a while."""

DOOR = polite.Door("bioRxiv and medRxiv", "papers.biorxiv", least=60, longest=3600)
"""One service answers for both."""

MOST_PAGES = 500
"""Of one day, which has had up to about 400 rows; pages have had 30 rows and 100."""

BIORXIV_SUBJECTS = (
    "animal behavior and cognition",
    "biochemistry",
    "bioengineering",
    "bioinformatics",
    "biophysics",
    "cancer biology",
    "cell biology",
    "clinical trials",
    "developmental biology",
    "ecology",
    "epidemiology",
    "evolutionary biology",
    "genetics",
    "genomics",
    "immunology",
    "microbiology",
    "molecular biology",
    "neuroscience",
    "paleontology",
    "pathology",
    "pharmacology and toxicology",
    "physiology",
    "plant biology",
    "scientific communication and education",
    "synthetic biology",
    "systems biology",
    "zoology",
)
MEDRXIV_SUBJECTS = (
    "addiction medicine",
    "allergy and immunology",
    "anesthesia",
    "cardiovascular medicine",
    "dentistry and oral medicine",
    "dermatology",
    "emergency medicine",
    "endocrinology",
    "epidemiology",
    "forensic medicine",
    "gastroenterology",
    "genetic and genomic medicine",
    "geriatric medicine",
    "health economics",
    "health informatics",
    "health policy",
    "health systems and quality improvement",
    "hematology",
    "hiv aids",
    "infectious diseases",
    "intensive care and critical care medicine",
    "medical education",
    "medical ethics",
    "nephrology",
    "neurology",
    "nursing",
    "nutrition",
    "obstetrics and gynecology",
    "occupational and environmental health",
    "oncology",
    "ophthalmology",
    "orthopedics",
    "otolaryngology",
    "pain medicine",
    "palliative medicine",
    "pathology",
    "pediatrics",
    "pharmacology and therapeutics",
    "primary care research",
    "psychiatry and clinical psychology",
    "public and global health",
    "radiology and imaging",
    "rehabilitation medicine and physical therapy",
    "respiratory medicine",
    "rheumatology",
    "sexual and reproductive health",
    "sports medicine",
    "surgery",
    "toxicology",
    "transplantation",
    "urology",
)

_WITHDRAWN = re.compile(r"^\W*WITHDRAWN\W+", re.IGNORECASE)
_STATEMENT = re.compile(r"^\W*withdrawal statement", re.IGNORECASE)
_HEADING = re.compile(r"^(?:abstract|summary)(?=[A-Z])", re.IGNORECASE)
_DOI = re.compile(r"^10\.\d{4,9}/\S+$")


NO_REUSE = "cc_no"
"""Stands where there is no license: all rights are reserved."""


@dataclass(frozen=True, slots=True)
class BiorxivSettings(SourceSettings):
    """Which subjects of bioRxiv."""

    subjects: tuple[str, ...] = setting(
        (),
        "Subjects to list. Leave empty for all.",
        choices={subject: subject.capitalize() for subject in BIORXIV_SUBJECTS},
    )
    every_minutes: int = setting(
        120,
        "Minutes between two fetches. Each day takes several requests.",
        label="Fetched every",
        least=0,
        most=24 * 60,
    )


@dataclass(frozen=True, slots=True)
class MedrxivSettings(SourceSettings):
    """Which subjects of medRxiv."""

    subjects: tuple[str, ...] = setting(
        (),
        "Subjects to list. Leave empty for all.",
        choices={subject: subject.capitalize() for subject in MEDRXIV_SUBJECTS},
    )
    every_minutes: int = setting(
        120,
        "Minutes between two fetches. Each day takes several requests.",
        label="Fetched every",
        least=0,
        most=24 * 60,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One version of a preprint, as a page has it, and how it is listed."""

    data: Any
    day: dt.date
    """The day that was asked for."""
    is_late: bool
    """Whether that was before the day that is listed."""
    first_on: str | None = None
    """When version 1 was posted, where that stands in the same days."""


S = TypeVar("S", BiorxivSettings, MedrxivSettings)


class _Preprints(PaperSource[S]):
    """What both servers have in common."""

    server: ClassVar[str]
    """As it stands in addresses."""

    @abstractmethod
    def subjects(self) -> tuple[str, ...]:
        """Those that the row chose; none for all."""

    def items(self, day: dt.date) -> Iterable[Row]:
        """The rows of `day` and of the days before it that may have changed, or were never asked
        for. A day that is yet to come stands for the days until now, such as a weekend's.
        """
        last = min(day, self.now.astimezone(dt.UTC).date())
        rows: list[Row] = []
        with http.client("application/json") as client:
            for one in self._days(last):
                rows += (Row(row, one, one < day) for row in self._posted(client, one))
        if last == self.now.astimezone(dt.UTC).date():
            self.state["asked_until"] = last.isoformat()
        return _latest(rows)

    def _days(self, last: dt.date) -> Iterator[dt.date]:
        """The days to ask for, up to `last`."""
        if last < self.now.astimezone(dt.UTC).date():
            yield last
            return
        first = last - dt.timedelta(days=DAYS - 1)
        asked = _day(self.state.get("asked_until"))
        oldest = last - dt.timedelta(days=LONGEST_GAP)
        if asked and asked < oldest:
            self.notes.append(
                f"Not fetched since {asked}. Days before {oldest} won't be recovered."
            )
        if asked:  # the day before it has not been asked for on three days yet
            first = min(first, max(asked - dt.timedelta(days=DAYS - 2), oldest))
        while first <= last:
            yield first
            first += dt.timedelta(days=1)

    def _posted(self, client: httpx.Client, day: dt.date) -> Iterator[Any]:
        """All rows of a day: pages until an empty one."""
        cursor = 0
        stated = 0
        seen: set[str] = set()
        base = str(settings.BIORXIV_URL).rstrip("/")
        for _ in range(MOST_PAGES):
            try:
                total, rows = polite.ask(
                    DOOR,
                    client,
                    self.name,
                    f"{base}/details/{self.server}/{day}/{day}/{cursor}/json",
                    {},
                    read,
                    for_what=f"{day}, from row {cursor}",
                )
            except FetchFailed:
                if 0 < stated <= cursor:  # past the end of what it has, some answer with an error
                    return
                raise
            if not rows:
                if cursor < stated:
                    self.notes.append(
                        f"{self.name} says that {day} has {stated} rows, but returned {cursor}."
                    )
                return
            stated = max(stated, total)
            fresh = [row for row in rows if _key(row) not in seen]
            seen.update(map(_key, rows))
            if not fresh:
                self.notes.append(f"{self.name} returned the same page of {day} twice.")
                return
            yield from fresh
            cursor += len(rows)
        self.notes.append(f"{self.name} returned more than {MOST_PAGES} pages for {day}.")

    def draft(self, item: Row) -> Draft:
        """The facts of a version. Raises `LeftOut` for other subjects, `BadRecord`."""
        row = item.data
        if not isinstance(row, dict):
            raise BadRecord("it isn't a record")
        subject = _folded(row.get("category"))
        if self.subjects() and subject not in self.subjects():
            raise LeftOut("of other subjects")
        doi = row.get("doi")
        if not isinstance(doi, str) or not _DOI.match(doi.strip()):
            raise BadRecord("it has no DOI")
        doi = doi.strip().lower()
        version = _number(row.get("version"))
        title = markup.plain(row.get("title"))
        is_withdrawn = str(row.get("type")).lower().startswith("withdraw") or bool(
            _WITHDRAWN.match(title)
        )
        abstract = "" if is_withdrawn else _abstract(row.get("abstract"))
        published = str(row.get("published") or "").strip().lower()
        listing = NOT_LISTED
        if item.first_on is not None and not is_withdrawn:
            listing = NEW_TO_SOURCE if item.is_late else LISTED
        authors = row.get("authors")
        return Draft(
            id=f"doi:{doi}",
            title=_WITHDRAWN.sub("", title),
            abstract=abstract,
            authors=author_strings.family_first(authors) if isinstance(authors, str) else (),
            organization=row.get("author_corresponding_institution"),
            categories=[f"{self.kind}:{subject}"] if subject else [],
            published_on=item.first_on or None,
            relations=(
                (Relation(IS_PREPRINT_OF, f"doi:{published}"),) if _DOI.match(published) else ()
            ),
            version=version,
            kind="preprint",
            venue=self.label,
            license="" if row.get("license") == NO_REUSE else row.get("license"),
            free_url=f"https://www.{self.server}.org/content/{doi}v{version or 1}",
            status="withdrawn" if is_withdrawn else "",
            source_day=_day(row.get("date")) or item.day,
            listing=listing,
        )


class Biorxiv(_Preprints[BiorxivSettings]):
    """Reads bioRxiv at `BIORXIV_URL`."""

    kind = "biorxiv"
    label = "bioRxiv"
    server = "biorxiv"
    Settings = BiorxivSettings

    def subjects(self) -> tuple[str, ...]:
        """Those of the row's settings."""
        return self.settings.subjects


class Medrxiv(_Preprints[MedrxivSettings]):
    """Reads medRxiv at `BIORXIV_URL`."""

    kind = "medrxiv"
    label = "medRxiv"
    server = "medrxiv"
    Settings = MedrxivSettings

    def subjects(self) -> tuple[str, ...]:
        """Those of the row's settings."""
        return self.settings.subjects


def read(body: bytes) -> tuple[int, list[Any]]:
    """How many rows the service says there are, and those of a page. Raises `TryAgain`."""
    data = http.json_object(body)
    rows = data.get("collection")
    messages = data.get("messages")
    message = messages[0] if isinstance(messages, list) and messages else {}
    if not isinstance(message, dict):
        message = {}
    status = str(message.get("status", "")).lower()
    if not isinstance(rows, list) or (not rows and status not in {"ok", "no posts found", ""}):
        raise http.TryAgain(f"answers without a collection ({status[:80] or 'no status'})")
    return _number(message.get("total")) or 0, rows


def _latest(rows: list[Row]) -> list[Row]:
    """The latest version of each preprint; a preprint is new where version 1 is among the rows,
    and late where that row is. What is new comes first.
    """
    by_doi: dict[str, list[Row]] = {}
    others: list[Row] = []
    for row in rows:
        doi = row.data.get("doi") if isinstance(row.data, dict) else None
        if isinstance(doi, str):
            by_doi.setdefault(doi.strip().lower(), []).append(row)
        else:
            others.append(row)
    found: list[Row] = []
    for versions in by_doi.values():
        versions.sort(key=lambda row: _number(row.data.get("version")) or 0)
        first, last = versions[0], versions[-1]
        if _number(first.data.get("version")) == 1:
            last = replace(last, is_late=first.is_late, first_on=first.data.get("date") or "")
        found.append(last)
    found.sort(key=lambda row: (row.first_on is None, row.is_late))
    return found + others


def _key(row: Any) -> str:
    if isinstance(row, dict):
        return f"{row.get('doi')} {row.get('version')} {row.get('type')} {row.get('date')}"
    return repr(row)[:500]


def _abstract(value: Any) -> str:
    text = markup.plain(value)
    return "" if _STATEMENT.match(text) else _HEADING.sub("", text)


def _folded(subject: Any) -> str:
    """A subject as it is compared: "Infectious Diseases (except HIV/AIDS)" and
    "infectious_diseases" are one.
    """
    text = str(subject or "").replace("_", " ").replace("/", " ").replace("&", "and").lower()
    return " ".join(re.sub(r"\(.*?\)", " ", text).split())


def _number(value: Any) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if 0 <= number < 10_000_000 else None


def _day(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
