"""Which papers belong to which topics, and why: the one place where relevance is decided.

Four views of a paper are put together, because each fails where the others do not:

* keywords: an editor's own words, found whole, singular or plural, hyphenated or not
  (`papers.matching.keywords`);
* BM25 of the topic's name, keywords and description (`papers.semantics.lsa`);
* meaning: the similarity of paper and topic in a fitted LSA model (`papers.semantics.lsa`);
* neighbors: the same by what stands near their words in the stored papers
  (`papers.semantics.nearby`).

How a paper reads to the topic's classifier (`papers.matching.classifier`), where it has one, and
its similarity to an encoder (`papers.semantics.encoder`), where there is one, are two more.

Their z-scores against the model's background of recent papers are added up to the score that ranks;
a stricter rule says what may be *sent* (`papers.matching.sendable`). Until a model is fitted,
keywords and a plain TF-IDF of the papers at hand stand in; a model of few papers ranks, but has no
say yet in what is sent.

Everything here is a pure function of its arguments: no database, no clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from papers.categories import canonical
from papers.evidence import Evidence
from papers.matching.classifier import MOST_READING, Classifier, Classifiers
from papers.matching.keywords import Booleans, Findings, KeywordFinder, KeywordMatch
from papers.matching.learning import Learned, digest
from papers.matching.sendable import BAR, Pairs, pairs_of, sendable_without_model
from papers.matching.texts import PaperText, TopicSpec, shared_categories, tokens_of
from papers.semantics.combined import CombinedModel
from papers.semantics.lsa import (
    FEWEST_TO_VOUCH,
    Floats,
    SemanticModel,
    count_stems,
    count_words,
    text_of,
    title_and_abstract,
    unit,
    weighed_stems,
)

__all__ = ["MatchResult", "PaperText", "Scores", "TopicSpec", "match", "score"]

KEYWORD_SHARE = 1.5
"""Weight of the keywords' z-score beside those of BM25 and meaning: an editor chose them."""

NEARBY_SHARE = 0.5
"""Weight of the neighbors' z-score, which alone ranks worse than the others. Chosen on the weeks of
docs/choosing.md that are not kept apart."""

ENCODER_SHARE = 0.5
"""Weight of an encoder's z-score: it knows less of a topic than the words that describe it."""

CLASSIFIER_SHARE = 2.0
"""Weight of the classifier's z-score: between 1.5 and 2.5 it hardly matters, on either half of the
weeks."""

TFIDF_SCALE = 10.0
"""What a TF-IDF cosine is multiplied with, without a model, to weigh about as much as a z-score."""

CLOSE = 1.0
"""z of LSA above which a paper is called close in meaning."""

MEANT_ALONE = 3.0
"""z of LSA above which a paper without any keyword is still kept as a match, though not sent."""

MEANT_AT_ALL = 0.5
"""z of LSA above which a single keyword in the abstract is kept as a match, though not sent."""


SecondLook = Literal["", "vetoed", "let in"]


@dataclass(frozen=True, slots=True)
class MatchResult:
    """A paper that has something to do with a topic.

    ``score`` ranks the papers of one topic (a sum of z-scores: 0 is an ordinary paper);
    ``sendable`` says whether a reader of the topic should get it.
    """

    paper_id: int | str
    topic_id: int | str
    score: float
    sendable: bool
    evidence: tuple[Evidence, ...]
    second_look: SecondLook = ""
    """What the topic's classifier changed of what the rule says."""


@dataclass(frozen=True)
class Reading:
    """What classifiers say of papers and topics, [papers, topics]."""

    z: Floats
    """0 for topics without a classifier."""
    vetoed: Booleans
    """What the rule would have sent."""
    let_in: Booleans
    """What the rule would not have sent."""
    alike: Booleans
    """What reads like the other papers of the topic: at least as half of them do."""


@dataclass(frozen=True)
class Scores:
    """Every paper against every topic, [papers, topics], before anything is left out."""

    total: Floats
    """A sum of z-scores; ranks the papers of one topic."""
    keyword_z: Floats
    bm25_z: Floats | None
    """None without a model."""
    similarity: Floats
    """Cosine, of LSA vectors with a model and of TF-IDF without."""
    meaning_z: Floats | None
    """z of the similarity against the model's background; None without a model."""
    closer_z: Floats | None
    """The same as it ranks, see `SemanticModel.closer`; None without a model."""
    nearby_z: Floats | None
    """The same by the words' neighbors; None without a model."""
    encoder_z: Floats | None
    """z of the similarity to the encoder; None without one."""
    reading: Reading | None
    """What the topics' classifiers say; None without any."""
    findings: Findings
    """The keywords found."""
    sendable: Booleans
    """Which pairs may be sent."""


