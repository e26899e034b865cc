"""Papers that the owner's own scripts hand over, a file or a request at a time, in JSON lines.

One line is one paper, a JSON object of the fields in `FIELDS`; only `id` and `title` must be there.
docs/sources.md has the schema. Nothing is fetched: `papers.ingest.pushing` takes the lines.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from papers.sources.base import PaperSource
from papers.sources.record import NEW_TO_SOURCE, BadRecord, Draft, PaperRecord
from papers.sources.settings import SourceSettings
from papers.text import markup

MOST_BYTES = 2_000_000
"""Of one request; a file may be longer."""

MOST_LINE = 200_000
"""Bytes of one line; a paper of five thousand authors takes as many."""

MOST_LINES = 2_000
"""Papers in one request or file: what a source may give in a day."""

TEXTS = (
    "id", "title", "abstract", "summary", "organization", "published_on", "code_url", "project_url",
    "thumbnail_url", "venue", "license", "free_url", "kind", "submitted_by",
)  # fmt: skip
LISTS = ("authors", "categories", "keywords", "names", "issns")
COUNTS = ("upvotes", "comments", "stars")
FIELDS = frozenset((*TEXTS, *LISTS, *COUNTS))
AUTHOR_FIELDS = frozenset({"name", "family", "given", "orcid", "affiliations", "is_group"})
KINDS = ("article", "preprint", "proceedings", "other")


class Pushed(PaperSource[SourceSettings]):
    """A row that papers are handed to. It lists nothing by itself."""

    kind = "pushed"
    label = "Papers that your own scripts send"
    answers_for_past = False

    def items(self, day: dt.date) -> Iterable[Any]:
        """None: papers come when they are sent."""
        self.notes.append(
            "Nothing is fetched: papers come when your scripts send them, with the token that is "
            "made on this source's page or by manage.py import_papers --new-token."
        )
        return ()

    def draft(self, item: Any) -> Draft:
        """A line's object."""
        return draft_of(item)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, and the paper in it or what is wrong with it."""

    number: int
    record: PaperRecord | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    """What was left out of the paper."""


def read(body: bytes) -> Iterator[Line]:
    """The lines, but for empty ones; none costs another one."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    taken = 0
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line.strip():
            continue
        taken += 1
        if taken > MOST_LINES:
            yield Line(number, problem=f"there are more than {MOST_LINES:,} papers; send the rest")
            return
        try:
            draft = draft_of(_loaded(line))
            record = draft.clean()
        except BadRecord as error:
            yield Line(number, problem=str(error))
        else:
            yield Line(number, record, notes=tuple(draft.problems))


def _loaded(line: bytes) -> Any:
    if len(line) > MOST_LINE:
        raise BadRecord(f"it has more than {MOST_LINE:,} bytes")
    try:
        return json.loads(line.decode())
    except UnicodeDecodeError:
        raise BadRecord("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadRecord(f"it isn't JSON: {error.msg} at character {error.colno}") from None
    except (ValueError, RecursionError):
        raise BadRecord("it isn't readable JSON") from None


def draft_of(item: Any) -> Draft:
    """A line's object. Raises `BadRecord`, with every field that is not as it should be."""
    if not isinstance(item, dict):
        raise BadRecord("it isn't a JSON object")
    wrong = list(_wrong(item))
    if wrong:
        raise BadRecord("; ".join(wrong[:5]))
    fields: dict[str, Any] = {name: value for name, value in item.items() if value is not None}
    for name in ("title", "abstract", "summary"):
        if name in fields:
            fields[name] = markup.plain(fields[name])
    fields.setdefault("kind", "article")
    return Draft(**fields, listing=NEW_TO_SOURCE)


def _wrong(item: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the fields of a line, in words."""
    for name in ("id", "title"):
        if not item.get(name):
            yield f"it has no {name}"
    for name, value in item.items():
        if name not in FIELDS:
            yield f"there is no field {name[:40]!r}"
        elif value is None:
            continue
        elif name in TEXTS and not isinstance(value, str):
            yield f"{name} isn't text"
        elif name in COUNTS and (isinstance(value, bool) or not isinstance(value, int)):
            yield f"{name} isn't a whole number"
        elif name in LISTS and not isinstance(value, list):
            yield f"{name} isn't a list"
        elif name == "authors":
            yield from _wrong_authors(value)
        elif name in LISTS and not all(isinstance(one, str) for one in value):
            yield f"{name} isn't a list of strings"
        elif name == "kind" and value not in KINDS:
            yield f"kind is {value[:40]!r}, not one of {', '.join(KINDS)}"
        elif name == "published_on" and not _is_day(value):
            yield f"published_on is {value[:40]!r}, not a day such as 2026-05-13"


def _wrong_authors(authors: list[Any]) -> Iterator[str]:
    for number, author in enumerate(authors, start=1):
        if isinstance(author, str):
            continue
        if not isinstance(author, dict):
            yield f"author {number} is neither a name nor an object"
            return
        unknown = sorted(set(author) - AUTHOR_FIELDS)
        if unknown:
            yield f"author {number} has an unknown field, {unknown[0][:40]!r}"
            return
        if not author.get("name") and not author.get("family"):
            yield f"author {number} has no name"
            return


def _is_day(value: str) -> bool:
    try:
        dt.date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True
