"""What may be sent: the rule that decides whether a reader of a topic gets a paper.

A ranking can afford to be wrong at its end; an email cannot. With a semantic model, a pair of a
paper and a topic is sendable when a keyword of the topic stands in the title, or two different ones
in the abstract, and

    strength = meaning + `KEYWORDS_COUNT` · keywords > `BAR`

where *keywords* is what `Findings.scores` says, which depends on nothing but the paper and the
topic, and *meaning* is the closeness in the model as a z-score, which above `CLOSE_ENOUGH` counts
less. What it is measured against decides what is sent on another site: among papers that are all
about language models, none is unusually close to a topic of language models. So it is the topic's
own history, the stored papers that have *none* of its keywords, and neither a batch nor a mixture
of subjects. A day without such papers sends nothing.

Even so, what a model says of one paper differs with what the model was fitted on by more than one
standard deviation, and most where a paper is very close. That is why closeness counts in full only
as far as it tells papers of the topic from others. Nearly the same papers are then sent wherever
the model was fitted (`python -m tests.benchmarks.bench_sending` compares three backgrounds).

One thing is added. A keyword in another sense ("robots.txt" for robots, the color quantization of
paintings for quantization) is close in meaning by the very word that misleads. So the paper
*without its keywords* has to be at least a little closer to the topic than an ordinary paper is
(`KEPT_COMPANY`): you shall know a word by the company it keeps (Firth, 1957). Where there are two
keywords or more, less is left to go by, and as close as an ordinary paper is enough; but "low-bit"
beside "color quantization" makes no paper one about language models.

A topic's classifier (`papers.matching.classifier`) moves the strength up or down by how the paper
reads, but never by much, for the same reason. It cannot bring in what has no keyword, or one in the
wrong company.

Without a model meaning cannot vouch for a keyword. Then a keyword in the title needs a second
reason: another keyword, a category of the topic, or another word of the topic's name, keywords or
description; and two different keywords in the abstract are enough, as above.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import sparse

from papers.matching.keywords import Booleans, Findings, Integers
from papers.semantics.lsa import Floats, SemanticModel
from papers.text.words import content_stems

KEYWORDS_COUNT = 6.0
"""What the keywords' score counts beside the z-score."""

CLOSE_ENOUGH = 2.0
"""z-score up to which closeness counts in full."""

CLOSER = 0.4
"""What it counts beyond that."""

BAR = 8.75
"""What the strength of a pair must exceed. Chosen, with the numbers above, so that models of three
backgrounds agree, and in view of all labeled papers that docs/choosing.md names."""

CATEGORY_MEANT = 1.0
"""What a z-score must exceed where a category stands for the keywords that a topic has none of."""

KEPT_COMPANY = 0.5
"""z of the closeness of what is left without the keyword, where a paper has only one."""

KEPT_COMPANY_OF_SEVERAL = 0.0
"""The same where a paper has several, which all are left out."""

FEWEST_ORDINARY = 100
"""Papers without a topic's keywords below which all of the model's sample are taken for ordinary;
a keyword that is everywhere says nothing."""

SMALLEST_DEVIATION = 0.03
"""A third of what is usual: what nothing else is near to is not let run toward infinity."""


@dataclass(frozen=True)
class Ordinary:
    """How close papers without a topic's keywords are to it, [topics]."""

    mean: Floats
    deviation: Floats

    def z(self, cosines: Floats, topics: Integers) -> Floats:
        """Return cosines with these topics as z-scores."""
        z: Floats = (cosines - self.mean[topics]) / self.deviation[topics]
        return z


def ordinary(model: SemanticModel, background: Findings, topic_vectors: Floats) -> Ordinary:
    """Measure the model's sample, in which the topics' keywords are found as ``background``."""
    without: Booleans = background.reasons == 0
    without[:, without.sum(axis=0) < FEWEST_ORDINARY] = True
    cosines = np.where(without, model.sample_vectors @ topic_vectors.T, np.nan)
    return Ordinary(
        np.nanmean(cosines, axis=0).astype(np.float32),
        np.maximum(np.nanstd(cosines, axis=0), SMALLEST_DEVIATION).astype(np.float32),
    )


