"""What topics learn from the stored papers: classifiers, taught by what the rule alone sends.

Everything here is a pure function of its arguments; `papers.matching.learned` knows the database.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from papers.matching.classifier import Classifier, fit_classifier, read_corpus
from papers.matching.keywords import Booleans, KeywordFinder
from papers.matching.sendable import BAR, Pairs, pairs_of
from papers.matching.texts import PaperText, TopicSpec, shared_categories, tokens_of
from papers.semantics.lsa import (
    FEWEST_TO_VOUCH,
    SemanticModel,
    count_stems,
    title_and_abstract,
)
from papers.text.tokens import Tokens
from papers.text.words import stem
from papers.text.words import words as words_of

BATCH = 1_000
"""Papers looked at in one go."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What one topic learned from the papers that a model was fitted on."""

    spec: str
    """What the topic was then, as `digest` makes it; a topic that was changed has to learn anew."""
    sent: int
    """Papers of the background that the rule sends."""
    classifier: Classifier | None
    """None where too few are sent."""
    number: int = 0
    """Of its row; a topic that learns anew has another."""


def digest(topic: TopicSpec) -> str:
    """Return a hash of all that matching reads of a topic."""
    read = (topic.name, topic.description, topic.keywords, topic.categories)
    return hashlib.blake2b(json.dumps(read).encode(), digest_size=8).hexdigest()


def learn(
    papers: Sequence[PaperText],
    topics: Sequence[TopicSpec],
    model: SemanticModel,
    verdicts: Mapping[int, Mapping[int | str, bool]] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Learned]:
    """Return what each of ``topics`` learns from ``papers``, in their order.

    ``verdicts`` are editors' words by topic (its position) and paper's id: whether the paper
    belongs to it. A model of few papers teaches nothing, see `FEWEST_TO_VOUCH`. With 50,000
    papers and 200 topics it takes 41 s of one core (`tests.benchmarks.bench_learning`).
    """
    report = progress or (lambda what, done, total: None)
    nothing = [Learned(digest(topic), 0, None) for topic in topics]
    if not papers or not topics or model.fitted_on < FEWEST_TO_VOUCH:
        return nothing
    report("cutting papers into words", 0, len(papers))
    texts = tokens_of(papers)
    pairs = pairs_with(papers, topics, model, report, texts)
    sent = pairs.strength > BAR
    report("counting words", 0, len(papers))
    corpus = read_corpus(texts)
    places = {paper.id: row for row, paper in enumerate(papers)}
    found = []
    for at, topic in enumerate(topics):
        report("teaching topics", at, len(topics))
        right: Booleans = np.zeros(len(papers), np.bool_)
        right[pairs.rows[sent & (pairs.topics == at)]] = True
        doubtful: Booleans = np.zeros(len(papers), np.bool_)
        doubtful[pairs.rows[~sent & (pairs.topics == at)]] = True
        said = (verdicts or {}).get(at, {})
        known = {places[paper]: belongs for paper, belongs in said.items() if paper in places}
        own = {stem(word) for phrase in topic.phrases for word in words_of(phrase)}
        classifier = fit_classifier(corpus, right, own, known, doubtful)
        found.append(Learned(digest(topic), int(right.sum()), classifier))
    return found


def pairs_with(
    papers: Sequence[PaperText],
    topics: Sequence[TopicSpec],
    model: SemanticModel,
    report: Callable[[str, int, int], None] = lambda what, done, total: None,
    texts: Tokens | None = None,
) -> Pairs:
    """Return the pairs of all papers that keywords speak for; rows count through.

    ``texts`` are those of the papers, where they have been cut already.
    """
    texts = texts or tokens_of(papers)
    content = texts.content
    finder = KeywordFinder(topic.phrases for topic in topics)
    background = finder.find(map(title_and_abstract, model.sample))
    vectors = model.embed_counts(model.counts(topic.text for topic in topics))
    without_keywords = np.array([not topic.keywords for topic in topics])
    parts: list[Pairs] = []
    for start in range(0, len(papers), BATCH):
        report("reading papers by topic", start, len(papers))
        batch = papers[start : start + BATCH]
        cut = texts.between(2 * start, 2 * (start + len(batch)))
        findings = finder.find_in(cut)
        counts = count_stems(content.between(2 * start, 2 * (start + len(batch))), model.vocabulary)
        standing_in = shared_categories(batch, topics) & without_keywords
        similarity = model.embed_counts(counts) @ vectors.T
        found = pairs_of(findings, standing_in, model, counts, similarity, vectors, background)
        parts.append(found.moved(start))
    return Pairs.joined(parts)
