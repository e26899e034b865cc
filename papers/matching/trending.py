"""The trending score: how much a paper deserves a reader's attention now.

    score = attention · freshness · breadth

**attention** (1 is a typical featured paper). Every count is put on one scale,
``ln(1 + count / typical)``, where ``typical`` is what half of the featured papers reach: the step
from 10 to 20 upvotes means as much as that from 100 to 200, and no single count can run away. The
scaled upvotes, comments and stars of one source are averaged with fixed weights *over those that
are known*, so that a missing count is neither a zero nor a bonus. Where a source was asked more
than once in the last days, what was gained per day counts in the same way, as growth; growth that
nobody measured counts nothing. Sources are then added up, strongest first, each at half the weight
of the one before: a burst at one source is damped by the logarithm and cannot be repeated, while
a paper that several communities noticed rises above one that a single community likes.

**freshness** (1 when featured, halving every `HALF_LIFE`). Two weeks are long beside the hours of
a news site: research is read for weeks, and the day's own papers are in any case compared with
each other at the same age. The half-life, the typical counts and the share of growth were chosen
on the first half of the recorded days and left alone on the second; `manage.py evaluate_trending`
shows both, beside the formulas of `papers.evaluation.trending_baselines`.

**breadth** (1 or more). Being listed again, or by another source, is news in itself: each source
that lists the paper adds a share that halves every `LISTING_HALF_LIFE` after its last listing.

An editor's pick comes last and wins: a pinned paper stands above all others, a hidden one below.

Promised, and held by tests: the score never falls when a latest count rises, never rises with age
while nothing else happens, does not depend on the order of the observations, ignores whatever
lies after ``now``, and is finite.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

HALF_LIFE = timedelta(days=14)
"""Age at which a paper is worth half of what it was worth when it was featured."""

LISTING_HALF_LIFE = timedelta(days=1)
"""Time after which a source's last listing of a paper counts half."""

LISTING_SHARE = 1.0
"""What one source's listing at this moment adds to the breadth."""

GROWTH_WINDOW = timedelta(days=3)
"""How far back an observation may lie to measure growth from."""

SHORTEST_GROWTH = timedelta(hours=3)
"""Observations closer than this tell nothing of a rate."""

GROWTH_SHARE = 0.5
"""What growth counts beside the level."""

SOURCE_DAMPING = 0.5
"""Weight of the second strongest source beside the strongest, of the third beside the second."""

PINNED = 1_000.0
"""Added for a pinned paper: far above any score that counts can earn."""

HIDDEN = -1.0
"""The score of a hidden paper: below any other, since counts never give less than 0."""

