"""A paper's place in an issue, and why it belongs to a topic."""

from collections.abc import Mapping
from dataclasses import dataclass

from papers.cards import Card


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
    work_id: int = 0
    """The paper that stands for the work now, where that is another; see `work`."""

    @property
    def work(self) -> int:
        """The id of the paper that stands for the work now: what readers had and said is asked of
        it, and of all its names.
        """
        return self.work_id or self.paper_id


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a paper belongs to a topic."""

    score: float
    why: str
    """Such as "Matches Agents"."""
