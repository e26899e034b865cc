"""Papers are ranked and matched: what the pure functions of `trending` and `matching` say of the
stored papers is stored with them, and so is what each paper is about (`meaning`).

Both go over the papers in batches, in an order that never changes, and write only what differs;
a second run changes nothing.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from django.db import transaction
from django.db.models import Max, QuerySet

from papers import days
from papers.matching.scoring import MatchResult, PaperText, TopicSpec, match
from papers.matching.trending import Attention, Breakdown, Listing, explain, trending_score
from papers.matching.trending import Pick as Hand
from papers.models import Feature, Match, Observation, Paper, Pick, Topic
from papers.semantics import current
from papers.semantics.current import InUse

logger = logging.getLogger(__name__)

WINDOW = dt.timedelta(days=14)
"""How far back papers are ranked and matched again: two weeks are one half-life of the score."""

BATCH = 500
"""Papers held in memory at a time."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What ranking and matching changed."""

    papers: int = 0
    """Papers that were looked at."""
    rescored: int = 0
    """Papers whose trending score is another now."""
    matches: int = 0
    """Matches of these papers with active topics."""
    written: int = 0
    """Matches that are new or different."""
    dropped: int = 0
    """Matches that no longer hold."""

    def __add__(self, other: "Ranked") -> "Ranked":
        return Ranked(
            self.papers + other.papers,
            self.rescored + other.rescored,
            self.matches + other.matches,
            self.written + other.written,
            self.dropped + other.dropped,
        )


def rank_and_match(
    *,
    now: dt.datetime,
    day: dt.date | None = None,
    papers: QuerySet[Paper] | None = None,
) -> Ranked:
    """Score and match the papers given, or those of `day`, or those of the last `WINDOW`.

    Safe to repeat, and to run on two machines at once.
    """
    if papers is None and day is None:
        papers = recent(now)
    elif papers is None and day is not None:
        papers = Paper.objects.featured_on(day)
    assert papers is not None
    pins_from = day or days.feature_day(now)
    topics = list(Topic.objects.active())
    using = current.in_use()
    total = Ranked()
    for batch in _batches(papers):
        total += Ranked(papers=len(batch), rescored=_score(batch, now, pins_from))
        total += _match(batch, topics, using)
        if using:
            current.store_vectors(batch, using)
    logger.info("ranked", extra={"papers": total.papers, "matches": total.matches})
    return total


def match_topic(topic: Topic, now: dt.datetime) -> Ranked:
    """Match one topic anew with the papers of the last `WINDOW`, as after an editor changed it."""
    if not topic.is_active:
        return Ranked()
    using = current.in_use()
    steps = (_match(batch, [topic], using) for batch in _batches(recent(now)))
    return reduce(Ranked.__add__, steps, Ranked())


def recent(now: dt.datetime) -> QuerySet[Paper]:
    """The papers of the last `WINDOW` in which any were listed; of none after `now`.

    The window ends with the last listing rather than with `now`, so that a site that was not fed
    for a while, or is fed with old days, still shows what it has.
    """
    listed = Feature.objects.filter(day__lte=now.date())
    last: dt.date | None = listed.aggregate(last=Max("day"))["last"]
    if last is None:
        return Paper.objects.none()
    return Paper.objects.standing().filter(pk__in=listed.filter(day__gt=last - WINDOW).works())


def text_of_paper(paper: Paper) -> PaperText:
    """What matching reads of a paper."""
    return PaperText(
        id=paper.pk,
        title=paper.title,
        abstract=paper.abstract or paper.summary,
        categories=tuple(paper.categories),
    )


def spec_of_topic(topic: Topic) -> TopicSpec:
    """What matching reads of a topic."""
    return TopicSpec(
        id=topic.pk or 0,
        name=topic.name,
        description=topic.description,
        keywords=tuple(topic.keywords),
        categories=tuple(topic.categories),
    )


def _batches(papers: QuerySet[Paper]) -> Iterator[list[Paper]]:
    """The papers in lists of `BATCH`, by id, each list read when the one before is done with."""
    papers = papers.order_by("pk").only(
        "title", "abstract", "summary", "categories", "trending_score"
    )
    last = 0
    while batch := list(papers.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].pk


