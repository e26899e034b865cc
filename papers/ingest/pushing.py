"""What the owner's scripts hand over is stored as other papers are; and who may hand it over.

A row of the kind "pushed" has one token. Only its hash is kept, so a copy of the database lets
nobody in; whoever lost the token makes a new one, which ends the one before.
"""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.crypto import constant_time_compare

from papers import days
from papers.ingest.records import Summary, store
from papers.models import Source
from papers.sources import pushed
from papers.sources.pushed import Pushed

TOKEN_HASH = "push_token_hash"  # noqa: S105 - where the hash stands, and no token
"""The name under which a row's settings hold the hash; no setting that a form shows."""

PREFIX = "push_"
"""How a token begins, so that whoever finds one knows what it is."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the lines."""

    summary: Summary
    problems: tuple[tuple[int, str], ...] = ()
    """The number of each line that brought no paper, and what is wrong with it."""
    notes: tuple[tuple[int, str], ...] = ()
    """The number of each line of which something was left out, and what."""

    def as_json(self) -> dict[str, Any]:
        """The answer to a script."""
        return {
            "papers": self.summary.papers,
            "new": self.summary.new,
            "updated": self.summary.updated,
            "problems": [{"line": line, "problem": why} for line, why in self.problems],
            "notes": [{"line": line, "note": what} for line, what in self.notes],
        }


def take(source: Source, body: bytes, now: dt.datetime, *, dry_run: bool = False) -> Taken:
    """Store the papers in `body`, JSON lines, as what `source` lists now.

    A line that is no paper costs only itself. The same lines again change nothing. With `dry_run`
    nothing is stored, and the papers count as unchanged.
    """
    lines = list(pushed.read(body))
    records = {}
    problems = [(line.number, line.problem) for line in lines if line.record is None]
    for line in lines:
        if line.record is None:
            continue
        if line.record.identifier in records:
            problems.append(
                (line.number, (f"{line.record.identifier} is already on an earlier line"))
            )
            continue
        records[line.record.identifier] = line.record
    notes = [(line.number, note) for line in lines for note in line.notes]
    if dry_run:
        summary = Summary(unchanged=len(records))
    else:
        day = days.listing_day(now)
        summary = store(list(records.values()), source, day, now)
        source.record_answer(day, now, summary.counts() | {"problems": len(problems)})
    return Taken(summary, tuple(sorted(problems)), tuple(notes))


def new_token(source: Source) -> str:
    """A new token of the row, which is nowhere but in the answer. The one before ends."""
    if source.kind != Pushed.kind:
        raise ValueError(f"{source.name} doesn't accept papers: it's a different kind of source.")
    token = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = Source.objects.select_for_update(no_key=True).get(pk=source.pk)
        row.settings = {**(row.settings or {}), TOKEN_HASH: _hash(token)}
        row.save(update_fields=["settings"])
    source.settings = row.settings
    return token


def has_token(source: Source) -> bool:
    """Whether there is a token that lets scripts in."""
    return bool((source.settings or {}).get(TOKEN_HASH))


def end_token(source: Source) -> None:
    """Let nobody in any more, until there is a new token."""
    with transaction.atomic():
        row = Source.objects.select_for_update(no_key=True).get(pk=source.pk)
        kept = dict(row.settings or {})
        kept.pop(TOKEN_HASH, None)
        row.settings = kept
        row.save(update_fields=["settings"])
    source.settings = row.settings


def source_for(slug: str, token: str) -> Source | None:
    """The active row of that slug, if the token is its own; else None, whatever is wrong."""
    source = Source.objects.filter(slug=slug, kind=Pushed.kind, is_active=True).first()
    kept = str((source.settings or {}).get(TOKEN_HASH, "")) if source else ""
    # Compared in any case, so that the time says nothing of which rows there are.
    is_own = constant_time_compare(_hash(token), kept or _hash(secrets.token_hex(8)))
    return source if source and kept and is_own else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
