"""An editor's keywords in papers: which are there, and how much they say.

The finding itself is in `papers.text.phrases`; here the keywords are known by their topics, told
apart where one contains another, and weighed by how rare they are among recent papers. What is
found is kept in flat arrays, so that two hundred topics over a day's papers are a few sums.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from papers.semantics.lsa import Floats
from papers.text.inflections import inflectionless
from papers.text.phrases import PhraseTable, contains
from papers.text.tokens import Tokens
from papers.text.words import words

Integers = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

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
class KeywordMatch:
    """A keyword of a topic found in a paper: how often in its title and in its abstract."""

    keyword: str
    """As the editor wrote it."""
    title: int
    abstract: int


@dataclass(frozen=True)
class Findings:
    """All keywords found in some papers. One entry is one keyword in one paper."""

    papers: int
    topics: int
    keywords: Sequence[str]
    stems: Sequence[tuple[str, ...]]  # of each keyword
    row: Integers  # per entry: the paper
    number: Integers  # per entry: the keyword
    topic: Integers  # per entry: the keyword's topic
    title: Integers  # per entry: mentions in the title
    abstract: Integers  # per entry: mentions in the abstract
    covered: Booleans  # per entry: a longer or kindred keyword of the topic is there, too
    covered_in_abstract: Booleans  # the same, within the abstract

    @property
    def titled(self) -> Booleans:
        """Return whether a topic has a keyword in a paper's title, [papers, topics]."""
        return self._sum((self.title > 0).astype(float)) > 0

    @property
    def reasons(self) -> Integers:
        """Return how many different keywords a paper has of a topic, [papers, topics].

        "language model" is no reason of its own where "large language model" was found.
        """
        return self._sum((~self.covered).astype(float)).astype(np.int64)

    @property
    def in_abstract(self) -> Integers:
        """Return how many different keywords the abstract has of a topic, [papers, topics]."""
        there = (self.abstract > 0) & ~self.covered_in_abstract
        return self._sum(there.astype(float)).astype(np.int64)

    def scores(self, weights: Floats | None = None) -> Floats:
        """Return what the keywords say for each topic, [papers, topics]: 0 for none.

        Each different keyword adds its weight (1 without ``weights``) times `IN_TITLE`, where the
        title has it, plus m / (m + `HALF_SATURATION`) for its m mentions in the abstract.
        """
        values: Doubles = self.abstract / (self.abstract + HALF_SATURATION)
        values += IN_TITLE * (self.title > 0)
        if weights is not None:
            values *= weights[self.number]
        values[self.covered] = 0
        return self._sum(values).astype(np.float32)

    def stems_of(self, rows: Integers, topics: Integers) -> list[frozenset[str]]:
        """Return, for each pair, the stems of all keywords of the topic found in the paper."""
        cells = self.row * self.topics + self.topic
        order = np.argsort(cells, kind="stable")
        wanted = rows * self.topics + topics
        starts = np.searchsorted(cells[order], wanted, side="left").tolist()
        ends = np.searchsorted(cells[order], wanted, side="right").tolist()
        numbers = self.number[order].tolist()
        return [
            frozenset(stem for number in numbers[start:end] for stem in self.stems[number])
            for start, end in zip(starts, ends, strict=True)
        ]

    def by_paper(self) -> Iterator[dict[int, list[KeywordMatch]]]:
        """Yield, for each paper in turn, the different keywords found by topic, best first."""
        order = np.lexsort((-self.abstract, -self.title, self.row))
        kept = order[~self.covered[order]]
        ends = np.searchsorted(self.row[kept], np.arange(self.papers + 1))
        topics, numbers = self.topic[kept].tolist(), self.number[kept].tolist()
        titles, abstracts = self.title[kept].tolist(), self.abstract[kept].tolist()
        for row in range(self.papers):
            found: dict[int, list[KeywordMatch]] = {}
            for at in range(ends[row], ends[row + 1]):
                hit = KeywordMatch(self.keywords[numbers[at]], titles[at], abstracts[at])
                found.setdefault(topics[at], []).append(hit)
            yield found

    def _sum(self, values: Doubles) -> Doubles:
        """Add the entries' values up by paper and topic."""
        cells = self.row * self.topics + self.topic
        sums = np.bincount(cells, values, minlength=self.papers * self.topics)
        return sums.astype(np.float64).reshape(self.papers, self.topics)


