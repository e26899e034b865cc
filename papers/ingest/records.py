"""Records become rows: papers, on which day they were listed, and what attention they got.

Every step works on a whole list at once and can be repeated, from two machines at the same time,
with the outcome of once. What each source said is kept, and a paper's row is worked out from that:
`papers.ingest.facts`. Which papers are one work is decided afterwards: `papers.ingest.identity`.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from papers.ingest import identity
from papers.ingest.facts import NO_WORKS, Said, as_facts, digest_of, facts_of_row, title_key
from papers.ingest.issue_days import first_open
from papers.models import Feature, Observation, Paper, PaperName, Source, SourceRecord
from papers.sources.record import (
    IS_CORRECTION_OF,
    IS_RETRACTION_OF,
    JOINING,
    LISTED,
    NEW_TO_SITE,
    NEW_TO_SOURCE,
    PaperRecord,
)

BATCH = 500
"""Papers stored in one transaction."""

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
    """Store what `source` said at `now`: papers, features and observations; then join what is one
    work.

    A record is listed as its `listing` says. Notices, and what was withdrawn, are never listed.
    What is said of a work that nobody lists is kept until somebody does.

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
            summary, papers = _store(batch, source, first_open(day), now, source_day or day)
        total += summary
        identity.settle(papers)
        if progress:
            progress(min(at + BATCH, len(records)), len(records))
    return total


def take_up(ids: Collection[int]) -> int:
    """Keep what the rows of these papers say where nothing else is kept, name them, and join what
    is one work with them; how many pairs changed.
    """
    with transaction.atomic():
        locked = Paper.objects.select_for_update(no_key=True).filter(pk__in=ids)
        papers = list(locked.order_by("identifier"))
        _remember_rows(papers)
        _name(papers, identity.said_of([paper.pk for paper in papers]))
    return identity.settle([paper.pk for paper in papers])


def _store(
    records: Sequence[PaperRecord],
    source: Source,
    day: dt.date,
    now: dt.datetime,
    source_day: dt.date,
) -> tuple[Summary, list[int]]:
    """What came of a batch, and the ids of its papers."""
    before = _before(records, source)
    listed = {record.identifier for record in records if _is_listed(record, before)}
    fresh = {
        record.identifier: record
        for record in records
        if record.identifier not in before.papers and _is_work(record, before, listed)
    }
    Paper.objects.bulk_create(
        [_as_row(record) for record in fresh.values()],
        ignore_conflicts=True,  # another machine may have been faster
    )
    papers = _lock_works({record.identifier for record in records} | {*map(about, records)})
    rows = {paper.identifier: paper for paper in papers}
    touched = _remember_rows([paper for paper in papers if not _is_bare(paper, fresh)])
    touched |= _keep_records(records, source, rows, before, now)
    if fresh:
        _adopt(fresh)
    said = identity.said_of([paper.pk for paper in papers])
    changed = identity.work_out(papers, said)
    _name([paper for paper in papers if paper.pk in touched], said)
    pairs = [
        (record, rows[record.identifier])
        for record in {record.identifier: record for record in records}.values()
        if record.identifier in rows and not about(record)
    ]
    updated = {paper.pk for paper in (*changed, *_count(pairs, now))}
    listings = [pair for pair in pairs if pair[0].identifier in listed]
    _feature(listings, source, day, source_day)
    mains = {paper.merged_into_id for paper in papers}
    identity.mark_repeats(
        [paper.pk for paper in papers if paper.merged_into_id or paper.pk in mains]
    )
    mine = {paper.pk for _, paper in pairs}
    new = {rows[name].pk for name in fresh if name in rows}
    summary = Summary(
        new=len(new),
        updated=len(updated & mine - new),
        unchanged=len(mine - new - updated),
        observed=_observe(pairs, source, now),
    )
    return summary, [paper.pk for paper in papers]


