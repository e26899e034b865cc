"""The papers to read next: those closest to one in meaning.

Without a model, or for a paper of which the model knows no word, those that share its title's
rarest words take their place.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from papers import citations, meaning
from papers.models import Paper
from papers.search import index
from papers.words import content_stems

MOST = 6
"""Related papers of one paper."""

CLOSE = 0.5
"""Cosine below which a paper is not called related; papers drawn at random come to 0.1."""

ALIKE = 0.8
"""Share of words that two titles have in common from which on they are taken for one paper, such
as a second version under another number."""

SPARE = 24
"""Papers that are looked at: some are hidden, some near-identical to others."""


@dataclass(frozen=True, slots=True)
class Related:
    """A related paper, as a page shows it."""

    title: str
    url: str
    byline: str


def related_to(paper: Paper) -> list[Related]:
    """Up to `MOST` shown papers related to `paper`, the closest first, no title twice.

    Three queries at most, and one more with an encoder.
    """
    return [
        Related(each.title, each.get_absolute_url(), citations.byline(each.authors))
        for each in _distinct(paper, _by_meaning(paper) or _by_words(paper))
    ]


def _by_meaning(paper: Paper) -> list[Paper]:
    """Papers close in meaning, the closest first."""
    using = meaning.in_use()
    if using is None:
        return []
    vector = meaning.vector_of(paper, using)
    near = meaning.nearest(vector, SPARE, leave_out=(paper.pk,), using=using)
    return _fetched([pk for pk, cosine in near if cosine >= CLOSE])


def _by_words(paper: Paper) -> list[Paper]:
    """Papers that share two words of the title at least, those with the rarest ones first.

    How rare a word is (its inverse document frequency) is measured among the papers found.
    """
    words = set(content_stems(paper.title))
    found = _fetched([pk for pk in index.alike(paper.title) if pk != paper.pk])
    shared = {each.pk: words & set(content_stems(each.title)) for each in found}
    holding = Counter(word for held in shared.values() for word in held)
    weight = {word: math.log(1 + len(found) / count) for word, count in holding.items()}
    return sorted(found, key=lambda each: -sum(weight[word] for word in shared[each.pk]))


def _fetched(ids: Sequence[int]) -> list[Paper]:
    if not ids:
        return []
    fields = ("identifier", "title", "authors")
    return list(Paper.objects.shown().in_order(ids).only(*fields))


def _distinct(paper: Paper, papers: Sequence[Paper]) -> list[Paper]:
    """The first `MOST` of `papers` whose titles are not nearly that of another, or of `paper`."""
    taken = [frozenset(content_stems(paper.title))]
    kept: list[Paper] = []
    for each in papers:
        words = frozenset(content_stems(each.title))
        if any(len(words & other) >= ALIKE * len(words | other) for other in taken):
            continue
        taken.append(words)
        kept.append(each)
        if len(kept) == MOST:
            break
    return kept
