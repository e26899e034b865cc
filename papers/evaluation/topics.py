"""How good is the choice of papers? Measures, and the comparison of topic matching with judgments.

Everything is a pure function; `manage.py evaluate_topics` reads the files and prints. What the
judgments leave out counts as wrong, so precision is a lower bound: a weekly digest that chose
three papers of fifty will have left out good ones. Compare methods with it, not absolute values.

The trending side is in `papers.evaluation.trending`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import numpy as np

from papers.matching.learning import Learned
from papers.matching.scoring import (
    CLASSIFIER_SHARE,
    ENCODER_SHARE,
    NEARBY_SHARE,
    Scores,
    score,
)
from papers.matching.texts import PaperText, TopicSpec
from papers.semantics.combined import CombinedModel
from papers.semantics.lsa import Floats, SemanticModel, text_of, tfidf
from papers.text.words import words

METHODS = {
    "ours": "the sum of z-scores that ranks in the service",
    "keywords": "its keywords alone",
    "bm25": "its BM25 alone",
    "meaning": "its LSA alone",
    "nearby": "its words' neighbors alone",
    "classifier": "its classifier alone",
    "without-classifier": "the sum without the classifier",
    "without-nearby": "the sum without the words' neighbors",
    "encoder": "the encoder alone",
    "with-encoder": "the sum with the encoder's z-score, as in the service with ENCODER set",
    "lsa-description": "LSA of the topic's name and description, without keywords",
    "tfidf-description": "TF-IDF of the topic's name and description, without keywords",
}
"""The rankings that are compared; those after "keywords" need a model, and some an encoder."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that was there to be chosen in a week."""

    week: str  # ISO date
    paper: PaperText


@dataclass(frozen=True, slots=True)
class Case:
    """One week and topic: how well the week's papers were ranked, and what would be sent."""

    week: str
    topic: str
    candidates: int
    relevant: int
    average_precision: Mapping[str, float]  # by method
    first_is_relevant: bool  # with our method
    sent: int
    sent_relevant: int


@dataclass(frozen=True)
class Summary:
    """Several cases put together. Means are over cases; precision and recall over all papers."""

    cases: int
    mean_average_precision: dict[str, float] = field(default_factory=dict)
    precision_at_1: float = 0.0
    sent: int = 0
    precision: float = 0.0
    recall: float = 0.0
    chance: float = 0.0


def average_precision(ranked: Sequence[bool]) -> float:
    """Return the mean, over the relevant items, of the precision at their rank; 0 if none is."""
    hits = 0
    total = 0.0
    for rank, relevant in enumerate(ranked, start=1):
        if relevant:
            hits += 1
            total += hits / rank
    return total / hits if hits else 0.0


def expected_average_precision(candidates: int, relevant: int) -> float:
    """Return the average precision that a random order reaches in the mean.

    Bestgen, "Exact expected average precision of the random baseline" (2015).
    """
    if not relevant or candidates < 2:
        return float(bool(relevant))
    harmonic = sum(1 / rank for rank in range(1, candidates + 1))
    share = (relevant - 1) / (candidates - 1)
    return harmonic / candidates + share * (1 - harmonic / candidates)


def discounted_gain(gains: Sequence[float], depth: int) -> float:
    """Return the NDCG of ``gains``, best ranked first, down to ``depth``: 1 is the best order.

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002). 0 when
    there is nothing to gain.
    """
    discounts = 1 / np.log2(np.arange(2, depth + 2))

    def cumulated(values: Sequence[float]) -> float:
        top = np.asarray(values[:depth], dtype=float)
        return float(top @ discounts[: len(top)])

    best = cumulated(sorted(gains, reverse=True))
    return cumulated(gains) / best if best else 0.0


