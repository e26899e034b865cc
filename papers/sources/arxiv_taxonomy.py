"""arXiv's archives and categories, with their English names: https://arxiv.org/category_taxonomy.

An archive (`cs`, `hep-th`) has categories (`cs.CL`) or is one itself. Archives stand in groups;
the only group of several archives is that of physics, one archive of which is also called
`physics`. Hence "All of physics" is a word of its own here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ALL_OF_PHYSICS = "All of physics"

_FILE = Path(__file__).parent.parent / "data" / "arxiv_categories.json"


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive: its code, its English name, its group, and its categories with their names."""

    code: str
    name: str
    group: str
    categories: dict[str, str]

    @property
    def oai_set(self) -> str:
        """The set of OAI-PMH that holds the archive."""
        return f"{self.group}:{self.code}"


@cache
def archives() -> dict[str, Archive]:
    """Every archive by its code."""
    return {
        one["archive"]: Archive(one["archive"], one["name"], one["group"], one["categories"])
        for one in json.loads(_FILE.read_text(encoding="utf-8"))["archives"]
    }


@cache
def _also_known_as() -> dict[str, str]:
    same = json.loads(_FILE.read_text(encoding="utf-8"))["same"]
    return {**same, **{there: here for here, there in same.items()}}


@cache
def choices() -> dict[str, str]:
    """What may be chosen, with the names that a form shows: the group of physics, archives as a
    whole, and categories.
    """
    found = {ALL_OF_PHYSICS: f"{ALL_OF_PHYSICS}, {len(physics())} archives"}
    for archive in archives().values():
        whole = ", all of it" if archive.categories else ""
        found[archive.code] = f"{archive.code}: {archive.name}{whole}"
        found |= {code: f"{code}: {name}" for code, name in archive.categories.items()}
    return found


def physics() -> tuple[str, ...]:
    """The archives of the group of physics."""
    return tuple(code for code, one in archives().items() if one.group == "physics")


def by_archive(lines: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The archives that the chosen `lines` need, each with the categories wanted of it; with its
    own code alone where all of it is wanted.
    """
    wanted: dict[str, list[str]] = {}
    for line in lines:
        codes = physics() if line == ALL_OF_PHYSICS else (line,)
        for code in codes:
            wanted.setdefault(code.partition(".")[0], []).append(code)
    return {
        archive: (archive,) if archive in codes else tuple(dict.fromkeys(codes))
        for archive, codes in wanted.items()
    }


def is_in(category: str, wanted: Sequence[str]) -> bool:
    """Whether a paper's `category` is among the wanted archives and categories, under either of
    the names that some categories have.
    """
    names = {category, _also_known_as().get(category, category)}
    return any(name in wanted or name.partition(".")[0] in wanted for name in names)
