"""What matching reads of a paper and of a topic."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from papers.categories import canonical
from papers.matching.keywords import Booleans
from papers.semantics.lsa import text_of
from papers.text.tokens import Tokens
from papers.text.words import without_notices, words


@dataclass(frozen=True, slots=True)
class PaperText:
    """What matching reads of a paper."""

    id: int | str
    title: str
    abstract: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What matching reads of a topic. Without keywords the topic's name serves as one."""

    id: int | str
    name: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def phrases(self) -> tuple[str, ...]:
        """Return the keywords to look for: each once, never an empty one."""
        given = tuple(dict.fromkeys(word.strip() for word in self.keywords if words(word)))
        return given or ((self.name.strip(),) if words(self.name) else ())

    @property
    def text(self) -> str:
        """Return all that is said of the topic; the first line, name and keywords, counts twice."""
        return text_of(", ".join((self.name, *self.keywords)), self.description)


def shared_categories(papers: Sequence[PaperText], topics: Sequence[TopicSpec]) -> Booleans:
    """Return which pairs have a category in common, [papers, topics]."""
    numbers: dict[str, list[int]] = {}
    for at, topic in enumerate(topics):
        for category in topic.categories:
            numbers.setdefault(canonical(category), []).append(at)
    shared = np.zeros((len(papers), len(topics)), dtype=np.bool_)
    for row, paper in enumerate(papers):
        for category in paper.categories:
            shared[row, numbers.get(canonical(category), [])] = True
    return shared


def tokens_of(papers: Sequence[PaperText]) -> Tokens:
    """Cut the texts of ``papers``, title and abstract, without notices on where the code is."""
    return Tokens.of_pairs((paper.title, without_notices(paper.abstract)) for paper in papers)
