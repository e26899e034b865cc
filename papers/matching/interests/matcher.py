"""Interests matched with the papers of a day, many at once.

`match` takes interests in pages. Their phrases are looked up in the day's index all together;
an interest is dropped as soon as its rarest part isn't there. What remains is verified exactly.
Pure functions: what is matched with what, and why, depends on nothing else, so that the preview of
one interest and the night's work on hundreds of thousands say the same.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from papers.categories import canonical
from papers.evidence import Evidence
from papers.fields import field_of
from papers.matching.interests.day_index import DayIndex, DayPaper, Spans, ror_key
from papers.matching.interests.specs import InterestSpec, Kind
from papers.semantics.lsa import Floats
from papers.text.folding import folded
from papers.text.same_person import (
    Person,
    Surroundings,
    Verdict,
    compare,
    in_common,
    probes_of,
    read_person,
)

LIKE = 0.5
"""Cosine to the vector of "papers like these" from which on a paper is like them."""

MOST_LIKE = 20
"""Papers of a day that are like these, at most; the closest ones."""

BLOCK = 2_000
"""Vectors of interests that are multiplied at once."""

IN_TITLE = 2.0
IN_ABSTRACT = 1.0
"""What a phrase counts for in the score: a title says more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One interest, by its number, with the vector of papers like these where it has one."""

    id: int
    spec: InterestSpec
    vector: Floats | None = None


class Found(NamedTuple):
    """A paper, by its row in the index, is what an interest asks for."""

    interest: int
    row: int
    is_certain: bool
    score: float
    evidence: tuple[Evidence, ...]


def match(index: DayIndex, page: Sequence[Wanted]) -> Iterator[Found]:
    """Yield what the interests of a page find in the day, in no particular order."""
    by_words = [one for one in page if one.spec.kind is Kind.WORDS]
    yield from _words(index, by_words)
    yield from _likeness(index, [one for one in page if one.vector is not None])
    others = {
        Kind.AUTHOR: _author,
        Kind.ORGANIZATION: _organization,
        Kind.VENUE: _venue,
        Kind.CITING: _citing,
    }
    for one in page:
        finder = others.get(one.spec.kind)
        if finder is not None:
            for row, is_certain, evidence in finder(index, one.spec):
                if not one.spec.has_limits or _is_allowed(index, one.spec, row):
                    yield Found(one.id, row, is_certain, IN_ABSTRACT, (evidence,))


def _words(index: DayIndex, page: Sequence[Wanted]) -> Iterator[Found]:
    spans = index.spans([phrase for one in page for phrase in one.spec.phrases])
    at = 0
    for one in page:
        spec = one.spec
        parts = list(zip(spec.phrases, spans[at : at + len(spec.phrases)], strict=True))
        at += len(parts)
        there = [part for part in parts if part[1]]
        if not there or (len(there) < len(parts) and not spec.any_of):
            continue
        if len(there) > 1:
            # The rarest first: what doesn't have it needn't be compared with the others.
            there.sort(key=_places)
        has_limits = spec.has_limits
        known: dict[tuple[tuple[str, bool], ...], tuple[float, tuple[Evidence, ...]]] = {}
        for row, hits in _rows_with(index, spec, there).items():
            if has_limits and not _is_allowed(index, spec, row):
                continue
            said = known.get(hits)
            if said is None:  # few, and shared: what is stored of them is made once
                said = known[hits] = _said(hits)
            yield Found(one.id, row, True, *said)


def _places(part: tuple[str, Spans]) -> int:
    return sum(end - begin for begin, end in part[1])


def _said(hits: tuple[tuple[str, bool], ...]) -> tuple[float, tuple[Evidence, ...]]:
    score = sum(IN_TITLE if title else IN_ABSTRACT for _, title in hits)
    return score, tuple(
        Evidence("keyword", phrase, "title" if title else "abstract") for phrase, title in hits
    )


def _rows_with(
    index: DayIndex, spec: InterestSpec, parts: Sequence[tuple[str, Spans]]
) -> dict[int, tuple[tuple[str, bool], ...]]:
    """By row, the phrases that it has, each with whether the title has it."""
    rows: dict[int, tuple[tuple[str, bool], ...]] = {}
    for number, (phrase, places) in enumerate(parts):
        found = index.find(phrase, places)
        hits = {title: ((phrase, title),) for title in (True, False)}
        if spec.title_only:
            found = {row: True for row, title in found.items() if title}
        if spec.any_of:
            for row, title in found.items():
                rows[row] = rows.get(row, ()) + hits[title]
        elif number == 0:
            rows = {row: hits[title] for row, title in found.items()}
        else:
            rows = {row: had + hits[found[row]] for row, had in rows.items() if row in found}
        if not rows and not spec.any_of:
            break
    return rows


def _author(index: DayIndex, spec: InterestSpec) -> Iterable[tuple[int, bool, Evidence]]:
    names = [spec.name, *spec.names] if spec.name else list(spec.names)
    ids = frozenset(spec.ids)
    people = [read_person(Person(name, ids=ids)) for name in names or ("",)]
    candidates: set[tuple[int, int]] = set()
    for key in ids.union(*map(probes_of, people)) if names else ids:
        candidates.update(index.by_person.get(key, ()))
    if not candidates:
        return
    known = Surroundings(
        frozenset(spec.coauthors), frozenset(spec.fields), frozenset(spec.affiliations)
    )
    best: dict[int, tuple[bool, int]] = {}
    for row, at in sorted(candidates):
        printed = index.people[row][at]
        around = partial(index.papers[row].around, at)
        if spec.is_person and not (ids & printed.person.ids) and not in_common(known, around()):
            continue
        verdicts = {compare(one, printed, known=known, around=around) for one in people}
        if Verdict.YES in verdicts or (Verdict.MAYBE in verdicts and Verdict.NO not in verdicts):
            certain = Verdict.YES in verdicts
            if row not in best or (certain and not best[row][0]):
                best[row] = (certain, at)
    for row, (certain, at) in best.items():
        yield row, certain, Evidence("author", index.people[row][at].person.name)


def _organization(index: DayIndex, spec: InterestSpec) -> Iterable[tuple[int, bool, Evidence]]:
    keys = {folded(name) for name in (spec.name, *spec.names)} - {""}
    keys |= {ror_key(one) for one in spec.ids if one.startswith("ror:")}
    rows = {row for key in keys for row in index.by_organization.get(key, ())}
    for row in rows:
        yield row, True, Evidence("organization", spec.name or spec.ids[0])


def _venue(index: DayIndex, spec: InterestSpec) -> Iterable[tuple[int, bool, Evidence]]:
    keys = {folded(name) for name in (spec.name, *spec.names)} - {""}
    keys |= set(spec.ids)
    for row in {row for key in keys for row in index.by_venue.get(key, ())}:
        name = spec.name or spec.ids[0].partition(":")[2]
        yield row, True, Evidence("venue", name)


def _citing(index: DayIndex, spec: InterestSpec) -> Iterable[tuple[int, bool, Evidence]]:
    for one in spec.ids:
        for row in index.by_cited.get(one, ()):
            yield row, True, Evidence("citing", spec.name or one)


def _likeness(index: DayIndex, page: Sequence[Wanted]) -> Iterator[Found]:
    if index.vectors is None:
        return
    for at in range(0, len(page), BLOCK):
        block = page[at : at + BLOCK]
        wanted = np.stack([one.vector for one in block if one.vector is not None])
        if wanted.shape[1] != index.vectors.shape[1]:
            continue
        close = wanted @ index.vectors.T
        for number, one in enumerate(block):
            row = close[number]
            (near,) = np.nonzero(row >= LIKE)
            if len(near) > MOST_LIKE:
                near = near[np.argsort(-row[near], kind="stable")[:MOST_LIKE]]
            for column, score in zip(near.tolist(), row[near].tolist(), strict=True):
                place = index.rows_with_vector[column]
                if index.papers[place].id in one.spec.papers:
                    continue
                if not one.spec.has_limits or _is_allowed(index, one.spec, place):
                    evidence = _as_close_as(round(100 * score))
                    yield Found(one.id, place, is_certain=True, score=score, evidence=evidence)


@lru_cache(maxsize=128)
def _as_close_as(hundredths: int) -> tuple[Evidence, ...]:
    return (Evidence("meaning", f"{hundredths / 100:.2f}"),)


def _is_allowed(index: DayIndex, spec: InterestSpec, row: int) -> bool:
    """Whether the limits of the interest let the paper in, and no word that it leaves out is
    there.
    """
    paper = index.papers[row]
    if spec.no_preprints and paper.is_preprint:
        return False
    if spec.sources and not set(spec.sources) & set(paper.sources):
        return False
    if spec.not_sources and set(spec.not_sources) & set(paper.sources):
        return False
    if spec.categories or spec.not_categories:
        of_paper = [canonical(one) for one in paper.categories]
        of_paper = of_paper[:1] if spec.primary_only else of_paper
        if spec.categories and not set(spec.categories) & set(of_paper):
            return False
        if set(spec.not_categories) & set(of_paper):
            return False
    if spec.has_code and not paper.has_code:
        return False
    if spec.only_fields and field_of(paper.categories) not in spec.only_fields:
        return False
    if spec.topics and not set(spec.topics) & set(paper.topics):
        return False
    if (spec.since or spec.until) and not any(
        spec.since <= day <= (spec.until or day) for day in paper.days
    ):
        return False
    if spec.authors and not _is_by(paper, spec.authors):
        return False
    if spec.venues and not _among(index, row, spec.venues):
        return False
    if spec.not_venues and _among(index, row, spec.not_venues):
        return False
    return all(row not in index.having(phrase) for phrase in spec.without)


def _is_by(paper: DayPaper, names: Collection[str]) -> bool:
    """Whether an author's name has all words of one of these, as a search for authors finds it."""
    wanted = [set(folded(name).split()) for name in names]
    listed = [set(folded(author.name).split()) for author in paper.authors]
    return any(one <= other for one in wanted for other in listed)


def _among(index: DayIndex, row: int, venues: Collection[str]) -> bool:
    return any(folded(venue) in index.venues[row] for venue in venues)
