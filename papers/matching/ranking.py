"""Papers are ranked and matched: what the pure function of `scoring` says of the stored papers is
stored with them, and so is what each paper is about; then `standings` gives them their scores.

Both go over the papers in batches, in an order that never changes, and write only what differs;
a second run changes nothing. What is known to be matched as it is, is not matched again:
`papers.matching.unchanged`.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, QuerySet

from papers import days
from papers.matching import standings
from papers.matching.learned import in_use, spec_of_topic
from papers.matching.learning import Learned
from papers.matching.scoring import MatchResult, match
from papers.matching.texts import PaperText
from papers.matching.unchanged import Ledger
from papers.models import NEVER, Feature, ListedDay, Match, Observation, Paper, Topic, last_listed
from papers.planner_statistics import renew_grown
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
    matched: int = 0
    """Papers that were matched: new ones, and those of which the text or a topic is another."""
    matches: int = 0
    """Matches that were found for these."""
    written: int = 0
    """Matches that are new or different."""
    dropped: int = 0
    """Matches that no longer hold."""

    def __add__(self, other: "Ranked") -> "Ranked":
        return Ranked(
            self.papers + other.papers,
            self.rescored + other.rescored,
            self.matched + other.matched,
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
    renew_grown(Feature, Observation, Paper)
    is_whole = papers is None and day is None
    if papers is None and day is None:
        ListedDay.objects.recount(_window(now))  # whatever was missed when they were listed
        papers = recent(now)
    elif papers is None and day is not None:
        papers = Paper.objects.featured_on(day)
    assert papers is not None
    pins_from = day or days.feature_day(now)
    topics = {topic.pk: topic for topic in Topic.objects.active()}
    using = current.in_use()
    taught = in_use(topics.values(), using)
    ledger = Ledger(map(spec_of_topic, topics.values()), using, taught)
    total = Ranked()
    ranked: list[int] = []
    for batch in _batches(papers):
        ranked += [paper.pk for paper in batch]
        total += Ranked(papers=len(batch))
        by_id = {paper.pk: paper for paper in batch}
        for wanted, texts in ledger.due([text_of_paper(paper) for paper in batch]).items():
            mine = [by_id[int(text.id)] for text in texts]
            own = [topic for pk, topic in topics.items() if pk in wanted]
            total += _match(mine, own, using, taught)
            ledger.note(texts)
        Match.objects.note_listings(list(by_id))
        if using:
            current.store_vectors(batch, using)
    if total.matched:
        ledger.forget()
        renew_grown(Match)
    if is_whole or total.written or total.dropped:
        Match.objects.count_papers()
    # What a paper fits and how new it is have a say in its score, so that comes last.
    window = ranked if is_whole else list(recent(now).values_list("pk", flat=True))
    total += Ranked(rescored=standings.score(ranked, window, now, pins_from))
    logger.info(
        "ranked",
        extra={"papers": total.papers, "matched": total.matched, "matches": total.matches},
    )
    return total


def match_topic(topic: Topic, now: dt.datetime) -> Ranked:
    """Match one topic anew with the papers of the last `WINDOW`, as after an editor changed it."""
    return match_topics([topic], now)


def match_topics(topics: Sequence[Topic], now: dt.datetime) -> Ranked:
    """Match topics, as those of a pack, anew with the papers of the last `WINDOW`."""
    active = [topic for topic in topics if topic.is_active]
    if not active:
        return Ranked()
    using = current.in_use()
    taught = in_use(active, using)
    total = Ranked()
    for batch in _batches(recent(now)):
        total += _match(batch, active, using, taught)
        Match.objects.note_listings([paper.pk for paper in batch])
    Match.objects.count_papers()
    return total


def recent(now: dt.datetime) -> QuerySet[Paper]:
    """The papers of the last `WINDOW` in which any were listed; of none after `now`.

    The window ends with the last listing rather than with `now`, so that a site that was not fed
    for a while, or is fed with old days, still shows what it has.
    """
    listed = Feature.objects.filter(day__in=_window(now))
    return Paper.objects.standing().filter(pk__in=listed.works())


def recent_from(now: dt.datetime) -> dt.date | None:
    """The first day of the papers of `recent`; None where there are none."""
    return min(_window(now), default=None)


def _window(now: dt.datetime) -> list[dt.date]:
    last: dt.date | None = Feature.objects.filter(day__lte=now.date()).aggregate(last=Max("day"))[
        "last"
    ]
    return [last - dt.timedelta(days=n) for n in range(WINDOW.days)] if last else []


def text_of_paper(paper: Paper) -> PaperText:
    """What matching reads of a paper."""
    return PaperText(
        id=paper.pk,
        title=paper.title,
        abstract=paper.abstract or paper.summary,
        categories=tuple(paper.categories),
    )


def _batches(papers: QuerySet[Paper]) -> Iterator[list[Paper]]:
    """The papers in lists of `BATCH`, by id, each list read when the one before is done with."""
    # Which they are is asked once: what tells may be tens of thousands of listings.
    ids = list(papers.order_by("pk").values_list("pk", flat=True))
    rows = Paper.objects.order_by("pk").only("title", "abstract", "summary", "categories")
    for at in range(0, len(ids), BATCH):
        if batch := list(rows.filter(pk__in=ids[at : at + BATCH])):
            yield batch


def _lock(ids: Iterable[int]) -> None:
    """Wait for other machines that write about these papers, always in one order.

    Rows that only refer to a paper are not waited for.
    """
    locked = Paper.objects.select_for_update(no_key=True).filter(pk__in=list(ids))
    list(locked.order_by("identifier").values_list("pk", flat=True))


def _match(
    papers: Sequence[Paper],
    topics: Sequence[Topic],
    using: InUse | None,
    taught: Mapping[int, Learned],
) -> Ranked:
    """Store which of the papers match which of the topics; what an editor said stays."""
    results = match(
        [text_of_paper(paper) for paper in papers],
        [spec_of_topic(topic) for topic in topics],
        using.model if using else None,
        current.encoded(papers, using) if using else None,
        taught,
    )
    found = {(int(result.paper_id), int(result.topic_id)): result for result in results}
    with transaction.atomic():
        _lock(paper.pk for paper in papers)
        stored = {
            (row.paper_id, row.topic_id): row
            for row in Match.objects.filter(
                paper__in=[paper.pk for paper in papers], topic__in=[topic.pk for topic in topics]
            )
        }
        listed = last_listed([paper.pk for paper in papers])
        rows = [
            row
            for key, result in sorted(found.items())
            if not _says_the_same(row := _as_row(result, listed), stored.get(key))
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
                update_fields=["score", "is_sendable", "evidence", "second_look"],
            )
        dropped = 0
        if gone:
            dropped, _ = Match.objects.filter(
                pk__in=[row.pk for row in gone], verdict=Match.Verdict.NONE
            ).delete()
    return Ranked(matched=len(papers), matches=len(found), written=len(rows), dropped=dropped)


def _as_row(result: MatchResult, listed: Mapping[int, dt.date]) -> Match:
    paper = int(result.paper_id)
    return Match(
        paper_id=paper,
        listed=listed.get(paper, NEVER),
        topic_id=int(result.topic_id),
        score=result.score,
        is_sendable=result.sendable,
        evidence=[evidence.as_dict() for evidence in result.evidence],
        second_look=result.second_look,
    )


def _says_the_same(row: Match, stored: Match | None) -> bool:
    return stored is not None and (
        row.score,
        row.is_sendable,
        row.evidence,
        row.second_look,
    ) == (stored.score, stored.is_sendable, stored.evidence, stored.second_look)
