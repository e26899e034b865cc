"""Issues: choosing and freezing one day's papers, and reading them back."""

import datetime as dt
import logging
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from newsletter.issues.noticed import noticed_since
from newsletter.issues.places import Place, Reason, Standing, taking_part
from newsletter.issues.publishing import drafted, forget_draft
from newsletter.models import Issue, IssuePaper, MissingSource
from newsletter.webhooks import recording
from papers import site
from papers.cards import Card, Link, brief, card_of
from papers.days import LONGEST_WAIT, closes_at, current_day, feature_day
from papers.ingest.issue_days import hold_listing
from papers.matching.week import Week, attention_of_week
from papers.models import Match, Paper, Pick, Source, Topic, TopicNames
from papers.sources.registry import answers_for_past, is_complete, unanswered
from subscriptions.interests import matching

logger = logging.getLogger(__name__)

PLANNED_FROM = dt.timedelta(minutes=10)
"""How long before readers would be passed over a day is frozen in any case: beat wakes us every
five minutes, and planning must find the issue."""

WEEK = 7
"""Days whose issues a weekly digest draws on."""


def freeze_due(now: dt.datetime) -> Issue | None:
    """Freeze the current feature day once it is over and all its sources have answered since;
    None while not. A day that is not over is frozen as soon as each of its sources has said that
    its list is complete.

    Each active source is waited for as long as its row says, and no longer than readers wait for
    the issue; then what is known is frozen, and the issue says who was missing.
    """
    day = feature_day(now)
    if not Issue.objects.filter(day=day).exists():
        if any(now < _waits_until(source, day) for source in unanswered(day)):
            return None
        issue = build_issue(day, now)
        if issue is not None:
            return issue
    today = current_day(now)
    if today == day or Issue.objects.filter(day=today).exists() or not is_complete(today):
        return None
    return build_issue(today, now)


def closed_days(since: dt.date) -> set[dt.date]:
    """The days from `since` on whose issues are frozen, so that no paper may be listed there."""
    return set(Issue.objects.filter(day__gte=since).values_list("day", flat=True))


def freezes_by(day: dt.date, missing: Collection[Source]) -> dt.datetime:
    """When the issue of `day` is frozen at the latest, as far as its papers are there: for some of
    the sources that have not answered, the `missing`, it waits. It is frozen earlier once all have.
    """
    return max((_waits_until(source, day) for source in missing), default=closes_at(day))


def _waits_until(source: Source, day: dt.date) -> dt.datetime:
    """Until when the issue of `day` waits for a source that has not answered."""
    closed = closes_at(day)
    if not answers_for_past(source):
        return closed  # it lists the next day by now
    return closed + min(source.wait, LONGEST_WAIT - PLANNED_FROM)


WORK = Coalesce(
    "correction__paper__merged_into_id",
    "correction__paper_id",
    "paper__merged_into_id",
    "paper_id",
)
"""The id of the paper that stands for the work of the paper that is at a place now."""


def build_issue(day: dt.date, now: dt.datetime) -> Issue | None:
    """The issue of `day`, frozen now unless it already was; None where the day has no papers.

    Papers featured on the day, without those an editor hid, pinned ones first, then by trending
    score; after them those of the days before that were noticed since. Of the day that digests
    carry, the issue says which sources had not answered. Safe to call twice and from two machines
    at once: the first one wins.
    """
    with transaction.atomic():
        # Until the issue is there nobody lists papers: those that came are read below, and those
        # to come are listed on the next day.
        hold_listing()
        found = Issue.objects.filter(day=day).first()
        if found is not None:
            return found
        # When sources answered for older days is not kept for long, so nothing is said of those.
        missing = None
        if day == feature_day(now) or is_complete(day):
            missing = [MissingSource.of(source).as_dict() for source in unanswered(day)]
        picks = {pick.work: pick for pick in Pick.objects.by_work().filter(day=day)}
        papers = list(
            Paper.objects.of_day(day)
            .with_thumbnails()
            .with_machine_summaries()
            .with_earlier_counts(now)
        )
        if not papers:
            logger.info("no papers to freeze", extra={"day": day.isoformat()})
            return None
        issue, created = Issue.objects.get_or_create(
            day=day,
            defaults={
                "frozen_at": now,
                "missing_sources": missing,
                "site": site.current().as_dict(),
            }
            | drafted(day, now),
        )
        if created:
            forget_draft(day)
            noticed = noticed_since(day, now, {paper.pk for paper in papers})
            papers += _in_order(noticed, now)
            # In parts: thousands of papers have tens of thousands of matches.
            for at in range(0, len(papers), CARDS):
                places = _places(issue, papers[at : at + CARDS], at + 1, picks, noticed)
                IssuePaper.objects.bulk_create(places)
            matching.order(day, now)
            if issue.is_published:
                recording.issue_is_out(issue, now)
            extra = {"day": day.isoformat(), "papers": len(papers)}
            logger.info("froze an issue", extra=extra)
            if issue.missing_sources:
                names = ", ".join(source.name for source in issue.missing)
                logger.warning("sources missing", extra=extra | {"sources": names})
    if created:
        _keep_week(issue)
    return issue


