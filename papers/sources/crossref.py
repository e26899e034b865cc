"""Crossref: what the publishers register, by journal or by a question, and single DOIs.

`GET /works?filter=issn:…,from-created-date:…&rows=…&cursor=*` pages through works, each page with
the cursor of the next; `GET /works/<doi>` gives one. What holds of the answers
(https://www.crossref.org/documentation/retrieve-metadata/rest-api/):

- Every field is optional. A title is a list and may be empty, a date has one to three parts or is
  `[[null]]`, an author is a person or a group or nobody, an abstract is JATS.
- "Created" is the day on which a DOI was registered. Publishers register old volumes, too, so a
  work that is created today may have been published in 1908: what is new was also published not
  long ago, or is about to be.
- A DOI that is unknown is answered with a 404 in plain text, a question that is wrong with JSON
  whose message is a list. Headers say how often it may be asked. Who gives an email address is
  served from machines of their own.

The DOIs of arXiv, Zenodo and others are DataCite's: what is unknown here is asked there.
"""

import datetime as dt
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings

from papers import days
from papers.sources import datacite, headings, http
from papers.sources import polite as politeness
from papers.sources.base import FetchFailed, LeftOut, PaperSource
from papers.sources.crossref_works import (
    created_on,
    draft_of,
    is_preprint_or_paper,
    is_recent,
    issn,
    updates_of,
    worse,
)
from papers.sources.last_answer import LastAnswer, contact, wait
from papers.sources.loose import as_count, as_list, as_text, dicts_in, first_text
from papers.sources.record import NEW_TO_SOURCE, NOT_LISTED, BadRecord, Draft, PaperRecord
from papers.sources.settings import SourceSettings, setting
from papers.text import markup

logger = logging.getLogger(__name__)

NAME = "Crossref"

DOOR = politeness.Door(
    NAME,
    "papers.crossref",
    least=60,
    longest=3600,
    rates=("x-rate-limit-limit", "x-rate-limit-interval"),
)
"""To all that is asked of Crossref, by whichever row."""

FIRST_DAYS = 3
"""Days back that a row asks for when it is asked for the first time."""

MOST_DAYS = 30
"""Days back that are made good after a pause."""

DELAY = dt.timedelta(hours=1)
"""A work shows about twenty minutes after it was created."""

ROWS = 100
"""Works on a page as long as nothing says how often pages may be asked for."""

MOST_PAGES = 60

MOST_ISSNS = 40
"""ISSNs in one question; an address has a greatest length."""

MOST_ASKED = 50
"""DOIs in one call of `lookup`."""

MOST_BYTES = 40_000_000
"""Of one page; a work with all its references takes up to 100,000, most take 10,000."""

TYPES = ("journal-article", "proceedings-article", "posted-content")

CHOICES = {
    "journal-article": "Journal articles",
    "proceedings-article": "Papers in proceedings",
    "posted-content": "Preprints",
    "book-chapter": "Chapters of books",
    "book": "Books",
    "monograph": "Monographs",
    "report": "Reports",
    "dissertation": "Dissertations",
}
"""The types that an editor may have listed."""

NO_WORKS = frozenset(
    {"component", "dataset", "database", "grant", "journal", "journal-issue", "journal-volume"}
    | {"peer-review", "book-series", "book-set", "report-series", "proceedings-series", "standard"}
)
"""Types that hold no paper which somebody could look up."""


@dataclass(frozen=True, slots=True)
class CrossrefSettings(SourceSettings):
    """Which journals, or which question."""

    issns: tuple[str, ...] = setting(
        (),
        "ISSNs of journals, one per line, such as 1476-4687. Either the print or the electronic "
        "ISSN will do.",
        label="ISSNs",
        most=100,
    )
    query: str = setting(
        "",
        (
            "Words that works must be about. If ISSNs are given too, only works in those "
            "journals are listed."
        ),
        label="Words",
        most=200,
    )
    types: tuple[str, ...] = setting(
        TYPES,
        "Which of the works that publishers register to list.",
        label="Types of works",
        is_required=True,
        choices=CHOICES,
    )
    every_minutes: int = setting(
        180,
        "Minutes between two fetches. 0: every time sources are fetched, which is twice an "
        "hour. A day that's over is always fetched once more.",
        label="Fetched every",
        least=0,
        most=24 * 60,
    )


