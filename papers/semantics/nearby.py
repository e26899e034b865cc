"""What words mean by the words near them: you shall know a word by the company it keeps.

Latent semantic analysis (`papers.semantics.lsa`) sees which words share an abstract. Which stand
side by side says more of what a word means: "policy" near "reward" is another than "policy" near
"climate". So words are counted by their neighbors, `WINDOW` to either side, and one at distance d
counts 1/d (Pennington et al., "GloVe", 2014). The counts become positive pointwise mutual
information,

    max(0, ln(P(word, neighbor) / (P(word) · P'(neighbor)))),  P'(neighbor) ~ count^`SMOOTHING`

so that rare neighbors do not outweigh all others, and a truncated SVD makes vectors of it (Levy,
Goldberg and Dagan, "Improving distributional similarity with lessons learned from word embeddings",
2015). A text is the sum of its words' vectors, each weighed by a / (a + P(word)), where a is
`COMMON` (Arora, Liang and Ma, "A simple but tough-to-beat baseline for sentence embeddings", 2017).

`SMOOTHING`, `COMMON` and the square root of the SVD's sizes are those of these papers. Windows of 4
to 15 words, 100 or 200 dimensions and a `COMMON` up to 0.01 ranked alike on the weeks that
docs/choosing.md doesn't keep apart.

Fitting needs scikit-learn.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from papers.text.tokens import Numbers

WINDOW = 5
"""How far a neighbor may stand, in words that can say something."""

SMOOTHING = 0.75
"""The power of a neighbor's frequency."""

COMMON = 1e-3
"""The share of all words at which a word counts half."""

MOST_WORDS = 15_000
"""Words that get a vector, the most frequent. With 50,000 papers they take two seconds."""

COUNTED_AT_ONCE = 500_000
"""Words whose neighbors are held in memory one by one."""

FEWEST_TIMES = 5
"""How often a word must be there to get one."""


def word_vectors(
    columns: Numbers, text_of: Numbers, size: int, dimensions: int, seed: int
) -> npt.NDArray[np.float32]:
    """Return a vector for each of ``size`` words, weighed as a text adds them up, [size, E].

    ``columns`` are the numbers of the texts' words in their order, below 0 where a word is none of
    them, and ``text_of`` says in which text each stands; a neighbor is in the same text. Words that
    are too rare get zeros. E is ``dimensions`` at most, and 0 where words have no neighbors.
    """
    from sklearn.utils.extmath import randomized_svd

    times = np.bincount(columns[columns >= 0], minlength=size)
    often = np.flatnonzero(times >= FEWEST_TIMES)
    chosen = np.sort(often[np.argsort(-times[often], kind="stable")[:MOST_WORDS]])
    information = _information(_neighbors(columns, text_of, chosen, size))
    rank = min(dimensions, len(chosen) - 1)
    if rank < 1 or not information.nnz:
        return np.zeros((size, 0), np.float32)
    axes, sizes, _ = randomized_svd(information, rank, n_iter=3, random_state=seed)
    vectors = axes * np.sqrt(sizes)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    share = times[chosen] / times.sum()
    found = np.zeros((size, rank), np.float32)
    found[chosen] = vectors * (COMMON / (COMMON + share))[:, None]
    return found


def _neighbors(
    columns: Numbers, text_of: Numbers, chosen: npt.NDArray[np.int64], size: int
) -> sparse.csr_array:
    """Return how often each of the ``chosen`` words stands near each, [chosen, chosen]."""
    numbering = np.full(size + 1, -1, np.int32)  # the last is for words that are none
    numbering[chosen] = np.arange(len(chosen), dtype=np.int32)
    shape = (len(chosen), len(chosen))
    after = sparse.csr_array(shape, dtype=np.float32)
    for start in range(0, len(columns), COUNTED_AT_ONCE):
        # The last words of each part are the first ones' neighbors in the next.
        part = slice(start, start + COUNTED_AT_ONCE + WINDOW)
        numbers, texts = numbering[columns[part]], text_of[part]
        rows, neighbors, values = [], [], []
        for distance in range(1, min(WINDOW + 1, len(numbers))):
            first = numbers[:-distance][:COUNTED_AT_ONCE]
            second = numbers[distance:][:COUNTED_AT_ONCE]
            together = (texts[:-distance] == texts[distance:])[:COUNTED_AT_ONCE]
            near = np.flatnonzero((first >= 0) & (second >= 0) & together)
            rows.append(first[near])
            neighbors.append(second[near])
            values.append(np.full(len(near), 1 / distance, np.float32))
        if rows:
            cells = np.concatenate(rows), np.concatenate(neighbors)
            after = after + sparse.coo_array((np.concatenate(values), cells), shape=shape).tocsr()
    return sparse.csr_array(after + after.T)


def _information(near: sparse.csr_array) -> sparse.csr_array:
    """Turn the counts of words and neighbors into positive pointwise mutual information."""
    words = np.asarray(near.sum(axis=1), np.float64).ravel()
    neighbors = np.asarray(near.sum(axis=0), np.float64).ravel() ** SMOOTHING
    neighbors /= max(neighbors.sum(), 1e-12)
    near.data = np.log(near.data)
    # Words without a neighbor have no entry.
    near.data -= np.repeat(np.log(np.maximum(words, 1e-12), dtype=np.float32), np.diff(near.indptr))
    near.data -= np.log(np.maximum(neighbors, 1e-12), dtype=np.float32)[near.indices]
    np.maximum(near.data, 0, out=near.data)
    near.eliminate_zeros()
    return near
