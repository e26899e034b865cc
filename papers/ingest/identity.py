"""Which papers are one work: candidates, the rules that decide, and what a join does.

Papers are candidates when one claims the other's name, both claim a third, or their titles are
equal when folded; short titles only with the same authors. The rules (`judge`) see nothing but what
was said of the two, so it does not matter which came first. A pair that is claimed but not borne
out is a question for an editor; an editor's word is never overruled.

A join makes all but one of a work's papers aliases of that one (`Paper.merged_into`). Which one
depends on their identifiers alone. No row of a reader, an issue or the ledger is written.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Coalesce

from papers.identifiers import rank_of
from papers.ingest import authors, likeness
from papers.ingest.facts import (
    FIELDS,
    NO_WORKS,
    TITLE_WORDS,
    Said,
    compose,
    digest_of,
    facts_of_row,
    families_of,
    folded_title,
    full_names_of,
    title_key,
)
from papers.models import Feature, Join, Paper, PaperName, SourceRecord, count_on_commit
from papers.sources.record import JOINING, RELATIONS
from papers.text.folding import folded

ABSTRACTS_ALIKE: Final = 35
"""Of 100, by `likeness.overlap`: two abstracts of one work."""

ABSTRACTS_UNLIKE: Final = 10
"""Of 100: two abstracts that say of papers with titles that differ that they are two works."""

BATCH: Final = 500
"""Papers worked out in one transaction."""

YEARS_APART: Final = 3
"""Papers of one title that came out further apart than this are not joined by the title alone."""

VERSIONS_APART: Final = frozenset({"proceedings", "article"})
"""Kinds of two papers that often share title and authors and are two works all the same: a paper in
proceedings, and the longer article that came of it."""

MOST_CLAIMANTS: Final = 20
"""Papers that claim one name, or have one title, before that says nothing any more: columns that
appear every month under one heading."""


BY_RULES: Final = (Join.State.JOINED, Join.State.QUESTION)
"""States that follow what is known of the two papers, until an editor decides."""

MOST_ROUNDS: Final = 3
"""Times that pairs are judged again while other machines store more about them."""


class Claim(StrEnum):
    """Why two papers are looked at."""

    DIRECT = "one names the other"
    SHARED = "both name a third"
    TITLE = "equal titles"


@dataclass(frozen=True, slots=True)
class Work:
    """What the rules know of one paper: what was said under its own name, aliases left aside."""

    pk: int
    identifier: str
    titles: frozenset[str] = frozenset()
    """Folded."""
    families: frozenset[str] = frozenset()
    """The authors' family names, folded."""
    full_names: frozenset[str] = frozenset()
    """Whole names, folded, their words in one order: a register may part them elsewhere."""
    abstract: str = ""
    """The longest, folded."""
    kinds: frozenset[str] = frozenset()
    years: frozenset[int] = frozenset()
    claims: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Identifiers of other works, and what it says of each."""

    @property
    def register(self) -> str:
        """Who gives out its identifiers and would not give a work two of them."""
        scheme, _, local = self.identifier.partition(":")
        if scheme == "doi":
            return local.partition("/")[0]
        return scheme if scheme in {"arxiv", "pubmed", "pmcid"} else self.identifier


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a pair, and what they saw."""

    state: str
    evidence: dict[str, Any]


