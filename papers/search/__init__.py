"""Finding papers by what a reader types: exact phrases first, then all words, then meaning.

What a reader types is taken as meant: British for American spelling, words joined or taken apart,
umlauts as two letters (`papers.text.spellings`); acronyms for what they stand for, and a
misspelled word for one of the store's where what was typed finds next to nothing
(`papers.search.vocabulary`).

The database's full text (`papers.search.index`) finds words, in any inflection and with or without
diacritics; the semantic model (`papers.semantics.current`) finds what is close in meaning. The two
cannot be compared by score, so they are joined by rank: reciprocal rank fusion (Cormack, Clarke and
Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
SIGIR 2009). Without a model the full text alone decides.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Exists, IntegerField, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from papers.models import Paper, PaperQuerySet, Pick
from papers.models.by_ids import among, as_parameter
from papers.search import index, vocabulary
from papers.search.filters import NONE, TREND, Filters, Within, within
from papers.search.hits import SPELLED_OUT, Hit, Kind
from papers.search.query import (
    Phrase,
    Query,
    cleaned,
    folded,
    holds,
    in_title,
    in_words,
    initials_and_lasts,
    parse,
    with_phrases,
    without,
)
from papers.semantics import current

__all__ = ["MOST", "Kind", "SearchResult", "cleaned", "find", "fused", "latest", "search"]

MOST = 200
"""Papers that a search finds, at most, besides those that only spell out an acronym."""

RRF_K = 60
"""The constant of reciprocal rank fusion, as its authors chose it."""

CLOSE = 0.45
"""Cosine from which a paper counts as close in meaning to a query."""

CLOSEST = 100
"""Papers that are looked at for their meaning, the nearest ones."""

ENOUGH = 20
"""Papers that hold all words from which on none is shown that does not."""

FEW = 5
"""Papers that hold all words from which on no word is taken for a misspelled one."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, the best first."""

    papers: tuple[int, ...]
    """Ids, at most `MOST` and `SPELLED_OUT` more that have an acronym only spelled out."""
    kinds: dict[int, Kind]
    """How each of them was found."""
    is_capped: bool
    """Whether there may be more."""
    corrected: str = ""
    """What was searched for instead of what was typed, where a word seems misspelled."""
    query: Query = field(default_factory=lambda: Query((), ()))
    """What was looked for, with all its spellings: what marks words in texts."""


def search(text: str) -> PaperQuerySet:
    """The papers that `find` finds, in its order. None for a text without words. Never raises."""
    return Paper.objects.in_order(find(text).papers)


def find(
    text: str, *, as_typed: bool = False, filters: Filters = NONE, now: dt.datetime | None = None
) -> SearchResult:
    """The shown papers that hold the words of `text`, or are close to it in meaning, best first.

    Exact phrases come first, then papers with all words in the title, then those with all words
    anywhere, then those with an acronym written out (or the other way round), those that do so in
    their titles ahead of newer ones, then those with all words but one or with a similar meaning.
    Within each, titles with the very words typed come
    before those with another inflection, as do those by an author whose initial and last name were
    typed, with the other words in the title; then words and meaning both count.

    Where fewer than `FEW` papers hold all words, those that hold them with a word corrected follow,
    unless `as_typed`; a word in quotes, or that `vocabulary.KNOWN` papers hold, never is.

    `filters` leave papers out and may order those with all words by trend; for their order by date
    see `latest`. `now` says which papers are recent. Never raises.
    """
    text = cleaned(text)
    today = (now or timezone.now()).astimezone(dt.UTC).date()
    done = _asked(text, as_typed, within(filters, today))
    hits = done.hits
    close = [] if filters.author or filters.order == TREND else _close_to(text)
    if filters.order == TREND:
        hits = [hit for hit in hits if hit.kind < Kind.SOME]
    ids = {hit.paper_id for hit in hits}
    if sum(hit.kind < Kind.SOME for hit in hits) < ENOUGH:
        ids.update(close)
    names = initials_and_lasts(done.query.phrase)
    rows = _unhidden(ids, filters.papers(today) if close else None, with_authors=bool(names))
    kinds = {hit.paper_id: hit.kind for hit in hits}
    scores = fused(
        [hit.paper_id for hit in sorted(hits, key=lambda hit: (hit.kind, -hit.score))], close
    )
    likeliest = _likeliest(done.corrections, (title for title, *_ in rows.values()))
    typed = {likeliest.get(word, word) for word in done.query.words}
    may_be_named = {word for words in names.values() for word in words}
    wanted = typed - may_be_named
    written_out = in_words(done.query)

    def place(pk: int) -> tuple[float, bool, int, bool, float, int]:
        title, trend, *authors = rows[pk]
        tier = min(kinds.get(pk, Kind.MEANING), Kind.SOME)
        is_corrected = bool(done.corrections) and pk not in done.typed
        if tier == Kind.ACRONYM:  # which never hold what was typed
            has_typed = in_title(title, written_out)
        else:
            has_typed = holds(title, wanted) and (
                not names or holds(title, typed - _named(names, *authors))
            )
        by_trend = -trend if filters.order == TREND else 0.0
        return by_trend, is_corrected, tier, not has_typed, -scores[pk], -pk

    papers = sorted(rows, key=place)
    apart = {pk for pk, kind in kinds.items() if kind == Kind.ACRONYM}
    best = [pk for pk in papers if pk not in apart][:MOST]
    kept = apart.union(best)
    shown = [pk for pk in papers if pk in kept]
    return SearchResult(
        tuple(shown),
        {pk: kinds.get(pk, Kind.MEANING) for pk in shown},
        len(shown) < len(papers) or len(apart) == SPELLED_OUT,
        _said(text, done, likeliest),
        done.query,
    )