@dataclass(frozen=True)
class Pairs:
    """The pairs of a paper and a topic that keywords speak for, in company that bears them out.

    One entry each, N in all.
    """

    rows: Integers  # [N]
    topics: Integers  # [N]
    strength: Floats  # [N]

    def moved(self, rows: int) -> "Pairs":
        """Return the same pairs with their papers further down by ``rows``."""
        return replace(self, rows=self.rows + rows)

    @classmethod
    def joined(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """Put the pairs of several batches of papers together; at least one."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def pairs_of(
    findings: Findings,
    standing_in: Booleans,
    model: SemanticModel,
    paper_counts: sparse.csr_array,
    similarity: Floats,
    topic_vectors: Floats,
    background: Findings,
) -> Pairs:
    """Return the pairs that have a keyword in the title or two in the abstract, and its company.

    ``standing_in`` says where something else stands for a keyword in the title; ``paper_counts``
    and ``topic_vectors`` are what ``model`` makes of the papers and the topics, ``similarity`` is
    that of their vectors, and ``background`` are the keywords in the model's sample.
    """
    usual = ordinary(model, background, topic_vectors)
    reasons = findings.reasons
    rows, topics = np.nonzero(findings.titled | standing_in | (findings.in_abstract >= 2))
    if not len(rows):
        return Pairs(rows, topics, np.zeros(0, np.float32))
    found = np.flatnonzero(reasons[rows, topics] > 0)
    kept = np.ones(len(rows), dtype=np.bool_)
    if len(found):
        words = findings.stems_of(rows[found], topics[found])
        left = model.embed_counts(without_words(paper_counts, rows[found], words, model.vocabulary))
        cosines = np.einsum("nk,nk->n", left, topic_vectors[topics[found]])
        company = usual.z(cosines, topics[found])
        single = reasons[rows[found], topics[found]] == 1
        kept[found] = company > np.where(single, KEPT_COMPANY, KEPT_COMPANY_OF_SEVERAL)
        rows, topics = rows[kept], topics[kept]
    instead = standing_in * (BAR - CATEGORY_MEANT) / KEYWORDS_COUNT
    keywords = np.maximum(findings.scores(), instead)[rows, topics]
    closeness = usual.z(similarity[rows, topics], topics)
    meaning = np.minimum(closeness, CLOSE_ENOUGH + CLOSER * (closeness - CLOSE_ENOUGH))
    strength: Floats = (meaning + KEYWORDS_COUNT * keywords).astype(np.float32)
    return Pairs(rows, topics, strength)


def sendable_without_model(
    findings: Findings,
    standing_in: Booleans,
    shared_category: Booleans,
    paper_texts: Sequence[str],
    topic_texts: Sequence[str],
) -> Booleans:
    """Return which pairs may be sent, [papers, topics], by the rule without a model."""
    titled = findings.titled | standing_in
    supported: Booleans = (findings.reasons >= 2) | shared_category
    rows, topics = np.nonzero(titled & ~supported)
    vocabularies = [frozenset(content_stems(text)) for text in topic_texts]
    contents = {row: frozenset(content_stems(paper_texts[row])) for row in set(rows.tolist())}
    words = findings.stems_of(rows, topics)
    for row, topic, own in zip(rows.tolist(), topics.tolist(), words, strict=True):
        supported[row, topic] = bool((contents[row] & vocabularies[topic]) - own)
    allowed: Booleans = (titled & supported) | (findings.in_abstract >= 2)
    return allowed


def without_words(
    counts: sparse.csr_array,
    rows: Sequence[int] | np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    words: Sequence[frozenset[str]],
    vocabulary: dict[str, int],
) -> sparse.csr_array:
    """Return ``rows`` of ``counts``, each without its own set of ``words``."""
    chosen = sparse.csr_array(counts[rows])
    chosen.sort_indices()
    width = chosen.shape[1]
    left_out = np.array(
        [
            at * width + column
            for at, own in enumerate(words)
            for word in own
            if (column := vocabulary.get(word)) is not None
        ],
        np.int64,
    )
    # Both the rows and, in each of them, the columns stand in order.
    cells = np.repeat(np.arange(chosen.shape[0]), np.diff(chosen.indptr)) * width + chosen.indices
    places = np.searchsorted(cells, left_out)
    there = places < len(cells)
    there[there] = cells[places[there]] == left_out[there]
    kept = np.ones(len(cells), dtype=np.bool_)
    kept[places[there]] = False
    ends = np.concatenate(([0], np.cumsum(kept)))[chosen.indptr]
    return sparse.csr_array((chosen.data[kept], chosen.indices[kept], ends), shape=chosen.shape)