def judge(one: Work, other: Work, claims: Collection[Claim]) -> Verdict | None:
    """Whether two papers are one work: joined, a question, or None where nothing speaks for it.

    A duplicate is better than a wrong join, which loses a paper without a word.
    """
    said = one.claims.get(other.identifier, frozenset()) | other.claims.get(
        one.identifier, frozenset()
    )
    if (one.kinds | other.kinds) & NO_WORKS or said & (RELATIONS - JOINING):
        return None
    titles = likeness.equal(one.titles, other.titles)
    common = likeness.names_in_common(one.families, other.families)
    common = max(common, len(one.full_names & other.full_names))
    fewer = min(len(one.families), len(other.families))
    authors_agree = bool(common) and common * 2 >= fewer
    overlap = likeness.overlap(one.abstract, other.abstract)
    evidence = {
        "claims": sorted(claim.value for claim in claims),
        "relations": sorted(said),
        "titles_equal": bool(titles),
        "authors_in_common": common,
        "authors_of_fewer": fewer,
        "abstracts_alike": overlap or 0,
    }
    if one.titles and other.titles and not likeness.may_be_one(one.titles, other.titles):
        return Verdict(Join.State.QUESTION, evidence) if Claim.DIRECT in claims else None
    borne_out = authors_agree and (overlap or 0) >= ABSTRACTS_ALIKE
    telling = any(len(title.split()) >= TITLE_WORDS for title in titles)
    if Claim.DIRECT in claims:
        # Many works are called "Editorial": a short title needs an author in common.
        sure = borne_out or (bool(titles) and (telling or authors_agree))
        if not sure and (overlap is None or overlap >= ABSTRACTS_UNLIKE):
            sure = not _is_odd(one, other) and (
                likeness.nearly_equal(one.titles, other.titles)
                or _may_be_retitled(one, other, common)
            )
        return Verdict(Join.State.JOINED if sure else Join.State.QUESTION, evidence)
    if Claim.SHARED in claims and titles and (authors_agree or (telling and not fewer)):
        return Verdict(Join.State.JOINED, evidence)
    if titles and (authors_agree if telling else borne_out):
        state = Join.State.QUESTION if _is_odd(one, other) else Join.State.JOINED
        return Verdict(state, evidence)
    return None


def _may_be_retitled(one: Work, other: Work, common: int) -> bool:
    """Whether nearly all authors of one of the works are the other's, and its title agrees with the
    other's the more, the less the lists of authors do.
    """
    sizes = len(one.families), len(other.families)
    if common * 5 < min(sizes) * 4:
        return False
    fewest = likeness.FEWEST_SHARED if common == max(sizes) else likeness.FEWEST_SHARED + 1
    if not common:
        fewest = likeness.MANY_SHARED
    return likeness.agree(one.titles, other.titles, one.years | other.years, fewest)


def _is_odd(one: Work, other: Work) -> bool:
    """Whether something speaks against two papers of one title being one work."""
    apart = min((abs(mine - theirs) for mine in one.years for theirs in other.years), default=0)
    kinds = one.kinds | other.kinds
    return (
        one.register == other.register
        or apart > YEARS_APART
        or "other" in kinds
        or kinds == VERSIONS_APART
        or (kinds == {"proceedings"} and apart > 0)  # a paper stands in those of one conference
    )


def work_of(pk: int, identifier: str, facts: Iterable[Mapping[str, Any]]) -> Work:
    """What the rules know of a paper from the facts of its records."""
    titles, kinds, years = set(), set(), set()
    families, full_names = set[str](), set[str]()
    abstract, fullest = "", 0
    claims: dict[str, set[str]] = defaultdict(set)
    for said in facts:
        titles.add(folded_title(said.get("title", "")))
        kinds.add(said.get("kind", ""))
        if said.get("published_on"):
            years.add(int(said["published_on"][:4]))
        if said.get("status") != "withdrawn" and len(said.get("abstract", "")) > len(abstract):
            abstract = said["abstract"]
        authors = said.get("authors", ())
        if len(authors) > fullest:
            fullest = len(authors)
            families, full_names = families_of(authors), full_names_of(authors)
        for name in said.get("names", ()):
            claims[name].add(PaperName.SAME)
        for kind, name in said.get("relations", ()):
            claims[name].add(kind)
    return Work(
        pk,
        identifier,
        frozenset(titles - {""}),
        frozenset(families),
        frozenset(full_names),
        folded(abstract),
        frozenset(kinds - {""}),
        frozenset(years),
        {name: frozenset(kinds) for name, kinds in claims.items()},
    )


# --- The stored papers ----------------------------------------------------------------------------


def names_of(paper: Paper, said: Said) -> list[PaperName]:
    """The names that a record says a paper has."""
    names = [(paper.identifier, PaperName.OWN)]
    if said.identifier != paper.identifier:
        names.append((said.identifier, PaperName.SAME))
    names += [(name, PaperName.SAME) for name in said.facts.get("names", ())]
    names += [(name, kind) for kind, name in said.facts.get("relations", ()) if kind in JOINING]
    return [PaperName(paper=paper, identifier=name, kind=kind) for name, kind in names]


