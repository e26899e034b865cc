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
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings

from papers import days
from papers.sources import datacite, headings, http, licenses
from papers.sources.base import FetchFailed, LeftOut, PaperSource
from papers.sources.last_answer import LastAnswer, contact, wait
from papers.sources.record import (
    HAS_PREPRINT,
    HAS_VERSION,
    IS_COMMENT_ON,
    IS_IDENTICAL_TO,
    IS_PART_OF,
    IS_PREPRINT_OF,
    IS_REVIEW_OF,
    IS_SUPPLEMENT_TO,
    IS_TRANSLATION_OF,
    IS_VERSION_OF,
    NEW_TO_SOURCE,
    NOT_LISTED,
    Affiliation,
    Author,
    BadRecord,
    Draft,
    PaperRecord,
    Relation,
)
from papers.sources.settings import SourceSettings, setting
from papers.text import markup

logger = logging.getLogger(__name__)

NAME = "Crossref"

FIRST_DAYS = 3
"""Days back that a row asks for when it is asked for the first time."""

MOST_DAYS = 30
"""Days back that are made good after a pause."""

OLDEST = dt.timedelta(days=180)
"""How long ago, or how far ahead, a new work was published."""

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

KINDS = {
    "journal-article": "article",
    "proceedings-article": "proceedings",
    "posted-content": "preprint",
    "peer-review": "review",
}
"""What we call types of works; all others are "other"."""

NO_WORKS = frozenset(
    {"component", "dataset", "database", "grant", "journal", "journal-issue", "journal-volume"}
    | {"peer-review", "book-series", "book-set", "report-series", "proceedings-series", "standard"}
)
"""Types that hold no paper which somebody could look up."""

RELATIONS = {
    "is-preprint-of": IS_PREPRINT_OF,
    "has-preprint": HAS_PREPRINT,
    "is-version-of": IS_VERSION_OF,
    "has-version": HAS_VERSION,
    "is-identical-to": IS_IDENTICAL_TO,
    "is-same-as": IS_IDENTICAL_TO,
    "is-manuscript-of": IS_PREPRINT_OF,
    "has-manuscript": HAS_PREPRINT,
    "is-review-of": IS_REVIEW_OF,
    "is-comment-on": IS_COMMENT_ON,
    "is-reply-to": IS_COMMENT_ON,
    "is-supplement-to": IS_SUPPLEMENT_TO,
    "is-translation-of": IS_TRANSLATION_OF,
    "is-part-of": IS_PART_OF,
}

STATUSES = {
    "retraction": "retracted",
    "withdrawal": "withdrawn",
    "removal": "withdrawn",
    "correction": "corrected",
    "corrigendum": "corrected",
    "erratum": "corrected",
    "partial_retraction": "corrected",
}
"""What an update means for the work that it updates; other updates mean nothing to readers."""

WORSE = ("corrected", "withdrawn", "retracted")
"""Of two statuses the later one counts."""

_ISSN = re.compile(r"(\d{4})-?(\d{3}[\dXx])")
_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_PREPRINTS = frozenset({"", "preprint", "working_paper"})


