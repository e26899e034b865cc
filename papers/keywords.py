"""An editor's keywords in a paper: which are there, and how much they say.

The finding itself is in `papers.phrases`; here the keywords are known by their topics, told apart
where one contains another, and weighed by how rare they are among recent papers.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from papers.phrases import PhraseTable, contains
from papers.semantics import Floats

IN_TITLE = 1.0
"""What a keyword in the title counts for; its mentions in the abstract never reach as much."""

HALF_SATURATION = 2.0
"""Mentions in the abstract at which a keyword counts half of what it can count there."""

USUAL_RARITY = 3.0
"""ln(papers / papers with the keyword) at which a keyword weighs 1: one paper in twenty has it."""

UNKNOWN_STATISTICS = (0.1, 0.4)
"""Mean and deviation of a topic's keyword score as long as there is no background to ask."""

SMALLEST_DEVIATION = 0.2
"""The deviation of a topic that the background hardly has is not let run towards zero."""


@dataclass(frozen=True, slots=True)
class Found:
    """A keyword of a topic found in a paper: how often in its title and in its abstract."""

    number: int
    """Position among the finder's keywords."""
    keyword: str
    """As the editor wrote it."""
    stems: tuple[str, ...]
    title: int
    abstract: int


Hits = Mapping[int, Sequence[Found]]
"""What was found in one paper: keywords by the position of their topic."""


class KeywordFinder:
    """The keywords of many topics, compiled once."""

    def __init__(self, keywords: Iterable[Sequence[str]]) -> None:
        """Compile the ``keywords`` of each topic; topics are known by their position."""
        self._topics: list[int] = []
        self._keywords: list[str] = []
        self._size = 0
        for at, phrases in enumerate(keywords):
            self._size = at + 1
            self._topics += [at] * len(phrases)
            self._keywords += phrases
        self._table = PhraseTable(self._keywords)

    def find(self, texts: Iterable[tuple[str, str]]) -> list[Hits]:
        """Return what is found in each (title, abstract)."""
        return [self._find(title, abstract) for title, abstract in texts]

    def weights(self, background: Sequence[Hits]) -> Floats:
        """Return how much each keyword says, from how many ``background`` papers have it.

        1 for one paper in twenty, 0 for all of them, 1.6 for none in two thousand: the square root
        of the inverse document frequency, because an editor's choice already vouches for a word.
        """
        having = np.zeros(len(self._keywords), dtype=np.float32)
        for hits in background:
            for found in hits.values():
                for hit in found:
                    having[hit.number] += 1
        rarity = np.log((len(background) + 1) / (having + 1))
        weights: Floats = np.sqrt(rarity / USUAL_RARITY).astype(np.float32)
        return weights

    def scores(self, hits: Sequence[Hits], weights: Floats | None = None) -> Floats:
        """Return the keyword score of every paper for every topic, [papers, topics]."""
        scores = np.zeros((len(hits), self._size), dtype=np.float32)
        for row, by_topic in enumerate(hits):
            for at, found in by_topic.items():
                scores[row, at] = keyword_score(found, weights)
        return scores

    def z_scores(self, hits: Sequence[Hits], background: Sequence[Hits]) -> Floats:
        """Return the keyword scores of ``hits`` as z-scores against those of ``background``.

        Without a background (an empty sequence) usual values stand in for its mean and deviation.
        """
        if not background:
            mean, deviation = UNKNOWN_STATISTICS
            return (self.scores(hits) - np.float32(mean)) / np.float32(deviation)
        weights = self.weights(background)
        usual = self.scores(background, weights)
        spread = np.maximum(usual.std(axis=0), SMALLEST_DEVIATION)
        z: Floats = (self.scores(hits, weights) - usual.mean(axis=0)) / spread
        return z

    def _find(self, title: str, abstract: str) -> Hits:
        in_title = {hit.keyword: hit.count for hit in self._table.find(title)}
        in_abstract = {hit.keyword: hit.count for hit in self._table.find(abstract)}
        by_topic: dict[int, list[Found]] = {}
        for number in {**in_title, **in_abstract}:
            found = Found(
                number,
                self._keywords[number],
                self._table.stems[number],
                in_title.get(number, 0),
                in_abstract.get(number, 0),
            )
            by_topic.setdefault(self._topics[number], []).append(found)
        return by_topic


def keyword_score(found: Sequence[Found], weights: Floats | None = None) -> float:
    """Return what the keywords found say for a topic: 0 for none, more for each.

    Each adds its weight (1 without ``weights``) times `IN_TITLE` where the title has it, plus
    m / (m + `HALF_SATURATION`) for its m mentions in the abstract.
    """
    return math.fsum(
        (1.0 if weights is None else float(weights[hit.number]))
        * (IN_TITLE * min(hit.title, 1) + hit.abstract / (hit.abstract + HALF_SATURATION))
        for hit in distinct(found)
    )


def distinct(found: Iterable[Found]) -> list[Found]:
    """Return the keywords that are different reasons.

    "language model" says nothing more where "large language model" was found, and two spellings
    of one keyword are one.
    """
    unique = list({hit.stems: hit for hit in found}.values())
    if len(unique) == 1:
        return unique
    return [hit for hit in unique if not any(contains(other.stems, hit.stems) for other in unique)]