Pick = Literal["pin", "hide"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of count: its typical value, its typical gain in a day and its weight."""

    typical: float
    typical_gain: float
    weight: float


CHANNELS = {
    "upvotes": Channel(typical=10, typical_gain=5, weight=1.0),
    "comments": Channel(typical=2, typical_gain=1, weight=0.1),
    "stars": Channel(typical=50, typical_gain=25, weight=1.0),
}
"""Typical values in counts and counts per day; comments weigh little because one of the two that
most papers have is a bot's."""


@dataclass(frozen=True, slots=True)
class Attention:
    """A paper's counts at one source at one time; None for what the source did not say."""

    observed_at: datetime
    source: str
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None

    def count(self, channel: str) -> int | None:
        """Return the count of a channel of `CHANNELS`, by name."""
        counts = {"upvotes": self.upvotes, "comments": self.comments, "stars": self.stars}
        return counts[channel]


@dataclass(frozen=True, slots=True)
class Listing:
    """A source listed the paper, last at ``listed_at``, after it was first featured."""

    source: str
    listed_at: datetime


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A score and what it is made of, to be shown to an editor."""

    score: float
    attention: float
    """Sum over the sources, damped; see the module."""
    freshness: float
    """Between 0 and 1."""
    breadth: float
    """1 or more."""
    pick: Pick | None
    sources: tuple[tuple[str, float, float], ...]
    """(source, level, growth), strongest first, before damping."""

    def __str__(self) -> str:
        """Return the score as a sum that can be followed by hand."""
        made_of = ", ".join(
            f"{source} {level:.2f}" + (f" +{growth:.2f} growing" if growth else "")
            for source, level, growth in self.sources
        )
        text = (
            f"{self.score:.3f} = attention {self.attention:.2f} ({made_of or 'nothing counted'})"
            f" x freshness {self.freshness:.2f} x breadth {self.breadth:.2f}"
        )
        return f"{text}, {self.pick}" if self.pick else text


def trending_score(
    observations: Sequence[Attention],
    featured_at: datetime,
    now: datetime,
    *,
    listings: Iterable[Listing] = (),
    pick: Pick | None = None,
) -> float:
    """Return the trending score of a paper at ``now``: 0 or more, higher is more trending.

    ``featured_at`` is when a source first listed the paper; ``listings`` are the listings since
    (the same source again, or others); all times are aware. Typical values lie between 0 and 5,
    a pinned paper's above 1000, a hidden paper's is -1. See the module for the formula.
    """
    return explain(observations, featured_at, now, listings=listings, pick=pick).score


def explain(
    observations: Sequence[Attention],
    featured_at: datetime,
    now: datetime,
    *,
    listings: Iterable[Listing] = (),
    pick: Pick | None = None,
) -> Breakdown:
    """Return the score that `trending_score` returns together with its parts."""
    by_source: dict[str, list[Attention]] = {}
    for seen in sorted(observations, key=lambda seen: seen.observed_at):
        if seen.observed_at <= now:
            by_source.setdefault(seen.source, []).append(seen)
    parts = [(source, *_level_and_growth(seen)) for source, seen in by_source.items()]
    parts.sort(key=lambda part: (-(part[1] + GROWTH_SHARE * part[2]), part[0]))
    attention = sum(
        (level + GROWTH_SHARE * growth) * SOURCE_DAMPING**rank
        for rank, (_, level, growth) in enumerate(parts)
    )

    freshness = _halved(now - featured_at, HALF_LIFE)
    last_listed: dict[str, datetime] = {}
    for listing in listings:
        if listing.listed_at <= now:
            known = last_listed.get(listing.source, listing.listed_at)
            last_listed[listing.source] = max(known, listing.listed_at)
    breadth = 1 + sum(
        LISTING_SHARE * _halved(now - listed_at, LISTING_HALF_LIFE)
        for _, listed_at in sorted(last_listed.items())
    )

    score = attention * freshness * breadth
    if pick == "hide":
        score = HIDDEN
    elif pick == "pin":
        score += PINNED
    return Breakdown(score, attention, freshness, breadth, pick, tuple(parts))


def _level_and_growth(seen: Sequence[Attention]) -> tuple[float, float]:
    """Return the level and the growth at one source, from its observations in order of time."""
    levels = weights = gains = 0.0
    for name, channel in CHANNELS.items():
        known = [(at.observed_at, count) for at in seen if (count := at.count(name)) is not None]
        if not known:
            continue
        latest_at, latest = known[-1]
        weights += channel.weight
        levels += channel.weight * math.log1p(max(latest, 0) / channel.typical)
        earlier = [
            (at, count) for at, count in known if SHORTEST_GROWTH <= latest_at - at <= GROWTH_WINDOW
        ]
        if earlier:
            then_at, then = earlier[0]
            gained = max(latest - then, 0) / ((latest_at - then_at) / timedelta(days=1))
            gains += channel.weight * math.log1p(gained / channel.typical_gain)
    return (levels / weights, gains / weights) if weights else (0.0, 0.0)


def _halved(age: timedelta, half_life: timedelta) -> float:
    """Return 1 at age 0 or less, 1/2 after one half-life, 1/4 after two."""
    return float(2.0 ** -(max(age, timedelta(0)) / half_life))