def _in_order(ids: Collection[int], now: dt.datetime) -> list[Paper]:
    """The papers with these ids, in their order, with what cards show."""
    papers = Paper.objects.in_order(list(ids)) if ids else Paper.objects.none()
    return list(papers.with_thumbnails().with_machine_summaries().with_earlier_counts(now))


def _places(
    issue: Issue,
    papers: Sequence[Paper],
    first_rank: int,
    picks: dict[int, Pick],
    noticed: Mapping[int, dt.date],
) -> list[IssuePaper]:
    """The places of papers that follow each other, the first one of `first_rank`."""
    matches: dict[int, list[tuple[int, str, float, Any]]] = {}
    found = Match.objects.sendable().filter(paper__in=[paper.pk for paper in papers])
    for paper_id, *match in found.order_by("-score").values_list(
        "paper_id", "topic_id", "topic__name", "score", "evidence"
    ):
        matches.setdefault(paper_id, []).append((match[0], match[1], match[2], match[3]))
    places = []
    for rank, paper in enumerate(papers, first_rank):
        mine = matches.get(paper.pk, [])
        topics = tuple(Link(name, "") for _, name, _, _ in mine)  # no address is frozen
        card = card_of(
            paper,
            brief,
            topics=topics,
            pick=picks.get(paper.pk),
            noticed_since=noticed.get(paper.pk),
        )
        places.append(
            IssuePaper(
                issue=issue,
                paper=paper,
                rank=rank,
                score=paper.trending_score,
                is_noticed=paper.pk in noticed,
                card=card.as_dict(),
                topics={
                    str(topic): {"score": score, "evidence": evidence}
                    for topic, _, score, evidence in mine
                },
            )
        )
    return places


def week_to(day: dt.date) -> dt.date:
    """The first of the seven days that end with `day`."""
    return day - dt.timedelta(days=WEEK - 1)


def places_of(
    issue: Issue, since: dt.date | None = None, *, is_weekly: bool = False
) -> list[Place]:
    """The issue's places, and those of the running issues before it that are of the days from
    `since` on. For a weekly digest they are scored by what they gained in the week. Each has the
    id of the paper that stands for its work now.

    Papers that were hidden since are left out; the rows stay, and so do everybody's ranks.
    The reasons are in the language that is active.
    """
    standings = _standings(issue, since, is_weekly=is_weekly)
    places = _places_with([one.id for one in standings], standings)
    cards = cards_of([place.id for place in places])
    return [replace(place, card=cards[place.id]) for place in places if place.id in cards]


def places_to_choose_from(
    issue: Issue, since: dt.date | None = None, *, is_weekly: bool = False
) -> list[Place]:
    """Those of `places_of` that take part, most trending first. Their cards hold no more than
    choosing asks of them (`ASKED`): a week of large days has thousands of places, of which readers
    get some hundreds. `cards_of` has those whole.
    """
    return to_choose_from(issue, since, is_weekly=is_weekly)[0]


def to_choose_from(
    issue: Issue, since: dt.date | None = None, *, is_weekly: bool = False
) -> tuple[list[Place], dict[int, int]]:
    """`places_to_choose_from`; and of all papers, those that don't take part as well, the place by
    the id of the paper that stands for the work, most trending first.
    """
    standings = _standings(issue, since, is_weekly=is_weekly)
    places = _places_with([one.id for one in taking_part(standings)], standings)
    ordered = sorted(standings, key=lambda one: (-one.score, one.rank, one.id))
    everything: dict[int, int] = {}
    for one in ordered:
        everything.setdefault(one.work, one.id)
    return places, everything


def places_by_id(place_ids: Collection[int]) -> dict[int, Place]:
    """The places with these ids, of whatever issues, as `places_to_choose_from` has them; what was
    hidden since is left out.
    """
    rows = IssuePaper.objects.shown().filter(pk__in=place_ids).annotate(work=WORK).order_by()
    standings = [
        Standing(pk, work, rank, score, tuple(map(int, topics if others is None else others)))
        for pk, work, rank, score, topics, others in rows.values_list(
            "pk", "work", "rank", "score", "topics", "correction__topics"
        )
    ]
    places = _places_with([one.id for one in standings], standings)
    return {place.id: place for place in places}


