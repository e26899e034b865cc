"""The prior of a paper: what is known of it before anybody counted it.

Each part is between 0 and 1, and says nothing of how many votes or points anything had, only
whether it was noticed at all; so a source that counts in thousands says no more than one that
counts in tens. `papers.matching.trending.Prior` says what the parts weigh.

- source, category: the share of the last weeks' papers of the same source, and of the same first
  category, that somebody noticed, with `UNSURE` more papers that nobody did;
- authors: earlier papers of an author that somebody noticed, n / (n + `RECORD_HALF`), for the best
  of the authors; a name of more than `MOST_OF_A_NAME` such papers is taken for that of many people.
  Citations have no say: they come years later;
- novelty: how far the paper's vector is from the middle of its field's recent papers, 1 - cosine;
- fit: how well it matches its best topic, score / (score + `FIT_HALF`).
"""

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from papers.semantics.lsa import Floats

UNSURE = 20
RECORD_HALF = 3
MOST_OF_A_NAME = 40
FIT_HALF = 6.0


def rates(papers: Iterable[tuple[Collection[str], bool]]) -> dict[str, float]:
    """By name, the share of papers that were noticed: (names, whether it was noticed) of each."""
    of: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    for names, is_noticed in papers:
        for name in set(names):
            of[name] += 1
            noticed[name] += is_noticed
    return {name: noticed[name] / (n + UNSURE) for name, n in of.items()}


def record(authors: Sequence[str], earlier: Mapping[str, int]) -> float:
    """How earlier papers of these authors fared, by the number that were noticed by `key_of`."""
    counts = (earlier.get(key_of(name), 0) for name in authors)
    most = max((n for n in counts if n <= MOST_OF_A_NAME), default=0)
    return most / (most + RECORD_HALF)


def records(noticed: Iterable[Sequence[str]]) -> Counter[str]:
    """How many papers that were noticed each author has, from the authors of each."""
    return Counter(key for names in noticed for key in {key_of(str(name)) for name in names})


def key_of(name: str) -> str:
    """What an author is known by."""
    return " ".join(name.casefold().split())


def middle(vectors: Collection[Floats]) -> Floats:
    """The direction in which the papers of one field lie, as a unit vector."""
    mean: Floats = np.mean(list(vectors), axis=0, dtype=np.float32)
    length = float(np.linalg.norm(mean))
    return mean / np.float32(length) if length else mean


def novelty(vector: Floats, middle: Floats) -> float:
    """How far a paper's unit vector is from its field's middle: 0 there, 1 at right angles."""
    return 1 - min(max(float(vector @ middle), 0.0), 1.0)


def fit(score: float | None) -> float:
    """How well a paper fits its best topic, from the score of that match."""
    return score / (score + FIT_HALF) if score and score > 0 else 0.0


def tie(identifier: str) -> float:
    """Between 0 and 1, the same on every machine, and alike for no two papers."""
    return zlib.crc32(identifier.encode()) / 2**32