def evaluate(
    candidates: Sequence[Candidate],
    topics: Sequence[TopicSpec],
    judgments: Mapping[tuple[str, str], set[str]],
    model: SemanticModel | None,
    progress: Callable[[], object] | None = None,
    learned: Mapping[Any, Learned] | None = None,
) -> list[Case]:
    """Rank each week's candidates for each topic that was judged in that week.

    ``judgments`` maps (week, topic name) to the chosen papers' ids; chosen papers that are not
    among the week's candidates are left out, and so is a case without any. ``topics`` that
    nobody judged are ignored. What is sent, and what is first, is by "ours", without an encoder.
    ``progress`` is called after every week. ``learned`` is what the topics learned, by name.
    """
    by_week: dict[str, list[PaperText]] = {}
    for candidate in candidates:
        by_week.setdefault(candidate.week, []).append(candidate.paper)
    cases = []
    for week, papers in sorted(by_week.items()):
        judged = [
            (at, topic) for at, topic in enumerate(topics) if judgments.get((week, topic.name))
        ]
        if not judged:
            continue
        encoded = None
        if isinstance(model, CombinedModel):
            encoded = model.encode([text_of(paper.title, paper.abstract) for paper in papers])
        scores = score(papers, topics, model, encoded, learned)
        if progress is not None:
            progress()
        rankings = _rankings(papers, topics, model, scores)
        for at, topic in judged:
            chosen = judgments[week, topic.name]
            relevant = [str(paper.id) in chosen for paper in papers]
            if not any(relevant):
                continue
            ranked = {
                method: [relevant[row] for row in np.argsort(-values[:, at], kind="stable")]
                for method, values in rankings.items()
            }
            sent = scores.sendable[:, at].tolist()
            cases.append(
                Case(
                    week=week,
                    topic=topic.name,
                    candidates=len(papers),
                    relevant=sum(relevant),
                    average_precision={
                        method: average_precision(order) for method, order in ranked.items()
                    },
                    first_is_relevant=ranked["ours"][0],
                    sent=sum(sent),
                    sent_relevant=sum(a and b for a, b in zip(sent, relevant, strict=True)),
                )
            )
    return cases


def summarize(cases: Iterable[Case]) -> Summary:
    """Put ``cases`` together; no cases give zeros."""
    all_cases = list(cases)
    if not all_cases:
        return Summary(0)
    sent = sum(case.sent for case in all_cases)
    right = sum(case.sent_relevant for case in all_cases)
    relevant = sum(case.relevant for case in all_cases)
    return Summary(
        cases=len(all_cases),
        mean_average_precision={
            method: fmean(case.average_precision[method] for case in all_cases)
            for method in all_cases[0].average_precision
        },
        precision_at_1=fmean(case.first_is_relevant for case in all_cases),
        sent=sent,
        precision=right / sent if sent else 0.0,
        recall=right / relevant,
        chance=fmean(
            expected_average_precision(case.candidates, case.relevant) for case in all_cases
        ),
    )


def phrases_from(name: str, description: str) -> tuple[str, ...]:
    """Return keywords for a topic that has none: its name, its acronyms, its list's headings.

    "Explainable AI", "(XAI) aims to ..." and "- Rule extraction: Deriving ..." give Explainable
    AI, XAI and Rule extraction; a heading of several things is taken apart at "and" and commas.
    An editor's own keywords are better.
    """
    phrases = [name, *re.findall(r"\(([A-Z][A-Za-z]*[A-Z])\)", description)]
    for heading in re.findall(r"^\s*[-*]\s*([^:\n]{3,60}):", description, re.MULTILINE):
        bare = re.sub(r"\([^)]*\)", "", heading)
        phrases += re.split(r",|\band\b|\bvs\.?(?=\s)", bare)
    stripped = (phrase.strip() for phrase in phrases)
    return tuple(dict.fromkeys(phrase for phrase in stripped if words(phrase)))


def _rankings(
    papers: Sequence[PaperText],
    topics: Sequence[TopicSpec],
    model: SemanticModel | None,
    scores: Scores,
) -> dict[str, Floats]:
    """Return the scores of each method, [papers, topics]."""
    rankings = {"ours": scores.total, "keywords": scores.keyword_z}
    if model is None or scores.bm25_z is None:
        return rankings
    texts = model.counts(text_of(paper.title, paper.abstract) for paper in papers)
    plain = model.counts(text_of(topic.name, topic.description) for topic in topics)
    if scores.reading is not None:
        rankings["classifier"] = scores.reading.z
        rankings["without-classifier"] = scores.total - CLASSIFIER_SHARE * scores.reading.z
    if scores.encoder_z is not None:
        rankings["encoder"] = scores.encoder_z
        rankings["with-encoder"] = scores.total
        rankings["ours"] = scores.total - ENCODER_SHARE * scores.encoder_z
    rankings["bm25"] = scores.bm25_z
    if scores.closer_z is not None and scores.nearby_z is not None:
        rankings["meaning"] = scores.closer_z
        rankings["nearby"] = scores.nearby_z
        rankings["without-nearby"] = rankings["ours"] - NEARBY_SHARE * scores.nearby_z
    rankings["lsa-description"] = model.embed_counts(texts) @ model.embed_counts(plain).T
    rankings["tfidf-description"] = (tfidf(texts, model.idf) @ tfidf(plain, model.idf).T).toarray()
    return rankings
