"""A small linear classifier per topic: a second look at a paper, by all of its words.

The rule of `papers.matching.sendable` goes by an editor's keywords and closeness of meaning. What
it sends among all stored papers teaches a logistic regression, on TF-IDF of words and of pairs of
neighboring words, how papers of the topic read, without a label by anybody; editors' verdicts are
taken as they are. The topic's own keywords are left out: that they are there is known already, and
what stands beside them is what a second look can add. What it says of a paper is a z-score against
the papers it was fitted on:

    z = (weights · features - mean) / deviation

A feature is a stem, or two that follow each other, stop words left out. Its value in a paper is
(1 + ln f)·idf / √n, with f how often it stands there (what is in the title counts twice) and n the
number of different stems, so that long abstracts don't outweigh short ones and no vocabulary but
that of the weights needs to be kept. At most `MOST_WEIGHTS` of a topic are.

Fitting needs scikit-learn; reading a paper needs only numpy and scipy.
"""

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from papers.semantics.lsa import Floats
from papers.text.tokens import Numbers, Tokens

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

MOST_WEIGHTS = 2_000
"""Weights that are kept of a topic, the largest: 30 KB with the words."""

FEWEST_SENT = 30
"""Papers that the rule must send before they teach anything."""

MOST_FEATURES = 150_000
"""Words and pairs looked at in fitting, the most frequent."""

READ_AT_ONCE = 5_000
"""Papers whose features are held in memory one by one."""

FEWEST_PAPERS_WITH = 4
"""Papers that must have a word or a pair."""

MOST_POSITIVE = 1_500
MOST_NEGATIVE = 4_500
"""Papers of either kind that a topic is fitted on, drawn at random where there are more."""

VERDICT_WEIGHT = 5.0
"""What an editor's word on a paper counts beside what the rule says of one."""

REGULARIZATION = 0.1
"""C of the logistic regression; features have a length of about 5."""

MOST_READING = 4.0
"""A paper's z-score counts at most as much in the ranking, so that a rare topic, whose papers have
a z-score of 7, comes before no other."""

SECOND_LOOK = 0.5
"""What a z-score above or below that of the topic's other papers counts in what is sent."""

UNLIKE = 1.0
"""How far below the median of the topic's other papers a z-score may lie without counting."""

MOST_TAKEN = 1.0
MOST_ADDED = 0.5
"""What it counts at most, either way: what a classifier learns differs with the papers it learned
from, and should not decide alone."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """What was learned of one topic. F is the number of features."""

    features: tuple[str, ...]
    weights: Floats  # [F], with the idf in them
    mean: float
    deviation: float
    middle: float
    """The median z-score of what the rule sent."""

    def to_bytes(self) -> bytes:
        """Return it as a numpy archive without pickles."""
        file = io.BytesIO()
        names = json.dumps(
            {
                "features": self.features,
                "mean": self.mean,
                "deviation": self.deviation,
                "middle": self.middle,
            }
        )
        np.savez_compressed(
            file,
            header=np.frombuffer(names.encode(), dtype=np.uint8),
            weights=self.weights.astype(np.float32),
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Classifier":
        """Read what `to_bytes` wrote; raises ValueError for anything else, and executes nothing."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                header = json.loads(archive["header"].tobytes())
                found = cls(
                    tuple(map(str, header["features"])),
                    archive["weights"].astype(np.float32),
                    float(header["mean"]),
                    float(header["deviation"]),
                    float(header["middle"]),
                )
        except Exception as error:
            raise ValueError(f"not a classifier: {error}") from error
        if len(found.features) != len(found.weights):
            raise ValueError("not a classifier: its parts are of different lengths")
        return found