class KeywordFinder:
    """The keywords of many topics, compiled once."""

    def __init__(self, keywords: Iterable[Sequence[str]]) -> None:
        """Compile the ``keywords`` of each topic; topics are known by their position.

        Spellings of one keyword ("pre-training", "pretraining") are one; the first is what is
        shown. Keywords of one stem ("adapter", "adaptive") are found each by itself, but are one
        reason together.
        """
        topics: list[int] = []
        self._keywords: list[str] = []
        self._size = 0
        for at, phrases in enumerate(keywords):
            self._size = at + 1
            topics += [at] * len(phrases)
            self._keywords += phrases
        self._table = PhraseTable(self._keywords)
        self._topics = np.array(topics, dtype=np.int64)
        self._same: dict[int, int] = {}
        self._longer: dict[int, list[int]] = {}
        self._akin: dict[int, list[int]] = {}
        for at in range(self._size):
            self._relate(np.flatnonzero(self._topics == at).tolist())

    def find(self, texts: Iterable[tuple[str, str]]) -> Findings:
        """Return what is found in each (title, abstract)."""
        return self.find_in(Tokens.of_pairs(texts))

    def find_in(self, texts: Tokens) -> Findings:
        """Return what is found in papers, each of which is two of the ``texts``."""
        papers = texts.texts // 2
        rows, numbers, titles, abstracts = [], [], [], []
        covered, covered_in_abstract = [], []
        for row, (in_title, in_abstract) in self._counts(texts):
            for number in {**in_title, **in_abstract}:
                longer = self._longer.get(number, ())
                rows.append(row)
                numbers.append(number)
                titles.append(in_title.get(number, 0))
                abstracts.append(in_abstract.get(number, 0))
                inside = any(other in in_abstract for other in longer)
                around = inside or any(other in in_title for other in longer)
                for other in self._akin.get(number, ()):
                    if other != number:
                        inside |= _says_more(other, number, in_abstract)
                        around |= _says_more(other, number, in_title, in_abstract)
                covered_in_abstract.append(inside)
                covered.append(around)
        keywords = np.array(numbers, dtype=np.int64)
        return Findings(
            papers=papers,
            topics=self._size,
            keywords=self._keywords,
            stems=self._table.stems,
            row=np.array(rows, dtype=np.int64),
            number=keywords,
            topic=self._topics[keywords],
            title=np.array(titles, dtype=np.int64),
            abstract=np.array(abstracts, dtype=np.int64),
            covered=np.array(covered, dtype=np.bool_),
            covered_in_abstract=np.array(covered_in_abstract, dtype=np.bool_),
        )

    def weights(self, background: Findings) -> Floats:
        """Return how much each keyword says, from how many ``background`` papers have it.

        1 for one paper in twenty, 0 for all of them, 1.6 for none in two thousand: the square root
        of the inverse document frequency, because an editor's choice already vouches for a word.
        """
        having = np.bincount(background.number, minlength=len(self._keywords))
        rarity = np.log((background.papers + 1) / (having + 1))
        weights: Floats = np.sqrt(rarity / USUAL_RARITY).astype(np.float32)
        return weights

    def z_scores(self, findings: Findings, background: Findings) -> Floats:
        """Return the keyword scores of ``findings`` as z-scores against those of ``background``.

        Where the background has no papers, usual values stand in for its mean and deviation.
        """
        if not background.papers:
            mean, deviation = UNKNOWN_STATISTICS
            return (findings.scores() - np.float32(mean)) / np.float32(deviation)
        weights = self.weights(background)
        usual = background.scores(weights)
        spread = np.maximum(usual.std(axis=0), SMALLEST_DEVIATION)
        z: Floats = (findings.scores(weights) - usual.mean(axis=0)) / spread
        return z

    def _counts(self, texts: Tokens) -> Iterator[tuple[int, tuple[dict[int, int], dict[int, int]]]]:
        """Yield the papers that have any keyword, and how often each stands in title and abstract;
        spellings of one keyword as one.
        """
        hits = self._table.find_in(texts)
        last, counts = -1, ({}, {})  # type: tuple[int, tuple[dict[int, int], dict[int, int]]]
        entries = (hits.text.tolist(), hits.keyword.tolist(), hits.count.tolist())
        for text, keyword, count in zip(*entries, strict=True):
            row, part = divmod(text, 2)
            if row != last:
                if last >= 0:
                    yield last, counts
                last, counts = row, ({}, {})
            number = self._same.get(keyword, keyword)
            counts[part][number] = max(count, counts[part].get(number, 0))
        if last >= 0:
            yield last, counts

    def _relate(self, numbers: Sequence[int]) -> None:
        """Note which of one topic's keywords are the same, and which contain which."""
        first: dict[str, int] = {}
        for number in numbers:
            # "pre-training data" and "pretraining data" are one, and so are plurals.
            spaced = " ".join(self._table.bases[number])
            joined = inflectionless("".join(words(self._keywords[number])).lower())
            known = first.get(spaced, first.get(joined, number))
            first.setdefault(spaced, known)
            first.setdefault(joined, known)
            self._same[number] = known
        different = sorted(set(first.values()))
        by_stems: dict[tuple[str, ...], list[int]] = {}
        for number in different:
            by_stems.setdefault(self._table.stems[number], []).append(number)
            parts = self._table.bases[number]
            longer = [at for at in different if contains(self._table.bases[at], parts)]
            if longer:
                self._longer[number] = longer
        for akin in by_stems.values():
            if len(akin) > 1:
                self._akin |= dict.fromkeys(akin, akin)


def _says_more(other: int, number: int, *counts: Mapping[int, int]) -> bool:
    """Whether one keyword is found rather than another, by ``counts`` in order of their weight."""
    theirs = [found.get(other, 0) for found in counts]
    return any(theirs) and (theirs, -other) > ([found.get(number, 0) for found in counts], -number)
