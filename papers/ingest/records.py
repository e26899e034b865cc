"""Records become rows: papers, on which day they were listed, and what attention they got.

Every step works on a whole list at once and can be repeated, from two machines at the same time,
with the outcome of once. What a source says is added to what is known; what it leaves out takes
nothing away.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from papers.ingest.issue_days import first_open
from papers.models import Feature, Observation, Paper, Source
from papers.sources.record import Author, PaperRecord

BATCH = 500
"""Papers stored in one transaction."""

FACTS = (
    "title",
    "abstract",
    "summary",
    "authors",
    "organization",
    "categories",
    "keywords",
    "published_on",
    "code_url",
    "project_url",
    "thumbnail_url",
)
COUNTS = ("upvotes", "comments", "stars")

Progress = Callable[[int, int], None]
"""Called with the number of papers stored and the number there are to store."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a fetch did."""

    new: int = 0
    """Papers that were not known."""
    updated: int = 0
    """Papers of which something is known now that was not, or is known differently."""
    unchanged: int = 0
    observed: int = 0
    """Observations added."""
    problems: tuple[str, ...] = ()
    """Sentences about records that are missing or were mended."""
    failures: tuple[str, ...] = ()
    """Sentences about sources that could not be read at all."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many items the sources' own rules left out, by reason."""
    notes: tuple[str, ...] = ()
    """Sentences of the sources for the operator."""

    @property
    def papers(self) -> int:
        """Papers that the sources listed."""
        return self.new + self.updated + self.unchanged

    def counts(self) -> dict[str, int]:
        """The numbers alone."""
        return {
            "papers": self.papers,
            "new": self.new,
            "updated": self.updated,
            "observed": self.observed,
            "problems": len(self.problems),
            "left_out": sum(self.left_out.values()),
        }

    def __add__(self, other: "Summary") -> "Summary":
        return Summary(
            new=self.new + other.new,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            observed=self.observed + other.observed,
            problems=self.problems + other.problems,
            failures=self.failures + other.failures,
            left_out=dict(Counter(self.left_out) + Counter(other.left_out)),
            notes=self.notes + other.notes,
        )

    def __str__(self) -> str:
        text = (
            f"{self.papers} papers: {self.new} new, {self.updated} updated, "
            f"{self.unchanged} unchanged; {self.observed} observations"
        )
        if self.left_out:
            reasons = ", ".join(f"{count} {why}" for why, count in sorted(self.left_out.items()))
            text += f"; left out: {reasons}"
        return f"{text}; {len(self.problems)} problems" if self.problems else text


def store(
    records: Sequence[PaperRecord],
    source: Source,
    day: dt.date,
    now: dt.datetime,
    progress: Progress | None = None,
    *,
    source_day: dt.date | None = None,
) -> Summary:
    """Store what `source` said at `now`: papers, features and observations.

    Papers are listed on the first issue day from `day` on that is still open, and the source's own
    day, by default the same, is kept beside it. What it listed on that day of its own before stays
    where it is. Takes the same number of queries for any number of records up to `BATCH`.
    """
    total = Summary()
    for at in range(0, len(records), BATCH):
        # In one order on every machine, so that two of them wait for each other's rows and never
        # for one another in a circle.
        batch = sorted(records[at : at + BATCH], key=lambda record: record.identifier)
        with transaction.atomic():
            total += _store(batch, source, first_open(day), now, source_day or day)
        if progress:
            progress(min(at + BATCH, len(records)), len(records))
    return total


