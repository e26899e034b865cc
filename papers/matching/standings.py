"""What is known of the stored papers, and the trending scores that follow from it.

The pure parts are in `trending` (the score), `yardsticks` (what counts are worth) and `priors`
(what is known before anybody counted). Here they meet the database: everything is read a batch of
papers at a time, the yardsticks are measured on the papers of the last weeks, and only the scores
that differ are written.
"""

import datetime as dt
import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max

from papers import days
from papers.fields import field_of
from papers.matching import author_records, priors, yardsticks
from papers.matching.trending import (
    UNMEASURED,
    Attention,
    Breakdown,
    Listing,
    ListPlace,
    Prior,
    Yardsticks,
    explain,
)
from papers.matching.trending import Pick as Hand
from papers.matching.yardsticks import Known
from papers.models import (
    Feature,
    Match,
    Measurement,
    Observation,
    Paper,
    Pick,
    TrendingPlace,
)
from papers.semantics import current
from papers.semantics.lsa import Floats

BATCH = 1_000
"""Papers read with one set of queries."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rows say of a paper."""

    known: Known
    """All but the prior."""
    identifier: str
    categories: tuple[str, ...]
    authors: tuple[str, ...]
    sources: frozenset[str]
    """The slugs of those that list it."""
    fit: float
    score: float
    """As stored."""

    @property
    def is_noticed(self) -> bool:
        """Whether anybody gave it any attention."""
        if self.known.places:
            return True
        # Comments do not tell: one of two is a bot's.
        return any(
            seen.upvotes or seen.stars or seen.saves or seen.clicks for seen in self.known.attention
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """The yardsticks of the last weeks' papers, with what priors are made of."""

    yardsticks: Yardsticks = UNMEASURED
    sources: Mapping[str, float] = field(default_factory=dict)
    categories: Mapping[str, float] = field(default_factory=dict)
    fitted: int | None = None
    """The model whose vectors `middles` are of."""
    middles: Mapping[str, Floats] = field(default_factory=dict)
    records: str = ""
    """The name of what it read of authors, see `author_records`."""

    def as_json(self) -> dict[str, Any]:
        """For a row."""
        return {
            **yardsticks.as_json(self.yardsticks),
            "sources": dict(self.sources),
            "categories": dict(self.categories),
            "fitted": self.fitted,
            "middles": {name: middle.tolist() for name, middle in self.middles.items()},
            "records": self.records,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Measured":
        """What `as_json` made."""
        return cls(
            yardsticks.from_json(kept),
            kept["sources"],
            kept["categories"],
            kept["fitted"],
            {name: np.array(middle, np.float32) for name, middle in kept["middles"].items()},
            kept.get("records", ""),
        )


def score(
    papers: Collection[int], window: Collection[int], now: dt.datetime, pins_from: dt.date
) -> int:
    """Give the papers with these ids their trending scores at `now`; how many changed.

    The yardsticks are measured on the papers of `window`, and kept. Pins count for issues from
    `pins_from` on. Safe to repeat, and on two machines at once.
    """
    facts = facts_of({*papers, *window}, now, pins_from)
    measured, known = _measured(facts, window, now)
    Measurement.keep(measured.as_json(), now)
    scores = {
        pk: score_of(known[pk], now, measured.yardsticks) for pk in sorted(papers) if pk in known
    }
    changed = {pk: value for pk, value in scores.items() if value != facts[pk].score}
    _write(changed)
    return len(changed)


def breakdown_of(known: Known, now: dt.datetime, by: Yardsticks) -> Breakdown:
    """The trending score of what is known of a paper, and what it is made of."""
    return explain(
        known.attention,
        known.featured_at,
        now,
        listings=known.listings,
        pick=known.pick,
        places=known.places,
        prior=known.prior,
        of_field=known.of_field,
        yardsticks=by,
    )


def score_of(known: Known, now: dt.datetime, by: Yardsticks) -> float:
    """The trending score of what is known of a paper."""
    return breakdown_of(known, now, by).score


def explain_score(paper: Paper, now: dt.datetime) -> Breakdown:
    """The paper's trending score at `now` by the last measurement, and what it is made of."""
    facts = facts_of([paper.pk], now, days.feature_day(now))
    measured = latest_measured()
    records = author_records.kept(measured.records)
    known = _with_priors(facts, measured, _vectors(facts, measured.fitted), records)[paper.pk]
    return breakdown_of(known, now, measured.yardsticks)


def latest_measured() -> Measured:
    """What the last ranking measured; one query."""
    kept = Measurement.latest()
    return Measured.from_json(kept) if kept else Measured()


def known_of(
    papers: Collection[int], now: dt.datetime, by: Measured
) -> Iterator[tuple[int, Known]]:
    """What is known of papers at `now`, with their priors, by id. A batch is read at a time, so
    that a week of large days is never in memory as a whole.
    """
    earlier = author_records.read() if papers else Counter[str]()
    for batch in _parted(sorted(papers)):
        facts = facts_of(batch, now, now.date())
        yield from _with_priors(facts, by, _vectors(facts, by.fitted), earlier).items()


def latest_yardsticks() -> Yardsticks:
    """Those of the last ranking; one query."""
    kept = Measurement.latest()
    return yardsticks.from_json(kept) if kept else UNMEASURED


def facts_of(papers: Collection[int], now: dt.datetime, pins_from: dt.date) -> dict[int, Facts]:
    """What is known of papers at `now`, by id; those that are gone are left out.

    A hidden paper is hidden whatever the day; a pin counts for issues from `pins_from` on.
    """
    found: dict[int, Facts] = {}
    ordered = sorted(papers)
    for at in range(0, len(ordered), BATCH):
        found |= _facts(ordered[at : at + BATCH], now, pins_from)
    return found


def _facts(papers: Sequence[int], now: dt.datetime, pins_from: dt.date) -> dict[int, Facts]:
    works = Paper.objects.works_of(papers)
    ids = list(works)
    features = Feature.objects.once().filter(paper__in=ids, day__lte=now.date())
    listed: dict[int, list[Listing]] = defaultdict(list)
    for paper_id, source, day in features.order_by("day", "source__slug").values_list(
        "paper_id", "source__slug", "day"
    ):
        # A day's list begins at midnight, which is the age the score's constants were chosen for.
        listed[works[paper_id]].append(Listing(source, dt.datetime.combine(day, dt.time(), dt.UTC)))
    hands: dict[int, Hand] = {}
    for pick in Pick.objects.filter(paper__in=ids).order_by("day"):
        if pick.kind == Pick.Kind.HIDE:
            hands[works[pick.paper_id]] = "hide"
        elif pick.kind == Pick.Kind.PIN and pick.day >= pins_from:
            hands.setdefault(works[pick.paper_id], "pin")
    attention: dict[int, list[Attention]] = defaultdict(list)
    observed = Observation.objects.filter(paper__in=ids, observed_at__lte=now).values_list(
        "paper_id", "source__slug", "observed_at", "upvotes", "comments", "stars", "saves", "clicks"
    )
    for paper_id, source, at, *counts in observed.iterator(chunk_size=5_000):
        attention[works[paper_id]].append(Attention(at, source, *counts))
    places: dict[int, list[ListPlace]] = defaultdict(list)
    for paper_id, source, seen_at, position, length in TrendingPlace.objects.filter(
        paper__in=ids, seen_at__lte=now
    ).values_list("paper_id", "source__slug", "seen_at", "position", "length"):
        places[works[paper_id]].append(ListPlace(source, seen_at, position, length))
    matched = Match.objects.sendable().filter(paper__in=papers).order_by()
    best = matched.values("paper_id").annotate(best=Max("score"))
    fits = dict(best.values_list("paper_id", "best"))
    rows = Paper.objects.filter(pk__in=papers).values_list(
        "pk", "identifier", "categories", "authors", "trending_score"
    )
    return {
        pk: Facts(
            known=Known(
                attention=attention[pk],
                featured_at=listed[pk][0].listed_at if listed[pk] else now,
                listings=listed[pk][1:],
                places=places[pk],
                pick=hands.get(pk),
                of_field=field_of(map(str, categories)),
            ),
            identifier=identifier,
            categories=tuple(map(str, categories)),
            authors=tuple(map(str, authors)),
            sources=frozenset(listing.source for listing in listed[pk]),
            fit=priors.fit(fits.get(pk)),
            score=score,
        )
        for pk, identifier, categories, authors, score in rows
    }


def _measured(
    facts: Mapping[int, Facts], window: Collection[int], now: dt.datetime
) -> tuple[Measured, dict[int, Known]]:
    """The yardsticks of the papers of `window`, and what is known of all papers, with priors."""
    recent_facts = {pk: facts[pk] for pk in window if pk in facts}
    fitted = current.number_in_use()
    vectors = _vectors(facts, fitted)
    measured = Measured(
        sources=priors.rates((one.sources, one.is_noticed) for one in recent_facts.values()),
        categories=priors.rates(
            (one.categories[:1], one.is_noticed) for one in recent_facts.values()
        ),
        fitted=fitted,
        middles=_middles({pk: v for pk, v in vectors.items() if pk in recent_facts}, facts),
        records=secrets.token_hex(8),
    )
    records = author_records.read()
    author_records.keep(measured.records, records)
    known = _with_priors(facts, measured, vectors, records)
    papers = [known[pk] for pk in recent_facts if known[pk].pick != "hide"]
    return replace(measured, yardsticks=yardsticks.measure(papers, now)), known


def _with_priors(
    facts: Mapping[int, Facts],
    measured: Measured,
    vectors: Mapping[int, Floats],
    earlier: Counter[str],
) -> dict[int, Known]:
    """`earlier`: how many papers that were noticed each author has."""
    return {
        pk: replace(
            one.known,
            prior=Prior(
                source=max((measured.sources.get(name, 0.0) for name in one.sources), default=0.0),
                category=measured.categories.get("".join(one.categories[:1]), 0.0),
                authors=priors.record(one.authors, earlier),
                novelty=(
                    priors.novelty(vectors[pk], measured.middles[one.known.of_field])
                    if pk in vectors and one.known.of_field in measured.middles
                    else 0.0
                ),
                fit=one.fit,
                tie=priors.tie(one.identifier),
            ),
        )
        for pk, one in facts.items()
    }


def _middles(vectors: Mapping[int, Floats], facts: Mapping[int, Facts]) -> dict[str, Floats]:
    of_field: dict[str, list[Floats]] = defaultdict(list)
    for pk, vector in vectors.items():
        of_field[facts[pk].known.of_field].append(vector)
    return {name: priors.middle(found) for name, found in of_field.items()}


def _vectors(papers: Collection[int], fitted: int | None) -> dict[int, Floats]:
    """The papers' vectors by a model; of none without one."""
    found: dict[int, Floats] = {}
    if fitted is not None:
        for batch in _parted(sorted(papers)):
            found |= current.vectors_of(batch, fitted)
    return found


def _parted(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(ids), BATCH):
        yield ids[at : at + BATCH]


def _write(scores: Mapping[int, float]) -> None:
    """Store the scores, waiting for other machines that write about these papers, in one order."""
    ids = sorted(scores)
    for batch in _parted(ids):
        with transaction.atomic():
            locked = Paper.objects.select_for_update(no_key=True).filter(pk__in=batch)
            list(locked.order_by("identifier").values_list("pk", flat=True))
            Paper.objects.write_scores({pk: scores[pk] for pk in batch})