class Classifiers:
    """The classifiers of several topics, to read many papers with at once."""

    def __init__(self, topics: Sequence[Classifier | None]) -> None:
        """Take one for each topic; None for a topic without."""
        self._vocabulary: dict[str, int] = {}
        rows: list[int] = []
        columns: list[int] = []
        values: list[Floats] = []
        for at, topic in enumerate(topics):
            if topic is None:
                continue
            rows += [self._vocabulary.setdefault(f, len(self._vocabulary)) for f in topic.features]
            columns += [at] * len(topic.features)
            values.append(topic.weights / np.float32(topic.deviation))
        shape = (max(len(self._vocabulary), 1), len(topics))
        together = np.concatenate(values) if values else np.zeros(0, np.float32)
        self._weights = sparse.csr_array(sparse.coo_array((together, (rows, columns)), shape=shape))
        self._offsets = np.array(
            [topic.mean / topic.deviation if topic else 0.0 for topic in topics], np.float32
        )
        self._middle = np.array(
            [min(topic.middle, MOST_READING) if topic else np.inf for topic in topics], np.float32
        )
        self.known: Booleans = np.array([topic is not None for topic in topics], np.bool_)
        """Which topics have one."""

    def z_scores(self, texts: Tokens) -> Floats:
        """Return how each paper reads for each topic, [papers, topics]; 0 for topics without.

        Each paper is two of the ``texts``, title and abstract.
        """
        content = texts.content
        numbers = {stem: at for at, stem in enumerate(content.distinct)}
        known = [
            (key, column)
            for name, column in self._vocabulary.items()
            if (key := _key_of(name, numbers)) is not None
        ]
        known.sort()
        keys = np.array([key for key, _ in known], np.int64)
        columns = np.array([column for _, column in known], np.int64)
        counts = _values(content, keys)
        z: Floats = (counts @ self._weights[columns]).toarray().astype(np.float32) - self._offsets
        return z

    def second_look(self, z: Floats) -> Floats:
        """Return by how much each paper's strength for each topic moves, [papers, topics].

        Up where it reads more like the topic than half of what the rule sends, down where it reads
        clearly less so (`UNLIKE`), and not at all where the topic has no classifier.
        """
        above = np.where(self.known, z - self._middle, 0)
        counting = np.where(above > 0, above, np.minimum(above + UNLIKE, 0))
        moved: Floats = np.clip(SECOND_LOOK * counting, -MOST_TAKEN, MOST_ADDED).astype(np.float32)
        return moved

    def alike(self, z: Floats) -> Booleans:
        """Return where a paper reads like half of what the rule sends, [papers, topics]."""
        alike: Booleans = z > self._middle
        return alike


@dataclass(frozen=True, eq=False)
class Corpus:
    """The papers that topics are fitted on, as features; P papers, F features, S stems."""

    stems: Sequence[str]  # [S], by their numbers
    numbers: Mapping[str, int]  # of the stems
    keys: Integers  # [F], of the features, sorted, see `_keys`
    idf: Floats  # [F]
    values: sparse.csr_array  # [P, F]

    def name(self, feature: int) -> str:
        """Return a feature as it is stored."""
        first, second = divmod(int(self.keys[feature]), _PAIR)
        return f"{self.stems[first]} {self.stems[second - 1]}" if second else self.stems[first]

    def others(self, own: Iterable[str]) -> Booleans:
        """Return which features have none of these stems, [F]."""
        numbers = [self.numbers[stem] for stem in own if stem in self.numbers]
        first, second = np.divmod(self.keys, _PAIR)
        others: Booleans = ~(np.isin(first, numbers) | np.isin(second - 1, numbers))
        return others


def read_corpus(texts: Tokens) -> Corpus:
    """Return the features of papers, each of which is two of the ``texts``: the most frequent.

    Stems and pairs are held as numbers, so that 50,000 papers take some 300 MB.
    """
    content = texts.content
    papers = content.texts // 2
    chosen, having = _most_frequent(content)
    values = _values(content, chosen)
    idf = np.log((1 + papers) / (1 + having)).astype(np.float32) + np.float32(1)
    values.data *= idf[values.indices]
    numbers = {stem: number for number, stem in enumerate(content.distinct)}
    return Corpus(content.distinct, numbers, chosen, idf, values)


_PAIR = 1 << 32
"""What the number of a pair's first stem is multiplied with in a feature's key."""


def _key_of(name: str, numbers: Mapping[str, int]) -> int | None:
    """Return a stored feature's key where its stems have these ``numbers``; None where not."""
    first, _, second = name.partition(" ")
    if first not in numbers or (second and second not in numbers):
        return None
    return numbers[first] * _PAIR + (numbers[second] + 1 if second else 0)


def _keys(content: Tokens) -> tuple[Integers, Numbers]:
    """Return the key of every feature of every paper, and the text that it stands in.

    The key of a stem is its number times `_PAIR`, that of a pair has the number of the second
    stem, from 1 on, added.
    """
    singles = content.numbers.astype(np.int64) * _PAIR
    text_of = content.text_of
    together = text_of[:-1] == text_of[1:]
    pairs = (singles[:-1] + content.numbers[1:] + 1)[together]
    return np.concatenate((singles, pairs)), np.concatenate((text_of, text_of[:-1][together]))


def _parts(content: Tokens) -> Iterator[Tokens]:
    """Yield some papers at a time, so that what is made of them needs little memory."""
    for start in range(0, content.texts, 2 * READ_AT_ONCE):
        yield content.between(start, min(start + 2 * READ_AT_ONCE, content.texts))


