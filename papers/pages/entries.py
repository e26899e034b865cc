"""The papers of a day, or of a topic, as pages and feeds show them.

An entry of a list is the paper's card together with what its surroundings add to it. Lists are made
in a number of queries that does not depend on how many papers there are.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import Promise

from papers.cards import Card, Link, card_of, unfolding
from papers.fields import FIELDS, field_of
from papers.models import (
    Feature,
    ListedDay,
    Match,
    Paper,
    PaperQuerySet,
    Pick,
    Topic,
    in_order,
)
from papers.models.match import NEVER
from papers.models.pick import STANDING, hidden_papers
from papers.pages.periods import Calendar, Period, calendar_of, week_of

MOST = 60
"""Papers on one page of a day, at most; a large day has several, and parts by topic and field."""

NEWEST = 3_000
"""Papers of a topic that its page looks at for what trends and what the month brought, the newest.
Scores decline with age, and what is older trends no more."""

DAYS_OF_FIELD = 5
OF_A_DAY = 10
LOOKED_AT = 10
"""Days that one page of a field shows, papers of each, and days that it looks for them at most."""

SHEET = 60
"""Papers on one page of a week or a month."""


@dataclass(frozen=True)
class Day:
    """A day, its papers in order, and the days around it that have papers too."""

    day: dt.date
    entries: list[Card]
    total: int
    """How many papers there are, on all pages."""
    topics: list[tuple[Topic, int]]
    """The topics of the day's papers, each with its number of papers."""
    topic: Topic | None
    """The one topic that `entries` are narrowed down to."""
    fields: list[tuple[str, str | Promise, int]]
    """The fields of the day's papers, each with its name and its number of papers; none where all
    are of one, or where nothing tells."""
    field: str
    """The one field that `entries` are narrowed down to; empty for all."""
    page: Page[Any]
    """Which of the pages it is."""
    earlier: dt.date | None
    later: dt.date | None

    @property
    def field_name(self) -> str | Promise:
        """What readers call the field."""
        return FIELDS.get(self.field, "")

    @property
    def is_weekend(self) -> bool:
        """Whether it is a Saturday or a Sunday, when sources list little or nothing."""
        return self.day.weekday() >= 5


@dataclass(frozen=True)
class Span:
    """A week or a month, and one page of its papers."""

    period: Period
    entries: list[Card]
    total: int
    """How many papers there are, on all pages."""
    topics: list[tuple[Topic, int]]
    topic: Topic | None
    """As in `Day`."""
    page: Page[Any]
    """Which of the pages it is."""
    earlier: Period | None
    later: Period | None
    """The period before and after, where there may be papers."""


def latest_day(up_to: dt.date) -> dt.date | None:
    """The last day, not after `up_to`, on which a source listed papers; None when there is none."""
    days = Feature.objects.shown().filter(day__lte=up_to).order_by("-day")
    return days.values_list("day", flat=True).first()


def first_day(since: dt.date = dt.date.min, up_to: dt.date = dt.date.max) -> dt.date | None:
    """The first such day from `since` to `up_to`; None when there is none."""
    days = Feature.objects.shown().filter(day__range=(since, up_to)).order_by("day")
    return days.values_list("day", flat=True).first()


def day_of(
    day: dt.date, now: dt.datetime, topic: Topic | None = None, field: str = "", page: int = 1
) -> Day:
    """A page of the papers of `day` by trending score, pinned ones first; of one topic and of one
    field, a key of `FIELDS`, if these are given.
    """
    picks = {pick.work: pick for pick in Pick.objects.by_work().filter(day=day)}
    listed = Paper.objects.of_day(day)
    # A field follows from categories, which no index knows. A day has thousands of papers at most.
    whole = list(listed.values_list("pk", "categories"))
    known = set(of_topic(listed, topic).values_list("pk", flat=True)) if topic else None
    found = [(pk, field_of(each)) for pk, each in whole if known is None or pk in known]
    counts = Counter(each for _, each in found)
    mine = [pk for pk, each in found if field in ("", each)]
    at = Paginator(mine, MOST).get_page(page)
    ids = list(at.object_list)
    submitters = (
        Feature.objects.filter(day=day)
        .filter(Q(paper__in=ids) | Q(paper__merged_into__in=ids))
        .exclude(submitted_by="")
        .values_list(Coalesce("paper__merged_into_id", "paper_id"), "submitted_by")
    )
    entries = entries_of(Paper.objects.in_order(ids), now, picks, dict(submitters), most=MOST)
    return Day(
        day=day,
        entries=entries if ids else [],
        total=at.paginator.count,
        topics=_topics_of(mine if field and mine else [pk for pk, _ in whole]),
        topic=topic,
        fields=[(each, name, counts[each]) for each, name in FIELDS.items() if counts[each]]
        if len(counts) > 1
        else [],
        field=field,
        page=at,
        earlier=latest_day(day - dt.timedelta(days=1)),
        later=first_day(day + dt.timedelta(days=1), now.date()),
    )


