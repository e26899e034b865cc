"""What a search found, as a page shows it: entries with the words marked, and why each is there."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from papers.models import Paper
from papers.pages import entries
from papers.search import Found
from papers.search.highlights import Highlighter


def entries_of(
    found: Found, papers: Sequence[int], text: str, now: dt.datetime
) -> list[entries.Entry]:
    """The `papers` among those `found` by `text`, in their order. Three queries."""
    chosen = Paper.objects.in_order(papers)
    fields = ("identifier", "title", "abstract", "summary", "authors", "organization")
    texts = {paper.pk: paper for paper in chosen.only(*fields)}
    marker = Highlighter(text)
    return [
        replace(
            entry,
            title=marker.marked(entry.title),
            byline=marker.marked(entry.byline),
            organization=marker.marked(entry.organization),
            abstract=marker.marked(entry.abstract),
            rest=marker.marked(entry.rest),
            why=marker.reason(
                texts[entry.paper_id],
                found.kinds[entry.paper_id],
                seen=f"{entry.title} {entry.byline} {entry.organization} {entry.abstract}",
            ),
        )
        for entry in entries.entries_of(chosen, now, most=len(papers))
        if entry.paper_id in texts
    ]