def match(
    papers: Sequence[PaperText],
    topics: Sequence[TopicSpec],
    model: SemanticModel | None = None,
    encoded: Floats | None = None,
    learned: Mapping[Any, Learned] | None = None,
) -> list[MatchResult]:
    """Return the pairs of a paper and a topic that have evidence, by paper, best topic first.

    Kept are the pairs that may be sent and those an editor might want to see: a keyword of the
    topic in the title, two in the abstract, one and some closeness of meaning (z above
    `MEANT_AT_ALL`), or none and a striking closeness (z above `MEANT_ALONE`). Without a model
    every keyword counts. No papers or no topics give an empty list. With a model, what a pair
    gets does not depend on the other pairs of the call; without one, only its score does.
    ``encoded`` is what the model's encoder made of the papers (`CombinedModel.encode`); it has a
    say in the score, none in what may be sent. ``learned`` is what topics learned from the papers
    that the model was fitted on, by the topic's id; a topic that has changed since goes without.
    """
    if not papers or not topics:
        return []
    scores = score(papers, topics, model, encoded, learned)
    kept = scores.sendable | _worth_keeping(scores)
    results: list[MatchResult] = []
    for row, (paper, found) in enumerate(zip(papers, scores.findings.by_paper(), strict=True)):
        candidates = np.flatnonzero(kept[row])
        for at in candidates[np.argsort(-scores.total[row, candidates], kind="stable")].tolist():
            results.append(_result(paper, topics[at], scores, row, at, found.get(at, [])))
    return results


def score(
    papers: Sequence[PaperText],
    topics: Sequence[TopicSpec],
    model: SemanticModel | None = None,
    encoded: Floats | None = None,
    learned: Mapping[Any, Learned] | None = None,
) -> Scores:
    """Score every paper against every topic; both must be non-empty. See the module for how."""
    finder, background = _finder_and_background(tuple(topic.phrases for topic in topics), model)
    texts = tokens_of(papers)
    findings = finder.find_in(texts)
    keyword_z = finder.z_scores(findings, background)
    topic_texts = [topic.text for topic in topics]
    shared = shared_categories(papers, topics)
    # Where the editor gave categories and no keywords, a category stands for one in the title.
    standing_in = shared & np.array([not topic.keywords for topic in topics])

    def paper_texts() -> list[str]:
        return [text_of(paper.title, paper.abstract) for paper in papers]

    def allowed_without_model() -> Booleans:
        return sendable_without_model(findings, standing_in, shared, paper_texts(), topic_texts)

    if model is None:
        similarity = _tfidf_similarity(paper_texts(), topic_texts)
        total = KEYWORD_SHARE * keyword_z + TFIDF_SCALE * similarity
        return Scores(
            total=total,
            keyword_z=keyword_z,
            bm25_z=None,
            similarity=similarity,
            meaning_z=None,
            closer_z=None,
            nearby_z=None,
            encoder_z=None,
            reading=None,
            findings=findings,
            sendable=allowed_without_model(),
        )
    counts = count_stems(texts.content, model.vocabulary)
    topic_counts = model.counts(topic_texts)
    vectors = model.embed_counts(topic_counts)
    paper_vectors = model.embed_counts(counts)
    similarity = paper_vectors @ vectors.T
    mean, deviation = model.background(vectors)
    bm25_z = model.bm25(counts, topic_counts)
    closer_z = model.closer(paper_vectors, vectors)
    nearby_z = model.nearby(counts, topic_counts)
    total = KEYWORD_SHARE * keyword_z + bm25_z + closer_z + NEARBY_SHARE * nearby_z
    encoder_z = None
    if encoded is not None and isinstance(model, CombinedModel) and model.encoder is not None:
        encoder_z = model.view.z_scores(encoded, _encoded_topics(tuple(topic_texts), model))
        total = total + ENCODER_SHARE * encoder_z
    scores = Scores(
        total=total,
        keyword_z=keyword_z,
        bm25_z=bm25_z,
        similarity=similarity,
        meaning_z=(similarity - mean) / deviation,
        closer_z=closer_z,
        nearby_z=nearby_z,
        encoder_z=encoder_z,
        reading=None,
        findings=findings,
        sendable=np.zeros(similarity.shape, np.bool_),
    )
    if model.fitted_on < FEWEST_TO_VOUCH:
        return replace(scores, sendable=allowed_without_model())
    own = [
        known if known is not None and known.spec == digest(topic) else None
        for topic in topics
        for known in [(learned or {}).get(topic.id)]
    ]
    pairs = pairs_of(findings, standing_in, model, counts, similarity, vectors, background)
    passing: Booleans = pairs.strength > BAR
    classifiers = _classifiers(tuple(one.classifier if one else None for one in own))
    reading = None
    if classifiers.known.any():
        z = np.clip(classifiers.z_scores(texts), -MOST_READING, MOST_READING)
        total = total + CLASSIFIER_SHARE * z
        by_rule = passing
        moved = classifiers.second_look(z)[pairs.rows, pairs.topics]
        passing = pairs.strength + moved > BAR
        reading = Reading(
            z,
            vetoed=_spread(pairs, by_rule & ~passing, z.shape),
            let_in=_spread(pairs, passing & ~by_rule, z.shape),
            alike=classifiers.alike(z),
        )
    sendable = _spread(pairs, passing, similarity.shape)
    return replace(scores, total=total, reading=reading, sendable=sendable)


