"""Yardsticks: what a count is worth at each source, and what papers of each field have.

`measure` is a pure function of what is known of the papers of the last weeks. It looks at counts
only in proportion to other counts of the same source, so that doubling every count of one source
changes no paper's score (`papers.matching.trending`).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from papers.matching.trending import (
    ABOVE,
    CHANNELS,
    TRUST_AFTER,
    Attention,
    FieldScale,
    Listing,
    ListPlace,
    Pick,
    Prior,
    Yardsticks,
    attention_of,
    breadth_of,
    fading,
)

STEPS = 100
"""Steps through the papers of a field."""

FULL_FIELD = 100
"""Papers from which on a field is measured against itself alone."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a paper, from which its score is made."""

    attention: Sequence[Attention]
    featured_at: datetime
    listings: Sequence[Listing] = ()
    places: Sequence[ListPlace] = ()
    pick: Pick | None = None
    prior: Prior | None = None
    of_field: str = ""


def measure(papers: Iterable[Known], now: datetime) -> Yardsticks:
    """Return the yardsticks of ``papers`` at ``now``; of no papers the usual ones."""
    known = list(papers)
    counted = replace(Yardsticks(), **_of_sources(known, now))
    values: dict[str, list[tuple[float, float, bool]]] = defaultdict(list)
    for one in known:
        attention, parts = attention_of(one.attention, now, counted)
        prior = one.prior.value if one.prior else 0.0
        value = (attention + fading(prior, attention)) * breadth_of(one.listings, now)
        is_listed = any(place.seen_at <= now for place in one.places)
        values[one.of_field].append((value, attention, bool(parts) or is_listed))
    everything = [each for found in values.values() for each in found]
    if not everything:
        return counted
    knots = _steps([value for value, _, _ in everything])
    fields = {
        name: FieldScale(
            papers=len(found),
            above=_nearest([attention for _, attention, _ in found], ABOVE),
            knots=_steps([value for value, _, _ in found]),
            trust=min(1.0, len(found) / FULL_FIELD),
        )
        for name, found in values.items()
    }
    ceiling = _nearest([value for value, _, _ in everything], ABOVE)
    measured = replace(counted, fields=fields, knots=knots, ceiling=ceiling)
    uncounted = (
        measured.squeezed(measured.standing(name, value))
        for name, found in values.items()
        for value, _, is_counted in found
        if not is_counted
    )
    return replace(measured, uncounted=max(uncounted, default=0.0))


def _of_sources(papers: Sequence[Known], now: datetime) -> dict[str, Any]:
    """The typical counts by source and channel, and how far each source is believed."""
    latest: dict[tuple[str, str], list[int]] = defaultdict(list)
    counted: dict[str, int] = defaultdict(int)
    for paper in papers:
        last: dict[tuple[str, str], tuple[datetime, int]] = {}
        for seen in paper.attention:
            if seen.observed_at > now:
                continue
            for channel in CHANNELS:
                count = seen.count(channel)
                key = (seen.source, channel)
                if count is not None and (key not in last or last[key][0] <= seen.observed_at):
                    last[key] = (seen.observed_at, count)
        for key, (_, count) in last.items():
            if count > 0:
                latest[key].append(count)
        for source in {source for source, _ in last}:
            counted[source] += 1
    return {
        "typical": {key: float(_nearest(found, 0.5)) for key, found in latest.items()},
        "trust": {source: n / (n + TRUST_AFTER) for source, n in counted.items()},
    }


def _nearest(values: Sequence[float], share: float) -> float:
    """The least of ``values`` that ``share`` of them do not exceed. No mean of two of them is
    taken, so that doubled values give exactly the double.
    """
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def _steps(values: Sequence[float]) -> tuple[float, ...]:
    """``values`` at `STEPS` equal steps from the lowest to the highest, between two by
    proportion.
    """
    ordered = sorted(values)
    found = []
    for step in range(STEPS + 1):
        at, rest = divmod(step * (len(ordered) - 1), STEPS)
        low = ordered[at]
        high = ordered[min(at + 1, len(ordered) - 1)]
        found.append(low + (high - low) * (rest / STEPS))
    return tuple(found)


def as_json(yardsticks: Yardsticks) -> dict[str, Any]:
    """In JSON's types, for a row."""
    return {
        "typical": [[*key, value] for key, value in sorted(yardsticks.typical.items())],
        "trust": dict(yardsticks.trust),
        "fields": {
            name: [scale.papers, scale.above, list(scale.knots), scale.trust]
            for name, scale in yardsticks.fields.items()
        },
        "knots": list(yardsticks.knots),
        "ceiling": yardsticks.ceiling if math.isfinite(yardsticks.ceiling) else None,
        "uncounted": yardsticks.uncounted,
    }


def from_json(kept: Mapping[str, Any]) -> Yardsticks:
    """What `as_json` made."""
    return Yardsticks(
        typical={(source, channel): value for source, channel, value in kept["typical"]},
        trust=kept["trust"],
        fields={
            name: FieldScale(papers, above, tuple(knots), trust)
            for name, (papers, above, knots, trust) in kept["fields"].items()
        },
        knots=tuple(kept["knots"]),
        ceiling=math.inf if kept["ceiling"] is None else kept["ceiling"],
        uncounted=kept["uncounted"],
    )