def of_days(days: Iterable[dt.date], most: int, field: str = "") -> list[int]:
    """The ids of the first `most` papers that were listed on these days, of the first day first and
    most trending first; of one field, a key of `FIELDS`, if it is given. Two queries for each day,
    until there are enough.
    """
    ids: dict[int, None] = {}
    for day in days:
        ids |= dict.fromkeys(_of_day(day, field))
        if len(ids) >= most:
            break
    return list(ids)[:most]


def _of_day(day: dt.date, field: str) -> list[int]:
    listed = Paper.objects.shown().filter(pk__in=Feature.objects.listed_on([day])).by_trend()
    # A field follows from categories, which no index knows. A day has thousands of papers at most.
    rows = listed.values_list("pk", "categories")
    return [pk for pk, categories in rows if not field or field_of(categories) == field]


@dataclass(frozen=True)
class DayOfField:
    """What a field has of one day."""

    day: dt.date
    entries: list[Card]
    """The most trending ones."""
    total: int
    """How many papers there are."""


def days_of_field(
    field: str, up_to: dt.date, now: dt.datetime
) -> tuple[list[DayOfField], dt.date | None]:
    """The last days, up to `up_to`, on which papers of the field were listed, at most
    `DAYS_OF_FIELD` of them with the `OF_A_DAY` most trending papers each, and the day to go on
    with, None where nothing is left. Of days without any, no more than `LOOKED_AT` are looked at.
    """
    found: list[tuple[dt.date, list[int]]] = []
    days = Feature.objects.shown().days(up_to)
    rest = next(days, None)
    for _ in range(LOOKED_AT):
        if rest is None or len(found) == DAYS_OF_FIELD:
            break
        if mine := _of_day(rest, field):
            found.append((rest, mine))
        rest = next(days, None)
    shown = [pk for _, ids in found for pk in ids[:OF_A_DAY]]
    cards = entries_of(Paper.objects.in_order(shown), now, most=len(shown)) if shown else []
    by_id = {card.paper_id: card for card in cards}
    return [
        DayOfField(day, [by_id[pk] for pk in ids[:OF_A_DAY] if pk in by_id], len(ids))
        for day, ids in found
    ], rest


@dataclass(frozen=True, slots=True)
class Placed:
    """A paper of a topic, and what it may be placed by."""

    paper_id: int
    listed: dt.date
    """When it was listed last; `NEVER` where it never was."""
    trend: float
    upvotes: int | None
    identifier: str

    @property
    def by_trend(self) -> tuple[float, int, str]:
        """As `PaperQuerySet.by_trend` places it."""
        return -self.trend, -1 if self.upvotes is None else -self.upvotes, self.identifier

    @property
    def by_upvotes(self) -> tuple[bool, int, float, str]:
        """As `PaperQuerySet.by_upvotes` places it."""
        return self.upvotes is None, -(self.upvotes or 0), -self.trend, self.identifier


def newest_of(
    topic: Topic, most: int = NEWEST, before: tuple[dt.date, int] | None = None
) -> list[Placed]:
    """The `most` papers of a topic that were listed last, or that follow after the place `before`,
    a day and a paper's id; the newest first, of one day the closest. Two queries, and one for the
    place, however many papers it has; one hidden by an editor takes a place without being shown.
    """
    # By the topic's id, for a join would have the database sort all that it has.
    mine = Match.objects.filter(topic_id=topic.pk).certain().newest_first()
    if before:
        mine = mine.older_than(*before)
    days = dict(mine.values_list("paper_id", "listed")[:most])
    shown = Paper.objects.shown().filter(pk__in=days).order_by()
    rows = {
        pk: Placed(pk, days[pk], trend, upvotes, name)
        for pk, trend, upvotes, name in shown.values_list(
            "pk", "trending_score", "upvotes", "identifier"
        )
    }
    return [rows[pk] for pk in days if pk in rows]


def papers_of(topics: Sequence[Topic]) -> dict[int, int]:
    """How many papers readers find for each topic, by its id, as counted when papers were matched
    last, without those that were hidden since or before. One query, of as many rows as are hidden.
    """
    hidden = Match.objects.certain().filter(
        paper__in=hidden_papers()[0].union(*hidden_papers()[1:]),
        paper__merged_into=None,
        paper__status__in=STANDING,
    )
    less = Counter(hidden.values_list("topic_id", flat=True))
    return {topic.pk: max(topic.paper_count - less[topic.pk], 0) for topic in topics}


