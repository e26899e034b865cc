"""What may be sent: the rule that decides whether a reader of a topic gets a paper.

A ranking can afford to be wrong at its end; a mail cannot. The rule asks two views at once. With a
semantic model, a pair is sendable when

* a keyword of the topic stands in the title and z > 1, or
* two different keywords stand in the abstract and z > 2,

z being the closeness of meaning against the model's background.

One thing is added. A keyword in another sense ("robots.txt" for robots, the color quantization of
paintings for quantization) is close in meaning by the very word that misleads. So the paper
*without its keywords* has to be at least a little closer to the topic than an ordinary paper is
(`KEPT_COMPANY`): you shall know a word by the company it keeps (Firth, 1957). Where there are two
keywords or more, less is left to go by, and as close as an ordinary paper is enough; but "low-bit"
beside "color quantization" makes no paper one about language models.

Without a model meaning cannot vouch for a keyword. Then a keyword in the title needs a second
reason: another keyword, a category of the topic, or another word of the topic's name, keywords or
description; and two different keywords in the abstract are enough, as above.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from papers.matching.keywords import Booleans, Findings
from papers.semantics.lsa import Floats, SemanticModel
from papers.text.words import content_stems

MEANT_TITLE = 1.0
"""z of a paper's closeness above which a keyword in its title is meant."""

MEANT_ABSTRACT = 2.0
"""z of a paper's closeness above which two keywords in its abstract are meant."""

KEPT_COMPANY = 0.5
"""z of the closeness of what is left without the keyword, where a paper has only one."""

KEPT_COMPANY_OF_SEVERAL = 0.0
"""The same where a paper has several, which all are left out."""


def sendable(
    findings: Findings,
    standing_in: Booleans,
    meaning_z: Floats,
    model: SemanticModel,
    paper_counts: sparse.csr_array,
    topic_vectors: Floats,
) -> Booleans:
    """Return which pairs may be sent, [papers, topics], by the rule with a model.

    ``standing_in`` says where something else stands for a keyword in the title; ``paper_counts``
    and ``topic_vectors`` are what ``model`` makes of the papers and the topics.
    """
    titled = findings.titled | standing_in
    allowed: Booleans = titled & (meaning_z > MEANT_TITLE)
    allowed |= (findings.in_abstract >= 2) & (meaning_z > MEANT_ABSTRACT)
    rows, topics = np.nonzero(allowed & (findings.reasons >= 1))
    if len(rows):
        words = findings.stems_of(rows, topics)
        left = model.embed_counts(without_words(paper_counts, rows, words, model.vocabulary))
        directions = topic_vectors[topics]
        similarity = np.einsum("nk,nk->n", left, directions)
        mean, deviation = model.background(directions)
        single = findings.reasons[rows, topics] == 1
        least = np.where(single, KEPT_COMPANY, KEPT_COMPANY_OF_SEVERAL)
        allowed[rows, topics] = (similarity - mean) / deviation > least
    return allowed


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
    kept = np.ones(len(chosen.data), dtype=np.bool_)
    for at, own in enumerate(words):
        columns = [vocabulary[word] for word in own if word in vocabulary]
        start, end = chosen.indptr[at], chosen.indptr[at + 1]
        kept[start:end] = ~np.isin(chosen.indices[start:end], columns)
    ends = np.concatenate(([0], np.cumsum(kept)))[chosen.indptr]
    return sparse.csr_array((chosen.data[kept], chosen.indices[kept], ends), shape=chosen.shape)
