"""How well the topics of packs are told apart: what would be sent of labeled papers, and how much
of it is right.

Labels and texts are apart, for the labels are ours and the abstracts are not: `labels.tsv` and
`topics.json` lie in one folder (`tests/data/pack_labels`, whose README says how they were made),
the texts in files of anybody's own. A pair that was left undecided counts neither way.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import binomtest

from papers.evaluation.recordings import RecordingError, read_paper_texts
from papers.matching.scoring import PaperText, TopicSpec, match
from papers.packs import Pack
from papers.semantics.lsa import SemanticModel

HASHED = 300
"""Characters of the abstract that a label's hash covers."""

BATCH = 500


@dataclass(frozen=True, slots=True)
class LabeledTopic:
    """One topic that papers were judged against."""

    pack: str
    is_apart: bool
    """Whether keywords may not be tuned on it."""


@dataclass(frozen=True)
class Labels:
    """Papers with their texts, and which belong to which topic."""

    papers: tuple[PaperText, ...]
    topics: Mapping[str, LabeledTopic]
    right: frozenset[tuple[str, str]]
    """(paper, topic)"""
    undecided: frozenset[tuple[str, str]]
    missing: int
    """Labeled papers without a text."""
    different: int
    """Papers whose text is another than the one that was judged; they are left out, too."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with the interval that holds the true one in 95 of 100 such samples."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """The share; 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval for a binomial share; everything where there is nothing to count."""
        if not self.whole:
            return 0.0, 1.0
        found = binomtest(self.part, self.whole).proportion_ci(method="wilson")
        return float(found.low), float(found.high)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was sent for some topics."""

    precision: Share
    recall: Share


def digest(title: str, abstract: str) -> str:
    """Say in 16 digits which text a label was given for. See the README of the labels."""
    title = " ".join(title.split()).rstrip(".")
    return hashlib.sha256(f"{title}\n{' '.join(abstract.split())[:HASHED]}".encode()).hexdigest()[
        :16
    ]


def read_labels(folder: Path, texts: Iterable[Path]) -> Labels:
    """Read the labels of ``folder`` and their papers' texts; `RecordingError` for a bad file."""
    known: dict[str, list[PaperText]] = {}
    for path in texts:
        for paper in read_paper_texts(path):
            for name in (str(paper.id), f"arxiv:{paper.id}"):
                known.setdefault(name, []).append(paper)
    try:
        said = json.loads((folder / "topics.json").read_text(encoding="utf-8"))
        topics = {
            slug: LabeledTopic(str(one["pack"]), bool(one["kept_apart"]))
            for slug, one in said.items()
        }
        lines = (folder / "labels.tsv").read_text(encoding="utf-8").splitlines()
        rows = list(csv.DictReader(lines, delimiter="\t"))
        papers, missing, different = [], 0, 0
        right: set[tuple[str, str]] = set()
        undecided: set[tuple[str, str]] = set()
        for row in rows:
            name = row["identifier"]
            same = [
                paper
                for paper in known.get(name, ())
                if digest(paper.title, paper.abstract) == row["hash"]
            ]
            if not same:
                missing += name not in known
                different += name in known
                continue
            paper = max(same, key=lambda one: len(one.abstract))
            papers.append(PaperText(name, paper.title, paper.abstract, paper.categories))
            right |= {(name, topic) for topic in row["right"].split(",") if topic}
            undecided |= {(name, topic) for topic in row["undecided"].split(",") if topic}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordingError(f"{folder}: these are no labels: {error}") from error
    return Labels(tuple(papers), topics, frozenset(right), frozenset(undecided), missing, different)


def specs(packs: Iterable[Pack]) -> list[TopicSpec]:
    """Return what matching reads of the topics of ``packs``."""
    return [
        TopicSpec(topic.slug, topic.name, topic.description, topic.keywords, topic.categories)
        for pack in packs
        for topic in pack.topics
    ]


def sent(
    labels: Labels,
    topics: Sequence[TopicSpec],
    model: SemanticModel | None,
    advance: Callable[[int], None] = lambda papers: None,
) -> frozenset[tuple[str, str]]:
    """Return the pairs (paper, topic) that would be sent; what is undecided is left out."""
    pairs = set()
    for start in range(0, len(labels.papers), BATCH):
        batch = labels.papers[start : start + BATCH]
        pairs |= {
            (str(result.paper_id), str(result.topic_id))
            for result in match(batch, topics, model)
            if result.sendable
        }
        advance(len(batch))
    return frozenset(pairs - labels.undecided)


def figures(labels: Labels, pairs: frozenset[tuple[str, str]], topics: frozenset[str]) -> Figures:
    """Count what was sent for ``topics``, and how much of it is right."""
    ours = {pair for pair in pairs if pair[1] in topics}
    right = {pair for pair in labels.right if pair[1] in topics}
    hits = len(ours & right)
    return Figures(Share(hits, len(ours)), Share(hits, len(right)))
