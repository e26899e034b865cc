"""What a reader's ratings say of papers they have not seen: pure functions over vectors.

A rating is a paper's vector and "more" (1) or "less" (-1) like it. From a handful of them a ridge
regression without intercept (Hoerl and Kennard, "Ridge regression: biased estimation for
nonorthogonal problems", 1970) finds the direction in which the reader's papers lie, seen from the
middle of the issue:

    w = X'(XX' + λI)^-1 y,    X [ratings, K] the centred vectors, y [ratings] of 1 and -1

Papers are then ranked by a prior, how much they trend, plus the taste for them times `trust`:
2n/(n+15), which is 0 without ratings, 1 at fifteen, and never above 2. Both are in deviations from
the issue's mean. So one click nudges, many steer, and an issue's strongest papers are still seen.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

SMALLEST_SPREAD = 1e-6
"""Values that vary by less are equal."""

PENALTY = 3.0
"""λ. The vectors have length 1, so one rating alone is taken at a quarter of its word. In the
simulation (`tests.benchmarks.simulate_learning`) 3 to 10 served readers best, 0.1 worst."""

MOST = 200
"""Ratings that count, the latest: tastes change, and the time stays bounded."""

ALIKE = 0.8
"""Cosine above which two papers of an issue are near-duplicates. In thirty recorded days of fifty
papers the closest pair of a day lies between 0.6 and 0.78: papers of one niche, not of one work."""

SAME = 0.95
"""Cosine above which two papers are one work under two identifiers."""

LIKED = 0.35
"""Cosine to a liked paper from which on it is named as a reason; a tenth of an issue's pairs are
as close."""

STRIKING = 0.5
"""Deviations above the issue's mean that a paper's taste must reach for a liked one to be named."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """What one reader said about papers, the latest last."""

    vectors: Floats  # [n, K], unit rows
    values: Floats  # [n], 1 or -1
    titles: tuple[str, ...]  # of the same papers

    def __len__(self) -> int:
        """How many there are."""
        return len(self.titles)


def trust(ratings: int) -> float:
    """How much the taste counts beside the prior, from 0 to 2."""
    return 2 * ratings / (ratings + 15)


class Landscape:
    """The papers of an issue as seen from their middle: what is the same for every reader of it,
    made once. A reader's taste for some of them then costs as much as these are.
    """

    def __init__(self, papers: Floats) -> None:
        """`papers`: [P, K], unit rows."""
        self.middle = papers.mean(axis=0)
        self._centered: Floats = papers - self.middle
        # What a direction's values vary by is d'Cd, with C of the size K by K.
        self._covariance = self._centered.T @ self._centered / max(1, len(papers))

    def taste(self, ratings: Ratings, rows: Integers | None = None) -> Floats:
        """How much the reader would like each paper, or those of `rows`, as deviations among all.

        Zeros where the ratings do not tell the papers apart.
        """
        rated = ratings.vectors[-MOST:] - self.middle
        weighed = rated @ rated.T + PENALTY * np.eye(len(rated), dtype=np.float32)
        direction = rated.T @ np.linalg.solve(weighed, ratings.values[-MOST:])
        centered = self._centered if rows is None else self._centered[rows]
        # The mean of all centered values is 0, so the square root is their deviation.
        spread = float(np.sqrt(max(0.0, float(direction @ self._covariance @ direction))))
        if spread < SMALLEST_SPREAD:
            return np.zeros(len(centered), np.float32)
        liking: Floats = (centered @ (direction / spread)).astype(np.float32)
        return liking


def taste(ratings: Ratings, papers: Floats) -> Floats:
    """How much the reader would like each of `papers` ([P, K], unit rows), as deviations."""
    return Landscape(papers).taste(ratings)


def deviations(values: Floats) -> Floats:
    """`values` as deviations from their mean, in standard deviations; zeros where all are equal."""
    spread = float(values.std()) if len(values) else 0.0
    if spread < SMALLEST_SPREAD:
        return np.zeros(len(values), np.float32)
    standing: Floats = ((values - values.mean()) / spread).astype(np.float32)
    return standing


def closest_liked(ratings: Ratings, paper: Floats) -> str:
    """The title of the liked paper closest to `paper`, where it is close enough; else ""."""
    liked = np.flatnonzero(ratings.values > 0)
    if not len(liked):
        return ""
    cosines = ratings.vectors[liked] @ paper
    best = int(cosines.argmax())
    return ratings.titles[liked[best]] if cosines[best] >= LIKED else ""


def alike(papers: Floats, above: float) -> dict[int, frozenset[int]]:
    """By row of `papers` ([P, K], unit rows), the other rows with a cosine of at least `above`.

    Rows without any are left out.
    """
    close = papers @ papers.T >= above
    np.fill_diagonal(close, False)
    found: dict[int, set[int]] = {}
    for row, other in np.argwhere(close).tolist():
        found.setdefault(row, set()).add(other)
    return {row: frozenset(others) for row, others in found.items()}