@dataclass(frozen=True, slots=True)
class CrossrefSettings(SourceSettings):
    """Which journals, or which question."""

    issns: tuple[str, ...] = setting(
        (),
        "ISSNs of journals, one a line, such as 1476-4687. A journal's print and electronic ISSN "
        "are the same journal: either will do.",
        label="ISSNs",
        most=100,
    )
    query: str = setting(
        "",
        "Words that works must be about. Together with ISSNs: only of those journals.",
        label="Words",
        most=200,
    )
    types: tuple[str, ...] = setting(
        TYPES,
        "What is listed of all that publishers register.",
        label="Types of works",
        is_required=True,
        choices=CHOICES,
    )
    every_minutes: int = setting(
        180,
        "Pause between two fetches, in minutes. 0: each time that sources are fetched, which is "
        "twice an hour. A day that is over is fetched once more, whatever stands here.",
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
            raise FetchFailed(f"{self.name} has neither an ISSN nor words to ask for.")
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
                    self.notes.append(f"{error} What is missing is asked for at the next fetch.")
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
            raise BadRecord("it is no work")
        if item.get("type") not in self.settings.types or not _is_preprint_or_paper(item):
            raise LeftOut("of another type")
        notices = {doi: status for doi, status, is_notice in _updates_of(item) if is_notice}
        if notices:
            for doi, status in notices.items():
                if status:
                    self._updates[doi] = worse(self._updates.get(doi, ""), status)
            raise LeftOut(headings.NOTICE)
        why = headings.no_paper(markup.plain(_first(item.get("title"))))
        if why:
            raise LeftOut(why)
        created = _created(item)
        if created and created < self._since:
            raise LeftOut("registered before")
        if not _is_recent(item, self._day):
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
                f"It was last asked on {since}; what was registered before {earliest} is not made "
                "good."
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
                raise _BrokeOff(f"{error} {came:,} works came before.") from error
            works = message.get("items")
            works = works if isinstance(works, list) else []
            fresh = [work for work in works if _key(work) not in seen]
            seen.update(map(_key, fresh))
            yield from fresh
            came += len(fresh)
            total = _count(message.get("total-results"))
            size = _count(message.get("items-per-page")) or len(works)
            cursor = message.get("next-cursor")
            self._heed(heard)
            if not fresh or not cursor or (came >= total and len(works) < size):
                break
            wait(heard.pause("x-rate-limit-limit", "x-rate-limit-interval"))
        else:
            self.notes.append(f"It has more than {MOST_PAGES} pages; the rest was not asked for.")
            return
        if came < total:
            raise _BrokeOff(f"{self.name} says that there are {total:,} works, and gave {came:,}.")

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
                self.notes.append(f"{doi} is {status}, but could not be looked up: {error}")
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
        found.setdefault(_text(work.get("DOI")).lower(), draft_of(work))
    return found


def works_of_publisher(numbers: Sequence[str], name: str = NAME) -> dict[str, Draft]:
    """The same by the numbers that publishers call works by, such as Elsevier's PII."""
    wanted = {number.upper() for number in numbers}
    found: dict[str, Draft] = {}
    for work in _filtered("alternative-id", numbers, name):
        for number in map(_text, _list(work.get("alternative-id"))):
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
    return [work for work in _dicts(message.get("items")) if work.get("type") not in NO_WORKS]


def _record(work: Any) -> PaperRecord | None:
    """The record of a work that somebody asked for by name; None where it is no paper."""
    if not isinstance(work, dict) or work.get("type") in NO_WORKS:
        return None
    if any(is_notice for _, _, is_notice in _updates_of(work)):
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


def issn(said: str) -> str:
    """An ISSN as Crossref has it. Raises `FetchFailed` where it is none, by its check digit."""
    found = _ISSN.fullmatch(said.strip())
    if found:
        digits = (found[1] + found[2]).upper()
        values = [10 if sign == "X" else int(sign) for sign in digits]
        if sum(value * (8 - at) for at, value in enumerate(values)) % 11 == 0:
            return f"{digits[:4]}-{digits[4:]}"
    raise FetchFailed(f"{said[:40]!r} is no ISSN, such as 1476-4687; look it up on the journal.")


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
        return http.ask(
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
        raise http.TryAgain("answers with JSON that holds no works")
    return message


# --- A work ----------------------------------------------------------------------------------


def draft_of(work: Mapping[str, Any]) -> Draft:
    """What a work says of itself, as a record that is listed as any other."""
    title, marked = headings.unmarked(_title(work))
    license_id = _license(work)
    doi = _text(work.get("DOI")).strip().lower()
    status = marked
    for update in [*_dicts(work.get("updated-by")), *_updates_in_place(work)]:
        status = worse(status, STATUSES.get(_update_type(update), ""))
    created = _created(work)
    return Draft(
        id=f"doi:{doi}" if doi else None,
        title=title,
        abstract=markup.plain(work.get("abstract")),
        authors=[author for one in _dicts(work.get("author")) if (author := _author(one))],
        organization=_text(work.get("publisher")),
        categories=[*_group(work), *(f"issn:{one}" for one in _issns(work))],
        keywords=[markup.plain(one) for one in _list(work.get("subject"))],
        published_on=_published_on(work),
        relations=list(_relations(work)),
        kind=KINDS.get(_text(work.get("type")), "other"),
        venue=_venue(work),
        issns=_issns(work),
        license=license_id,
        free_url=_page(work, doi) if licenses.is_open(license_id) else "",
        status=status,
        source_day=created,
    )


def worse(one: str, other: str) -> str:
    """The status of two that weighs more."""
    return max(one, other, key=lambda status: WORSE.index(status) if status in WORSE else -1)


def _title(work: Mapping[str, Any]) -> str:
    """The title with its subtitle; of several titles the first, the others are translations."""
    title = markup.plain(_first(work.get("title")))
    subtitle = markup.plain(_first(work.get("subtitle")))
    if title and subtitle and subtitle.casefold() not in title.casefold():
        return f"{title}{' ' if title[-1] in '?!.:' else ': '}{subtitle}"
    return title


def _author(one: Mapping[str, Any]) -> Author | None:
    """A person or a group; None for an entry without a name."""
    family, given, suffix = (
        markup.plain(one.get(key)).strip() for key in ("family", "given", "suffix")
    )
    group = markup.plain(one.get("name")).strip()
    name = " ".join(filter(None, (given, family, suffix))) or group
    if not name:
        return None
    orcid = _ORCID.search(_text(one.get("ORCID")).upper())
    return Author(
        name=name,
        family=family,
        given=given,
        orcid=orcid[0] if orcid else "",
        affiliations=tuple(
            Affiliation(markup.plain(at.get("name")), _ror(at))
            for at in _dicts(one.get("affiliation"))
            if markup.plain(at.get("name"))
        ),
        is_group=not family and not given,
    )


def _ror(affiliation: Mapping[str, Any]) -> str:
    for known in _dicts(affiliation.get("id")):
        if _text(known.get("id-type")).upper() == "ROR":
            return _text(known.get("id"))
    return ""


def _issns(work: Mapping[str, Any]) -> list[str]:
    """The ISSNs of the journal, the electronic one first."""
    typed = {
        _text(one.get("value")): _text(one.get("type")) for one in _dicts(work.get("issn-type"))
    }
    found = []
    for said in [*typed, *map(_text, _list(work.get("ISSN")))]:
        try:
            found.append(issn(said.rpartition("/")[2]))
        except FetchFailed:
            continue
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda one: typed.get(one) != "electronic")


def _group(work: Mapping[str, Any]) -> list[str]:
    """The subject under which a preprint server posted a work, such as `biorxiv:genomics`."""
    server = _text(_first_dict(work.get("institution")).get("name")).strip().lower()
    subject = " ".join(_text(work.get("group-title")).lower().split())
    if work.get("type") == "posted-content" and re.fullmatch(r"[a-z]{3,20}", server) and subject:
        return [f"{server}:{subject}"]
    return []


def _venue(work: Mapping[str, Any]) -> str:
    """The journal or the conference, or the server that posted a preprint."""
    named = markup.plain(_first(work.get("container-title")))
    return named or markup.plain(_first_dict(work.get("institution")).get("name"))


def _license(work: Mapping[str, Any]) -> str:
    """The license of the version of record, or else of another version, once it has begun; an open
    one before any other.
    """
    today = dt.datetime.now(dt.UTC).date()
    found = []
    for one in _dicts(work.get("license")):
        name = licenses.short(one.get("URL"))
        begins = _interval(one.get("start"))
        if name and not (begins and begins[0] > today):
            found.append((not licenses.is_open(name), one.get("content-version") != "vor", name))
    return min(found)[2] if found else ""


def _page(work: Mapping[str, Any], doi: str) -> str:
    """The page of a work whose license is open."""
    resource = work.get("resource")
    primary = resource.get("primary") if isinstance(resource, dict) else None
    address = primary.get("URL") if isinstance(primary, dict) else None
    return _text(address) or f"https://doi.org/{quote(doi, safe='/')}"


def _relations(work: Mapping[str, Any]) -> Iterator[Relation]:
    related = work.get("relation")
    for name, others in related.items() if isinstance(related, dict) else ():
        kind = RELATIONS.get(name)
        for other in _dicts(others) if kind else ():
            scheme, value = _text(other.get("id-type")).lower(), _text(other.get("id")).strip()
            if kind and scheme in {"doi", "arxiv"} and value:
                yield Relation(kind, f"{scheme}:{value}")
    for doi, _, is_notice in _updates_of(work):
        if not is_notice:
            yield Relation(IS_VERSION_OF, f"doi:{doi}")


def _updates_of(work: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Of each work that this one updates: its DOI, its status now, and whether this one is a mere
    notice of it rather than a new version.
    """
    found = []
    own = _text(work.get("DOI")).lower()
    for update in _dicts(work.get("update-to")):
        doi, kind = _text(update.get("DOI")).strip().lower(), _update_type(update)
        if doi and doi != own:
            found.append((doi, STATUSES.get(kind, ""), kind not in {"new_version", "new_edition"}))
    return found


def _updates_in_place(work: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The updates of a work that names itself, as publishers do who replace the text."""
    own = _text(work.get("DOI")).lower()
    return (
        one for one in _dicts(work.get("update-to")) if own and _text(one.get("DOI")).lower() == own
    )


def _update_type(update: Mapping[str, Any]) -> str:
    return re.sub(r"[\s-]+", "_", _text(update.get("type")).strip().lower())


def _is_preprint_or_paper(work: Mapping[str, Any]) -> bool:
    """Preprint servers post letters, reports and theses, too."""
    return work.get("type") != "posted-content" or _text(work.get("subtype")) in _PREPRINTS


# --- Days ------------------------------------------------------------------------------------

_DATES = (
    "published-online",
    "published-print",
    "published-other",
    "posted",
    "published",
    "issued",
)

Interval = tuple[dt.date, dt.date]
"""The first and the last day that a date can mean: a day, a month or a year."""


def _interval(said: Any) -> Interval | None:
    """The days that `{"date-parts": [[2026, 5]]}` can mean; None for what is no date."""
    parts = said.get("date-parts") if isinstance(said, dict) else None
    first = parts[0] if isinstance(parts, list) and parts else None
    if not isinstance(first, list) or not first:
        return None
    try:
        numbers = [int(part) for part in first[:3] if part is not None]
        if len(numbers) == 1:
            return dt.date(numbers[0], 1, 1), dt.date(numbers[0], 12, 31)
        if len(numbers) == 2:
            begins = dt.date(numbers[0], numbers[1], 1)
            ends = (begins + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
            return begins, ends
        day = dt.date(*numbers)
    except (TypeError, ValueError, OverflowError):
        return None
    return day, day


def _earliest(work: Mapping[str, Any]) -> Interval | None:
    """The earliest date of publication, as exactly as it is given anywhere: a year says nothing
    where a day of that year is given, too.
    """
    found = [date for key in _DATES if (date := _interval(work.get(key)))]
    exact = [
        one
        for one in found
        if not any(other != one and one[0] <= other[0] and other[1] <= one[1] for other in found)
    ]
    return min(exact, default=None)


def _published_on(work: Mapping[str, Any]) -> str | None:
    """The day of publication, of a month its first; of a year none."""
    date = _earliest(work)
    if date is None or date[1] - date[0] > dt.timedelta(days=31):
        return None
    return date[0].isoformat()


def _is_recent(work: Mapping[str, Any], day: dt.date) -> bool:
    """Whether a work was published not long before or after a day; yes where nobody says when."""
    date = _earliest(work)
    return date is None or (date[1] >= day - OLDEST and date[0] <= day + OLDEST)


def _created(work: Mapping[str, Any]) -> dt.date | None:
    date = _interval(work.get("created"))
    return date[0] if date else None


# --- Values of any type ----------------------------------------------------------------------


def _key(work: Any) -> str:
    doi = work.get("DOI") if isinstance(work, dict) else None
    return doi.lower() if isinstance(doi, str) else repr(work)[:500]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> Iterable[Mapping[str, Any]]:
    return (one for one in _list(value) if isinstance(one, dict))


def _first(value: Any) -> str:
    """The first text of a list that says anything."""
    if isinstance(value, str):
        return value
    return next((one for one in _list(value) if isinstance(one, str) and one.strip()), "")


def _first_dict(value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    return next(iter(_dicts(value)), {})


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
