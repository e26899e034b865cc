"""The papers of a digest as the ledger keeps them in `Delivery.choices`: read and written here, and
nowhere else.

Two forms are read: rows by position, [paper id, place id, [topic ids], why], and records with
names. Rows by position are what is written, for this release still: while an upgrade runs, and
after a way back, workers of the version before compose digests from the history that we write,
and they know no other form. One of theirs that met a record with names would fail a whole batch.
The version after this one may write names, because this one reads them.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from newsletter.digests.selection import Choice


@dataclass(frozen=True, slots=True)
class ChosenPaper:
    """One paper of a digest that was made."""

    paper_id: int
    place_id: int
    topic_ids: tuple[int, ...]
    """The reader's topics that it matched, closest first."""
    why: str
    """The reason that the reader was given."""


def stored_form(choices: Iterable[Choice]) -> str:
    """What `Delivery.choices` is to hold, as JSON."""
    rows = [_row(one.place.paper_id, one.place.id, one.topics, one.why) for one in choices]
    return f"[{','.join(rows)}]"


@lru_cache(maxsize=10_000)
def _row(paper_id: int, place_id: int, topics: tuple[int, ...], why: str) -> str:
    """A paper with the topics that it was chosen for: the same for very many readers."""
    return f"[{paper_id},{place_id},[{','.join(map(str, topics))}],{_quoted(why)}]"


@lru_cache(maxsize=1_000)
def _quoted(why: str) -> str:
    return json.dumps(why, ensure_ascii=False)


def chosen_papers(stored: Iterable[Any]) -> list[ChosenPaper]:
    """The papers of a digest, in its order, from `Delivery.choices`."""
    return [_record(one) for one in stored]


def paper_ids(stored: Sequence[Any]) -> Iterator[int]:
    """The ids of a digest's papers: for histories, which read very many digests."""
    return (one["paper"] if isinstance(one, dict) else one[0] for one in stored)


def _record(one: Any) -> ChosenPaper:
    if isinstance(one, dict):
        return ChosenPaper(one["paper"], one["place"], tuple(one["topics"]), one["why"])
    paper_id, place_id, topic_ids, why = one
    return ChosenPaper(paper_id, place_id, tuple(topic_ids), why)
