"""arXiv's OAI-PMH service: records by the day on which they last changed.

`GET /oai?verb=ListRecords&metadataPrefix=arXivRaw&from=…&until=…&set=group:archive` answers with up
to 2,500 records and a resumption token (https://info.arxiv.org/help/oa/index.md). A record's
datestamp is a day: that of its announcement, or a later one on which anything about it changed.
Errors come with a status of 200; that there is no record is one of them. A token lives for a day,
and the list ends with an empty token or none. The format arXivRaw has all versions of a paper and
its authors in one string; the format arXiv has the authors' names parted, and of the versions
only whether there is more than one.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from lxml import etree

from papers.sources import arxiv, author_strings, xml
from papers.sources.base import FetchFailed
from papers.sources.record import Affiliation, Author
from papers.text.person_names import is_group_name

_WITHDRAWN = re.compile(
    r"^\W*(?:this|the) (?:paper|article|manuscript|submission|work|preprint) (?:has been|is|was)"
    r"(?: \w+)? withdrawn",
    re.IGNORECASE,
)

MOST_PAGES = 60
"""Answers of one harvest: 150,000 records, more than arXiv changes in a week."""

MOST_RESTARTS = 2
"""How often a harvest whose token is refused begins again where it was."""

PATIENCE = 180.0
"""Seconds to wait for a turn: nobody sits before it."""

WHAT = "an answer of OAI-PMH"


class Refusal(FetchFailed):
    """The service answered with an error; `code` is the protocol's name for it."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"arXiv's OAI-PMH service answers {code or 'an error'}: {words[:200]}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Harvested:
    """One record: a paper as arXiv has it now."""

    arxiv_id: str
    datestamp: dt.date
    """The day on which it was announced or last changed."""
    versions: int
    """How many there are; in the format arXiv, 2 for any number above 1."""
    title: str
    abstract: str
    authors: tuple[Author, ...]
    categories: tuple[str, ...]
    """The primary one first."""
    doi: str
    """Of the published article, as an author typed it."""
    license: str
    comments: str
    submitted: dt.datetime | None = None
    """When the first version came in; None where that is not said to the second."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    records: tuple[Harvested, ...]
    token: str
    """For the next page; empty at the end."""
    broken: int
    """Records that could not be read."""


def harvest(
    client: httpx.Client,
    oai_set: str,
    first: dt.date,
    last: dt.date | None = None,
    *,
    notes: list[str],
    now: dt.datetime | None = None,
) -> Iterator[Harvested]:
    """The records of a set with a datestamp from `first` on, to `last` where it is given, each
    once, page by page; `notes` takes a sentence on those that could not be read. Raises
    `FetchFailed`.
    """
    start = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "from": first.isoformat()}
    if last:
        start["until"] = last.isoformat()
    start["set"] = oai_set
    query = start
    seen: set[str] = set()
    restarts = 0
    latest = first
    for _ in range(MOST_PAGES):
        try:
            page = _page(client, query, f"{oai_set} from {first}", now)
        except Refusal as error:
            if error.code == "noRecordsMatch":
                return
            if error.code == "badResumptionToken" and restarts < MOST_RESTARTS:
                restarts += 1
                query = start | {"from": latest.isoformat()}
                continue
            raise
        if page.broken:
            notes.append(f"{page.broken} records of {oai_set} couldn't be read and were left out.")
        for record in page.records:
            latest = max(latest, record.datestamp)
            if record.arxiv_id not in seen:
                seen.add(record.arxiv_id)
                yield record
        if not page.token:
            return
        query = {"verb": "ListRecords", "resumptionToken": page.token}
    raise FetchFailed(
        f"arXiv's OAI-PMH service has more than {MOST_PAGES} pages for {oai_set} from {first}."
    )


def _page(
    client: httpx.Client, query: Mapping[str, str], for_what: str, now: dt.datetime | None
) -> Page:
    return arxiv.ask(
        client, address(), query, read, for_what=for_what, patience=PATIENCE, attempts=4, now=now
    )


def address() -> str:
    """The base address of the service, from `ARXIV_OAI_URL`."""
    base = str(settings.ARXIV_OAI_URL).rstrip("/")
    return base if urlsplit(base).path else f"{base}/oai"


def read(body: bytes) -> Page:
    """The records in an answer. Raises `Unreadable` for what is no such answer, and `Refusal`."""
    root = xml.parse(body, WHAT)
    if xml.local(root) != "OAI-PMH":
        raise xml.Unreadable(f"answers with XML that isn't {WHAT}")
    error = xml.child(root, "error")
    if error is not None:
        raise Refusal(error.get("code", ""), " ".join((error.text or "").split()))
    listed = xml.child(root, "ListRecords")
    if listed is None:
        listed = xml.child(root, "GetRecord")
    if listed is None:
        raise xml.Unreadable("answers OAI-PMH without a list of records")
    records: list[Harvested] = []
    broken = 0
    for one in xml.children(listed, "record"):
        try:
            record = _record(one)
        except ValueError:
            broken += 1
            continue
        if record:
            records.append(record)
    return Page(tuple(records), xml.said(listed, "resumptionToken"), broken)


def _record(node: etree._Element) -> Harvested | None:
    """A record; None for one that is deleted. Raises `ValueError` for what is none."""
    header = xml.child(node, "header")
    if header is None:
        raise ValueError("no header")
    if header.get("status") == "deleted":
        return None
    metadata = xml.child(node, "metadata")
    raw = xml.child(metadata, "arXivRaw")
    about = raw if raw is not None else xml.child(metadata, "arXiv")
    if about is None:
        raise ValueError("in another format")
    arxiv_id = xml.said(about, "id")
    if not arxiv_id:
        raise ValueError("no identifier")
    return Harvested(
        arxiv_id=arxiv_id,
        datestamp=dt.date.fromisoformat(xml.said(header, "datestamp")[:10]),
        versions=_versions(about),
        title=xml.said(about, "title"),
        abstract=xml.said(about, "abstract"),
        authors=(
            author_strings.arxiv(xml.said(about, "authors")) if raw is not None else _names(about)
        ),
        categories=tuple(xml.said(about, "categories").split()),
        doi=xml.said(about, "doi"),
        license=xml.said(about, "license"),
        comments=xml.said(about, "comments"),
        submitted=_submitted(about),
    )


def _submitted(about: etree._Element) -> dt.datetime | None:
    """When the first version came in; the format arXiv only says on which day."""
    first = next(
        (one for one in xml.children(about, "version") if one.get("version") == "v1"), None
    )
    if first is None:
        return None
    try:
        at = parsedate_to_datetime(xml.said(first, "date"))
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _versions(about: etree._Element) -> int:
    """How many versions there are; the format arXiv only says that there was another one."""
    listed = sum(1 for _ in xml.children(about, "version"))
    return listed or (2 if xml.said(about, "updated") else 1)


def _names(about: etree._Element) -> tuple[Author, ...]:
    """The authors of the format arXiv, which parts their names."""
    found = []
    authors = xml.child(about, "authors")
    for one in xml.children(authors, "author") if authors is not None else ():
        family, given = xml.said(one, "keyname"), xml.said(one, "forenames")
        suffix = xml.said(one, "suffix")
        name = " ".join(filter(None, (given, family, suffix)))
        if not name:
            continue
        is_group = not given and is_group_name(family)
        found.append(
            Author(
                name=name,
                family="" if is_group else family,
                given=given,
                affiliations=tuple(
                    Affiliation(name=" ".join(place.split()))
                    for place in map(xml.text, xml.children(one, "affiliation"))
                    if place.strip()
                ),
                is_group=is_group,
            )
        )
    return tuple(found)


def is_withdrawn(abstract: str, comments: str = "") -> bool:
    """Whether a record says of its paper, in the place of its abstract or in its comment, that it
    was withdrawn.
    """
    return bool(_WITHDRAWN.match(abstract) or _WITHDRAWN.match(comments))
