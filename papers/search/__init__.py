"""Finding papers by what a reader types: exact phrases first, then all words, then meaning.

The database's full text (`papers.search.index`) finds words, in any inflection and with or without
diacritics; the semantic model (`papers.semantics.current`) finds what is close in meaning. The two
cannot be compared by score, so they are joined by rank: reciprocal rank fusion (Cormack, Clarke and
Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
SIGIR 2009). Without a model the full text alone decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from papers.models import Paper, PaperQuerySet
from papers.search import index
from papers.search.hits import Kind
from papers.search.query import cleaned, folded, parse
from papers.semantics import current

__all__ = ["MOST", "Kind", "SearchResult", "cleaned", "find", "fused", "search"]

MOST = 200
"""Papers that a search finds, at most."""

RRF_K = 60
"""The constant of reciprocal rank fusion, as its authors chose it."""

CLOSE = 0.45
"""Cosine from which a paper counts as close in meaning to a query."""

CLOSEST = 100
"""Papers that are looked at for their meaning, the nearest ones."""

ENOUGH = 20
"""Papers that hold all words from which on none is shown that does not."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, the best first."""

    papers: tuple[int, ...]
    """Ids, at most `MOST`."""
    kinds: dict[int, Kind]
    """How each of them was found."""
    is_capped: bool
    """Whether there may be more."""


def search(text: str) -> PaperQuerySet:
    """The papers that `find` finds, in its order. None for a text without words. Never raises."""
    return Paper.objects.in_order(find(text).papers)


def find(text: str) -> SearchResult:
    """The shown papers that hold the words of `text`, or are close to it in meaning, best first.

    Exact phrases come first, then papers with all words in the title, then those with all words
    anywhere, then those with all words but one or with a similar meaning. Within each, titles with
    the very words typed come before those with another inflection, and then words and meaning
    both count. Never raises.
    """
    text = cleaned(text)
    query = parse(text)
    hits = index.lookup(query, ENOUGH)
    close = _close_to(text)
    ids = {hit.paper_id for hit in hits}.union(close)
    titles = dict(Paper.objects.shown().filter(pk__in=ids).values_list("pk", "title"))
    kinds = {hit.paper_id: hit.kind for hit in hits}
    scores = fused(
        [hit.paper_id for hit in sorted(hits, key=lambda hit: (hit.kind, -hit.score))], close
    )
    typed = set(query.words)

    def place(pk: int) -> tuple[int, bool, float, int]:
        tier = min(kinds.get(pk, Kind.MEANING), Kind.SOME)
        return tier, not typed <= set(folded(titles[pk]).split()), -scores[pk], -pk

    papers = sorted(titles, key=place)
    return SearchResult(
        tuple(papers[:MOST]),
        {pk: kinds.get(pk, Kind.MEANING) for pk in papers[:MOST]},
        len(papers) > MOST,
    )


def fused(*rankings: Iterable[int]) -> dict[int, float]:
    """Reciprocal rank fusion: for each id the sum of 1 / (k + its rank) over the `rankings`."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, pk in enumerate(ranking, start=1):
            scores[pk] = scores.get(pk, 0.0) + 1 / (RRF_K + rank)
    return scores


def _close_to(text: str) -> list[int]:
    """The ids of papers close in meaning to `text`, the nearest first; none without a model."""
    using = current.in_use()
    if using is None or not text:
        return []
    nearest = current.nearest(using.model.embed([text])[0], CLOSEST, using=using)
    return [pk for pk, cosine in nearest if cosine >= CLOSE]
