"""Abstracts of five fields, with the sentences marked that say what the authors do or found.

tests/data/labelled_abstracts.json holds identifiers, numbers of sentences and a hash of each
marked sentence, no text: that is read from the recorded arXiv records. The draw was made before
the function that it judges was written. All sentences that say what is done or found were marked
by reading the abstracts, not by rule; background, motivation, what others did, and where the code
is were not.
"""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from papers.text.cleaning import abstract

FILE = Path(__file__).resolve().parents[2] / "data" / "labelled_abstracts.json"

FIELDS = {
    "computing": ("cs.", "eess."),
    "statistics": ("stat.",),
    "mathematics": ("math.", "math-ph"),
    "physics": ("physics.", "quant-ph", "cond-mat", "hep-", "astro-ph", "nlin.", "gr-qc"),
    "life sciences": ("q-bio.",),
}
"""By name, how the primary categories of the field begin."""

SEED = "What a paper says of itself"
A_FIELD = 30
TO_WORK_ON = 20
"""Of each field; the other ten are kept apart, and no rule was written with a look at them."""


@dataclass(frozen=True)
class Labelled:
    """One abstract, as a paper of ours would have it, and the numbers of its marked sentences."""

    identifier: str
    field: str
    is_kept_apart: bool
    text: str
    marked: dict[int, str]
    """By number, the hash of the sentence."""


def draw(records: Iterable[dict[str, Any]]) -> list[tuple[str, str, bool]]:
    """(field, arXiv id, whether it is kept apart) of the abstracts that were drawn.

    Of each field come the thirty records whose ids have the lowest SHA-256 together with the
    seed, in that order; the last ten of them are kept apart.
    """
    ids: dict[str, set[str]] = {field: set() for field in FIELDS}
    for record in records:
        for field, beginnings in FIELDS.items():
            if str(record["primary_category"]).startswith(beginnings):
                ids[field].add(record["id"])
    return [
        (field, each, at >= TO_WORK_ON)
        for field, found in ids.items()
        for at, each in enumerate(sorted(found, key=_place_in_draw)[:A_FIELD])
    ]


def _place_in_draw(identifier: str) -> str:
    return sha256(f"{SEED}:{identifier}".encode()).hexdigest()


def hash_of(sentence: str) -> str:
    """The beginning of the SHA-256 of a sentence."""
    return sha256(sentence.encode()).hexdigest()[:12]


@cache
def records(shared: Path) -> Sequence[dict[str, Any]]:
    """The recorded arXiv records."""
    with gzip.open(shared / "data" / "arxiv_metadata.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def labelled(shared: Path) -> list[Labelled]:
    """The abstracts with their labels."""
    texts = {record["id"]: abstract(record["abstract"]) for record in records(shared)}
    return [
        Labelled(
            identifier=row["arxiv"],
            field=row["field"],
            is_kept_apart=row["kept_apart"],
            text=texts[row["arxiv"]],
            marked={int(number): mark for number, mark in row["marked"].items()},
        )
        for row in json.loads(FILE.read_text(encoding="utf-8"))
    ]