def settle(ids: Collection[int]) -> int:
    """Join what is one work among these papers and all others, and part what the rules joined while
    they knew less; how many pairs changed.

    Comes after the papers were committed: of two machines that store two names of one work at
    once, the later one here sees both.
    """
    claims = _candidates(ids)
    done = 0
    for _ in range(MOST_ROUNDS):
        changed, gone = _judged(claims)
        if not changed and not gone:
            break
        with transaction.atomic():
            _write(changed, gone)
            merge({pk for row in [*changed, *gone] for pk in (row.first_id, row.second_id)})
        done += len(changed) + len(gone)
        # Once more: another machine may have stored more about them since they were read here.
    return done


def _write(changed: Iterable[Join], gone: Iterable[Join]) -> None:
    """Store what the rules say, never over what an editor or another machine said meanwhile."""
    Join.objects.bulk_create([row for row in changed if row.pk is None], ignore_conflicts=True)
    for row in changed:
        if row.pk is not None:
            Join.objects.filter(pk=row.pk, state__in=BY_RULES).update(
                state=row.state, evidence=row.evidence
            )
    Join.objects.filter(pk__in=[row.pk for row in gone], state__in=BY_RULES).delete()


def _judged(claims: Mapping[tuple[int, int], set[Claim]]) -> tuple[list[Join], list[Join]]:
    """The pairs whose state changes by the rules, with it, and the stored ones for which nothing
    speaks any more. What an editor decided stays.
    """
    if not claims:
        return [], []
    works = _works({pk for pair in claims for pk in pair})
    stored = {
        (join.first_id, join.second_id): join
        for join in Join.objects.filter(
            first__in=[pk for pk, _ in claims], second__in=[pk for _, pk in claims]
        )
    }
    changed: list[Join] = []
    gone: list[Join] = []
    for pair, reasons in sorted(claims.items()):
        known = stored.get(pair)
        if known is not None and known.state not in BY_RULES:
            continue
        verdict = judge(works[pair[0]], works[pair[1]], reasons)
        if verdict is None:
            gone += [known] if known is not None else []
        elif known is None or known.state != verdict.state:
            row = known or Join(first_id=pair[0], second_id=pair[1])
            row.state, row.evidence = verdict.state, verdict.evidence
            changed.append(row)
    return changed, gone


def _candidates(ids: Collection[int]) -> dict[tuple[int, int], set[Claim]]:
    """Pairs of papers, of which one at least is among `ids`, and why they are looked at."""
    found: dict[tuple[int, int], set[Claim]] = defaultdict(set)
    mine = PaperName.objects.filter(paper__in=ids).values("identifier")
    by_name: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for paper_id, name, kind in PaperName.objects.filter(identifier__in=mine).values_list(
        "paper_id", "identifier", "kind"
    ):
        by_name[name][paper_id].add(kind)
    wanted = set(ids)
    identifiers: set[int] = set()
    for claimants in by_name.values():
        if not 1 < len(claimants) <= MOST_CLAIMANTS:
            continue
        for one, other in combinations(claimants, 2):
            if wanted.isdisjoint((one, other)):
                continue
            is_direct = PaperName.OWN in claimants[one] | claimants[other]
            found[one, other].add(Claim.DIRECT if is_direct else Claim.SHARED)
            identifiers |= {one, other}
    keys = SourceRecord.objects.filter(paper__in=ids).exclude(title_key="").values("title_key")
    by_title: dict[str, set[int]] = defaultdict(set)
    for key, paper_id in SourceRecord.objects.filter(
        title_key__in=keys, paper__isnull=False, about=""
    ).values_list("title_key", "paper_id"):
        by_title[key].add(paper_id or 0)
    for papers in by_title.values():
        if 1 < len(papers) <= MOST_CLAIMANTS:
            for one, other in combinations(sorted(papers), 2):
                if not wanted.isdisjoint((one, other)):
                    found[one, other].add(Claim.TITLE)
    if not found:
        return {}
    order = dict(
        Paper.objects.filter(pk__in={pk for pair in found for pk in pair}).values_list(
            "pk", "identifier"
        )
    )
    pairs: dict[tuple[int, int], set[Claim]] = defaultdict(set)
    for pair, reasons in found.items():
        first, second = sorted(pair, key=lambda pk: order.get(pk, ""))
        if first in order and second in order:
            pairs[first, second] |= reasons
    return pairs


