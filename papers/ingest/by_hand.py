"""Papers that editors add by hand: looked up by what names them, or typed whole.

What an editor adds is listed by a source of its own, on an issue day that is open. Its facts take
their place in the order of sources like any others; what is to stand above those is an edit of the
paper.
"""

import datetime as dt

from django.db import transaction

from papers import days
from papers.identifiers import identifier, in_link
from papers.ingest.issue_days import first_open
from papers.ingest.records import store
from papers.models import Paper, Source
from papers.sources import arxiv, crossref
from papers.sources.record import PaperRecord

DAYS_OFFERED = 6
"""Open issue days among which an editor may choose."""


def source() -> Source:
    """The source that stands for what editors add."""
    found, _ = Source.objects.get_or_create(
        kind=Source.BY_HAND, defaults={"slug": "by-hand", "name": "Added by the editors"}
    )
    return found


def open_days(now: dt.datetime) -> list[dt.date]:
    """The next issue days that are open at `now`, the one that is due first."""
    found: list[dt.date] = []
    day = days.listing_day(now)
    with transaction.atomic():
        while len(found) < DAYS_OFFERED:
            day = first_open(day)
            found.append(day)
            day = days.next_weekday(day)
    return found


def named(text: str) -> str:
    """The identifier of the paper that `text` names: in any scheme, by a link to it or, where that
    says nothing, by the link itself. Raises `UnknownIdentifier`.
    """
    if found := in_link(text):
        return found
    link = text.strip()
    return identifier(f"feed:{link}" if link.startswith(("https://", "http://")) else link)


def can_look_up(known_as: str) -> bool:
    """Whether a service may know the paper of this identifier."""
    return known_as.startswith(("arxiv:", "doi:"))


def look_up(known_as: str) -> PaperRecord | None:
    """What arXiv, Crossref or DataCite knows of a paper; None where they know none. Raises
    `FetchFailed`.
    """
    name = known_as.partition(":")[2]
    if known_as.startswith("arxiv:"):
        return arxiv.lookup([name]).get(name)
    return crossref.lookup([name]).get(name)


def add(record: PaperRecord, day: dt.date, now: dt.datetime) -> Paper:
    """List a paper on `day`, or on the next one that is open; the paper that stands for it. Twice
    is once.
    """
    store([record], source(), day, now)
    paper = Paper.objects.select_related("merged_into").get(identifier=record.identifier)
    return paper.merged_into or paper
