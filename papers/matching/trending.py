"""The trending score: how much a paper deserves a reader's attention now.

    score = standing(field, (attention + prior · fading) · breadth) · freshness + lists

**attention** (1 is a typical featured paper). Every count is put on one scale,
``ln(1 + count / typical)``, where ``typical`` is what half of the papers that the same source
counted reach: the step from 10 to 20 upvotes means as much as that from 100 to 200, no single
count can run away, and a hundred points at one service are worth what ten upvotes are at another
where these are as rare. The scaled counts of one source are averaged with fixed weights *over those
that are known*, so that a missing count is neither a zero nor a bonus; a source that counted few
papers counts less. Where a source was asked more than once in the last days, what was gained per
day counts in the same way, as growth; growth that nobody measured counts nothing. Sources are then
added up, strongest first, each at half the weight of the one before: a burst at one source is
damped by the logarithm and cannot be repeated, while a paper that several communities noticed
rises above one that a single community likes.

**prior** (0 to `PRIOR_MOST`) stands in for counts that nobody has made yet: how the papers of its
source and its category, and its authors' earlier papers, fared here, how new it is, how well it
fits a topic (`papers.matching.priors`). It fades as attention comes, by less than attention rises,
so that a first count never lowers a paper.

**breadth** (1 or more). Being listed again, or by another source, is news in itself: each source
that lists the paper adds a share that halves every `LISTING_HALF_LIFE` after its last listing.

**standing**: each field is measured against itself. A paper that has more than 97 % of its field
stands where a paper stands that has more than 97 % of all papers; a field of few papers is believed
in part. Two rules hold between counted papers and others: whatever its prior, a paper that nobody
counted comes after the first twentieth of all papers, and a paper whose attention is above what
95 % of its field reach stands before every one that nobody counted, for `NEWS`.

**freshness** (1 when featured, halving every `HALF_LIFE`). Two weeks are long beside the hours of
a news site: research is read for weeks, and the day's own papers are in any case compared with
each other at the same age. The half-life and the share of growth were chosen on the first half of
the recorded days and left alone on the second; `manage.py evaluate_trending` shows both, beside the
formulas of `papers.evaluation.trending_baselines`.

**lists**: a place in a source's own trending list adds up to `LIST_SHARE`, less by position, and
halves every `LISTING_HALF_LIFE` after the list was seen. Lists that are ordered by votes or numbers
are none: `papers.sources.trending_list`.

An editor's pick comes last and wins: a pinned paper stands above all others, a hidden one below.

What "typical" and "95 % of its field" are, `papers.matching.yardsticks` measures on the papers of
the last weeks. Promised for any such yardsticks, and held by tests: the score never falls when a
latest count rises or a first one comes, never rises with age while nothing else happens, does not
depend on the order of the observations, ignores whatever lies after ``now``, and is finite. With
yardsticks that are measured anew, doubling every count of one source changes no order.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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

TYPICAL_GAIN = 0.5
"""A typical gain in a day, as a share of the typical count."""

SOURCE_DAMPING = 0.5
"""Weight of the second strongest source beside the strongest, of the third beside the second."""

TRUST_AFTER = 5
"""Papers that a source must have counted to be believed half."""

PRIOR_MOST = 0.25
"""The best prior, on the scale of attention."""

PRIOR_WEIGHTS = (
    ("source", 1.0),
    ("category", 1.0),
    ("authors", 1.0),
    ("novelty", 0.5),
    ("fit", 1.0),
    ("tie", 0.01),
)
"""What each part of `Prior` weighs."""

LIST_SHARE = 2.0
"""What the first place in a source's trending list adds at this moment; the last adds nothing."""

ABOVE = 0.95
"""The share of a field than which a paper must have more attention to be noticed."""

NEWS = timedelta(days=14)
"""For how long a paper that is noticed stands before all that nobody counted."""

LIFTED_SHARE = 0.01
"""Of two papers that are lifted before the uncounted, the better stands first by so much."""

SQUEEZED_FROM = 0.9
"""Where, below the ceiling, uncounted papers begin to be pressed together."""