def _works(ids: Collection[int]) -> dict[int, Work]:
    facts: dict[int, list[dict[str, Any]]] = defaultdict(list)
    said = SourceRecord.objects.filter(paper__in=ids, about="").values_list("paper_id", "facts")
    for paper_id, one in said:
        facts[paper_id or 0].append(one)
    return {
        pk: work_of(pk, identifier, facts[pk])
        for pk, identifier in Paper.objects.filter(pk__in=ids).values_list("pk", "identifier")
    }


class _JoinedMeanwhile(Exception):
    """Another machine joined more papers to those that this one locked."""


def merge(ids: Collection[int]) -> None:
    """Have the papers of each work that holds one of `ids` stand as one, as the joins now say, and
    work out their rows. Within a transaction; repeated, it changes nothing.
    """
    everyone, pairs = _connected(ids)
    while True:
        try:
            # In one order on every machine. Where others joined more while this one waited for the
            # rows, it lets go of them all and begins again: whoever asked for more while it holds
            # some might wait for one who waits for it.
            with transaction.atomic():
                locked = Paper.objects.select_for_update(no_key=True).filter(pk__in=everyone)
                papers = {paper.pk: paper for paper in locked.order_by("identifier")}
                again, pairs = _connected(papers)
                if not again <= everyone:
                    raise _JoinedMeanwhile
        except _JoinedMeanwhile:
            everyone |= again
        else:
            break
    groups = _groups(papers, pairs)
    changed = []
    for group in groups:
        main = min((papers[pk] for pk in group), key=lambda paper: rank_of(paper.identifier))
        for pk in group:
            wanted = None if pk == main.pk else main.pk
            if papers[pk].merged_into_id != wanted:
                papers[pk].merged_into_id = wanted
                changed.append(papers[pk])
    if changed:
        Paper.objects.bulk_update(changed, ["merged_into"], batch_size=500)
        listed = Feature.objects.filter(paper__in=[paper.pk for paper in changed]).order_by()
        count_on_commit(listed.values_list("day", flat=True))
    work_out(list(papers.values()))
    mark_repeats(papers)


def mark_repeats(ids: Collection[int]) -> None:
    """Mark the listings of these papers under names that came later than another of their work's,
    and no others.
    """
    if not ids:
        return
    works = dict(
        Paper.objects.filter(pk__in=ids).values_list("pk", Coalesce("merged_into_id", "pk"))
    )
    listings: dict[int, list[Feature]] = defaultdict(list)
    for feature in Feature.objects.filter(paper__in=works).order_by("day"):
        listings[works[feature.paper_id]].append(feature)
    changed: dict[bool, list[int]] = {True: [], False: []}
    for mine in listings.values():
        first = {one.paper_id for one in mine if one.day == mine[0].day}
        for one in mine:
            is_again = one.day > mine[0].day and one.paper_id not in first
            if one.is_again != is_again:
                changed[is_again].append(one.pk)
    for is_again, rows in changed.items():
        if rows:
            Feature.objects.filter(pk__in=rows).update(is_again=is_again)


def _connected(ids: Collection[int]) -> tuple[set[int], set[tuple[int, int]]]:
    """All papers that joins lead to from `ids`, with those that stood as one so far."""
    everyone = set(ids)
    pairs: set[tuple[int, int]] = set()
    edge = everyone
    while edge:
        near = set(
            Join.objects.holding().filter(first__in=edge).values_list("first_id", "second_id")
        ) | set(Join.objects.holding().filter(second__in=edge).values_list("first_id", "second_id"))
        stood = set(Paper.objects.filter(merged_into__in=edge).values_list("pk", flat=True)) | {
            pk
            for pk in Paper.objects.filter(pk__in=edge).values_list("merged_into_id", flat=True)
            if pk
        }
        pairs |= near
        edge = ({pk for pair in near for pk in pair} | stood) - everyone
        everyone |= edge
    return everyone, pairs


def _groups(ids: Iterable[int], pairs: Iterable[tuple[int, int]]) -> list[set[int]]:
    of = {pk: {pk} for pk in ids}
    for one, other in pairs:
        if one in of and other in of and of[one] is not of[other]:
            of[one] |= of[other]
            for pk in of[other]:
                of[pk] = of[one]
    return list({id(group): group for group in of.values()}.values())


