"""Issues: choosing and freezing one day's papers, and reading them back."""

import datetime as dt
import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from newsletter.issues.cards import Card, Gained, card_of
from newsletter.issues.places import Place, Reason
from newsletter.models import Issue, IssuePaper
from papers.days import feature_day
from papers.evidence import why_of
from papers.models import Match, Observation, Paper, Pick, Source
from papers.models.thumbnail import path_of

logger = logging.getLogger(__name__)

LAST_FETCH_WITHIN = dt.timedelta(hours=3)
"""How long after its end a day waits for a fetch that saw it whole."""

WEEK = 7
"""Days whose issues a weekly digest draws on."""


def closes_at(day: dt.date) -> dt.datetime:
    """When a feature day ends and its list no longer grows: the next midnight, UTC."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)


def freeze_due(now: dt.datetime) -> Issue | None:
    """Freeze the current feature day once it is over and was fetched whole; None while not.

    Where no fetch succeeds, what is known is frozen `LAST_FETCH_WITHIN` after the day's end.
    """
    day = feature_day(now)
    if Issue.objects.filter(day=day).exists():
        return None
    closed = closes_at(day)
    kind = Source.Kind.SAMPLE if settings.PAPERS_SOURCE == "sample" else Source.Kind.HUGGINGFACE
    fetched_whole = not (
        Source.objects.filter(is_active=True, kind=kind)
        .exclude(last_fetched_at__gte=closed)
        .exists()
    )
    if not fetched_whole and now < closed + LAST_FETCH_WITHIN:
        return None
    return build_issue(day, now)


def build_issue(day: dt.date, now: dt.datetime) -> Issue | None:
    """The issue of `day`, frozen now unless it already was; None where the day has no papers.

    Papers featured on the day, without those an editor hid, pinned ones first, then by trending
    score. Safe to call twice and from two machines at once: the first one wins.
    """
    found = Issue.objects.filter(day=day).first()
    if found is not None:
        return found
    picks = {pick.paper_id: pick for pick in Pick.objects.filter(day=day)}
    papers = list(Paper.objects.of_day(day).with_thumbnails())
    if not papers:
        logger.info("no papers to freeze", extra={"day": day.isoformat()})
        return None
    with transaction.atomic():
        issue, created = Issue.objects.get_or_create(day=day, defaults={"frozen_at": now})
        if created:
            IssuePaper.objects.bulk_create(_places(issue, papers, picks))
            logger.info("issue frozen", extra={"day": day.isoformat(), "papers": len(papers)})
    return issue


def _places(issue: Issue, papers: Sequence[Paper], picks: dict[int, Pick]) -> list[IssuePaper]:
    matches: dict[int, list[Match]] = {}
    for match in (
        Match.objects.sendable().filter(paper__in=papers).select_related("topic").order_by("-score")
    ):
        matches.setdefault(match.paper_id, []).append(match)
    gained = _gained(papers, issue.frozen_at)
    places = []
    for rank, paper in enumerate(papers, 1):
        pick = picks.get(paper.pk)
        mine = matches.get(paper.pk, [])
        card = card_of(
            paper,
            topics=tuple(match.topic.name for match in mine),
            gained=gained.get(paper.pk),
            note=pick.note if pick else "",
            is_pick=pick is not None and pick.kind == Pick.Kind.PIN,
            thumbnail_path=path_of(paper.pk, paper.thumbnail_digest),
        )
        places.append(
            IssuePaper(
                issue=issue,
                paper=paper,
                rank=rank,
                score=paper.trending_score,
                card=card.as_dict(),
                topics={
                    str(match.topic_id): {"score": match.score, "evidence": match.evidence}
                    for match in mine
                },
            )
        )
    return places


def _gained(papers: Sequence[Paper], now: dt.datetime) -> dict[int, Gained]:
    """What counts grew by since the last observation that is at least a day old, by paper id."""
    before: dict[int, tuple[int | None, int | None, int | None]] = {}
    seen = (
        Observation.objects.elsewhere()
        .filter(
            paper__in=papers,
            observed_at__lte=now - dt.timedelta(days=1),
            observed_at__gte=now - dt.timedelta(days=4),
        )
        .order_by("observed_at")
    )
    for paper_id, *counts in seen.values_list("paper_id", "upvotes", "comments", "stars"):
        held = before.get(paper_id, (None, None, None))
        upvotes, comments, stars = (
            old if new is None else new for old, new in zip(held, counts, strict=True)
        )
        before[paper_id] = upvotes, comments, stars
    return {
        paper.pk: Gained(
            upvotes=_grown(paper.upvotes, before[paper.pk][0]),
            comments=_grown(paper.comments, before[paper.pk][1]),
            stars=_grown(paper.stars, before[paper.pk][2]),
        )
        for paper in papers
        if paper.pk in before
    }


def _grown(count: int | None, before: int | None) -> int | None:
    """By how much; None where it did not, or where nobody counted."""
    return count - before if count is not None and before is not None and count > before else None


def places_of(issue: Issue, *, is_weekly: bool = False) -> list[Place]:
    """The issue's places; for a weekly digest, those of all issues of the seven days it ends.

    Papers that were hidden since are left out; the rows stay, and so do everybody's ranks.
    The reasons are in the language that is active.
    """
    rows = IssuePaper.objects.shown().filter(issue=issue)
    if is_weekly:
        first = issue.day - dt.timedelta(days=WEEK - 1)
        rows = IssuePaper.objects.shown().filter(issue__day__range=(first, issue.day))
    return [
        Place(
            id=row.pk,
            paper_id=row.paper_id,
            rank=row.rank,
            score=row.score,
            card=Card.from_dict(row.card),
            topics={
                int(topic): Reason(
                    reason["score"],
                    # Issues that were frozen before evidence was kept say it in English.
                    why_of(reason["evidence"]) if "evidence" in reason else reason["why"],
                )
                for topic, reason in row.topics.items()
            },
        )
        for row in rows.order_by("issue__day", "rank")
    ]
