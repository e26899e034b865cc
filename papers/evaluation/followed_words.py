"""How well followed phrases are found: labeled passages against the matching of a day.

`tests/data/followed_words.jsonl` has a phrase, a passage of a title or abstract with words of the
phrase in it, and whether the paper should match; what nobody could decide counts neither way.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from papers.evaluation.packs import Share
from papers.evaluation.recordings import RecordingError
from papers.matching.interests.day_index import DayIndex, DayPaper
from papers.matching.interests.matcher import Wanted, match
from papers.matching.interests.specs import Kind, spec_of

KEPT_APART = "kept apart"


@dataclass(frozen=True, slots=True)
class Passage:
    """A phrase, a text, and what somebody said: `yes`, `no` or `undecidable`."""

    phrase: str
    text: str
    label: str
    is_apart: bool


@dataclass(frozen=True)
class Matching:
    """What came of matching the passages."""

    precision: Share
    recall: Share
    undecidable: int
    """How many of the undecidable matched."""
    wrong: tuple[Passage, ...] = field(repr=False)


def read_passages(path: Path) -> list[Passage]:
    """The passages of a file of JSON lines. Raises `RecordingError` with the line that is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from None
    found = []
    for number, line in enumerate(lines, 1):
        try:
            one = json.loads(line)
            is_apart = one["half"] == KEPT_APART
            found.append(Passage(one["phrase"], one["text"], one["label"], is_apart))
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingError(f"{path}, line {number}: {error!r}") from None
    return found


def matched(passages: Sequence[Passage]) -> Matching:
    """Match every phrase with its passages, by the matching that a day's papers go through."""
    index = DayIndex([_paper(at, one.text) for at, one in enumerate(passages)], None)
    phrases = list(dict.fromkeys(one.phrase for one in passages))
    wanted = [
        Wanted(number, spec_of(Kind.WORDS.value, phrases=[phrase]))
        for number, phrase in enumerate(phrases)
    ]
    found = {(one.row, phrases[one.interest]) for one in match(index, wanted) if one.is_certain}
    right = sent = right_wanted = undecidable = 0
    wrong = []
    for at, one in enumerate(passages):
        is_sent = (at, one.phrase) in found
        if one.label == "undecidable":
            undecidable += is_sent
            continue
        is_right = one.label == "yes"
        sent += is_sent
        right_wanted += is_right
        right += is_sent and is_right
        if is_sent != is_right:
            wrong.append(one)
    return Matching(Share(right, sent), Share(right, right_wanted), undecidable, tuple(wrong))


def _paper(number: int, text: str) -> DayPaper:
    return DayPaper(
        id=number,
        title=text,
        abstract="",
        authors=(),
        organization="",
        venue="",
        categories=(),
        sources=(),
        is_preprint=True,
    )
