"""The papers of a day matched with what readers follow: run in pages, resumable, written set-wise.

The readers themselves aren't read: an interest costs the same whether one follows it or fifty
thousand. The rows are the queue: freezing an issue makes the row of its day in `InterestRun`, and
whoever is woken works on the rows that are open. A page's matches are written in the transaction
that moves the row's position on, so that a run goes on where it was broken off.

An interest that is made or changed later (`is_new`) is matched with the days that were matched
before it, so that the next digest already has its papers.
"""

import datetime as dt
import gc
import json
import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet

from papers.evidence import Evidence
from papers.matching import references
from papers.matching.interests.day_index import PREPRINT_SCHEMES, DayIndex, DayPaper
from papers.matching.interests.matcher import Found, Wanted, match
from papers.matching.interests.specs import InterestSpec, Kind
from papers.models import Feature, Match, Paper
from papers.semantics import current
from papers.semantics.lsa import Floats
from papers.sources.record import Author
from subscriptions.models import Interest, InterestMatch, InterestRun

logger = logging.getLogger(__name__)

PAGE = 10_000
"""Interests that are read, matched and written at once."""

AT_ONCE = 5_000
"""Matches that are sent to the database at once."""

LEASE = dt.timedelta(minutes=10)
"""How long a run belongs to whoever has it in hand; renewed with every page."""

NEW_AT_ONCE = 500
"""New interests that are matched in one go."""

CITING_EVERY = 3_600
"""Seconds between two looks at what papers of the last days turned out to cite."""

DAYS = 7
"""Days with which a new interest is matched: a weekly digest draws on so many."""

STORED = np.dtype("<f2")


class LostClaim(RuntimeError):
    """Another process has taken the run over: this one was too slow."""


def order(day: dt.date, now: dt.datetime) -> None:
    """Have the interests matched with the papers of `day`, whose issue is frozen now."""
    done = None if Interest.objects.exists() else now
    InterestRun.objects.get_or_create(day=day, defaults={"started_at": now, "finished_at": done})


def work(now: dt.datetime) -> int:
    """Work on all open runs, and match what is new or became known since; how many matches were
    stored.
    """
    stored = 0
    for run in InterestRun.objects.open(now):
        stored += run_day(run.day, now)
    stored += match_new(now)
    if cache.add("interests:cited-lately", 1, CITING_EVERY):
        stored += match_citing(now)
    return stored


def run_day(day: dt.date, now: dt.datetime, page: int = PAGE) -> int:
    """Match all interests with the papers of `day`, from where the run stands; how many matches
    were stored. 0 where another process has it in hand. Raises `LostClaim`.
    """
    claim = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"[-64:]
    mine = InterestRun.objects.open(now).filter(day=day)
    if not mine.update(claim=claim, lease_until=now + LEASE):
        return 0
    run = InterestRun.objects.get(day=day)
    if not Interest.objects.filter(pk__gt=run.position).exists():
        InterestRun.objects.filter(day=day, claim=claim).update(finished_at=now, lease_until=None)
        return 0
    fitted = current.number_in_use()
    index = index_of([day], fitted)
    stored, position = 0, run.position
    with _left_alone_by_the_collector():
        while rows := _page(position, page, fitted):
            position = rows[-1].id
            with transaction.atomic():
                count = store(day, index, partial(match, index, rows))
                is_mine = InterestRun.objects.filter(day=day, claim=claim).update(
                    position=position,
                    interests=F("interests") + len(rows),
                    matches=F("matches") + count,
                    lease_until=now + LEASE,
                )
                if not is_mine:
                    raise LostClaim(f"the matching of {day} was taken over")
            stored += count
    InterestRun.objects.filter(day=day, claim=claim).update(finished_at=now, lease_until=None)
    logger.info("matched interests", extra={"day": day.isoformat(), "matches": stored})
    return stored