@dataclass(frozen=True, slots=True)
class _Updated:
    """A work of which a notice says something, and what that makes of it."""

    work: Mapping[str, Any]
    status: str


class Crossref(PaperSource[CrossrefSettings]):
    """Lists the works that were registered since the row was last asked.

    For a day that is over it lists those that were registered on it, on Monday those of the
    weekend as well.
    """

    kind = "crossref"
    label = "Crossref: journals by ISSN, or words"
    Settings = CrossrefSettings
    acknowledgment = "Metadata of journals from Crossref."

    def items(self, day: dt.date) -> Iterator[Any]:
        """The works, page after page; then those that notices among them withdraw or correct."""
        if not self.settings.issns and not self.settings.query:
            raise FetchFailed(
                f"{self.name} has neither ISSNs nor words to look for. Add some in its settings."
            )
        since, until = self._span(day)
        self._since, self._day = since, day
        self._updates: dict[str, str] = {}
        is_whole = True
        with http.client("application/json") as client:
            heard = LastAnswer(client)
            for filters in self._filters(since, until):
                try:
                    yield from self._works(client, heard, filters)
                except _BrokeOff as error:
                    is_whole = False
                    self.notes.append(f"{error} The next fetch will get what's missing.")
            yield from self._updated(client, heard)
        if is_whole and until is None:
            self.state["asked_at"] = self.now.isoformat()

    def draft(self, item: Any) -> Draft:
        """A work as a record; leaves out what is old, of another type, or no paper."""
        if isinstance(item, _Updated):
            found = draft_of(item.work)
            found.listing = NOT_LISTED
            found.status = worse(found.status, item.status)
            return found
        if not isinstance(item, dict):
            raise BadRecord("it isn't a work")
        if item.get("type") not in self.settings.types or not is_preprint_or_paper(item):
            raise LeftOut("of another type")
        notices = {doi: status for doi, status, is_notice in updates_of(item) if is_notice}
        if notices:
            for doi, status in notices.items():
                if status:
                    self._updates[doi] = worse(self._updates.get(doi, ""), status)
            raise LeftOut(headings.NOTICE)
        why = headings.no_paper(markup.plain(first_text(item.get("title"))))
        if why:
            raise LeftOut(why)
        created = created_on(item)
        if created and created < self._since:
            raise LeftOut("registered before")
        if not is_recent(item, self._day):
            raise LeftOut("published more than 180 days ago, or more than 180 days ahead")
        found = draft_of(item)
        found.listing = NEW_TO_SOURCE
        return found

    def _span(self, day: dt.date) -> tuple[dt.date, dt.date | None]:
        """The first day of registration asked for, and the last one where `day` is over."""
        today = self.now.date()
        if day < min(today, days.listing_day(self.now)):
            return days.last_weekday(day - dt.timedelta(days=1)) + dt.timedelta(days=1), day
        earliest = today - dt.timedelta(days=MOST_DAYS)
        since = today - dt.timedelta(days=FIRST_DAYS)
        try:
            asked_at = dt.datetime.fromisoformat(self.state["asked_at"])
            since = (asked_at - DELAY).date()
        except (KeyError, TypeError, ValueError):
            pass
        if since < earliest:
            self.notes.append(
                f"It was last fetched on {since}. Works registered before {earliest} won't be "
                "recovered."
            )
        return max(since, earliest), None

    def _filters(self, since: dt.date, until: dt.date | None) -> Iterator[str]:
        """The filters of each question: all types, so that notices are seen, of some journals."""
        issns = [issn(one) for one in self.settings.issns]
        common = [f"type:{one}" for one in self.settings.types]
        common.append(f"from-created-date:{since}")
        if until:
            common.append(f"until-created-date:{until}")
        for at in range(0, max(1, len(issns)), MOST_ISSNS):
            yield ",".join([*(f"issn:{one}" for one in issns[at : at + MOST_ISSNS]), *common])

    def _works(self, client: httpx.Client, heard: LastAnswer, filters: str) -> Iterator[Any]:
        """The works of one question. Raises `_BrokeOff` where a later page cannot be had."""
        cursor: Any = "*"
        came = total = 0
        seen: set[str] = set()
        rows = str(self._rows())
        for page in range(MOST_PAGES):
            query = {"filter": filters, "rows": rows, "cursor": cursor} | polite()
            if self.settings.query:
                query["query"] = self.settings.query
            try:
                message = _ask(client, heard, self.name, "/works", query, "works")
            except FetchFailed as error:
                if page == 0:
                    raise
                raise _BrokeOff(f"{error} {came:,} works were received before that.") from error
            works = message.get("items")
            works = works if isinstance(works, list) else []
            fresh = [work for work in works if _key(work) not in seen]
            seen.update(map(_key, fresh))
            yield from fresh
            came += len(fresh)
            total = as_count(message.get("total-results"))
            size = as_count(message.get("items-per-page")) or len(works)
            cursor = message.get("next-cursor")
            self._heed(heard)
            if not fresh or not cursor or (came >= total and len(works) < size):
                break
            wait(heard.pause("x-rate-limit-limit", "x-rate-limit-interval"))
        else:
            self.notes.append(f"It has more than {MOST_PAGES} pages. The rest wasn't requested.")
            return
        if came < total:
            raise _BrokeOff(f"{self.name} reports {total:,} works, but returned {came:,}.")

    def _rows(self) -> int:
        rows = self.state.get("rows")
        return rows if isinstance(rows, int) and ROWS <= rows <= 5 * ROWS else ROWS

    def _heed(self, heard: LastAnswer) -> None:
        """Keep how many works a page of the next fetch has: the fewer pages may be asked for in a
        second, the more. A cursor keeps its size, so pages of one fetch are alike.
        """
        pause = heard.pause("x-rate-limit-limit", "x-rate-limit-interval")
        if pause:
            self.state["rows"] = ROWS if pause <= 0.1 else 2 * ROWS if pause <= 0.4 else 5 * ROWS

    def _updated(self, client: httpx.Client, heard: LastAnswer) -> Iterator[_Updated]:
        """The works that notices on these pages withdraw or correct, as they are now."""
        for doi, status in list(self._updates.items())[:MOST_ASKED]:
            wait(heard.pause("x-rate-limit-limit", "x-rate-limit-interval"))
            try:
                work = _work(client, heard, self.name, doi)
            except FetchFailed as error:
                self.notes.append(f"{doi} is {status}, but couldn't be looked up: {error}")
                continue
            if work is not None:
                yield _Updated(work, status)