@dataclass(frozen=True, slots=True)
class _Before:
    """What was stored about the names in a batch before it."""

    papers: frozenset[str]
    """Those that are papers' own."""
    names: frozenset[str]
    """Those that some paper has or claims."""
    said: Mapping[tuple[str, int], tuple[dict[str, Any], str, int | None]]
    """By name and version, what this source said, its digest, and the id of the paper."""
    given: frozenset[str]
    """Those under which this source gave something."""


def _before(records: Sequence[PaperRecord], source: Source) -> _Before:
    names = {name for record in records for name in _names(record)}
    papers = frozenset(
        Paper.objects.filter(identifier__in=names).values_list("identifier", flat=True)
    )
    claimed = PaperName.objects.filter(identifier__in=names).values_list("identifier", flat=True)
    rows = SourceRecord.objects.filter(source=source, identifier__in=names)
    said = {
        (name, version): (facts, digest, paper)
        for name, version, facts, digest, paper in rows.values_list(
            "identifier", "version", "facts", "digest", "paper_id"
        )
    }
    return _Before(papers, papers | frozenset(claimed), said, frozenset(name for name, _ in said))


def _names(record: PaperRecord) -> set[str]:
    """All names of the work that the record knows."""
    related = {one.identifier for one in record.relations if one.kind in JOINING}
    return {record.identifier, *record.names, *related}


def about(record: PaperRecord) -> str:
    """The name of the work that a notice of a retraction or a correction is about; empty for what
    is a work itself.
    """
    kinds = (IS_RETRACTION_OF, IS_CORRECTION_OF)
    return next((one.identifier for one in record.relations if one.kind in kinds), "")


def _is_listed(record: PaperRecord, before: _Before) -> bool:
    if record.status in {"withdrawn", "retracted"} or record.kind in NO_WORKS or about(record):
        return False
    if record.listing == NEW_TO_SITE:
        return before.names.isdisjoint(_names(record))
    if record.listing == NEW_TO_SOURCE:
        return before.given.isdisjoint({record.identifier, *record.names})
    return record.listing == LISTED


def _is_work(record: PaperRecord, before: _Before, listed: Collection[str]) -> bool:
    """Whether a record that no paper has the name of becomes one: it is listed, or another name of
    it is stored, so that the two may be joined. Otherwise what it says waits for a paper.
    """
    if record.kind in NO_WORKS or about(record):
        return False
    return record.identifier in listed or not before.names.isdisjoint(_names(record))


def _lock_works(names: Collection[str]) -> list[Paper]:
    """The papers of these names, and all that are one work with them, locked in one order."""
    mine = Paper.objects.filter(identifier__in=names)
    main = mine.exclude(merged_into=None).values("merged_into")
    works = Q(pk__in=mine.values("pk")) | Q(pk__in=main)
    works |= Q(merged_into__in=mine.values("pk")) | Q(merged_into__in=main)
    rows = Paper.objects.select_for_update(no_key=True, of=("self",)).filter(works)
    return list(rows.order_by("identifier"))


def _keep_records(
    records: Sequence[PaperRecord],
    source: Source,
    rows: Mapping[str, Paper],
    before: _Before,
    now: dt.datetime,
) -> set[int]:
    """Keep what is said for the first time or said otherwise; the ids of the papers it is about."""
    kept: dict[tuple[str, int], SourceRecord] = {}
    for record in records:
        key = (record.identifier, record.version or 0)
        older, known_as, owner = before.said.get(key, ({}, "", None))
        facts = as_facts(record)
        if key in kept:
            older = kept[key].facts
        # What an answer leaves out takes nothing away, but for a status that no longer holds.
        facts = {name: value for name, value in older.items() if name != "status"} | facts
        digest = digest_of(facts)
        target = about(record)
        paper = rows.get(target or record.identifier)
        if (known_as, owner) == (digest, paper.pk if paper else None):
            kept.pop(key, None)
            continue
        kept[key] = SourceRecord(
            source=source,
            paper=paper,
            identifier=key[0],
            version=key[1],
            facts=facts,
            digest=digest,
            title_key=title_key(facts["title"], facts.get("authors", ())),
            about=target,
            first_seen_at=now,
            changed_at=now,
        )
    if kept:
        SourceRecord.objects.bulk_create(
            [kept[key] for key in sorted(kept)],
            update_conflicts=True,
            unique_fields=["source", "identifier", "version"],
            update_fields=["paper", "facts", "digest", "title_key", "about", "changed_at"],
        )
    return {row.paper_id for row in kept.values() if row.paper_id}


