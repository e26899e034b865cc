"""Whose papers? From an issue, a reader's topics and what they had before to a selection.

Pure functions over plain values: no database, no clock. Everything that is the same for every
reader of an issue is prepared once, in `Shelf`; choosing for one reader then costs microseconds.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from newsletter.cards import Card


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


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a paper belongs to a topic."""

    score: float
    why: str
    """Such as `"kv cache" in the title`."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What a digest depends on of one subscriber."""

    id: int
    email: str
    link_version: int
    topics: frozenset[int]
    papers_wanted: int = 10
    text_only: bool = False
    is_weekly: bool = False
    grouped: bool = False
    """They want their papers under the names of their topics, not in one ranked list."""
    language: str = "en"
    welcomed_on: dt.date | None = None
    """The day of the issue that welcomed them."""
    liked: frozenset[int] = frozenset()
    """Ids of papers they want more like; empty where learning is off."""
    disliked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """A paper chosen for a reader, the reader's topics that it matches (closest first), and why."""

    place: Place
    topics: tuple[int, ...]
    why: str
    """Such as `"kv cache" in the title · trending #3`."""

    def as_row(self) -> list[object]:
        """For the ledger: [paper id, place id, [topic ids], why]."""
        return [self.place.paper_id, self.place.id, list(self.topics), self.why]


class Shelf:
    """The papers of one or more issues, arranged so that a reader's are found at once."""

    def __init__(self, places: Iterable[Place]) -> None:
        best: dict[int, Place] = {}
        for place in places:
            held = best.get(place.paper_id)
            if held is None or place.score > held.score:
                best[place.paper_id] = place
        #: Most trending first; a paper that stood in several issues stands here once.
        self.places = sorted(best.values(), key=lambda place: (-place.score, place.rank, place.id))
        self._by_topic: dict[int, list[int]] = {}
        for at, place in enumerate(self.places):
            for topic in place.topics:
                self._by_topic.setdefault(topic, []).append(at)

    def select(self, reader: Reader, had: Collection[int] = ()) -> list[Choice]:
        """The reader's papers, best first: of their topics, none they `had` (paper ids) before,
        none they disliked, at most `papers_wanted`.

        A pinned paper goes to readers of its topics first, like any other paper of high score.
        Each chosen topic gets its best paper in before any topic gets its next.
        """
        candidates = sorted({at for topic in reader.topics for at in self._by_topic.get(topic, ())})
        allowed = [
            at
            for at in candidates
            if self.places[at].paper_id not in had
            and self.places[at].paper_id not in reader.disliked
        ]
        if len(allowed) > reader.papers_wanted:
            allowed = self._fair_share(allowed, reader)
        return [self._choice(at, reader) for at in allowed]

    def _fair_share(self, allowed: list[int], reader: Reader) -> list[int]:
        """`papers_wanted` of `allowed` (most trending first): each topic's best, then the rest."""
        chosen: set[int] = set()
        unserved = set(reader.topics)
        for at in allowed:
            if len(chosen) >= reader.papers_wanted or not unserved:
                break
            served = unserved & self.places[at].topics.keys()
            if served:
                unserved -= served
                chosen.add(at)
        for at in allowed:
            if len(chosen) >= reader.papers_wanted:
                break
            chosen.add(at)
        return sorted(chosen)

    def _choice(self, at: int, reader: Reader) -> Choice:
        place = self.places[at]
        mine = [topic for topic in place.topics if topic in reader.topics]
        if len(mine) > 1:
            mine.sort(key=lambda topic: -place.topics[topic].score)
        why = f"{place.topics[mine[0]].why} · trending #{place.rank}"
        return Choice(place, tuple(mine), why)