def _values(content: Tokens, keys: Integers) -> sparse.csr_array:
    """Return what the features ``keys`` (sorted) count in each paper, without idf, [papers, F]."""
    if not len(keys) or not content.texts:
        return sparse.csr_array((content.texts // 2, len(keys)), dtype=np.float32)
    return sparse.csr_array(sparse.vstack([_part(part, keys) for part in _parts(content)]))


def _part(content: Tokens, keys: Integers) -> sparse.csr_array:
    found, texts = _keys(content)
    at = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
    known = keys[at] == found
    times = np.where(texts[known] % 2, np.float32(1), np.float32(2))  # the title counts twice
    cells = texts[known] // 2, at[known].astype(np.int32)
    counts = sparse.csr_array(
        sparse.coo_array((times, cells), shape=(content.texts // 2, len(keys)))
    )
    lengths = np.repeat(_lengths(content), np.diff(counts.indptr))
    counts.data = ((1 + np.log(counts.data)) / np.sqrt(lengths)).astype(np.float32)
    return counts


def _lengths(content: Tokens) -> Integers:
    """Return how many different stems each paper has; at least 1, [papers]."""
    size = max(len(content.distinct), 1)
    cells = np.unique((content.text_of // 2).astype(np.int64) * size + content.numbers)
    return np.maximum(np.bincount(cells // size, minlength=content.texts // 2), 1)


def fit_classifier(
    corpus: Corpus,
    sent: Booleans,
    keywords: Iterable[str] = (),
    verdicts: Mapping[int, bool] | None = None,
    doubtful: Booleans | None = None,
    seed: int = 0,
) -> Classifier | None:
    """Fit one topic's classifier on which papers of the ``corpus`` the rule sends, [P].

    ``keywords`` are the stems of the topic's keywords, which are left out. ``verdicts`` are
    editors' words by paper: whether it belongs to the topic. ``doubtful`` papers, [P], teach
    neither way: they have keywords, but not enough to be sent. None where too few are sent
    (`FEWEST_SENT`), or all are. The same input gives the same classifier.
    """
    from sklearn.linear_model import LogisticRegression

    verdicts = verdicts or {}
    right = sent.copy()
    for row, belongs in verdicts.items():
        right[row] = belongs
    if sent.sum() < FEWEST_SENT or right.sum() < FEWEST_SENT or right.all():
        return None
    unsure = np.zeros(len(sent), np.bool_) if doubtful is None else doubtful
    chance = np.random.default_rng(seed)

    def drawn(rows: Integers, most: int) -> Integers:
        return rows if len(rows) <= most else chance.choice(rows, most, replace=False)

    rows = np.union1d(
        np.concatenate(
            (
                drawn(np.flatnonzero(right), MOST_POSITIVE),
                drawn(np.flatnonzero(~right & ~unsure), MOST_NEGATIVE),
            )
        ),
        np.array(sorted(verdicts), dtype=np.int64),
    )
    weight = np.ones(len(rows))
    weight[np.isin(rows, sorted(verdicts))] = VERDICT_WEIGHT
    others = corpus.others(keywords)
    chosen = sparse.csr_array(corpus.values[rows])
    # Solving takes time by the feature, and few of them are in these papers.
    there = np.flatnonzero(others & (np.bincount(chosen.indices, minlength=len(others)) > 0))
    fitted = LogisticRegression(
        C=REGULARIZATION,
        solver="liblinear",
        dual=True,
        class_weight="balanced",
        random_state=seed,
    ).fit(sparse.csr_matrix(chosen[:, there]), right[rows], weight)
    weights = np.zeros(len(others), np.float32)
    weights[there] = fitted.coef_[0]
    kept = np.sort(np.argsort(-np.abs(weights), kind="stable")[:MOST_WEIGHTS])
    kept = kept[weights[kept] != 0]
    only = np.zeros_like(weights)
    only[kept] = weights[kept]
    says = corpus.values @ only
    mean, deviation = float(says.mean()), float(max(says.std(), 1e-6))
    return Classifier(
        tuple(corpus.name(at) for at in kept.tolist()),
        only[kept] * corpus.idf[kept],
        mean,
        deviation,
        float((np.median(says[sent]) - mean) / deviation),
    )


def _most_frequent(content: Tokens) -> tuple[Integers, Integers]:
    """Return the keys of the most frequent features, sorted, and how many papers have each."""
    parts = [np.zeros(0, np.int64)]
    for part in _parts(content):
        found, texts = _keys(part)
        order = np.lexsort((texts, found))
        found, papers = found[order], texts[order] // 2
        is_first = np.ones(len(found), np.bool_)
        is_first[1:] = (found[1:] != found[:-1]) | (papers[1:] != papers[:-1])
        parts.append(found[is_first])
    keys, having = np.unique(np.concatenate(parts), return_counts=True)
    most = 0.5 * max(content.texts // 2, 8)
    often = np.flatnonzero((having >= FEWEST_PAPERS_WITH) & (having <= most))
    best = np.sort(often[np.argsort(-having[often], kind="stable")[:MOST_FEATURES]])
    return keys[best], having[best]
