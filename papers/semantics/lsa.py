"""Latent semantic analysis: what a paper is about, as numbers, with no GPU and no download.

A model is TF-IDF followed by a truncated SVD (Deerwester et al., "Indexing by latent semantic
analysis", 1990), fitted now and then on a rolling background of recent papers and kept fixed in
between, so that a score means the same today as yesterday. Besides the projection it carries what
is needed to say how unusual a paper is for a topic: the mean and the covariance of the
background's vectors (from which the mean and the deviation of the similarity to *any* topic follow
exactly), and a sample of the background's papers for the same purpose with words and keywords. A
day's batch is never measured against itself: on a day full of robots a robot paper is still
unusual for the field. And it carries what the words mean by their neighbors
(`papers.semantics.nearby`), a second view of a text, which ranks beside the first.

For ranking, either view is measured from the background's mean instead of from zero
(`_from_mean`), for what all papers have in common says nothing of any topic (Mu and Viswanath,
"All-but-the-top", 2018).

A text is what `text_of` makes: a title (for a topic, its name and keywords) on the first line,
which counts twice, and the abstract (the description) below.

Fitting needs scikit-learn; everything else here needs only numpy and scipy.
"""

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from papers.semantics.nearby import word_vectors
from papers.text.tokens import Numbers, Tokens
from papers.text.words import content_stems, without_notices

Floats = npt.NDArray[np.float32]

FORMAT = 1
"""The layout of `SemanticModel.to_bytes`; a change gets a new number and old models a refit."""

DIMENSIONS = 100
"""Dimensions of a vector unless asked otherwise; 100 to 200 rank alike, and 100 cost least."""

MOST_WORDS = 40_000
"""Size of the vocabulary: the most frequent stems are kept."""

FEWEST_TO_VOUCH = 300
"""Papers a model must be fitted on before its word counts in what is sent; with fewer, everything
is close to something."""

SAMPLE = 1_000
"""Background papers that a model keeps, as text, for the statistics of words and keywords."""

BM25_K1 = 1.2
BM25_B = 0.75
"""Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009)."""


class ModelFormatError(ValueError):
    """Raised for bytes that are no model of this version's `FORMAT`."""


