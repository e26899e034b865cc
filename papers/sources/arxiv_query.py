"""arXiv's query API, for days that OAI-PMH does not give: what was submitted within some days.

`GET /api/query?search_query=(cat:cs.CL OR cat:cs.LG) AND submittedDate:[202604170000 TO
202604272359]` answers with an Atom feed of papers as they are now, the first versions' submission
in Greenwich time (https://info.arxiv.org/help/api/user-manual.html). Slices hold at most 2,000
papers, 30,000 in all, and a slice may come back empty although the total says that there is more.
Nothing says when a paper was announced.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import httpx
from django.conf import settings
from lxml import etree

from papers.sources import arxiv, arxiv_taxonomy, http, xml
from papers.sources.arxiv_oai import PATIENCE, Harvested
from papers.sources.record import Author
from papers.text.person_names import is_group_name

SLICE = 1_000
"""Papers in one answer."""

MOST_PAPERS = 30_000
"""Of one question; arXiv gives no more."""

MOST_BYTES = 20_000_000
"""Of one answer: a thousand papers take three million."""

_ID = re.compile(r"arxiv\.org/abs/(?P<id>[^\s?#]+?)v(?P<version>\d+)$")
_EASTERN = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Slice:
    """One answer."""

    records: tuple[Harvested, ...]
    size: int
    """Entries, also those that could not be read."""
    total: int
    """How many papers there are for the question."""


def search(
    client: httpx.Client,
    categories: Sequence[str],
    first: dt.datetime,
    last: dt.datetime,
    *,
    notes: list[str],
    now: dt.datetime | None = None,
) -> Iterator[Harvested]:
    """The papers in these archives and categories, cross-lists included, of which the first
    version was submitted from `first` to `last`, the latest first, each once; `notes` takes a
    sentence on what is missing. Raises `FetchFailed`.
    """
    span = " TO ".join(f"{at.astimezone(dt.UTC):%Y%m%d%H%M}" for at in (first, last))
    wanted = " OR ".join(f"cat:{one}" for one in _every(categories))
    query = {
        "search_query": f"({wanted}) AND submittedDate:[{span}]",
        "sortBy": "submittedDate",
        "sortOrder": "descending",
        "max_results": str(SLICE),
    }
    seen: set[str] = set()
    start = total = 0
    while start < MOST_PAPERS:
        page = arxiv.ask(
            client,
            f"{settings.ARXIV_URL}/api/query",
            query | {"start": str(start)},
            partial(_slice, start),
            for_what=f"papers submitted from {first:%Y-%m-%d} on",
            most_bytes=MOST_BYTES,
            attempts=4,
            patience=PATIENCE,
            now=now,
        )
        for record in page.records:
            if record.arxiv_id not in seen:
                seen.add(record.arxiv_id)
                yield record
        start, total = start + page.size, page.total
        if start >= total or not page.size:
            break
    if broken := start - len(seen):
        notes.append(f"{broken} papers of arXiv's query API could not be read or came twice.")
    if start < total:
        notes.append(
            f"arXiv's query API has {total:,} papers submitted from {first:%Y-%m-%d} on and gives "
            f"the latest {start:,}; the others are missing."
        )


def _every(lines: Sequence[str]) -> list[str]:
    """Each category of the chosen archives and categories by its own code, as the query needs."""
    found: list[str] = []
    for line in lines:
        archive = arxiv_taxonomy.archives().get(line)
        found += (line, *archive.categories) if archive else (line,)
    return list(dict.fromkeys(found))


def _slice(start: int, body: bytes) -> Slice:
    """The papers in an answer. Raises `Unreadable` for what is none, and for an empty slice where
    there must be more.
    """
    root = xml.parse(body, "a feed")
    if xml.local(root) != "feed":
        raise xml.Unreadable("answers with XML that isn't a feed")
    entries = list(xml.children(root, "entry"))
    try:
        total = int(xml.said(root, "totalResults"))
    except ValueError:
        raise xml.Unreadable(
            "answers with a feed that does not say how many papers it has"
        ) from None
    if not entries and start < min(total, MOST_PAPERS):
        raise http.TryAgain(f"gives none of {total:,} papers from number {start:,} on")
    return Slice(tuple(filter(None, map(_record, entries))), len(entries), total)


def _record(entry: etree._Element) -> Harvested | None:
    """The paper of an entry; None for an entry without one."""
    named = _ID.search(xml.said(entry, "id"))
    try:
        submitted = dt.datetime.fromisoformat(xml.said(entry, "published"))
    except ValueError:
        return None
    if named is None:
        return None
    submitted = submitted if submitted.tzinfo else submitted.replace(tzinfo=dt.UTC)
    primary = xml.child(entry, "primary_category")
    terms = [] if primary is None else [primary]
    codes = (one.get("term") or "" for one in [*terms, *xml.children(entry, "category")])
    names = (xml.said(author, "name") for author in xml.children(entry, "author"))
    return Harvested(
        arxiv_id=named["id"],
        datestamp=first_possible(submitted),
        versions=int(named["version"]),
        title=xml.said(entry, "title"),
        abstract=xml.said(entry, "summary"),
        authors=tuple(
            Author(name=name, is_group=is_group_name(name)) for name in names if name.strip()
        ),
        # A subject class of another system, such as MSC, stands among the categories.
        categories=tuple(dict.fromkeys(code for code in codes if code and " " not in code)),
        doi=xml.said(entry, "doi"),
        license="",
        comments=xml.said(entry, "comment"),
        submitted=submitted,
    )


def first_possible(submitted: dt.datetime) -> dt.date:
    """The date of the first feed that can list a paper submitted then: what comes until 14:00 US
    Eastern of a weekday is announced at 20:00 and stands in the feed of the next day, unless a
    moderator holds it (https://info.arxiv.org/help/availability.html).
    """
    day = (submitted.astimezone(_EASTERN) + dt.timedelta(hours=10)).date() + dt.timedelta(days=1)
    # What comes on Friday after 14:00, or on a weekend, is announced on Monday evening.
    if day.weekday() == 5:  # of Thursday evening to Friday noon: announced on Sunday
        return day + dt.timedelta(days=2)
    if day.weekday() in {6, 0}:  # until Monday noon
        return day + dt.timedelta(days={6: 2, 0: 1}[day.weekday()])
    return day
