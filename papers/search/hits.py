"""What a database's full text finds, in words that both databases share."""

from dataclasses import dataclass
from enum import IntEnum

NEWEST = 500
"""Papers that are ranked for each way in which a query can be found, the newest ones. A word of
every second paper says nothing of which is meant; the newest are the best guess, and finding and
ranking them costs the same however many others there are."""


MOST_OF_A_KIND = 250
"""Of these, the best ones are given; a few more than are shown, for some may be hidden."""

SPELLED_OUT = 1_500
"""Papers that only spell out an acronym which was typed, the newest ones, that come behind those
that hold it. They are sought apart, for wherever an acronym is usual those that hold it would fill
every list."""

INDEXED = ("id", "title", "abstract", "summary", "authors", "organization", "identifier")
"""The columns of papers_paper that the indexes are made of."""


class Kind(IntEnum):
    """How a paper was found; the better comes first."""

    PHRASE = 1
    """The words stand together, in the order typed."""
    TITLE = 2
    """All words are in the title."""
    WORDS = 3
    """All words are somewhere in title, abstract, names and identifier together."""
    ACRONYM = 4
    """All words, where one is written out as what it is short for, or the other way round."""
    SOME = 5
    """All words but one, or one of two."""
    MEANING = 6
    """Only its meaning is close."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that the full text found."""

    paper_id: int
    kind: Kind
    score: float
    """Among hits of one kind; higher is better. Not comparable between databases."""
