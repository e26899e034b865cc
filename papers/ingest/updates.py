"""Rows that look every day for what became of stored papers, made without anybody's doing.

A retraction concerns whoever lists papers, whether or not an editor thinks of it, and without
attention that others give no paper of arXiv's or a journal's list trends. So a site with such
papers gets a row of the kinds below, which the admin shows and edits as any other; one that an
editor made stands for it. `CHECK_RETRACTIONS` and `WATCH_ATTENTION` are off for a site that wants
none: rows made here are then not fetched.
"""

import logging
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction

from papers.models import Paper, PaperName, Source
from papers.sources.registry import AUTOMATIC, switched_off

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row, and which papers it is for."""

    kind: str
    name: str
    beginning: str
    """Of the identifiers of these papers; empty for whatever papers."""


WANTED: Final = (
    Wanted("crossref-updates", "Retractions (Crossref)", "doi:"),
    Wanted("arxiv-updates", "Withdrawals (arXiv)", "arxiv:"),
    Wanted("hackernews", "Points (Hacker News)", ""),
    Wanted("hf-trending", "Trending list (Hugging Face)", "arxiv:"),
)


def make_rows() -> list[Source]:
    """The rows that were missing and are there now. Repeated, or by two at once, it makes each
    once; one that an editor turned off stays so.
    """
    if settings.PAPERS_SOURCE != "live":
        return []
    off = switched_off()
    there = set(Source.objects.filter(kind__in=AUTOMATIC).values_list("kind", flat=True))
    made = []
    for one in WANTED:
        if one.kind in there | off or not _has_papers(one.beginning):
            continue
        try:
            with transaction.atomic():
                row = Source.objects.create(kind=one.kind, slug=AUTOMATIC[one.kind], name=one.name)
        except IntegrityError:  # another machine was faster, or an editor took the name
            continue
        logger.info("a source was added", extra={"source": row.slug})
        made.append(row)
    return made


def _has_papers(beginning: str) -> bool:
    return (
        Paper.objects.filter(identifier__startswith=beginning).exists()
        or PaperName.objects.filter(identifier__startswith=beginning).exists()
    )