@contextmanager
def _left_alone_by_the_collector() -> Iterator[None]:
    """The garbage collector needn't walk through a day's index again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def match_new(now: dt.datetime) -> int:
    """Match interests that are new with the last days that were matched; how many matches were
    stored. What fails is tried again by the next call.
    """
    ids = list(
        Interest.objects.filter(is_new=True)
        .order_by("pk")
        .values_list("pk", flat=True)[:NEW_AT_ONCE]
    )
    if not ids:
        return 0
    fitted = current.number_in_use()
    rows = _wanted(Interest.objects.filter(pk__in=ids), fitted)
    stored = 0
    for day in last_days(now):
        index = index_of([day], fitted)
        stored += store(day, index, partial(match, index, rows))
    Interest.objects.filter(pk__in=ids).update(is_new=False)
    return stored


def match_citing(now: dt.datetime) -> int:
    """Match the interests in papers that cite one again with the last days: a service learns what
    a paper cites days after it is listed. How many matches were stored; they are marked as late,
    for digests of their day may have gone out.
    """
    interests = Interest.objects.filter(kind=Kind.CITING.value, is_new=False).order_by("pk")
    rows = _wanted(interests, None)
    wanted = {name for one in rows for name in one.spec.ids}
    if not wanted:
        return 0
    stored = 0
    for day in last_days(now):
        if not is_ready(day):
            continue  # its run does it
        papers = [one for one in papers_of([day]) if wanted.intersection(one.cites)]
        if not papers:
            continue
        index = DayIndex(papers)
        found = list(match(index, rows))
        known = set(
            InterestMatch.objects.filter(day=day, interest__in=interests).values_list(
                "interest_id", "paper_id"
            )
        )
        new = [one for one in found if (one.interest, papers[one.row].id) not in known]
        if new:
            late = Q()
            for one in new:
                late |= Q(interest=one.interest, paper=papers[one.row].id)
            with transaction.atomic():
                stored += store(day, index, partial(iter, new))
                InterestMatch.objects.filter(late, day=day).update(is_late=True)
    return stored


def last_days(now: dt.datetime) -> list[dt.date]:
    """The days of the last week whose papers interests are matched with."""
    since = now.date() - dt.timedelta(days=DAYS)
    return list(InterestRun.objects.filter(day__gte=since).values_list("day", flat=True))


def is_ready(day: dt.date) -> bool:
    """Whether the interests are matched with the papers of `day`, as far as they ever will be."""
    return not InterestRun.objects.filter(day=day, finished_at=None).exists()


def store(day: dt.date, index: DayIndex, find: Callable[[], Iterable[Found]]) -> int:
    """Write the matches that `find` finds; how many were new.

    On PostgreSQL they are copied while they are found. Where some are there already, which is so
    after an interest was matched by itself, they are found again and written one by one.
    """
    if connection.vendor == "postgresql":
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                return _copy(cursor, day, index, find())
        except IntegrityError:
            pass
    count = 0
    found = iter(find())
    while some := list(islice(found, AT_ONCE)):
        count += _insert(day, index, some)
    return count


_COLUMNS = "(day, interest_id, paper_id, is_certain, score, evidence)"


def _copy(cursor: Any, day: dt.date, index: DayIndex, found: Iterable[Found]) -> int:
    """COPY in text form: a line for each match, a backslash in it doubled."""
    table = connection.ops.quote_name(InterestMatch._meta.db_table)
    ids = [paper.id for paper in index.papers]
    said = day.isoformat()
    lines: list[str] = []
    earlier: tuple[Evidence, ...] | None = None
    text = ""
    with (
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} {_COLUMNS} FROM STDIN") as copy,
    ):
        for interest, row, is_certain, score, evidence in found:
            if evidence is not earlier:
                earlier = evidence
                text = _as_text(evidence).replace("\\", "\\\\")
            mark = "t" if is_certain else "f"
            lines.append(f"{said}\t{interest}\t{ids[row]}\t{mark}\t{score!r}\t{text}\n")
            if len(lines) == AT_ONCE:
                copy.write("".join(lines))
                lines.clear()
        copy.write("".join(lines))
    return int(cursor.rowcount)


def _insert(day: dt.date, index: DayIndex, found: Iterable[Found]) -> int:
    rows = [
        (
            one.interest,
            index.papers[one.row].id,
            one.is_certain,
            one.score,
            _as_text(one.evidence),
        )
        for one in found
    ]
    table = connection.ops.quote_name(InterestMatch._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            interests, papers, certain, scores, evidence = map(list, zip(*rows, strict=True))
            cursor.execute(
                f"INSERT INTO {table} {_COLUMNS} SELECT %s, * FROM unnest(%s::bigint[],"  # noqa: S608
                " %s::bigint[], %s::boolean[], %s::double precision[], %s::jsonb[])"
                " ON CONFLICT DO NOTHING",
                [day, interests, papers, certain, scores, evidence],
            )
            return int(cursor.rowcount)
        cursor.executemany(
            f"INSERT OR IGNORE INTO {table} {_COLUMNS} VALUES (%s, %s, %s, %s, %s, %s)",  # noqa: S608
            [(day.isoformat(), *row) for row in rows],
        )
        return int(cursor.rowcount)


def _as_text(evidence: tuple[Evidence, ...]) -> str:
    return json.dumps([each.as_dict() for each in evidence], ensure_ascii=False)


# --- What is matched ---------------------------------------------------------------------


def index_of(
    days: Sequence[dt.date], fitted: int | None = None, most: int | None = None
) -> DayIndex:
    """The index of what stands in lists on these days, the `most` trending where there are more;
    with the vectors of the model with the number `fitted`.
    """
    papers = papers_of(days, most)
    vectors = current.vectors_of([paper.id for paper in papers], fitted) if fitted else None
    return DayIndex(papers, vectors)


def papers_of(days: Sequence[dt.date], most: int | None = None) -> list[DayPaper]:
    """The papers of these days as matching reads them, most trending first. Three queries a day."""
    ids: dict[int, None] = {}
    for day in days:
        ids |= dict.fromkeys(Paper.objects.of_day(day).values_list("pk", flat=True))
    slugs: dict[int, set[str]] = {}
    listed: dict[int, set[str]] = {}
    features = Feature.objects.filter(day__in=days).order_by()
    for paper, alias_of, slug, day in features.values_list(
        "paper_id", "paper__merged_into_id", "source__slug", "day"
    ):
        slugs.setdefault(alias_of or paper, set()).add(slug)
        listed.setdefault(alias_of or paper, set()).add(day.isoformat())
    found: list[DayPaper] = []
    wanted = list(ids)[:most]
    for at in range(0, len(wanted), 2_000):
        some = wanted[at : at + 2_000]
        topics: dict[int, set[str]] = {}
        matches = Match.objects.sendable().filter(paper__in=some).order_by()
        for paper, slug in matches.values_list("paper_id", "topic__slug"):
            topics.setdefault(paper, set()).add(slug)
        cites = references.cited_by(some)
        rows = Paper.objects.filter(pk__in=some).order_by()
        for (
            pk,
            identifier,
            title,
            abstract,
            records,
            names,
            organization,
            venue,
            *rest,
        ) in rows.values_list(
            "pk",
            "identifier",
            "title",
            "abstract",
            "author_records",
            "authors",
            "organization",
            "venue",
            "categories",
            "kind",
            "published_as",
            "code_url",
        ):
            categories, kind, published_as, code_url = rest
            scheme = identifier.partition(":")[0]
            found.append(
                DayPaper(
                    id=pk,
                    title=title,
                    abstract=abstract,
                    authors=tuple(Author.from_json(one) for one in (records or names)),
                    organization=organization,
                    venue=venue,
                    categories=tuple(categories),
                    sources=tuple(sorted(slugs.get(pk, ()))),
                    topics=tuple(sorted(topics.get(pk, ()))),
                    has_code=bool(code_url),
                    days=tuple(sorted(listed.get(pk, ()))),
                    cites=cites.get(pk, ()),
                    is_preprint=not published_as
                    and (kind == "preprint" or (not kind and scheme in PREPRINT_SCHEMES)),
                )
            )
    return found


def _page(after: int, size: int, fitted: int | None) -> list[Wanted]:
    return _wanted(Interest.objects.filter(pk__gt=after).order_by("pk")[:size], fitted)


def _wanted(interests: "QuerySet[Interest]", fitted: int | None) -> list[Wanted]:
    """The interests as matching reads them, those in likeness with a vector of the model with the
    number `fitted`, made anew where it is of another.
    """
    rows = list(interests.values_list("pk", "spec", "vector", "fitted"))
    found: list[Wanted] = []
    outdated: list[tuple[int, InterestSpec]] = []
    for pk, data, vector, made_by in rows:
        spec = InterestSpec.trusted(data)
        if spec.kind is Kind.LIKENESS and fitted is not None:
            if vector is None or made_by != fitted:
                outdated.append((pk, spec))
            else:
                unit = np.frombuffer(bytes(vector), STORED).astype(np.float32)
                found.append(Wanted(pk, spec, unit))
                continue
        found.append(Wanted(pk, spec))
    if outdated and fitted is not None:
        made = vectors_for([spec for _, spec in outdated], fitted)
        changed = {pk: one for (pk, _), one in zip(outdated, made, strict=True) if one is not None}
        Interest.objects.bulk_update(
            [
                Interest(pk=pk, vector=one.astype(STORED).tobytes(), fitted=fitted)
                for pk, one in changed.items()
            ],
            ["vector", "fitted"],
            batch_size=500,
        )
        found = [Wanted(one.id, one.spec, changed.get(one.id, one.vector)) for one in found]
    return found


def vectors_for(specs: Sequence[InterestSpec], fitted: int) -> list[Floats | None]:
    """For each spec in likeness the unit vector that stands for its papers and words, by the model
    with the number `fitted`; None where nothing is known of them.
    """
    stored = current.vectors_of({pk for spec in specs for pk in spec.papers}, fitted)
    texts = [_text_of(spec) for spec in specs]
    model = current.current_model() if any(texts) else None
    embedded = model.embed(texts) if model else None
    found: list[Floats | None] = []
    for at, spec in enumerate(specs):
        parts = [stored[pk] for pk in spec.papers if pk in stored]
        if embedded is not None and texts[at]:
            parts.append(embedded[at])
        total = np.sum(parts, axis=0) if parts else None
        length = float(np.linalg.norm(total)) if total is not None else 0.0
        found.append((total / length).astype(np.float32) if length and total is not None else None)
    return found


def _text_of(spec: InterestSpec) -> str:
    """The words of papers that aren't stored as a text that a model reads: each as often as its
    weight says, one to ten times.
    """
    most = max((weight for _, weight in spec.terms), default=0.0)
    return " ".join(
        word for word, weight in spec.terms for _ in range(max(1, round(10 * weight / most)))
    )
