"""What a search found, as a page shows it: entries, and why each is there."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from papers.cards import Card
from papers.models import Paper
from papers.pages import entries
from papers.search import SearchResult
from papers.search.highlights import Highlighter


def entries_of(
    found: SearchResult, papers: Sequence[int], highlighter: Highlighter, now: dt.datetime
) -> list[Card]:
    """The `papers` among those `found`, in their order. Three queries."""
    chosen = Paper.objects.in_order(papers)
    fields = ("identifier", "title", "abstract", "abstract_share", "summary", "authors")
    texts_of = ("organization", *fields)
    texts = {paper.pk: paper for paper in chosen.only(*texts_of)}
    return [
        replace(
            card,
            why=highlighter.reason(
                texts[card.paper_id],
                found.kinds[card.paper_id],
                seen=f"{card.title} {card.byline} {card.organization} {card.excerpt}",
            ),
        )
        for card in entries.entries_of(chosen, now, most=len(papers))
        if card.paper_id in texts
    ]
