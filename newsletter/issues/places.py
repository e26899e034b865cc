"""A paper's place in an issue, and why it belongs to a topic."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from papers.cards import Card

BEST = 150
"""Of each topic, and of an issue as a whole, this many of the most trending papers take part: three
times what a digest has room for. A day of thousands then costs what its topics have, not more."""


@dataclass(frozen=True, slots=True)
class Place:
    """A paper's place in an issue."""

    id: int
    paper_id: int
    rank: int
    score: float
    card: Card
    topics: Mapping[int, "Reason"]
    """By topic id, for every topic whose readers may get the paper."""
    gained: int = 0
    """Upvotes within the week, for a weekly digest."""
    work_id: int = 0
    """The paper that stands for the work now, where that is another; see `work`."""
    work: int = field(init=False)
    """The id of the paper that stands for the work now: what readers had and said is asked of it,
    and of all its names."""

    def __post_init__(self) -> None:
        """Know the work: it is asked for every digest."""
        object.__setattr__(self, "work", self.work_id or self.paper_id)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a paper belongs to a topic."""

    score: float
    why: str
    """Such as "Matches Agents"."""


class Standing(NamedTuple):
    """What decides whether a place takes part."""

    id: int
    work: int
    rank: int
    score: float
    topics: Collection[int]
    gained: int = 0
    """Upvotes within the week, for a weekly digest."""


Ordered = TypeVar("Ordered", Place, Standing)


def taking_part(places: Iterable[Ordered]) -> list[Ordered]:
    """The places that digests are chosen from, most trending first: each work once, `BEST` of each
    topic, and as many of those that trend most.
    """
    best: dict[int, Ordered] = {}
    for place in places:
        best_so_far = best.get(place.work)
        if best_so_far is None or place.score > best_so_far.score:
            best[place.work] = place
    taken: Counter[int] = Counter()
    kept = []
    ordered = sorted(best.values(), key=lambda place: (-place.score, place.rank, place.id))
    for at, place in enumerate(ordered):
        if at < BEST or any(taken[topic] < BEST for topic in place.topics):
            kept.append(place)
        for topic in place.topics:
            taken[topic] += 1
    return kept