def _spread(pairs: Pairs, which: Booleans, shape: tuple[int, ...]) -> Booleans:
    """Return which of the pairs are meant, [papers, topics]."""
    spread = np.zeros(shape, dtype=np.bool_)
    spread[pairs.rows[which], pairs.topics[which]] = True
    return spread


@lru_cache(maxsize=4)
def _classifiers(own: tuple[Classifier | None, ...]) -> Classifiers:
    """Return the topics' classifiers, ready to read; kept for the next call."""
    return Classifiers(own)


def _worth_keeping(scores: Scores) -> Booleans:
    """Return which pairs an editor might want to see though they are not sent."""
    reasons = scores.findings.reasons
    kept: Booleans = reasons > 0
    if scores.meaning_z is not None:
        close_enough = scores.meaning_z > MEANT_AT_ALL
        kept &= scores.findings.titled | (reasons >= 2) | close_enough
        kept |= scores.meaning_z > MEANT_ALONE
    return kept


def _result(
    paper: PaperText,
    topic: TopicSpec,
    scores: Scores,
    row: int,
    at: int,
    found: Sequence[KeywordMatch],
) -> MatchResult:
    """Put one pair's evidence together."""
    evidence = [
        Evidence("keyword", hit.keyword, "title" if hit.title else "abstract") for hit in found
    ]
    own = {canonical(category) for category in topic.categories}
    evidence += [
        Evidence("category", category)
        for category in paper.categories
        if own and canonical(category) in own
    ]
    if scores.meaning_z is not None and scores.meaning_z[row, at] > CLOSE:
        evidence.append(Evidence("meaning", f"{float(scores.similarity[row, at]):.2f}"))
    second_look: SecondLook = ""
    if scores.reading is not None:
        z = float(scores.reading.z[row, at])
        if scores.reading.vetoed[row, at]:
            second_look = "vetoed"
        elif scores.reading.let_in[row, at]:
            second_look = "let in"
        if scores.reading.alike[row, at]:
            evidence.append(Evidence("reading", f"{z:.1f}"))
    return MatchResult(
        second_look=second_look,
        paper_id=paper.id,
        topic_id=topic.id,
        score=round(float(scores.total[row, at]), 4),
        sendable=bool(scores.sendable[row, at]),
        evidence=tuple(evidence),
    )


@lru_cache(maxsize=4)
def _finder_and_background(
    phrases: tuple[tuple[str, ...], ...], model: SemanticModel | None
) -> tuple[KeywordFinder, Findings]:
    """Compile the topics' keywords and find them in the model's background sample.

    Kept for the next call, which for the day's batches has the same topics and the same model.
    """
    finder = KeywordFinder(phrases)
    sample = () if model is None else model.sample
    return finder, finder.find(map(title_and_abstract, sample))


@lru_cache(maxsize=4)
def _encoded_topics(texts: tuple[str, ...], model: CombinedModel) -> Floats:
    """Return what the model's encoder makes of topics; kept for the next call."""
    return model.encode(texts)


def _tfidf_similarity(papers: Sequence[str], topics: Sequence[str]) -> Floats:
    """Return the cosine of TF-IDF vectors, [papers, topics], idf from the papers at hand."""
    vocabulary: dict[str, int] = {}
    for text in topics:
        for word in weighed_stems(text):
            vocabulary.setdefault(word, len(vocabulary))
    if not vocabulary:
        return np.zeros((len(papers), len(topics)), dtype=np.float32)
    counts = count_words(papers, vocabulary)
    papers_with = np.bincount(counts.indices, minlength=len(vocabulary))
    idf = np.log((1 + len(papers)) / (1 + papers_with)) + 1
    similarity: Floats = _weighted(counts, idf) @ _weighted(count_words(topics, vocabulary), idf).T
    return similarity


def _weighted(counts: sparse.csr_array, idf: npt.NDArray[np.float64]) -> Floats:
    return unit(np.log1p(counts.toarray()) * idf)
