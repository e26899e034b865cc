"""One entry of a library, and what it is recognized by.

Recognized means identified: by a DOI, an arXiv, PubMed or other identifier that we know, an ISBN,
or by its title together with its authors. Whether the work is stored here doesn't matter.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from papers.identifiers import UnknownIdentifier, identifier

MOST_ENTRIES = 5_000
"""Of one library; what is beyond isn't read."""

MOST_AUTHORS = 200
LONGEST_ABSTRACT = 10_000
LONGEST_TITLE = 500

_ISBN = re.compile(r"(?:97[89][-\s]?)?(?:\d[-\s]?){9}[\dXx]")

NO_TITLE = "no-title"
NO_AUTHORS = "no-authors"
UNREADABLE = "unreadable"
"""Why an entry isn't recognized."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a library says of one work, in plain text."""

    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    venue: str = ""
    keywords: tuple[str, ...] = ()
    identifier: str = ""
    """`doi:…`, `arxiv:…`, `isbn:…`; empty where the title with the authors identifies it."""


@dataclass(slots=True)
class Library:
    """What was read: entries that are recognized, and the others with the reason."""

    entries: list[Entry] = field(default_factory=list)
    unrecognized: list[tuple[str, str]] = field(default_factory=list)
    """What an entry is called, as far as it can be told, and why it isn't recognized."""
    left_out: int = 0
    """Entries beyond `MOST_ENTRIES`."""
    skipped: int = 0
    """Attachments, notes and comments."""

    def add(
        self,
        *,
        title: str,
        ids: Iterable[str],
        authors: Iterable[str] = (),
        abstract: str = "",
        venue: str = "",
        keywords: Iterable[str] = (),
        called: str = "",
    ) -> None:
        """Take one entry in, or note why it isn't recognized."""
        if len(self.entries) + len(self.unrecognized) >= MOST_ENTRIES:
            self.left_out += 1
            return
        named = known_as(ids)
        people = tuple(filter(None, authors))[:MOST_AUTHORS]
        title = title[:LONGEST_TITLE]
        if not title:
            self.unrecognized.append((called[:120] or named, NO_TITLE))
        elif not named and not people:
            self.unrecognized.append((title[:120], NO_AUTHORS))
        else:
            self.entries.append(
                Entry(
                    title,
                    abstract[:LONGEST_ABSTRACT],
                    people,
                    venue[:160],
                    tuple(filter(None, keywords))[:30],
                    named,
                )
            )

    def as_json(self) -> dict[str, Any]:
        """What a child process hands to its parent."""
        return {**asdict(self), "entries": [asdict(entry) for entry in self.entries]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Library":
        """Read what `as_json` wrote."""
        entries = []
        for one in data["entries"]:
            values: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in one.items()
            }
            entries.append(Entry(**values))
        pairs = [(title, why) for title, why in data["unrecognized"]]
        return cls(entries, pairs, data["left_out"], data["skipped"])


def known_as(texts: Iterable[str]) -> str:
    """The first identifier among texts in any spelling, then the first ISBN; empty without one."""
    isbn = ""
    for text in texts:
        if not text or len(text) > 2_000:
            continue
        try:
            return identifier(text)
        except UnknownIdentifier:
            isbn = isbn or isbn_in(text)
    return isbn


def isbn_in(text: str) -> str:
    """`isbn:` and the thirteen digits of a valid ISBN in the text; empty without one."""
    for found in _ISBN.finditer(text.removeprefix("isbn:")):
        digits = re.sub(r"[^\dX]", "", found.group().upper())
        if len(digits) == 10:
            total = sum(
                weight * (10 if char == "X" else int(char))
                for weight, char in zip(range(10, 0, -1), digits, strict=True)
            )
            if total % 11 == 0:
                core = f"978{digits[:9]}"
                return f"isbn:{core}{_check_digit(core)}"
        elif len(digits) == 13 and digits.isdigit() and digits[-1] == _check_digit(digits[:12]):
            return f"isbn:{digits}"
    return ""


def _check_digit(twelve: str) -> str:
    total = sum(int(char) * (3 if at % 2 else 1) for at, char in enumerate(twelve))
    return str(-total % 10)
