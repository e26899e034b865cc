"""Europe PMC by query: https://europepmc.org/RestfulWebService.

`GET /search?query=…&format=json&resultType=core&pageSize=500&cursorMark=*` answers with a page of
records and the mark of the next one; the last page gives the mark that was asked for, or none.
A record is a paper of PubMed (`source` MED), of PubMed Central (PMC), a preprint (PPR) or another;
abstracts hold HTML, and titles of PubMed end with a period.

A paper may come into Europe PMC weeks after it was published. So a day is asked for by the first
date of publication and by the date on which the record was made, with the days before it; what was
published more than half a year before or after is not new. A retraction and a correction are
records of their own, and no papers; what they are about is marked by them.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

from papers.sources import http, polite
from papers.sources.base import FetchFailed, LeftOut, PaperSource
from papers.sources.loose import as_dict, as_list
from papers.sources.record import (
    HAS_PREPRINT,
    IS_COMMENT_ON,
    IS_CORRECTION_OF,
    IS_PREPRINT_OF,
    IS_RETRACTED_BY,
    IS_RETRACTION_OF,
    LISTED,
    NEW_TO_SOURCE,
    NOT_LISTED,
    Affiliation,
    Author,
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

DOOR = polite.Door("Europe PMC", "papers.europepmc", least=60, longest=3600, pause=0.5)

WINDOW = 180
"""Days between the first publication and the day within which a paper is new."""

PAGE = 500

MOST_PAGES = 40

RELATIONS = {
    "preprint of": IS_PREPRINT_OF,
    "preprint in": HAS_PREPRINT,
    "retraction of": IS_RETRACTION_OF,
    "retraction in": IS_RETRACTED_BY,
    "partial retraction of": IS_CORRECTION_OF,
    "erratum for": IS_CORRECTION_OF,
    "corrected and republished from": IS_CORRECTION_OF,
    "expression of concern for": IS_CORRECTION_OF,
    "comment on": IS_COMMENT_ON,
}

NOTICES = {
    "retraction of publication": "retraction",
    "retraction": "retraction",
    "published erratum": "correction",
    "correction": "correction",
    "expression of concern": "correction",
}
"""Types of publication that are about another one."""

NO_PAPERS = frozenset(
    {"news", "newspaper article", "biography", "obituary", "editorial", "comment", "letter"}
)

_DOI = re.compile(r"^10\.\d{4,9}/\S+$")
_ADDRESS = re.compile(r"(?:electronic address:\s*)?\S+@\S+", re.IGNORECASE)
_INITIALS = re.compile(r"^[^\W\d_]{1,5}$")


@dataclass(frozen=True, slots=True)
class EuropePmcSettings(SourceSettings):
    """Which papers."""

    query: str = setting(
        "",
        'A query in the language of Europe PMC, such as TITLE_ABS:"gut microbiome", '
        'JOURNAL:"eLife" or SRC:PPR for preprints; the days are added to it.',
        is_required=True,
    )
    every_minutes: int = setting(
        240,
        "Minutes between two fetches.",
        label="Fetched every",
        least=0,
        most=24 * 60,
    )


@dataclass(frozen=True, slots=True)
class Result:
    """One record, and the day that is listed."""

    data: Any
    day: dt.date


class EuropePmc(PaperSource[EuropePmcSettings]):
    """Searches Europe PMC at `EUROPEPMC_URL`."""

    kind = "europepmc"
    label = "Europe PMC query"
    Settings = EuropePmcSettings

    def items(self, day: dt.date) -> Iterable[Result]:
        """The records of `day` and of the days before it that may have grown, or were never asked
        for. A day that is yet to come stands for the days until now; one of the past for itself.
        """
        last = min(day, self.now.astimezone(dt.UTC).date())
        is_past = last < self.now.astimezone(dt.UTC).date()
        first = last if is_past else last - dt.timedelta(days=DAYS - 1)
        asked = _day(self.state.get("asked_until"))
        if asked and not is_past:  # the day before it has not been asked for on three days yet
            oldest = last - dt.timedelta(days=LONGEST_GAP)
            first = min(first, max(asked - dt.timedelta(days=DAYS - 2), oldest))
        with http.client("application/json") as client:
            found = [Result(one, day) for one in self._search(client, first, last)]
        if not is_past:
            self.state["asked_until"] = last.isoformat()
        found.sort(key=lambda one: self._listing(one.data, day) != LISTED)
        return found

    def _search(self, client: httpx.Client, first: dt.date, last: dt.date) -> Iterator[Any]:
        """The records of all pages."""
        dates = f"[{first} TO {last}]"
        query = {
            "query": f"({self.settings.query}) AND (FIRST_PDATE:{dates} OR CREATION_DATE:{dates})",
            "format": "json",
            "resultType": "core",
            "pageSize": str(PAGE),
        }
        mark = "*"
        marks = {mark}
        given = 0
        for _ in range(MOST_PAGES):
            hits, next_mark, results = polite.ask(
                DOOR,
                client,
                self.name,
                f"{str(settings.EUROPEPMC_URL).rstrip('/')}/search",
                query | {"cursorMark": mark},
                read,
                for_what=f"{first} to {last}, from record {given}",
            )
            yield from results
            given += len(results)
            if not results or not next_mark or next_mark in marks:
                if given < hits:
                    self.notes.append(f"{self.name} has {hits:,} records, but returned {given:,}.")
                return
            marks.add(next_mark)
            mark = next_mark
        self.notes.append(
            f"{self.name} has more than the {given:,} records of {first} to {last} that were "
            "read. Use a narrower query to list all of them."
        )

    def draft(self, item: Result) -> Draft:
        """The facts of a record. Raises `LeftOut` for what is no new paper, `BadRecord`."""
        data = item.data
        if not isinstance(data, dict):
            raise BadRecord("it isn't a record")
        types = _types(data)
        notice = next((NOTICES[one] for one in types if one in NOTICES), "")
        if not notice and types & NO_PAPERS:
            raise LeftOut("news, letters and the like")
        published = _published(data)
        if published and abs((published - item.day).days) > WINDOW and not notice:
            raise LeftOut(f"published more than {WINDOW} days before or after")
        names = _names(data)
        if not names:
            raise BadRecord("it has no DOI, PubMed ID or Europe PMC ID")
        is_preprint = data.get("source") == "PPR" or "preprint" in types
        is_retracted = "retracted publication" in types
        is_withdrawn = any("withdraw" in one for one in types)
        listing = self._listing(data, item.day)
        if notice or is_retracted or is_withdrawn:
            listing = NOT_LISTED
        title = markup.plain(data.get("title"))
        journal = as_dict(as_dict(data.get("journalInfo")).get("journal"))
        return Draft(
            id=names[0],
            names=names[1:],
            title=title.removesuffix(".") if not title.endswith("..") else title,
            abstract=markup.plain(data.get("abstractText")),
            authors=_authors(data),
            keywords=as_dict(data.get("keywordList")).get("keyword"),
            published_on=published.isoformat() if published else None,
            relations=_relations(data),
            version=_number(data.get("versionNumber")),
            kind=notice or ("preprint" if is_preprint else "article"),
            venue=journal.get("title") or as_dict(data.get("bookOrReportDetails")).get("publisher"),
            issns=tuple(
                dict.fromkeys(one for one in (journal.get("issn"), journal.get("essn")) if one)
            ),
            categories=[
                f"issn:{one}"
                for one in dict.fromkeys((journal.get("essn"), journal.get("issn")))
                if isinstance(one, str)
            ],
            license=data.get("license"),
            free_url=_free(data),
            status="retracted" if is_retracted else "withdrawn" if is_withdrawn else "",
            source_day=published,
            listing=listing,
        )

    @staticmethod
    def _listing(data: Any, day: dt.date) -> str:
        published = _published(data) if isinstance(data, dict) else None
        return LISTED if published == day else NEW_TO_SOURCE


def read(body: bytes) -> tuple[int, str, list[Any]]:
    """How many records there are, the mark of the next page, and the records of a page.

    Raises `TryAgain`, and `FetchFailed` for a query that the service does not take.
    """
    data = http.json_object(body)
    results = as_dict(data.get("resultList")).get("result")
    if not isinstance(results, list):
        said = str(data.get("errMsg") or data.get("message") or "")[:200]
        if said:
            raise FetchFailed(f"Europe PMC rejects the query: {said}")
        raise http.TryAgain("answers without a list of results")
    mark = data.get("nextCursorMark")
    return _number(data.get("hitCount")) or 0, mark if isinstance(mark, str) else "", results


def _names(data: dict[str, Any]) -> tuple[str, ...]:
    """The identifiers of a record, the DOI first."""
    found = []
    doi = data.get("doi")
    if isinstance(doi, str) and _DOI.match(doi.strip()):
        found.append(f"doi:{doi.strip().lower()}")
    pmid = data.get("pmid") or (data.get("id") if data.get("source") == "MED" else None)
    if isinstance(pmid, str) and pmid.isdigit():
        found.append(f"pubmed:{pmid}")
    pmcid = data.get("pmcid")
    if isinstance(pmcid, str) and re.fullmatch(r"PMC\d+", pmcid):
        found.append(f"pmcid:{pmcid}")
    number = data.get("id")
    if isinstance(number, str) and re.fullmatch(r"PPR\d+", number):
        found.append(f"europepmc:{number}")
    return tuple(found)


def _authors(data: dict[str, Any]) -> tuple[Author, ...]:
    found = []
    for one in as_list(as_dict(data.get("authorList")).get("author")):
        if not isinstance(one, dict):
            continue
        group = one.get("collectiveName")
        family, given = _text(one.get("lastName")), _text(one.get("firstName"))
        name = _text(group) or f"{given} {family}".strip() or _text(one.get("fullName"))
        if not name:
            continue
        known_as = as_dict(one.get("authorId"))
        places = as_list(as_dict(one.get("authorAffiliationDetailsList")).get("authorAffiliation"))
        found.append(
            Author(
                name=name,
                family="" if group else family,
                given="" if group else given,
                orcid=_text(known_as.get("value")) if known_as.get("type") == "ORCID" else "",
                affiliations=tuple(
                    Affiliation(name=place) for place in map(_place, places) if place
                ),
                is_group=bool(group),
            )
        )
    return tuple(found) or _from_string(data.get("authorString"))


def _from_string(text: Any) -> tuple[Author, ...]:
    """The authors in "Liu Q, van der Berg A."."""
    found = []
    for part in _text(text).removesuffix(".").split(", "):
        name = part.strip()
        family, _, initials = name.rpartition(" ")
        if family and _INITIALS.match(initials) and initials.isupper():
            found.append(Author(name=name, family=family, given=initials))
        elif name:
            found.append(Author(name=name))
    return tuple(found)


def _place(one: Any) -> str:
    """An affiliation without the email address that may stand at its end."""
    text = _text(one.get("affiliation")) if isinstance(one, dict) else ""
    return _ADDRESS.sub("", text).strip(" .;,")


def _relations(data: dict[str, Any]) -> tuple[Relation, ...]:
    found = []
    for one in as_list(as_dict(data.get("commentCorrectionList")).get("commentCorrection")):
        if not isinstance(one, dict):
            continue
        kind = RELATIONS.get(_text(one.get("type")).lower())
        number = _text(one.get("id"))
        if kind and one.get("source") == "MED" and number.isdigit():
            found.append(Relation(kind, f"pubmed:{number}"))
    return tuple(found)


def _free(data: dict[str, Any]) -> str:
    """Where it can be read free of charge."""
    links = [
        one
        for one in as_list(as_dict(data.get("fullTextUrlList")).get("fullTextUrl"))
        if isinstance(one, dict) and one.get("availabilityCode") in {"OA", "F"}
    ]
    links.sort(
        key=lambda one: (one.get("site") != "Europe_PMC", one.get("documentStyle") != "html")
    )
    return next((url for one in links if (url := _text(one.get("url")))), "")


def _published(data: dict[str, Any]) -> dt.date | None:
    return _day(data.get("firstPublicationDate")) or _day(data.get("electronicPublicationDate"))


def _types(data: dict[str, Any]) -> set[str]:
    return {
        one.strip().lower()
        for one in as_list(as_dict(data.get("pubTypeList")).get("pubType"))
        if isinstance(one, str)
    }


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _day(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
