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
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from papers.semantics.lsa import Floats
from papers.text.words import content_stems

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

MOST_WEIGHTS = 2_000
"""Weights that are kept of a topic, the largest: 30 KB with the words."""

FEWEST_SENT = 30
"""Papers that the rule must send before they teach anything."""

MOST_FEATURES = 150_000
"""Words and pairs looked at in fitting, the most frequent."""

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

    def z_scores(self, texts: Iterable[str]) -> Floats:
        """Return how each paper reads for each topic, [papers, topics]; 0 for topics without.

        ``texts`` are what `papers.semantics.lsa.text_of` makes of papers.
        """
        columns: list[int] = []
        lengths: list[int] = []
        ends = [0]
        for text in texts:
            title, body = _stems_of(text)
            known = self._vocabulary
            for part, times in ((title, 2), (body, 1)):
                names = [*part, *(f"{a} {b}" for a, b in itertools.pairwise(part))]
                columns.extend([at for name in names if (at := known.get(name, -1)) >= 0] * times)
            lengths.append(len({*title, *body}))
            ends.append(len(columns))
        counts = sparse.csr_array(
            (np.ones(len(columns), np.float32), np.array(columns, np.int64), np.array(ends)),
            shape=(len(lengths), self._weights.shape[0]),
        )
        counts.sum_duplicates()
        counts.data = _value(counts.data, np.repeat(lengths, np.diff(counts.indptr)))
        z: Floats = (counts @ self._weights).toarray().astype(np.float32) - self._offsets
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
    numbers: dict[str, int]  # of the stems
    first: Integers  # [F], the feature's stem
    second: Integers  # [F], the one that follows, or 0
    idf: Floats  # [F]
    values: sparse.csr_array  # [P, F]

    def name(self, feature: int) -> str:
        """Return a feature as it is stored."""
        first, second = int(self.first[feature]), int(self.second[feature])
        return f"{self.stems[first]} {self.stems[second]}" if second else self.stems[first]

    def others(self, own: Iterable[str]) -> Booleans:
        """Return which features have none of these stems, [F]."""
        numbers = [self.numbers[stem] for stem in own if stem in self.numbers]
        others: Booleans = ~(np.isin(self.first, numbers) | np.isin(self.second, numbers))
        return others


def read_corpus(texts: Iterable[str]) -> Corpus:
    """Return the features of ``texts`` (`papers.semantics.lsa.text_of`), the most frequent ones.

    Stems are numbered, and pairs are held as numbers, so that 50,000 papers take some 300 MB.
    """
    numbers: dict[str, int] = {}
    chunks: list[Integers] = []
    ends = [0]
    lengths: list[int] = []
    for text in texts:
        keys: list[int] = []
        parts = _stems_of(text)
        for part, times in zip(parts, (2, 1), strict=True):
            own = [numbers.setdefault(name, len(numbers) + 1) for name in part]
            pairs = [(a << 32) | b for a, b in itertools.pairwise(own)]
            keys += (own + pairs) * times
        chunks.append(np.array(keys, dtype=np.int64))
        lengths.append(len({*parts[0], *parts[1]}))
        ends.append(ends[-1] + len(keys))
    flat = np.concatenate(chunks) if chunks else np.zeros(0, np.int64)
    del chunks
    chosen, kept = _most_frequent(flat, np.array(ends))
    at = np.searchsorted(chosen, flat)
    at[at == len(chosen)] = 0
    is_kept = chosen[at] == flat if len(chosen) else np.zeros(len(flat), np.bool_)
    del flat
    ends_kept = np.concatenate(([0], np.cumsum(is_kept)))[ends]
    values = sparse.csr_array(
        (
            np.ones(int(is_kept.sum()), np.float32),
            at[is_kept].astype(np.int32),
            ends_kept.astype(np.int32),
        ),
        shape=(len(lengths), len(chosen)),
    )
    values.sum_duplicates()
    idf = np.log((1 + len(lengths)) / (1 + kept)).astype(np.float32) + np.float32(1)
    values.data = _value(values.data, np.repeat(lengths, np.diff(values.indptr)))
    values.data *= idf[values.indices]
    pair = chosen >= 1 << 32
    return Corpus(
        stems=("", *numbers),
        numbers=numbers,
        first=np.where(pair, chosen >> 32, chosen),
        second=np.where(pair, chosen & 0xFFFFFFFF, 0),
        idf=idf,
        values=values,
    )


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
    chosen.data = chosen.data * others[chosen.indices]
    fitted = LogisticRegression(
        C=REGULARIZATION, solver="liblinear", class_weight="balanced", random_state=seed
    ).fit(sparse.csr_matrix(chosen), right[rows], weight)
    weights = (fitted.coef_[0] * others).astype(np.float32)
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


def _stems_of(text: str) -> tuple[list[str], list[str]]:
    title, _, body = text.partition("\n")
    return content_stems(title), content_stems(body)


def _value(counts: npt.NDArray[np.floating], lengths: npt.NDArray[np.integer]) -> Floats:
    """Return (1 + ln f) / √n."""
    values: Floats = ((1 + np.log(counts)) / np.sqrt(np.maximum(lengths, 1))).astype(np.float32)
    return values


def _most_frequent(flat: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """Return the most frequent of the papers' keys, sorted, and how many papers have each."""
    distinct = [np.unique(flat[a:b]) for a, b in itertools.pairwise(ends)]
    each = np.concatenate(distinct) if distinct else np.zeros(0, np.int64)
    keys, papers_with = np.unique(each, return_counts=True)
    often = np.flatnonzero(
        (papers_with >= FEWEST_PAPERS_WITH) & (papers_with <= 0.5 * max(len(distinct), 8))
    )
    best = often[np.argsort(-papers_with[often], kind="stable")[:MOST_FEATURES]]
    best = np.sort(best)
    return keys[best], papers_with[best]