class _BrokeOff(Exception):
    """A list that did not come whole."""


def lookup(dois: Sequence[str]) -> dict[str, PaperRecord]:
    """What Crossref, or else DataCite, knows of up to `MOST_ASKED` DOIs, by the DOIs asked for.

    One that neither knows, or that names no paper (a dataset, a journal), is left out. Raises
    `FetchFailed` where one of them cannot be asked at present.
    """
    if not 0 < len(dois) <= MOST_ASKED:
        raise ValueError(f"Ask for 1 to {MOST_ASKED} DOIs, not {len(dois)}.")
    found: dict[str, PaperRecord] = {}
    unknown: list[str] = []
    with http.client("application/json") as client:
        heard = LastAnswer(client)
        for number, doi in enumerate(dois):
            if number:
                wait(heard.pause("x-rate-limit-limit", "x-rate-limit-interval"))
            work = _work(client, heard, NAME, doi)
            if work is None:
                unknown.append(doi)
                continue
            record = _record(work)
            if record is not None:
                found[doi] = record
    return found | (datacite.lookup(unknown) if unknown else {})


def known_works(dois: Sequence[str], name: str = NAME) -> dict[str, Draft]:
    """What Crossref alone says of up to `MOST_ASKED` works, in one question, by DOI in lower case.

    A filter cannot hold a comma, nor can a DOI asked for here. Raises `FetchFailed`.
    """
    found: dict[str, Draft] = {}
    for work in _filtered("doi", dois, name):
        found.setdefault(as_text(work.get("DOI")).lower(), draft_of(work))
    return found