def _adopt(names: Collection[str]) -> None:
    """Give papers that are new what was said of them before anybody listed them."""
    waiting = SourceRecord.objects.filter(paper=None)
    if not waiting.filter(Q(identifier__in=names) | Q(about__in=names)).exists():
        return  # so it is nearly every time
    for field_name in ("identifier", "about"):
        paper = Paper.objects.filter(identifier=OuterRef(field_name)).values("pk")[:1]
        rows = waiting.filter(**{f"{field_name}__in": names})
        if field_name == "identifier":
            rows = rows.filter(about="")
        rows.update(paper=Subquery(paper))


def _remember_rows(papers: Sequence[Paper]) -> set[int]:
    """Keep what rows say of which nothing else is kept, as if a source said it; their ids."""
    ids = [paper.pk for paper in papers]
    kept = SourceRecord.objects.filter(paper__in=ids, about="")
    known = set(kept.values_list("paper_id", flat=True))
    rows = [
        SourceRecord(
            paper=paper,
            identifier=paper.identifier,
            facts=(facts := facts_of_row(paper)),
            digest=digest_of(facts),
            title_key=title_key(paper.title, facts.get("authors", ())),
            first_seen_at=paper.created_at,
            changed_at=paper.created_at,
        )
        for paper in papers
        if paper.pk not in known
    ]
    if rows:
        SourceRecord.objects.bulk_create(rows, ignore_conflicts=True)
    return {paper.pk for paper in papers if paper.pk not in known}


def _name(papers: Sequence[Paper], said: Mapping[int, Sequence[Said]]) -> None:
    """Keep all names that were said of these papers."""
    rows = [
        name
        for paper in papers
        for one in said[paper.pk]
        if not one.about
        for name in identity.names_of(paper, one)
    ]
    if rows:
        PaperName.objects.bulk_create(rows, ignore_conflicts=True)


def _as_row(record: PaperRecord) -> Paper:
    """A new paper; what its sources say is worked out when all of them are known."""
    return Paper(
        identifier=record.identifier,
        title=record.title,
        **{name: getattr(record, name) for name in COUNTS},
    )


def _is_bare(paper: Paper, fresh: Mapping[str, PaperRecord]) -> bool:
    """Whether the row is as `_as_row` made it, and nobody else was faster."""
    record = fresh.get(paper.identifier)
    return record is not None and facts_of_row(paper) == {"title": record.title}


def _count(pairs: Sequence[tuple[PaperRecord, Paper]], now: dt.datetime) -> list[Paper]:
    """Put the counts on the papers; those that changed.

    Counts are the last ones observed, so a record that is older than an observation at hand adds
    only those that are missing.
    """
    pairs = [pair for pair in pairs if pair[0].is_counted]
    if not pairs:
        return []
    counted_later = set(
        Observation.objects.filter(
            paper__in=[paper.pk for _, paper in pairs], observed_at__gt=now
        ).values_list("paper_id", flat=True)
    )
    changed = []
    for record, paper in pairs:
        news = {
            name: said
            for name in COUNTS
            if (said := getattr(record, name)) is not None
            and said != getattr(paper, name)
            and (paper.pk not in counted_later or getattr(paper, name) is None)
        }
        for name, said in news.items():
            setattr(paper, name, said)
        if news:
            changed.append(paper)
    if changed:
        Paper.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["identifier"],
            update_fields=COUNTS,
        )
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
    pairs = [pair for pair in pairs if pair[0].is_counted]
    if not pairs:
        return 0
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
        if paper.pk not in seen
    ]
    if rows:
        Observation.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