def span_of(
    period: Period, now: dt.datetime, topic: Topic | None = None, page: int = 1
) -> Span | None:
    """A page of the papers of `period`, most upvoted first, of one topic if one is given.

    The trending score would put the last days of a month on top, since it decays with age; who
    looks back asks what mattered. None where the period is before the first paper or after `now`.
    """
    first, today = first_day(), now.date()
    if first is None or period.last < first or period.first > today:
        return None
    listed = _placed(Feature.objects.names_between(period.first, min(period.last, today)))
    every = [one.paper_id for one in listed]
    matched = Match.objects.certain_of(every)
    topics = Topic.objects.active().in_bulk({topic_id for topic_id, _ in matched})
    counted = Counter(topic_id for topic_id, _ in matched)
    if topic:
        of_topic = {paper for topic_id, paper in matched if topic_id == topic.pk}
        every = [pk for pk in every if pk in of_topic]
    at = Paginator(every, SHEET).get_page(page)
    ids = list(at)
    works = Paper.objects.works_of(ids)
    picks = Pick.objects.by_work().filter(
        paper__in=list(works), day__range=(period.first, period.last)
    )
    # The first day on which a paper was listed wins, hence the last one comes first.
    rows = (
        Feature.objects.once()
        .filter(paper__in=list(works), day__range=(period.first, period.last))
        .order_by("-day")
        .values_list("paper_id", "day", "submitted_by")
    )
    found = [(works[name], day, who) for name, day, who in rows]
    listed_on = {paper: day for paper, day, _ in found}
    entries = entries_of(
        Paper.objects.filter(pk__in=ids).by_upvotes(),
        now,
        {pick.work: pick for pick in picks.order_by("day")},
        {paper: who for paper, _, who in found if who},
        most=SHEET,
    )
    return Span(
        period=period,
        entries=[replace(entry, listed_on=listed_on.get(entry.paper_id)) for entry in entries],
        total=at.paginator.count,
        topics=[(each, counted[each.pk]) for each in in_order(topics.values())],
        topic=topic,
        page=at,
        earlier=period.earlier if period.earlier.last >= first else None,
        later=period.later if period.later.first <= today else None,
    )


def _placed(ids: Collection[int]) -> list[Placed]:
    """The works of the papers with these ids as far as they are shown, most upvoted first. One
    query, another where some are aliases, and one for the hidden ones.
    """
    first, *more = hidden_papers()
    hidden = frozenset(first.union(*more))
    found: dict[int, Placed] = {}
    wanted = set(ids)
    while wanted:
        mains: set[int] = set()
        for pk, main, status, trend, upvotes, name in Paper.objects.places_of(wanted):
            if main:
                mains.add(main)
            elif status in STANDING and pk not in hidden:
                found[pk] = Placed(pk, NEVER, trend, upvotes, name)
        wanted = mains - found.keys() - wanted
    return sorted(found.values(), key=lambda one: one.by_upvotes)


def calendar(month: Period, now: dt.datetime) -> Calendar | None:
    """Which days of `month`, and of the weeks it begins and ends in, have how many papers.

    None where the month is before the first paper or after `now`. Three or four queries, which read
    a row a day.
    """
    first, today = first_day(), now.date()
    if first is None or month.last < first or month.first > today:
        return None
    since, until = week_of(month.first).first, min(week_of(month.last).last, today)
    days = [since + dt.timedelta(days=n) for n in range((until - since).days + 1)]
    return calendar_of(month, ListedDay.objects.papers_on(days), first, today)


def of_topic(papers: PaperQuerySet, topic: Topic) -> PaperQuerySet:
    """Those of `papers` that readers of `topic` get."""
    return papers.filter(pk__in=Match.objects.sendable().filter(topic=topic).values("paper_id"))


def entries_of(
    papers: PaperQuerySet,
    now: dt.datetime,
    picks: dict[int, Pick] | None = None,
    submitters: dict[int, str] | None = None,
    *,
    most: int,
) -> list[Card]:
    """The first `most` of `papers` as cards, in their order.

    `picks` and `submitters` are by paper id. Takes two queries.
    """
    picks, submitters = picks or {}, submitters or {}
    shown = papers.with_thumbnails().with_machine_summaries().with_earlier_counts(now)[:most]
    topics = _links_to_topics([paper.pk for paper in shown])
    return [
        card_of(
            paper,
            unfolding,
            topics=topics.get(paper.pk, ()),
            pick=picks.get(paper.pk),
            submitted_by=submitters.get(paper.pk, ""),
        )
        for paper in shown
    ]


def _links_to_topics(papers: list[int]) -> dict[int, tuple[Link, ...]]:
    """The topics that each of `papers` matches, closest first, by paper id; in one lean query,
    since a page shows hundreds of them, and one for all names.
    """
    links: dict[int, tuple[Link, ...]] = {}
    addresses: dict[str, str] = {}
    matches = Match.objects.sendable().filter(paper__in=papers).order_by("-score", "topic_id")
    names = Topic.objects.named()
    for paper, name, slug in matches.values_list("paper_id", "topic__name", "topic__slug"):
        if slug not in addresses:
            addresses[slug] = reverse("papers:topic", args=[slug])
        links[paper] = (*links.get(paper, ()), Link(names.of(name), addresses[slug]))
    return links


def _topics_of(papers: Any) -> list[tuple[Topic, int]]:
    """The topics of the papers with these ids, a list or a query, in the editor's order, each with
    its number of papers; one query.
    """
    matched = Match.objects.sendable().filter(paper__in=papers)
    topics = Topic.objects.active().filter(matches__in=matched.values("pk"))
    # Typed loosely, since what is annotated is not an attribute of every topic.
    counted: list[Any] = in_order(
        topics.annotate(n=Count("matches")).only("slug", "name", "names", "position")
    )
    return [(topic, topic.n) for topic in counted]
