"""Every recorded file of services that know papers: read, or refused in a sentence."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from papers.sources import (
    arxiv,
    arxiv_announcement,
    arxiv_listing,
    arxiv_oai,
    biorxiv,
    crossref,
    crossref_works,
    datacite,
    europepmc,
    feed,
    http,
    openalex,
    openreview,
    semantic_scholar,
    xml,
)
from papers.sources.base import FetchFailed, LeftOut
from papers.sources.record import LISTED, BadRecord, Draft

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
DAY = NOW.date()
REFUSALS = (FetchFailed, http.TryAgain, xml.Unreadable)
MARKUP = re.compile(r"</?[a-z][a-z0-9:]*(?:\s[^<>]*)?>|&(?:amp|lt|gt|nbsp|#\d+);", re.IGNORECASE)

Drafts = Iterator[tuple[Callable[[], Draft], bool]]
"""Each read when called, with whether its record names authors."""


def of_arxiv(body: bytes) -> Drafts:
    listing = arxiv_listing.ArxivListing(
        arxiv_listing.ArxivSettings(categories=("cs.AI",)), "arXiv", now=NOW
    )
    if b"opensearch" in body:  # an answer to a query
        for record in arxiv.read(body):
            yield (
                partial(Draft, id=record.identifier, title=record.title, authors=record.authors),
                True,
            )
        return
    if b"<OAI-PMH" in body:
        found: Any = [
            arxiv_listing._of_record(one, LISTED, DAY) for one in arxiv_oai.read(body).records
        ]
    else:
        found = arxiv_announcement.read(body, NOW).items
    for item in found:
        yield partial(listing.draft, item), b"creator" in body or b"<author" in body


def of_biorxiv(body: bytes) -> Drafts:
    source = biorxiv.Biorxiv(biorxiv.BiorxivSettings(), "bioRxiv", now=NOW)
    for row in biorxiv.read(body)[1]:
        yield partial(source.draft, biorxiv.Row(row, DAY, False)), bool(row.get("authors"))


def of_crossref(body: bytes) -> Drafts:
    message = crossref._message(body)
    for work in message.get("items", [message]):
        yield partial(crossref_works.draft_of, work), bool(work.get("author"))


def of_datacite(body: bytes) -> Drafts:
    data = json.loads(body)
    if isinstance(data.get("attributes"), dict):  # an item of a list
        every = [data["attributes"]]
    elif isinstance(data.get("data"), list):
        every = [one["attributes"] for one in data["data"]]
    else:
        every = [datacite._attributes(body)]
    for one in every:
        yield partial(datacite.draft_of, one), bool(one.get("creators"))


def of_europepmc(body: bytes) -> Drafts:
    source = europepmc.EuropePmc(europepmc.EuropePmcSettings(query="x"), "Europe PMC", now=NOW)
    for one in europepmc.read(body)[2]:
        yield (
            partial(source.draft, europepmc.Result(one, dt.date(2026, 3, 20))),
            bool(one.get("authorString")),
        )


def of_openreview(body: bytes) -> Drafts:
    source = openreview.OpenReview(
        openreview.OpenReviewSettings(venues=("ICLR.cc/2025/Conference",)), "OpenReview", now=NOW
    )
    for one in openreview.read(body)[1]:
        note = openreview.Note(one, "ICLR.cc/2025/Conference", False)
        yield partial(source.draft, note), bool(one["content"].get("authors"))


def of_openalex(body: bytes) -> Drafts:
    work = openalex._work(body)
    for one in work.get("results", [work]):
        yield partial(openalex.draft_of, one), bool(one.get("authorships"))


def of_semantic_scholar(body: bytes) -> Drafts:
    data = json.loads(body)
    every = data if isinstance(data, list) else data.get("data", [data])
    for one in every:
        if isinstance(one, dict):
            yield partial(semantic_scholar.draft_of, one), bool(one.get("authors"))


def of_feeds(body: bytes) -> Drafts:
    found = feed.parsed(body, "", "A feed")
    for entry in found.entries:
        title, doi = feed._title(entry), feed._doi(entry)
        named = bool(entry.get("authors") and entry.authors[0].get("name"))
        yield partial(feed._draft, entry, found.feed, doi, title, "https://example.org/f"), named


SERVICES: dict[str, Callable[[bytes], Drafts]] = {
    "arxiv": of_arxiv,
    "biorxiv": of_biorxiv,
    "crossref": of_crossref,
    "datacite": of_datacite,
    "europepmc": of_europepmc,
    "feeds": of_feeds,
    "openalex": of_openalex,
    "openreview": of_openreview,
    "semantic_scholar": of_semantic_scholar,
}


NAMELESS = {"Eastern questionnaire"}
"""Its record names its author as "(:Unav)", which is DataCite's word for unavailable."""

FEWEST = {"arxiv": 60, "biorxiv": 100, "crossref": 150, "feeds": 900, "semantic_scholar": 100}
"""Papers that the recordings of a service hold at least; of the others, one."""


@pytest.mark.parametrize("service", SERVICES)
def test_every_recording_is_read_or_refused_in_a_sentence(service: str, shared: Path) -> None:
    papers, reasons = 0, []
    for path in sorted((shared / "data/sources" / service).iterdir()):
        if path.name.endswith(".meta"):
            continue
        try:
            drafts = list(SERVICES[service](path.read_bytes()))
        except REFUSALS as error:
            reasons.append(str(error))
            continue
        for make, names_authors in drafts:
            try:
                draft = make()
                if service == "semantic_scholar":  # it is asked by name, and answers in order
                    draft.id = "doi:10.5555/asked"
                record = draft.clean()
            except (LeftOut, BadRecord) as error:
                reasons.append(str(error))
                continue
            papers += 1
            where = f"{path.name}: {record.title}"
            assert not MARKUP.search(record.title), where
            assert all(str(author).strip() for author in record.authors), where
            if names_authors and record.title not in NAMELESS:
                assert record.authors, where
    assert all(reasons)
    assert papers >= FEWEST.get(service, 1)
