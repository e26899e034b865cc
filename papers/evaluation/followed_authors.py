"""How well a followed name is told from other names: labeled pairs against the comparison.

`tests/data/author_pairs` has the pairs, and how they were labeled. A pair that nobody could decide
from what the record shows counts neither way; how many of them are sent is reported apart.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from papers.evaluation.packs import Share
from papers.evaluation.recordings import RecordingError
from papers.text.same_person import Person, Surroundings, Verdict, compare, keys_of, probes_of

LABELS = ("yes", "no", "undecidable")
KEPT_APART = "kept apart"


@dataclass(frozen=True, slots=True)
class Pair:
    """A followed and a printed name, each with what is known beside it, and what somebody said."""

    kind: str
    label: str
    is_apart: bool
    followed: Person
    printed: Person
    known: Surroundings
    around: Surroundings

    def __str__(self) -> str:
        return f"{self.followed.name} | {self.printed.name}"


@dataclass(frozen=True)
class Comparison:
    """What came of comparing the pairs."""

    precision: Share
    recall: Share
    maybe: int
    """Decidable pairs that are neither sent nor left out."""
    undecidable: Mapping[str, int]
    """How many undecidable pairs had which verdict."""
    wrong: tuple[tuple[Pair, Verdict], ...] = field(repr=False)
    """Decidable pairs whose verdict isn't the label."""
    unfound: tuple[Pair, ...] = field(repr=False)
    """Pairs that an index by `keys_of` would not have found, although they aren't "no"."""


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a file of JSON lines. Raises `RecordingError` with the line that is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from None
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(_pair(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingError(f"{path}, line {number}: {error!r}") from None
    return found


def compared(pairs: Iterable[Pair]) -> Comparison:
    """Compare all pairs and count."""
    right = sent = wanted = maybe = 0
    undecidable = dict.fromkeys((verdict.value for verdict in Verdict), 0)
    wrong, unfound = [], []
    for pair in pairs:
        verdict = compare(pair.followed, pair.printed, known=pair.known, around=pair.around)
        shares_id = pair.followed.ids & pair.printed.ids
        is_found = shares_id or probes_of(pair.followed) & keys_of(pair.printed)
        if verdict is not Verdict.NO and not is_found:
            unfound.append(pair)
        if pair.label == "undecidable":
            undecidable[verdict.value] += 1
            continue
        if verdict.value != pair.label:
            wrong.append((pair, verdict))
        wanted += pair.label == "yes"
        sent += verdict is Verdict.YES
        right += verdict is Verdict.YES and pair.label == "yes"
        maybe += verdict is Verdict.MAYBE
    return Comparison(
        Share(right, sent), Share(right, wanted), maybe, undecidable, tuple(wrong), tuple(unfound)
    )


def _pair(line: Mapping[str, Any]) -> Pair:
    if line["label"] not in LABELS:
        raise ValueError(f"the label is {line['label']!r}")
    return Pair(
        line["kind"],
        line["label"],
        line["half"] == KEPT_APART,
        _person(line["followed"]),
        _person(line["printed"]),
        _surroundings(line["followed"]),
        _surroundings(line["printed"]),
    )


def _person(said: Mapping[str, Any]) -> Person:
    return Person(
        said["name"],
        said.get("family", ""),
        said.get("given", ""),
        frozenset(said.get("ids", ())),
    )


def _surroundings(said: Mapping[str, Any]) -> Surroundings:
    return Surroundings(
        frozenset(said.get("coauthors", ())),
        frozenset(said.get("categories", ())),
        frozenset(said.get("affiliations", ())),
    )