@dataclass(frozen=True, eq=False)  # Two models are the same only when they are one object.
class SemanticModel:
    """A fitted model. Build one with `fit`, store it with `to_bytes`, read it with `from_bytes`.

    V is the size of the vocabulary, K the number of dimensions, E that of words by their neighbors;
    E is 0 in models of earlier versions.
    """

    version: str
    vocabulary: dict[str, int]
    idf: Floats  # [V]
    projection: Floats  # [V, K]
    mean: Floats  # [K], of the background's unit vectors
    covariance: Floats  # [K, K], of the same
    fitted_on: int  # papers
    average_length: float  # words of the vocabulary in a background paper
    sample: tuple[str, ...]  # texts of the background, at most SAMPLE
    words: Floats  # [V, E], of each word by its neighbors
    words_mean: Floats  # [E], of the background's unit vectors by these

    @property
    def dimensions(self) -> int:
        """Return K, the length of the vectors that `embed` makes."""
        return int(self.projection.shape[1])

    def counts(self, texts: Iterable[str]) -> sparse.csr_array:
        """Return the word counts of ``texts`` as [len(texts), V]; unknown words are dropped."""
        return count_words(texts, self.vocabulary)

    def embed(self, texts: Iterable[str]) -> Floats:
        """Return one float32 unit vector of K dimensions a text; zeros where no word is known."""
        return self.embed_counts(self.counts(texts))

    def embed_counts(self, counts: sparse.csr_array) -> Floats:
        """Return what `embed` returns, for word counts that `counts` has made."""
        return unit(tfidf(counts, self.idf) @ self.projection)

    def background(self, directions: Floats) -> tuple[Floats, Floats]:
        """Return the mean and deviation of the background's similarity to each direction.

        ``directions`` are unit vectors, [n, K]. For a direction t the mean is t·m and the variance
        t'Ct, with m and C the mean and the covariance of the background's vectors, so that no
        background paper has to be asked.
        """
        mean: Floats = directions @ self.mean
        variance = np.sum((directions @ self.covariance) * directions, axis=1)
        deviation: Floats = np.sqrt(np.maximum(variance, 1e-6))
        return mean, deviation

    def bm25(self, counts: sparse.csr_array, queries: sparse.csr_array) -> Floats:
        """Return Okapi BM25 scores, [papers, topics], as z-scores against the background sample."""
        background = _dense(self._bm25_sample @ queries.T)
        scores = _dense(bm25_weights(counts, self.idf, self.average_length) @ queries.T)
        deviation = np.maximum(background.std(axis=0), 1e-3)
        z: Floats = (scores - background.mean(axis=0)) / deviation
        return z

    def closer(self, papers: Floats, topics: Floats) -> Floats:
        """Return how close papers are to topics, [papers, topics], as z-scores that rank.

        Both are what `embed_counts` makes. Cosines are measured from the background's mean, the
        z-scores against its sample.
        """
        return _z_from_mean(papers, topics, self.sample_vectors, self.mean)

    def nearby(self, counts: sparse.csr_array, queries: sparse.csr_array) -> Floats:
        """Return the same by the words' neighbors, for word counts; zeros where E is 0."""
        papers, topics = self._by_neighbors(counts), self._by_neighbors(queries)
        return _z_from_mean(papers, topics, self._sample_by_neighbors, self.words_mean)

    def _by_neighbors(self, counts: sparse.csr_array) -> Floats:
        return unit(counts @ self.words)

    @cached_property
    def _sample_by_neighbors(self) -> Floats:
        return self._by_neighbors(self.counts(self.sample))

    @cached_property
    def sample_vectors(self) -> Floats:
        """The vectors of the background sample by LSA, [sample, K]."""
        return self.embed_counts(self.counts(self.sample))

    @cached_property
    def _bm25_sample(self) -> sparse.csr_array:
        return bm25_weights(self.counts(self.sample), self.idf, self.average_length)

    def to_bytes(self) -> bytes:
        """Return the model as a compressed numpy archive without pickles.

        The projection and the words' vectors are rounded to half precision: similarities move by
        less than 0.001.
        """
        header = {
            "format": FORMAT,
            "version": self.version,
            "fitted_on": self.fitted_on,
            "average_length": self.average_length,
            "vocabulary": list(self.vocabulary),
            "sample": self.sample,
        }
        file = io.BytesIO()
        np.savez_compressed(
            file,
            header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
            idf=self.idf,
            projection=self.projection.astype(np.float16),
            mean=self.mean,
            covariance=self.covariance,
            words=self.words.astype(np.float16),
            words_mean=self.words_mean,
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "SemanticModel":
        """Read what `to_bytes` wrote; raises `ModelFormatError` for anything else.

        Nothing in ``data`` is executed: pickled objects are refused.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                header = json.loads(archive["header"].tobytes())
                if header["format"] != FORMAT:
                    raise ModelFormatError(f"model format {header['format']}, not {FORMAT}")
                words = np.zeros((len(header["vocabulary"]), 0), np.float32)
                words_mean = np.zeros(0, np.float32)
                if "words" in archive:  # in all but those of earlier versions
                    words, words_mean = archive["words"], archive["words_mean"]
                return cls(
                    version=str(header["version"]),
                    vocabulary={word: at for at, word in enumerate(header["vocabulary"])},
                    idf=archive["idf"],
                    projection=archive["projection"].astype(np.float32),
                    mean=archive["mean"],
                    covariance=archive["covariance"],
                    fitted_on=int(header["fitted_on"]),
                    average_length=float(header["average_length"]),
                    sample=tuple(map(str, header["sample"])),
                    words=words.astype(np.float32),
                    words_mean=words_mean,
                )
        except ModelFormatError:
            raise
        except Exception as error:
            raise ModelFormatError(f"not a semantic model: {error}") from error


def fit(
    texts: Sequence[str], dimensions: int = DIMENSIONS, seed: int = 0, version: str = ""
) -> SemanticModel:
    """Fit a model on a background of ``texts``, recent papers as `text_of` gives them.

    The same texts, dimensions and seed give the same model. ``dimensions`` is lowered where the
    texts cannot carry as many. ``version`` is the caller's name for it. Raises ValueError for
    fewer than two texts or texts without words.
    """
    from sklearn.utils.extmath import randomized_svd

    content = Tokens.of_pairs(map(title_and_abstract, texts)).content
    vocabulary, column_of, counts = _learn_words(content)
    if len(texts) < 2 or len(vocabulary) < 2:
        raise ValueError("a semantic model needs at least two texts with words in common")
    papers_with = np.bincount(counts.indices, minlength=len(vocabulary))
    idf = np.log((1 + len(texts)) / (1 + papers_with)).astype(np.float32) + np.float32(1)
    average_length = float(counts.sum() / len(texts))
    columns = column_of[content.numbers]
    words = word_vectors(columns, content.text_of, len(vocabulary), dimensions, seed)
    words_mean: Floats = unit(counts @ words).mean(axis=0)
    del content, column_of, columns
    generator = np.random.default_rng(seed)
    sample = np.sort(generator.permutation(len(texts))[:SAMPLE])

    weights = tfidf(counts, idf)
    del counts
    rank = max(1, min(dimensions, min(weights.shape) - 1))
    _, _, rows = randomized_svd(weights, rank, n_iter=4, random_state=seed)
    projection = np.ascontiguousarray(rows.T, dtype=np.float32)
    vectors = unit(weights @ projection)
    return SemanticModel(
        version=version,
        vocabulary=vocabulary,
        idf=idf,
        projection=projection,
        mean=vectors.mean(axis=0),
        covariance=np.cov(vectors, rowvar=False).reshape(rank, rank).astype(np.float32),
        fitted_on=len(texts),
        average_length=average_length,
        sample=tuple(texts[at] for at in sample),
        words=words,
        words_mean=words_mean,
    )


def text_of(title: str, body: str) -> str:
    """Return a paper's text for `fit`, `SemanticModel.counts` and `SemanticModel.embed`.

    The title goes on the first line; notices on where the code can be had are left out.
    """
    return f"{' '.join(title.split())}\n{without_notices(body)}"


def title_and_abstract(text: str) -> tuple[str, str]:
    """Take apart what `text_of` made."""
    title, _, abstract = text.partition("\n")
    return title, abstract


def weighed_stems(text: str) -> list[str]:
    """Return the `content_stems` of ``text``, those of its first line twice."""
    first, rest = title_and_abstract(text)
    return content_stems(first) * 2 + content_stems(rest)


def unit(vectors: npt.NDArray[np.floating]) -> Floats:
    """Return ``vectors``, [n, K], each scaled to length 1 as float32; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def count_words(texts: Iterable[str], vocabulary: dict[str, int]) -> sparse.csr_array:
    """Return the counts of the words of ``vocabulary`` in ``texts`` as float32 [texts, V]."""
    return count_stems(Tokens.of_pairs(map(title_and_abstract, texts)).content, vocabulary)


def count_stems(content: Tokens, vocabulary: dict[str, int]) -> sparse.csr_array:
    """Return the same for papers, each of which is two texts, title and abstract, as the stems that
    `Tokens.content` gives.
    """
    column_of = np.array([vocabulary.get(word, -1) for word in content.distinct], np.int32)
    columns = column_of[content.numbers] if len(column_of) else content.numbers
    known = columns >= 0
    return _counts(columns[known], content.text_of[known], content.texts // 2, len(vocabulary))


def bm25_weights(counts: sparse.csr_array, idf: Floats, average_length: float) -> sparse.csr_array:
    """Return what each word of each paper adds to Okapi BM25, [papers, V].

    idf · f·(k1+1) / (f + k1·(1 - b + b·length/average length)), f the count of the word.
    """
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    saturation = BM25_K1 * (1 - BM25_B + BM25_B * lengths / max(average_length, 1e-9))
    per_entry = np.repeat(saturation, np.diff(counts.indptr)).astype(np.float32)
    weighted = counts.copy()
    weighted.data = (
        idf[counts.indices] * counts.data * np.float32(BM25_K1 + 1) / (counts.data + per_entry)
    )
    return weighted


def _learn_words(content: Tokens) -> tuple[dict[str, int], Numbers, sparse.csr_array]:
    """Return the vocabulary of papers, the column of each stem in it, or -1, and their counts."""
    papers, size = content.texts // 2, max(len(content.distinct), 1)
    counts = _counts(content.numbers, content.text_of, papers, size)
    papers_with = np.bincount(counts.indices, minlength=size)
    # A word of one paper only says nothing of another; one in most papers says nothing at all.
    least = 2 if papers < 5_000 else 3
    usable = np.flatnonzero((papers_with >= least) & (papers_with <= 0.5 * max(papers, 4)))
    kept = np.sort(usable[np.argsort(-papers_with[usable], kind="stable")[:MOST_WORDS]])
    vocabulary = {content.distinct[column]: at for at, column in enumerate(kept)}
    column_of = np.full(size, -1, np.int32)
    column_of[kept] = np.arange(len(kept), dtype=np.int32)
    return vocabulary, column_of, sparse.csr_array(counts[:, kept])


def _counts(columns: Numbers, text_of: Numbers, rows: int, width: int) -> sparse.csr_array:
    """Build counts from the column of each word and its text; two texts are a row, and what stands
    in the first of them, the title, counts twice.
    """
    ends = np.concatenate(([0], np.cumsum(np.bincount(text_of // 2, minlength=rows))))
    times = np.where(text_of % 2, np.float32(1), np.float32(2))
    counts = sparse.csr_array((times, columns, ends), shape=(rows, width))
    counts.sum_duplicates()
    return counts


def tfidf(counts: sparse.csr_array, idf: Floats) -> sparse.csr_array:
    """Return unit rows of (1 + ln f)·idf: the tenth mention of a word says little."""
    weighted = counts.copy()
    weighted.data = (1 + np.log(counts.data)) * idf[counts.indices]
    squares = weighted.copy()
    squares.data = weighted.data**2
    lengths = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
    weighted.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(counts.indptr)).astype(
        np.float32
    )
    return weighted


def _from_mean(vectors: Floats, mean: Floats) -> Floats:
    """Return unit vectors as they look from the background's ``mean``; zeros stay zeros."""
    there = np.any(vectors, axis=1, keepdims=True)
    return unit(np.where(there, vectors - mean, 0))


def _z_from_mean(papers: Floats, topics: Floats, background: Floats, mean: Floats) -> Floats:
    """Return the cosines of unit vectors, [papers, topics], as z-scores against ``background``."""
    directions = _from_mean(topics, mean).T
    usual = _from_mean(background, mean) @ directions
    deviation = np.maximum(usual.std(axis=0), 1e-3)
    z: Floats = (_from_mean(papers, mean) @ directions - usual.mean(axis=0)) / deviation
    return z


def _dense(matrix: sparse.csr_array) -> Floats:
    dense: Floats = matrix.toarray().astype(np.float32)
    return dense