def work_out(
    papers: Sequence[Paper], said: Mapping[int, Sequence[Said]] | None = None
) -> list[Paper]:
    """Put on the rows what all records of them and of their aliases say; those that changed, which
    are stored. The papers are locked by the caller, with all aliases and main papers of each.
    """
    said = said_of([paper.pk for paper in papers]) if said is None else said
    aliases: dict[int, list[int]] = defaultdict(list)
    for paper in papers:
        if paper.merged_into_id:
            aliases[paper.merged_into_id].append(paper.pk)
    known = {paper.pk: (paper.author_records, paper.authors) for paper in papers}
    changed = [
        paper
        for paper in papers
        if put(paper, [one for pk in (paper.pk, *aliases[paper.pk]) for one in said[pk]])
    ]
    authors.index(
        [paper for paper in changed if known[paper.pk] != (paper.author_records, paper.authors)]
    )
    if changed:
        # One statement; `bulk_update` takes several times as long for so many columns.
        Paper.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["identifier"], update_fields=FIELDS
        )
    return changed


def said_of(ids: Collection[int]) -> dict[int, list[Said]]:
    """What was said of each of these papers under its own name."""
    found: dict[int, list[Said]] = defaultdict(list)
    rows = SourceRecord.objects.filter(paper__in=ids).values_list(
        "paper_id",
        "identifier",
        "source__kind",
        "source__slug",
        "version",
        "facts",
        "source__abstract_share",
        "about",
        "digest",
    )
    for paper_id, identifier, kind, slug, version, facts, share, about, digest in rows:
        found[paper_id or 0].append(
            Said(identifier, kind or "", slug or "", version, facts, share or "", about, digest)
        )
    return found


def put(paper: Paper, said: Sequence[Said]) -> bool:
    """Put on a paper what the rules make of what was said; whether that changed anything."""
    changed = False
    for name, value in compose(said, paper.identifier, paper.edited).items():
        if getattr(paper, name) != value:
            setattr(paper, name, value)
            changed = True
    return changed


def work_out_source(source_id: int) -> None:
    """Work out the rows of all papers that a source told of, in batches."""
    told = SourceRecord.objects.filter(source=source_id, paper__isnull=False)
    ids = sorted(told.values_list("paper_id", flat=True).distinct())
    for at in range(0, len(ids), BATCH):
        with transaction.atomic():
            merge(set(ids[at : at + BATCH]))


# --- What editors decide --------------------------------------------------------------------------


@transaction.atomic
def edit(paper_id: int, values: Mapping[str, Any] | None) -> bool:
    """Keep what an editor wrote in some of the paper's `FIELDS`, beside earlier edits; None forgets
    them all. Whether that changed anything.
    """
    paper = Paper.objects.select_for_update(no_key=True).get(pk=paper_id)
    _remember(paper)
    known = paper.edited or {}
    said = {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in (values or {}).items()
        if name in FIELDS
    }
    edited = None if values is None else known | said
    if (edited or None) == paper.edited:
        return False
    paper.edited = edited or None
    paper.save(update_fields=["edited"])
    merge({paper_id})
    return True


def _remember(paper: Paper) -> None:
    """Keep what the row says where nothing else is kept, so that it can stand again."""
    if not SourceRecord.objects.filter(paper=paper, about="").exists():
        facts = facts_of_row(paper)
        SourceRecord.objects.create(
            paper=paper,
            identifier=paper.identifier,
            facts=facts,
            digest=digest_of(facts),
            title_key=title_key(paper.title, facts.get("authors", ())),
            first_seen_at=paper.created_at,
            changed_at=paper.created_at,
        )


def confirm(join: Join, editor: AbstractBaseUser | None, now: dt.datetime) -> bool:
    """Join the two papers by an editor's word; whether that changed anything."""
    return _decide(join, Join.State.CONFIRMED, editor, now)


def keep_apart(join: Join, editor: AbstractBaseUser | None, now: dt.datetime) -> bool:
    """Undo the join, or answer the question with no; whether that changed anything.

    Each row that readers and sources wrote is again its own paper's, because none was moved. The
    rules do not join the two again.
    """
    return _decide(join, Join.State.REFUSED, editor, now)


@transaction.atomic
def _decide(
    join: Join, state: Join.State, editor: AbstractBaseUser | None, now: dt.datetime
) -> bool:
    changed = (
        Join.objects.filter(pk=join.pk)
        .exclude(state=state)
        .update(state=state, decided_at=now, decided_by=editor.pk if editor else None)
    )
    join.refresh_from_db()
    if changed:
        merge({join.first_id, join.second_id})
    return bool(changed)