def _unhidden(
    ids: Collection[int], within: "QuerySet[Any, Any] | None", *, with_authors: bool
) -> dict[int, tuple[Any, ...]]:
    """The title, the trending score and, if wanted, the authors in JSON of the papers with these
    ids, as far as they stand `within` those and no editor hid them.

    To ask of each whether it is hidden costs more than all the rest, and few sites hide anything.
    """
    if not ids:
        return {}
    if within is None:
        sql, given = _statement_for_all(connection.vendor, with_authors)
    else:
        sql, given = _statement(within, with_authors=with_authors)
    with connection.cursor() as cursor:
        cursor.execute(sql, (*given, as_parameter(ids)))
        found = cursor.fetchall()
    rows = {row[1]: row[2:] for row in found}
    if not found or not found[0][0]:
        return rows
    kept = Paper.objects.filter(pk__in=rows).unhidden().values_list("pk", flat=True)
    return {pk: rows[pk] for pk in kept}


def _statement(
    within: "QuerySet[Any, Any] | None", *, with_authors: bool
) -> tuple[str, tuple[Any, ...]]:
    """What `_unhidden` asks, and the values that come before the ids."""
    papers = Paper.objects.standing()
    if within is not None:
        papers = papers.filter(pk__in=within)
    columns: list[str | Cast] = ["pk", "title", "trending_score"]
    if with_authors:  # as text, for few are looked at
        columns.append(Cast("authors", TextField()))
    # As a number, of which nothing has to be made for each paper.
    any_hidden = Cast(Exists(Pick.objects.hides()), IntegerField())
    asked = papers.filter(pk__in=among(())).order_by().annotate(any_hidden=any_hidden)
    sql, given = asked.values_list("any_hidden", *columns).query.sql_with_params()
    return sql, tuple(given[:-1])


@cache
def _statement_for_all(vendor: str, with_authors: bool) -> tuple[str, tuple[Any, ...]]:
    """Of all papers: putting it together takes longer than answering it."""
    return _statement(None, with_authors=with_authors)


