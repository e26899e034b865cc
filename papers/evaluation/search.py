"""How well search finds a paper that the reader knows: the known-item test.

A reader remembers three words of a title and types them. For a random sample of the shown papers,
three different content words are drawn from each one's title (no function words and none of the
furniture of abstracts, `papers.text.words.STOP_WORDS`; of at least three characters, not numbers),
in random order, and searched for; what counts is the rank at which that very paper stands. Papers
whose title has fewer than three such words are not drawn.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from papers.models import Paper
from papers.search import find
from papers.text.words import STOP_WORDS, words

WORDS = 3
"""Words of a title that a reader remembers."""

DEPTH = 10
"""Ranks at which a reader still sees the paper."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the papers were found."""

    papers: int
    """Papers searched for."""
    stored: int
    """Papers there are."""
    first: float
    """Share of papers at rank 1."""
    found: float
    """Share of papers at rank 1 to `DEPTH`."""
    mean_reciprocal_rank: float
    """Mean of 1 / rank; 0 for a paper that is not found at all."""
    milliseconds: float
    """Median time of a search."""
    missed: tuple[tuple[str, str], ...]
    """Some that were not found among the first `DEPTH`: the query and the title."""


def evaluate(
    size: int,
    seed: int,
    search: Callable[[str], Sequence[int]] = lambda text: find(text).papers,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Quality:
    """Search for `size` papers, drawn by `seed`, with `search`, which gives ids, the best first.

    Raises ValueError where no paper can be searched for.
    """
    stored = Paper.objects.shown().count()
    ranks: list[int] = []
    times: list[float] = []
    missed: list[tuple[str, str]] = []
    for paper_id, title, query in sample(size, seed):
        started = time.perf_counter()
        found = search(query)
        times.append(1000 * (time.perf_counter() - started))
        rank = found.index(paper_id) + 1 if paper_id in found else 0
        ranks.append(rank)
        if not 1 <= rank <= DEPTH:
            missed.append((query, title))
        progress(len(ranks), size)
    if not ranks:
        raise ValueError("There is no paper whose title has three words to search for.")
    return Quality(
        papers=len(ranks),
        stored=stored,
        first=sum(rank == 1 for rank in ranks) / len(ranks),
        found=sum(1 <= rank <= DEPTH for rank in ranks) / len(ranks),
        mean_reciprocal_rank=sum(1 / rank for rank in ranks if rank) / len(ranks),
        milliseconds=median(times),
        missed=tuple(missed[:20]),
    )


def sample(size: int, seed: int) -> Iterator[tuple[int, str, str]]:
    """Yield ids, titles and queries of at most `size` papers."""
    chance = random.Random(seed)  # noqa: S311
    papers = list(Paper.objects.shown().order_by("identifier").values_list("pk", "title"))
    chance.shuffle(papers)
    drawn = 0
    for paper_id, title in papers:
        usable = sorted({word for word in words(title) if _counts(word)})
        if len(usable) < WORDS or drawn == size:
            continue
        drawn += 1
        yield paper_id, title, " ".join(chance.sample(usable, WORDS))


def _counts(word: str) -> bool:
    return len(word) > 2 and not word[0].isdigit() and word.lower() not in STOP_WORDS
