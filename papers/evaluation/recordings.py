"""Read the recorded files that the evaluation commands compare with.

Lines of JSON (``.jsonl``), gzipped or not, and a topics file in JSON or in the little of YAML that
such files use. A file that is not what it should be raises `RecordingError` with a sentence that
says where.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from papers.evaluation.topics import Candidate
from papers.matching.scoring import PaperText
from papers.semantics.lsa import text_of


class RecordingError(ValueError):
    """Raised for a recorded file that cannot be read as what it should be."""


@dataclass(frozen=True, slots=True)
class TopicEntry:
    """A topic as a file gives it; no keywords where the file has none."""

    name: str
    description: str
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A paper featured on a day, with its counts when they were asked for."""

    paper: str
    featured_at: datetime
    observed_at: datetime
    upvotes: int
    comments: int


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """A paper's identifier, categories and authors."""

    paper: str
    categories: tuple[str, ...]
    authors: tuple[str, ...]


def read_candidates(path: Path) -> list[Candidate]:
    """Read lines of {"week", "id", "title", "summary" or "abstract"}."""
    return [
        Candidate(
            str(record["week"]),
            PaperText(str(record["id"]), str(record["title"]), _abstract(record)),
        )
        for record in _records(path, "week", "id", "title")
    ]


def read_judgments(path: Path) -> dict[tuple[str, str], set[str]]:
    """Read lines of {"week", "topic", "id"} as the chosen ids by week and topic."""
    judgments: dict[tuple[str, str], set[str]] = {}
    for record in _records(path, "week", "topic", "id"):
        key = (str(record["week"]), str(record["topic"]))
        judgments.setdefault(key, set()).add(str(record["id"]))
    return judgments


def read_texts(path: Path) -> list[str]:
    """Read lines of {"title", "abstract" or "summary"} as texts for a semantic model."""
    return [text_of(str(record["title"]), _abstract(record)) for record in _records(path, "title")]


def read_topics(path: Path) -> list[TopicEntry]:
    """Read a list of {"topic" or "name", "description", "keywords"}, in JSON or simple YAML."""
    text = _text(path)
    try:
        entries = json.loads(text) if path.suffix == ".json" else _simple_yaml(text)
    except ValueError as error:
        raise RecordingError(f"{path}: {error}") from error
    topics = []
    for entry in entries:
        name = entry.get("topic") or entry.get("name")
        if not name:
            raise RecordingError(f"{path}: a topic without a name")
        keywords = tuple(str(keyword) for keyword in entry.get("keywords") or ())
        topics.append(TopicEntry(str(name), str(entry.get("description") or ""), keywords))
    return topics


def read_observations(path: Path) -> list[Seen]:
    """Read lines of {"day", "id", "fetched_at", "upvotes", "comments"}; days start at 0:00 UTC."""
    return [
        Seen(
            paper=str(record["id"]),
            featured_at=datetime.combine(date.fromisoformat(record["day"]), time(), UTC),
            observed_at=datetime.fromisoformat(record["fetched_at"]),
            upvotes=int(record["upvotes"]),
            comments=int(record["comments"]),
        )
        for record in _records(path, "day", "id", "fetched_at", "upvotes", "comments")
    ]


def read_papers(path: Path) -> list[PaperRecord]:
    """Read lines of {"id", "categories", "authors"}; the latter two may be missing or empty."""
    return [
        PaperRecord(
            str(record["id"]),
            tuple(map(str, record.get("categories") or ())),
            tuple(map(str, record.get("authors") or ())),
        )
        for record in _records(path, "id")
    ]


def read_paper_texts(path: Path) -> list[PaperText]:
    """Read lines of {"id", "title", "abstract" or "summary", "categories"}; the last may miss."""
    return [
        PaperText(
            str(record["id"]),
            str(record["title"]),
            _abstract(record),
            tuple(map(str, record.get("categories") or ())),
        )
        for record in _records(path, "id", "title")
    ]


def read_orders(path: Path) -> dict[date, list[str]]:
    """Read {"day": [ids, most trending first]} as the recorded orders by day."""
    try:
        days = json.loads(_text(path))
        return {date.fromisoformat(day): list(map(str, ids)) for day, ids in sorted(days.items())}
    except (ValueError, AttributeError, TypeError) as error:
        raise RecordingError(f"{path}: not an object of days and ids: {error}") from error


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: can't be read: {error}") from error


def _records(path: Path, *required: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise RecordingError(f"{path}:{number}: {error}") from error
        missing = [name for name in required if name not in record]
        if missing:
            raise RecordingError(f"{path}:{number}: without {', '.join(missing)}")
        yield record


def _abstract(record: Mapping[str, Any]) -> str:
    return str(record.get("abstract") or record.get("summary") or "")


_ITEM = re.compile(r"^(?P<indent>\s*)(?P<dash>- )?(?P<key>[A-Za-z_]+):\s*(?P<value>.*)$")


def _simple_yaml(text: str) -> list[dict[str, Any]]:
    """Read a list of mappings to strings, block strings (|) and lists of strings; no more of YAML.

    Raises ValueError with the line for anything else.
    """
    entries: list[dict[str, Any]] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line.strip() or line.lstrip().startswith("#") or line.strip() == "---":
            continue
        found = _ITEM.match(line)
        if found is None or (not found["dash"] and not entries):
            raise ValueError(f"line {at}: expected '- topic: ...' or 'key: ...'")
        if found["dash"]:
            entries.append({})
        value = found["value"].strip()
        inner = len(found["indent"]) + (2 if found["dash"] else 0)
        block: list[str] = []
        while at < len(lines) and (
            not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > inner
        ):
            block.append(lines[at].strip())
            at += 1
        entries[-1][found["key"]] = _simple_value(value, block, at)
    return entries


def _simple_value(value: str, block: list[str], line: int) -> str | list[str]:
    if value in ("|", "|-", ">", ">-"):
        return ("\n" if value[0] == "|" else " ").join(block).strip()
    if value.startswith("[") and value.endswith("]"):
        return [part.strip().strip("\"'") for part in value[1:-1].split(",") if part.strip()]
    items = [part for part in block if part]
    if not value and items and all(part.startswith("- ") for part in items):
        return [part[2:].strip().strip("\"'") for part in items]
    if items:
        raise ValueError(f"line {line}: more of YAML than topics need")
    return value.strip("\"'")