def works_of_publisher(numbers: Sequence[str], name: str = NAME) -> dict[str, Draft]:
    """The same by the numbers that publishers call works by, such as Elsevier's PII."""
    wanted = {number.upper() for number in numbers}
    found: dict[str, Draft] = {}
    for work in _filtered("alternative-id", numbers, name):
        for number in map(as_text, as_list(work.get("alternative-id"))):
            if number.upper() in wanted:
                found.setdefault(number.upper(), draft_of(work))
    return found


def _filtered(key: str, values: Sequence[str], name: str) -> list[Mapping[str, Any]]:
    """The works that have one of the values, without those that are no papers."""
    if not 0 < len(values) <= MOST_ASKED:
        raise ValueError(f"Ask for 1 to {MOST_ASKED} works, not {len(values)}.")
    query = {
        "filter": ",".join(f"{key}:{value}" for value in values),
        "rows": str(len(values)),
    } | polite()
    with http.client("application/json") as client:
        message = _ask(client, LastAnswer(client), name, "/works", query, f"{len(values)} works")
    return [work for work in dicts_in(message.get("items")) if work.get("type") not in NO_WORKS]


def _record(work: Any) -> PaperRecord | None:
    """The record of a work that somebody asked for by name; None where it is no paper."""
    if not isinstance(work, dict) or work.get("type") in NO_WORKS:
        return None
    if any(is_notice for _, _, is_notice in updates_of(work)):
        return None
    try:
        record = draft_of(work).clean()
    except (BadRecord, TypeError, ValueError, AttributeError, LookupError):
        return None
    return None if headings.no_paper(record.title) else replace(record, listing=NOT_LISTED)


def polite() -> dict[str, str]:
    """The part of a question that says who asks."""
    address = contact()
    return {"mailto": address} if address else {}


def _work(client: httpx.Client, heard: LastAnswer, name: str, doi: str) -> Mapping[str, Any] | None:
    """One work; None where there is none of that DOI."""
    try:
        return _ask(client, heard, name, f"/works/{quote(doi, safe='/')}", polite(), doi[:100])
    except http.Refused as error:
        if error.status in {404, 410}:
            return None
        raise


def _ask(
    client: httpx.Client,
    heard: LastAnswer,
    name: str,
    path: str,
    query: Mapping[str, str],
    for_what: str,
) -> Mapping[str, Any]:
    """The message of an answer. Raises `FetchFailed`, with what Crossref says is wrong."""
    try:
        return politeness.ask(
            DOOR,
            client,
            name,
            f"{settings.CROSSREF_URL}{path}",
            query,
            _message,
            for_what=for_what,
            most_bytes=MOST_BYTES,
        )
    except http.Refused as error:
        if heard.said and path == "/works":
            raise http.Refused(f"{name} refuses: {heard.said}", error.status) from error
        raise


def _message(body: bytes) -> Mapping[str, Any]:
    """The message in an answer. Raises `TryAgain` for what is none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        kind = "a web page" if http.is_web_page(body) else "broken JSON"
        raise http.TryAgain(f"answers with {kind} instead of works") from None
    message = data.get("message") if isinstance(data, dict) else None
    if not isinstance(message, dict):
        raise http.TryAgain("answers with JSON without works")
    return message


def _key(work: Any) -> str:
    doi = work.get("DOI") if isinstance(work, dict) else None
    return doi.lower() if isinstance(doi, str) else repr(work)[:500]