def _standings(issue: Issue, since: dt.date | None, *, is_weekly: bool) -> list[Standing]:
    """How all places stand, in the order of the days and their ranks."""
    rows = IssuePaper.objects.filter(issue=issue)
    if since is not None and since < issue.day:
        earlier = Issue.objects.running().filter(day__gte=since, day__lt=issue.day)
        ids = [issue.pk, *earlier.values_list("pk", flat=True)]
        rows = IssuePaper.objects.filter(issue__in=ids)
    week = _NO_WEEK
    if is_weekly:
        week = _week_of(issue, set(rows.order_by().values_list(WORK, flat=True)))
    found = rows.shown().annotate(work=WORK).order_by("issue__day", "rank")
    known: dict[tuple[int, ...], tuple[int, ...]] = {}
    standings = []
    for pk, work, rank, score, is_pick, topics, others in found.values_list(
        "pk", "work", "rank", "score", "card__is_pick", "topics", "correction__topics"
    ).iterator(chunk_size=500):
        ids_of_topics = tuple(map(int, topics if others is None else others))
        if is_weekly and not is_pick:  # a pinned paper keeps its score, far above all others
            score = _week_score(week, work)
        mine = known.setdefault(ids_of_topics, ids_of_topics)
        standings.append(Standing(pk, work, rank, score, mine, week.gained.get(work, 0)))
    return standings


def _places_with(ids: Sequence[int], standings: Sequence[Standing]) -> list[Place]:
    """The places with these ids, in their order; what is gone since is left out."""
    by_id = {one.id: one for one in standings}
    why = _Reasons(Topic.objects.named())
    correction = ("correction__card", "correction__paper_id", "correction__topics")
    fields = ("pk", "paper_id", "topics", *correction, *(f"card__{name}" for name in ASKED))
    places: dict[int, Place] = {}
    for at in range(0, len(ids), CARDS):
        rows = IssuePaper.objects.filter(pk__in=ids[at : at + CARDS]).order_by()
        for pk, paper_id, topics, mended, other, others, *asked in rows.values_list(
            *fields
        ).iterator(chunk_size=500):
            standing = by_id[pk]
            card = dict(zip(ASKED, asked, strict=True))
            if mended is not None:
                card |= {name: mended[name] for name in ASKED if name in mended}
            places[pk] = Place(
                id=pk,
                paper_id=other or paper_id,
                work_id=standing.work,
                rank=standing.rank,
                score=standing.score,
                gained=standing.gained,
                card=Card.from_dict(card),
                topics={
                    int(topic): Reason(reason["score"], why.of(int(topic)))
                    for topic, reason in (topics if others is None else others).items()
                },
            )
    return [places[pk] for pk in ids if pk in places]


ASKED = ("title", "path", "upvotes", "is_pick", "is_summarised", "noticed")
"""The fields of a card that choosing reads."""


def cards_of(place_ids: Sequence[int]) -> dict[int, Card]:
    """The cards of these places, frozen or corrected since, by place id, with their
    topics' names in the active language. A query for each `CARDS` of them.
    """
    names = Topic.objects.named()
    cards: dict[int, Card] = {}
    for at in range(0, len(place_ids), CARDS):
        rows = IssuePaper.objects.filter(pk__in=place_ids[at : at + CARDS]).order_by()
        found = rows.values_list("pk", "card", "correction__card")
        cards |= {pk: _card(data | (mended or {}), names) for pk, data, mended in found}
    return cards


CARDS = 500
"""Cards that are read or written at once."""


def _card(data: dict[str, Any], names: TopicNames) -> Card:
    """The card as it was frozen, with its topics' names in the active language."""
    card = Card.from_dict(data)
    return replace(card, topics=tuple(Link(names.of(name), url) for name, url in card.topics))


_NO_WEEK = Week({}, {})


def _keep_week(issue: Issue) -> None:
    """Count the week that ends with the issue, so that no digest waits for it."""
    places = IssuePaper.objects.filter(
        issue__day__gte=week_to(issue.day), issue__day__lte=issue.day
    )
    _week_of(issue, set(places.order_by().values_list(WORK, flat=True)))


def _week_of(issue: Issue, works: Collection[int]) -> Week:
    return attention_of_week(week_to(issue.day), issue.day, works, issue.frozen_at)


def _week_score(week: Week, work: int) -> float:
    """What the paper got within the week. Where a version before counted upvotes alone, the
    logarithm keeps one paper of the year from making all others of its week look alike.
    """
    if week.worth is None:
        return math.log1p(week.gained.get(work, 0))
    return week.worth.get(work, 0.0)


class _Reasons:
    """Why readers of a topic get a paper: one sentence for each topic, whose name is empty where
    the topic is gone.
    """

    def __init__(self, names: TopicNames) -> None:
        self._names = names
        self._said: dict[int, str] = {}

    def of(self, topic: int) -> str:
        if topic not in self._said:
            name = self._names.by_id.get(topic, "")
            self._said[topic] = (
                gettext("Matches %(topic)s") % {"topic": name}
                if name
                else gettext("Matches a topic")
            )
        return self._said[topic]