def _store(
    records: Sequence[PaperRecord],
    source: Source,
    day: dt.date,
    now: dt.datetime,
    source_day: dt.date,
) -> Summary:
    names = [record.identifier for record in records]
    known = set(Paper.objects.filter(identifier__in=names).values_list("identifier", flat=True))
    Paper.objects.bulk_create(
        [_as_row(record) for record in records if record.identifier not in known],
        ignore_conflicts=True,  # another machine may have been faster
    )
    locked = (
        Paper.objects.select_for_update(no_key=True)
        .filter(identifier__in=names)
        .order_by("identifier")
    )
    rows = {paper.identifier: paper for paper in locked}
    pairs = [(record, rows[record.identifier]) for record in records]
    ids = [paper.pk for _, paper in pairs]
    counted_later = set(
        Observation.objects.filter(paper__in=ids, observed_at__gt=now).values_list(
            "paper_id", flat=True
        )
    )
    changed = [
        paper
        for record, paper in pairs
        if _merge(record, paper, with_counts=paper.pk not in counted_later)
    ]
    if changed:
        Paper.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["identifier"],
            update_fields=[*FACTS, *COUNTS],
        )
    _feature(pairs, source, day, source_day)
    new = len(names) - len(known)
    updated = len(changed)
    return Summary(
        new=new,
        updated=updated,
        unchanged=len(names) - new - updated,
        observed=_observe(pairs, source, now),
    )


def _as_row(record: PaperRecord) -> Paper:
    return Paper(
        identifier=record.identifier,
        **{name: _stored(getattr(record, name)) for name in (*FACTS, *COUNTS)},
    )


def _stored(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return [item.name if isinstance(item, Author) else item for item in value]


def _merge(record: PaperRecord, paper: Paper, with_counts: bool) -> bool:
    """Put on the paper what the record knows; whether that changed anything.

    Counts are the last ones observed, so a record that is older than an observation at hand adds
    only those that are missing.
    """
    changed = False
    for name in (*FACTS, *COUNTS):
        said, known = _stored(getattr(record, name)), getattr(paper, name)
        if said in ("", None, []) or said == known:
            continue
        if name in COUNTS and not with_counts and known is not None:
            continue
        setattr(paper, name, said)
        changed = True
    return changed


def _feature(
    pairs: Sequence[tuple[PaperRecord, Paper]],
    source: Source,
    day: dt.date,
    source_day: dt.date,
) -> None:
    """Say once that the source listed the papers, on `day` unless it did before.

    A paper that is listed for this day of the source's already stays on the issue day it was
    listed on, however late the source is asked again.
    """
    known: dict[int, list[Feature]] = {}
    for feature in Feature.objects.filter(source=source, paper__in=[one.pk for _, one in pairs]):
        known.setdefault(feature.paper_id, []).append(feature)
    rows = []
    for record, paper in pairs:
        mine = known.get(paper.pk, [])
        own_day = record.source_day or source_day
        same = [one for one in mine if (one.source_day or one.day) == own_day]
        before = next(iter(same + [one for one in mine if one.day == day]), None)
        row = Feature(
            source=source,
            paper=paper,
            day=before.day if before else day,
            source_day=before.source_day if before else own_day,
            submitted_by=record.submitted_by or (before.submitted_by if before else ""),
            submitted_at=record.submitted_at or (before.submitted_at if before else None),
        )
        said = (row.submitted_by, row.submitted_at)
        if before is None or said != (before.submitted_by, before.submitted_at):
            rows.append(row)
    if rows:
        Feature.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["source", "paper", "day"],
            update_fields=["submitted_by", "submitted_at"],
        )


def _observe(pairs: Sequence[tuple[PaperRecord, Paper]], source: Source, now: dt.datetime) -> int:
    """Append the counts, once for one moment; how many were added."""
    seen = set(
        Observation.objects.filter(
            source=source, observed_at=now, paper__in=[paper.pk for _, paper in pairs]
        ).values_list("paper_id", flat=True)
    )
    rows = [
        Observation(
            paper=paper,
            source=source,
            observed_at=now,
            upvotes=record.upvotes,
            comments=record.comments,
            stars=record.stars,
        )
        for record, paper in pairs
        if record.is_counted and paper.pk not in seen
    ]
    if rows:
        Observation.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