PINNED = 1_000.0
"""Added for a pinned paper: far above any score that counts can earn."""

HIDDEN = -1.0
"""The score of a hidden paper: below any other, since counts never give less than 0."""

Pick = Literal["pin", "hide"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of count: its typical value and its weight."""

    typical: float
    weight: float


CHANNELS = {
    "upvotes": Channel(typical=10, weight=1.0),
    "comments": Channel(typical=2, weight=0.002),
    "stars": Channel(typical=50, weight=1.0),
    "saves": Channel(typical=2, weight=1.0),
    "clicks": Channel(typical=5, weight=0.5),
}
"""Comments only decide between papers of equal votes: one of the two that most have is a bot's.
The typical counts hold until `papers.matching.yardsticks` has measured a source's own."""


@dataclass(frozen=True, slots=True)
class Attention:
    """A paper's counts at one source at one time; None for what the source did not say."""

    observed_at: datetime
    source: str
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    saves: int | None = None
    clicks: int | None = None

    def count(self, channel: str) -> int | None:
        """Return the count of a channel of `CHANNELS`, by name."""
        found: int | None = getattr(self, channel)
        return found


@dataclass(frozen=True, slots=True)
class Listing:
    """A source listed the paper, last at ``listed_at``, after it was first featured."""

    source: str
    listed_at: datetime


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A source's own trending list showed the paper at ``position`` (1 is first) of ``length``,
    last at ``seen_at``.
    """

    source: str
    seen_at: datetime
    position: int
    length: int

    @property
    def share(self) -> float:
        """1 for the first place, near 0 for the last."""
        return min(max(1 - (self.position - 1) / max(self.length, 1), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of a paper beside counts, each between 0 and 1; 0 where nothing is known."""

    source: float = 0.0
    """How often papers of its sources are noticed here."""
    category: float = 0.0
    """How often papers of its first category are."""
    authors: float = 0.0
    """How earlier papers of its authors fared."""
    novelty: float = 0.0
    """How far it is from what came before."""
    fit: float = 0.0
    """How well it fits its best topic."""
    tie: float = 0.0
    """By the paper's identifier: between papers of which the same is known, neither the alphabet
    nor a source decides. It weighs next to nothing, so all that is known outweighs it."""

    @property
    def value(self) -> float:
        """The weighted mean, on the scale of attention: 0 to `PRIOR_MOST`."""
        total = weights = 0.0
        for name, weight in PRIOR_WEIGHTS:
            total += weight * min(max(float(getattr(self, name)), 0.0), 1.0)
            weights += weight
        return PRIOR_MOST * total / weights


@dataclass(frozen=True, slots=True)
class FieldScale:
    """What the papers of one field have, by `papers.matching.yardsticks`."""

    papers: int
    above: float
    """The attention that `ABOVE` of its papers do not exceed; papers without counts have 0."""
    knots: tuple[float, ...] = ()
    """Attention and prior at equal steps through the field's papers, lowest first."""
    trust: float = 1.0
    """How far the field is measured against itself, 0 to 1: little with few papers."""


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """What counts are worth, and what papers of each field have."""

    typical: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """By source and channel; where there is none, the channel's."""
    trust: Mapping[str, float] = field(default_factory=dict)
    """By source, 0 to 1; 1 where there is none."""
    fields: Mapping[str, FieldScale] = field(default_factory=dict)
    knots: tuple[float, ...] = ()
    """Attention and prior at equal steps through all papers, lowest first."""
    ceiling: float = math.inf
    """What no uncounted paper exceeds."""
    uncounted: float = 0.0
    """The highest standing of any uncounted paper; 0 without any."""

    def standing(self, of: str, value: float) -> float:
        """Where ``value`` stands among all papers when it stands so in the field."""
        scale = self.fields.get(of)
        if scale is None or not scale.trust or scale.knots == self.knots:
            return value
        mapped = _mapped(value, scale.knots, self.knots)
        return (1 - scale.trust) * value + scale.trust * mapped

    def squeezed(self, standing: float) -> float:
        """What an uncounted paper of this standing is worth: below the ceiling, in its order."""
        knee = SQUEEZED_FROM * self.ceiling
        if standing <= knee:
            return standing
        room = self.ceiling - knee
        return knee + room * -math.expm1(-(standing - knee) / room) if room > 0 else self.ceiling


UNMEASURED = Yardsticks()
"""The typical counts of `CHANNELS`, and all fields alike."""


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
    prior: float = 0.0
    """What stands in for missing counts, faded."""
    standing: float = 0.0
    """Attention, prior and breadth together, measured against the field."""
    lists: tuple[tuple[str, int, float], ...] = ()
    """(source, position, what it adds), best first."""
    is_noticed: bool = False
    """Its attention is above what 95 % of its field reach."""
    is_counted: bool = False
    """Somebody counted it, or a trending list shows it."""

    def __str__(self) -> str:
        """Return the score as a sum that can be followed by hand."""
        made_of = ", ".join(
            f"{source} {level:.2f}" + (f" +{growth:.2f} growing" if growth else "")
            for source, level, growth in self.sources
        )
        text = f"{self.score:.3f} = attention {self.attention:.2f} ({made_of or 'nothing counted'})"
        if self.prior:
            text += f" + prior {self.prior:.2f}"
        text += f" x freshness {self.freshness:.2f} x breadth {self.breadth:.2f}"
        raw = (self.attention + self.prior) * self.breadth
        if not math.isclose(self.standing, raw, abs_tol=5e-4):
            text += f", {self.standing:.2f} when measured against its field"
        if self.is_noticed:
            text += ", above 95 % of its field"
        for source, position, share in self.lists:
            text += f" + {share:.2f} for place {position} in the list of {source}"
        return f"{text}, {self.pick}" if self.pick else text


def explain(
    observations: Sequence[Attention],
    featured_at: datetime,
    now: datetime,
    *,
    listings: Iterable[Listing] = (),
    pick: Pick | None = None,
    places: Iterable[ListPlace] = (),
    prior: Prior | None = None,
    of_field: str = "",
    yardsticks: Yardsticks = UNMEASURED,
) -> Breakdown:
    """The trending score of a paper at ``now`` with its parts: 0 or more, higher is more trending.

    ``featured_at`` is when a source first listed the paper; ``listings`` are the listings since
    (the same source again, or others); ``places`` those in sources' trending lists; ``of_field`` a
    name of `papers.fields`; all times are aware. Typical values lie between 0 and 5, a pinned
    paper's above 1000, a hidden paper's is -1. See the module for the formula.
    """
    attention, parts = attention_of(observations, now, yardsticks)
    lists = _lists(places, now)
    faded = fading(prior.value if prior else 0.0, attention)
    breadth = breadth_of(listings, now)
    freshness = _halved(now - featured_at, HALF_LIFE)

    standing = yardsticks.standing(of_field, (attention + faded) * breadth)
    is_counted = bool(parts or lists)
    if not is_counted:
        standing = yardsticks.squeezed(standing)
    score = standing * freshness
    scale = yardsticks.fields.get(of_field)
    is_noticed = attention > 0 and (scale is None or attention > scale.above)
    if is_noticed and now - featured_at <= NEWS:
        score = max(score, yardsticks.uncounted + LIFTED_SHARE * score)
    score += sum(added for _, _, added in lists)
    if pick == "hide":
        score = HIDDEN
    elif pick == "pin":
        score += PINNED
    return Breakdown(
        score=score,
        attention=attention,
        freshness=freshness,
        breadth=breadth,
        pick=pick,
        sources=parts,
        prior=faded,
        standing=standing,
        lists=lists,
        is_noticed=is_noticed and scale is not None,
        is_counted=is_counted,
    )


def attention_of(
    observations: Sequence[Attention], now: datetime, yardsticks: Yardsticks = UNMEASURED
) -> tuple[float, tuple[tuple[str, float, float], ...]]:
    """Return a paper's attention at ``now``, and (source, level, growth) of each source that
    counted anything, strongest first.
    """
    by_source: dict[str, list[Attention]] = {}
    for seen in sorted(observations, key=lambda seen: seen.observed_at):
        if seen.observed_at <= now:
            by_source.setdefault(seen.source, []).append(seen)
    parts = []
    for source, seen_there in by_source.items():
        found = _level_and_growth(source, seen_there, yardsticks)
        if found is not None:
            parts.append((source, *found))
    parts.sort(key=lambda part: (-(part[1] + GROWTH_SHARE * part[2]), part[0]))
    attention = sum(
        (level + GROWTH_SHARE * growth) * SOURCE_DAMPING**rank
        for rank, (_, level, growth) in enumerate(parts)
    )
    return attention, tuple(parts)


def fading(prior: float, attention: float) -> float:
    """Return what is left of ``prior`` beside ``attention``.

    It falls by less than attention rises, since no prior is above `PRIOR_MOST`: their sum never
    falls.
    """
    return prior * math.exp(-attention / PRIOR_MOST)


def breadth_of(listings: Iterable[Listing], now: datetime) -> float:
    """Return 1, and more for each source that listed the paper again, the later the more."""
    last_listed: dict[str, datetime] = {}
    for listing in listings:
        if listing.listed_at <= now:
            known = last_listed.get(listing.source, listing.listed_at)
            last_listed[listing.source] = max(known, listing.listed_at)
    return 1 + sum(
        LISTING_SHARE * _halved(now - listed_at, LISTING_HALF_LIFE)
        for _, listed_at in sorted(last_listed.items())
    )


def _lists(places: Iterable[ListPlace], now: datetime) -> tuple[tuple[str, int, float], ...]:
    """What the best place in each source's list adds now: (source, position, share), best first."""
    best: dict[str, tuple[str, int, float]] = {}
    for place in places:
        if place.seen_at > now:
            continue
        added = LIST_SHARE * place.share * _halved(now - place.seen_at, LISTING_HALF_LIFE)
        if place.source not in best or added > best[place.source][2]:
            best[place.source] = (place.source, place.position, added)
    return tuple(sorted(best.values(), key=lambda one: (-one[2], one[0])))


def _level_and_growth(
    source: str, seen: Sequence[Attention], yardsticks: Yardsticks
) -> tuple[float, float] | None:
    """Return the level and the growth at one source, from its observations in order of time; None
    where it counted nothing.
    """
    levels = weights = gains = 0.0
    for name, channel in CHANNELS.items():
        known = [(at.observed_at, count) for at in seen if (count := at.count(name)) is not None]
        if not known:
            continue
        typical = yardsticks.typical.get((source, name), channel.typical)
        latest_at, latest = known[-1]
        weights += channel.weight
        levels += channel.weight * math.log1p(max(latest, 0) / typical)
        earlier = [
            (at, count) for at, count in known if SHORTEST_GROWTH <= latest_at - at <= GROWTH_WINDOW
        ]
        if earlier:
            then_at, then = earlier[0]
            gained = max(latest - then, 0) / ((latest_at - then_at) / timedelta(days=1))
            gains += channel.weight * math.log1p(gained / (TYPICAL_GAIN * typical))
    if not weights:
        return None
    trust = yardsticks.trust.get(source, 1.0)
    return trust * levels / weights, trust * gains / weights


def _mapped(value: float, knots: Sequence[float], to: Sequence[float]) -> float:
    """Return the value that stands in ``to`` where ``value`` stands in ``knots``; both rise, and
    are of one length. Beyond the last knot it grows in proportion.
    """
    if value >= knots[-1]:
        return to[-1] * (value / knots[-1] if knots[-1] > 0 else 1.0)
    at = bisect_right(knots, value)
    if at == 0:
        return to[0] * (value / knots[0])
    share = (value - knots[at - 1]) / (knots[at] - knots[at - 1])
    return to[at - 1] + share * (to[at] - to[at - 1])


def _halved(age: timedelta, half_life: timedelta) -> float:
    """Return 1 at age 0 or less, 1/2 after one half-life, 1/4 after two."""
    return float(2.0 ** -(max(age, timedelta(0)) / half_life))