def explain_score(paper: Paper, now: dt.datetime) -> Breakdown:
    """The paper's trending score at `now` and what it is made of."""
    standing = _standings([paper], now, days.feature_day(now))[paper.pk]
    return explain(
        standing.attention,
        standing.featured_at,
        now,
        listings=standing.listings,
        pick=standing.hand,
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a paper's trending score is made from."""

    attention: Sequence[Attention]
    featured_at: dt.datetime
    listings: Sequence[Listing]
    hand: Hand | None


def _score(papers: Sequence[Paper], now: dt.datetime, pins_from: dt.date) -> int:
    """Give the papers their trending scores; how many changed."""
    standings = _standings(papers, now, pins_from)
    changed = []
    for paper in papers:
        on = standings[paper.pk]
        score = trending_score(
            on.attention, on.featured_at, now, listings=on.listings, pick=on.hand
        )
        if score != paper.trending_score:
            paper.trending_score = score
            changed.append(paper)
    if changed:
        with transaction.atomic():
            _lock(changed)
            Paper.objects.bulk_update(changed, ["trending_score"])
    return len(changed)


def _standings(
    papers: Sequence[Paper], now: dt.datetime, pins_from: dt.date
) -> dict[int, _Standing]:
    """What the papers' scores at `now` are made from, by paper, in four queries.

    A hidden paper is hidden whatever the day; a pin counts for issues from `pins_from` on.
    """
    works = Paper.objects.works_of([paper.pk for paper in papers])
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
        "paper_id", "source__slug", "observed_at", "upvotes", "comments", "stars"
    )
    for paper_id, source, at, upvotes, comments, stars in observed.iterator(chunk_size=5_000):
        attention[works[paper_id]].append(Attention(at, source, upvotes, comments, stars))
    return {
        pk: _Standing(
            attention=attention[pk],
            featured_at=listed[pk][0].listed_at if listed[pk] else now,
            listings=listed[pk][1:],
            hand=hands.get(pk),
        )
        for pk in [paper.pk for paper in papers]
    }


def _lock(papers: Sequence[Paper]) -> None:
    """Wait for other machines that write about these papers, always in one order.

    Rows that only refer to a paper are not waited for.
    """
    ids = [paper.pk for paper in papers]
    locked = Paper.objects.select_for_update(no_key=True).filter(pk__in=ids)
    list(locked.order_by("identifier").values_list("pk", flat=True))


def _match(papers: Sequence[Paper], topics: Sequence[Topic], using: InUse | None) -> Ranked:
    """Store which of the papers match which of the topics; what an editor said stays."""
    results = match(
        [text_of_paper(paper) for paper in papers],
        [spec_of_topic(topic) for topic in topics],
        using.model if using else None,
        current.encoded(papers, using) if using else None,
    )
    found = {(int(result.paper_id), int(result.topic_id)): result for result in results}
    with transaction.atomic():
        _lock(papers)
        stored = {
            (row.paper_id, row.topic_id): row
            for row in Match.objects.filter(
                paper__in=[paper.pk for paper in papers], topic__in=[topic.pk for topic in topics]
            )
        }
        rows = [
            row
            for key, result in sorted(found.items())
            if not _says_the_same(row := _as_row(result), stored.get(key))
        ]
        gone = [row for key, row in stored.items() if key not in found]
        # What an editor decided outlives its evidence, which readers are then not told.
        rows += [
            Match(paper_id=row.paper_id, topic_id=row.topic_id, score=0.0, is_sendable=False)
            for row in gone
            if row.verdict and (row.is_sendable or row.evidence)
        ]
        if rows:
            Match.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["paper", "topic"],
                update_fields=["score", "is_sendable", "evidence"],
            )
        dropped = 0
        if gone:
            dropped, _ = Match.objects.filter(
                pk__in=[row.pk for row in gone], verdict=Match.Verdict.NONE
            ).delete()
    return Ranked(matches=len(found), written=len(rows), dropped=dropped)


def _as_row(result: MatchResult) -> Match:
    return Match(
        paper_id=int(result.paper_id),
        topic_id=int(result.topic_id),
        score=result.score,
        is_sendable=result.sendable,
        evidence=[evidence.as_dict() for evidence in result.evidence],
    )


def _says_the_same(row: Match, stored: Match | None) -> bool:
    return stored is not None and (row.score, row.is_sendable, row.evidence) == (
        stored.score,
        stored.is_sendable,
        stored.evidence,
    )