def latest(
    text: str,
    filters: Filters,
    *,
    before: int | None = None,
    most: int,
    as_typed: bool = False,
    now: dt.datetime | None = None,
) -> SearchResult:
    """The `most` newest shown papers with all words of `text`, or those stored before the paper
    with the id `before`; `is_capped` says whether there are older ones. All that match can be had,
    page by page. Never raises.
    """
    text = cleaned(text)
    where = within(filters, (now or timezone.now()).astimezone(dt.UTC).date())
    done = _asked(text, as_typed, where, is_paged=True)
    papers: list[int] = []
    while len(papers) <= most:
        ids = index.newest(done.query, where, before, most + 1)
        shown = set(Paper.objects.shown().filter(pk__in=ids).values_list("pk", flat=True))
        papers += [pk for pk in ids if pk in shown]
        if len(ids) <= most:
            break
        before = ids[-1]
    kinds = {hit.paper_id: hit.kind for hit in done.hits}
    likeliest = _likeliest(
        done.corrections,
        Paper.objects.filter(pk__in=papers[:most] if done.corrections else ()).values_list(
            "title", flat=True
        ),
    )
    return SearchResult(
        tuple(papers[:most]),
        {pk: kinds.get(pk, Kind.WORDS) for pk in papers[:most]},
        len(papers) > most,
        _said(text, done, likeliest),
        done.query,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the full text was asked, with all that counts as the words, and what it found."""

    query: Query
    hits: list[Hit]
    typed: set[int]
    """Papers that hold all words as typed."""
    corrections: dict[str, tuple[str, ...]]


def _asked(text: str, as_typed: bool, where: Within, *, is_paged: bool = False) -> _Asked:
    """Ask the full text. Acronyms are seen through however many papers hold them; what they stand
    for only where no list is full without, or where all that match `is_paged`.
    """
    plain = parse(text)
    facts = vocabulary.facts_of(plain)
    plain = without(plain, facts.unwritten)  # each would be looked up wherever it stands
    query = with_phrases(plain, facts.splits)
    acronyms = {} if as_typed else _acronyms(facts)
    corrections = {} if as_typed else facts.corrections
    # What lacks a word is looked for last, by the words alone: it only fills the list.
    hits = index.lookup(query, 0 if acronyms or corrections else ENOUGH, where, plain)
    typed = _with_all_words(hits)
    if corrections and len(typed) < FEW:
        phrases = {word: [(other,) for other in others] for word, others in corrections.items()}
        query = with_phrases(with_phrases(query, phrases), acronyms)
        hits = _merged(index.lookup(query, ENOUGH, where, with_phrases(plain, phrases)), hits)
        has_more = len(_with_all_words(hits)) > len(typed)
        return _Asked(query, hits, typed, corrections if has_more else {})
    if acronyms and (facts.long_forms or is_paged or len(typed) < MOST):
        typed_query, query = query, with_phrases(query, acronyms)
        hits = hits + index.spelled_out(query, typed_query, where)
        if len(hits) < ENOUGH:
            hits = hits + index.lacking_one(plain, where, hits)
    elif corrections and len(typed) < ENOUGH:
        hits = hits + index.lacking_one(plain, where, hits)
    return _Asked(query, hits, typed, {})


def _said(text: str, done: _Asked, likeliest: dict[str, str]) -> str:
    """What was searched for instead of what was typed; "" where that is the same."""
    if not done.corrections:
        return ""
    return " ".join(likeliest.get(folded(word), word) for word in text.split())


def _with_all_words(hits: Iterable[Hit]) -> set[int]:
    return {hit.paper_id for hit in hits if hit.kind <= Kind.WORDS}


def _merged(first: list[Hit], then: list[Hit]) -> list[Hit]:
    """Hits, each paper's of the list that comes first."""
    known = {hit.paper_id for hit in first}
    return first + [hit for hit in then if hit.paper_id not in known]


def _acronyms(facts: vocabulary.Facts) -> dict[str, list[Phrase]]:
    """For each word typed, what else stands for it, or for the words it stands among."""
    found: dict[str, list[Phrase]] = {word: list(forms) for word, forms in facts.long_forms.items()}
    for words, shorts in facts.short_forms.items():
        for word in words:
            found.setdefault(word, []).extend((short,) for short in shorts)
    return found


def _likeliest(corrected: dict[str, tuple[str, ...]], titles: Iterable[str]) -> dict[str, str]:
    """The correction of each word that most of the titles hold, else the commonest one."""
    if not corrected:
        return {}
    held = Counter(word for title in titles for word in set(folded(title).split()))
    return {word: max(others, key=lambda other: held[other]) for word, others in corrected.items()}


def _named(names: dict[str, frozenset[str]], authors: str) -> set[str]:
    """Those words of `names` by which one of the `authors`, a list in JSON, is called, initial and
    last name.
    """
    listed = json.loads(authors or "[]")
    called = {
        f"{parts[0][0]} {parts[-1]}"
        for name in (listed if isinstance(listed, list) else ())
        if (parts := folded(str(name)).split())
    }
    return {word for name, words in names.items() if name in called for word in words}


def fused(*rankings: Iterable[int]) -> dict[int, float]:
    """Reciprocal rank fusion: for each id the sum of 1 / (k + its rank) over the `rankings`."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, pk in enumerate(ranking, start=1):
            scores[pk] = scores.get(pk, 0.0) + 1 / (RRF_K + rank)
    return scores


def _close_to(text: str) -> list[int]:
    """The ids of papers close in meaning to `text`, the nearest first; none without a model."""
    using = current.in_use()
    if using is None or not text:
        return []
    vector = using.model.embed([text])[0]
    return [pk for pk, _ in current.nearest(vector, CLOSEST, least=CLOSE, using=using)]
