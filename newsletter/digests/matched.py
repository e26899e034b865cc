"""What interests match among the papers of some days, best first.

A batch's readers follow hundreds of different interests, most of which match a few papers. Putting
each of them in order by itself takes Python longer than all comparisons: they are put in order
together, once for each list of papers that the batch's digests draw on.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

PER_SCORE = 1_000_000
"""Scores are compared to this part of one."""


class Ranking(dict[int, int]):
    """How the works of a list stand: by work its position, the most trending 0."""

    def __init__(self, works: Iterable[int]) -> None:
        super().__init__((work, at) for at, work in enumerate(works))
        works_there = np.fromiter(self, np.int64, len(self))
        self._position = np.argsort(works_there)
        self._sorted = works_there[self._position]

    def positions(self, works: Numbers) -> Numbers:
        """The position of each, -1 for one that doesn't stand there."""
        if not len(self):
            return np.full(len(works), -1)
        found = np.searchsorted(self._sorted, works)
        found[found == len(self)] = 0
        return np.where(self._sorted[found] == works, self._position[found], -1)


class Batch:
    """The matches of many interests, each under a number of its own: 0 and up."""

    def __init__(
        self, works: Numbers, scores: Numbers, sizes: Sequence[int], *, may_repeat: bool = False
    ) -> None:
        """`works` and their `scores` (in parts of one, see `PER_SCORE`) of all interests one after
        the other, as many of each as `sizes` says. `may_repeat`: an interest may have a work twice.
        """
        self._works = works
        self._scores = scores
        self._group = np.repeat(np.arange(len(sizes)), sizes)
        self._count = len(sizes)
        self._may_repeat = may_repeat
        self._ranked: list[tuple[Ranking, list[list[int]]]] = []

    @classmethod
    def read(
        cls, works: Sequence[str], scores: Sequence[str], aliases: Mapping[int, int]
    ) -> "Batch":
        """From numbers with commas between them, a text for each interest. `aliases`: by a paper's
        id, that of the one that stands for its work, where it is another one.
        """
        found = _numbers(works)
        if aliases:
            found = np.array([aliases.get(one, one) for one in found.tolist()], np.int64)
        sizes = [text.count(",") + 1 for text in works]
        return cls(found, _numbers(scores), sizes, may_repeat=bool(aliases))

    def with_both(self, one: int, other: int) -> "Matched":
        """The matches of these two together."""
        mine = (self._group == one) | (self._group == other)
        sizes = [int(mine.sum())]
        return Matched(Batch(self._works[mine], self._scores[mine], sizes, may_repeat=True), 0)

    def works_of(self, number: int) -> list[int]:
        """All works that an interest matches, whether they stand anywhere or not."""
        found: list[int] = self._works[self._group == number].tolist()
        return found

    def ranked(self, ranking: Ranking) -> list[list[int]]:
        """By interest the works that stand there, best first: by score, then how they stand. Each
        once, by its best score, if several papers of a work match.
        """
        for known, ranked in self._ranked:
            if known is ranking:
                return ranked
        positions = ranking.positions(self._works)
        order = np.lexsort((positions, -self._scores, self._group))
        order = order[positions[order] >= 0]
        works = self._works[order].tolist()
        ends = np.cumsum(np.bincount(self._group[order], minlength=self._count)).tolist()
        ranked = [works[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        if self._may_repeat:
            ranked = [list(dict.fromkeys(mine)) for mine in ranked]
        self._ranked.append((ranking, ranked))
        return ranked


def _numbers(texts: Sequence[str]) -> Numbers:
    return np.fromstring(",".join(texts), np.int64, sep=",")


class Matched:
    """What one interest matches, as one of a batch."""

    __slots__ = ("_batch", "_number")

    def __init__(self, batch: Batch, number: int) -> None:
        self._batch = batch
        self._number = number

    @classmethod
    def of(cls, scores: Mapping[int, float]) -> "Matched":
        """By work how well it matches."""
        found = np.array([round(score * PER_SCORE) for score in scores.values()], np.int64)
        return cls(Batch(np.array(list(scores), np.int64), found, [len(scores)]), 0)

    def ranked(self, ranking: Ranking) -> list[int]:
        """The works that stand there, best first. Not to be changed."""
        return self._batch.ranked(ranking)[self._number]


NOTHING_MATCHED = Matched.of({})
