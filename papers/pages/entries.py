"""The papers of a day, or of a topic, as pages and feeds show them.

Nothing here is stored: an entry is a paper together with what its surroundings add to it, and is
made in a number of queries that does not depend on how many papers there are.
"""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext

from papers.models import Feature, Match, Observation, Paper, PaperQuerySet, Pick, Topic
from papers.models.thumbnail import path_of, small_of
from papers.pages.periods import Calendar, Period, calendar_of, week_of
from papers.text import abstracts, citations

MOST = 120
"""Papers on a day's page, at most; the lower-ranked ones of an enormous day are found by topic."""

SHEET = 60
"""Papers on one page of a week or a month."""

PLATES = 12
"""How many placeholder pictures the stylesheet has."""

Link = tuple[str, str]
"""What a link says, and where it leads."""

GROWTH_AGES = (dt.timedelta(days=1), dt.timedelta(days=4))
"""Growth is what was gained since the last count that is at least and at most this old."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper on a page. Counts are None where nobody counted, or not early enough."""

    paper_id: int
    url: str
    """The paper's page on this site."""
    title: str
    byline: str
    organization: str
    abstract: str
    """What is shown of the abstract at once."""
    rest: str
    """What unfolds."""
    upvotes: int | None
    comments: int | None
    stars: int | None
    upvotes_gained: int | None
    stars_gained: int | None
    topics: tuple[Link, ...]
    """(name, address) of the topics it matches, closest first."""
    links: tuple[Link, ...]
    """(name, address) of where it can be read and tried."""
    plate: str
    """The CSS classes of its placeholder picture."""
    thumbnail: str = ""
    """The address of its picture on this site; empty where the placeholder stands for it."""
    reader_upvotes: int = 0
    """Of this site's own readers."""
    listed_on: dt.date | None = None
    """The day of the list it stood on, where the page is not that day's."""
    submitted_by: str = ""
    note: str = ""
    """An editor's words."""
    is_pick: bool = False
    """An editor put it on top."""
    why: str = ""
    """Why it is in the reader's digest."""
    answers: tuple[Link, ...] = ()
    """What a reader of a digest can say to it, and where."""

    @property
    def small_thumbnail(self) -> str:
        """The address of the small form of the picture; empty where the placeholder stands."""
        return small_of(self.thumbnail)


def links_of(abstract_url: str, pdf_url: str, code_url: str, project_url: str) -> tuple[Link, ...]:
    """Those of the addresses that are fit for a link, each with its name."""
    named = (
        ("arXiv", abstract_url),
        ("PDF", pdf_url),
        (gettext("Code"), code_url),
        (gettext("Project"), project_url),
    )
    return tuple((name, url) for name, url in named if is_web_address(url))


def is_web_address(url: str) -> bool:
    """Whether `url` is an absolute http(s) address, and so fit for a link."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def plate_of(identifier: str) -> str:
    """The CSS classes of a paper's placeholder picture: always the same for the same paper."""
    number = crc32(identifier.encode())
    return f"plate plate-{plate_number(identifier)} flip-{number // PLATES % 4}"


def plate_number(identifier: str) -> int:
    """Which of the `PLATES` placeholder pictures is the paper's."""
    return crc32(identifier.encode()) % PLATES


@dataclass(frozen=True)
class Day:
    """A day, its papers in order, and the days around it that have papers too."""

    day: dt.date
    entries: list[Entry]
    total: int
    """How many papers there are, of which `entries` are the first."""
    topics: list[tuple[Topic, int]]
    """The topics of the day's papers, each with its number of papers."""
    topic: Topic | None
    """The one topic that `entries` are narrowed down to."""
    earlier: dt.date | None
    later: dt.date | None

    @property
    def is_weekend(self) -> bool:
        """Whether it is a Saturday or a Sunday, when sources list little or nothing."""
        return self.day.weekday() >= 5


@dataclass(frozen=True)
class Span:
    """A week or a month, and one page of its papers."""

    period: Period
    entries: list[Entry]
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


def day_of(day: dt.date, now: dt.datetime, topic: Topic | None = None) -> Day:
    """The papers of `day` by trending score, pinned ones first; of one topic, if one is given."""
    picks = {pick.paper_id: pick for pick in Pick.objects.filter(day=day)}
    listed = Paper.objects.of_day(day)
    submitters = (
        Feature.objects.filter(day=day)
        .exclude(submitted_by="")
        .values_list("paper_id", "submitted_by")
    )
    wanted = of_topic(listed, topic) if topic else listed
    first = entries_of(wanted, now, picks, dict(submitters), most=MOST)
    return Day(
        day=day,
        entries=first,
        total=len(first) if len(first) < MOST else wanted.count(),
        topics=_topics_of(listed),
        topic=topic,
        earlier=latest_day(day - dt.timedelta(days=1)),
        later=first_day(day + dt.timedelta(days=1), now.date()),
    )


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
    listed = Paper.objects.listed_between(period.first, min(period.last, today))
    wanted = of_topic(listed, topic) if topic else listed
    at = Paginator(wanted.by_upvotes().values_list("pk", flat=True), SHEET).get_page(page)
    ids = list(at)
    features = Feature.objects.filter(day__range=(period.first, period.last), paper__in=ids)
    picks = Pick.objects.filter(day__range=(period.first, period.last), paper__in=ids)
    # The first day on which a paper was listed wins, hence the last one comes first.
    found = list(features.order_by("-day").values_list("paper_id", "day", "submitted_by"))
    listed_on = {paper: day for paper, day, _ in found}
    entries = entries_of(
        Paper.objects.filter(pk__in=ids).by_upvotes(),
        now,
        {pick.paper_id: pick for pick in picks.order_by("day")},
        {paper: who for paper, _, who in found if who},
        most=SHEET,
    )
    return Span(
        period=period,
        entries=[replace(entry, listed_on=listed_on.get(entry.paper_id)) for entry in entries],
        total=at.paginator.count,
        topics=_topics_of(listed),
        topic=topic,
        page=at,
        earlier=period.earlier if period.earlier.last >= first else None,
        later=period.later if period.later.first <= today else None,
    )


def calendar(month: Period, now: dt.datetime) -> Calendar | None:
    """Which days of `month`, and of the weeks it begins and ends in, have how many papers.

    None where the month is before the first paper or after `now`. Two queries.
    """
    first, today = first_day(), now.date()
    if first is None or month.last < first or month.first > today:
        return None
    shown = Feature.objects.shown().filter(
        day__range=(week_of(month.first).first, min(week_of(month.last).last, today))
    )
    counts = shown.order_by().values("day").annotate(n=Count("paper", distinct=True))
    return calendar_of(month, dict(counts.values_list("day", "n")), first, today)


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
) -> list[Entry]:
    """The first `most` of `papers` as entries, in their order.

    `picks` and `submitters` are by paper id. Takes two queries.
    """
    youngest, oldest = GROWTH_AGES
    earlier = (
        Observation.objects.elsewhere()
        .filter(paper=OuterRef("pk"), observed_at__range=(now - oldest, now - youngest))
        .order_by("-observed_at")
    )
    counted = papers.with_thumbnails().annotate(
        upvotes_before=Subquery(earlier.filter(upvotes__isnull=False).values("upvotes")[:1]),
        stars_before=Subquery(earlier.filter(stars__isnull=False).values("stars")[:1]),
    )
    picks, submitters = picks or {}, submitters or {}
    # Typed loosely, since what is annotated is not an attribute of every paper.
    shown: list[Any] = list(counted[:most])
    topics = _links_to_topics([paper.pk for paper in shown])
    return [
        _entry_of(
            paper,
            topics.get(paper.pk, ()),
            picks.get(paper.pk),
            submitters.get(paper.pk, ""),
            _gained(paper.upvotes, paper.upvotes_before),
            _gained(paper.stars, paper.stars_before),
        )
        for paper in shown
    ]


def _links_to_topics(papers: list[int]) -> dict[int, tuple[Link, ...]]:
    """The topics that each of `papers` matches, closest first, by paper id; in one lean query,
    since a page shows hundreds of them and needs no more than their names.
    """
    links: dict[int, tuple[Link, ...]] = {}
    addresses: dict[str, str] = {}
    matches = Match.objects.sendable().filter(paper__in=papers).order_by("-score", "topic_id")
    for paper, name, slug in matches.values_list("paper_id", "topic__name", "topic__slug"):
        if slug not in addresses:
            addresses[slug] = reverse("papers:topic", args=[slug])
        links[paper] = (*links.get(paper, ()), (name, addresses[slug]))
    return links


def _entry_of(
    paper: Paper,
    topics: tuple[Link, ...],
    pick: Pick | None,
    submitted_by: str,
    upvotes_gained: int | None,
    stars_gained: int | None,
) -> Entry:
    beginning, rest = abstracts.split(paper.abstract or paper.summary)
    return Entry(
        paper_id=paper.pk,
        url=paper.get_absolute_url(),
        title=paper.title,
        byline=citations.byline(paper.authors),
        organization=paper.organization,
        abstract=beginning,
        rest=rest,
        upvotes=paper.upvotes,
        comments=paper.comments,
        stars=paper.stars,
        upvotes_gained=upvotes_gained,
        stars_gained=stars_gained,
        topics=topics,
        links=links_of(paper.abstract_url, paper.pdf_url, paper.code_url, paper.project_url),
        plate=plate_of(paper.identifier),
        thumbnail=path_of(paper.pk, paper.thumbnail_digest),
        reader_upvotes=paper.reader_upvotes,
        submitted_by=submitted_by,
        note=pick.note if pick else "",
        is_pick=pick is not None and pick.kind == Pick.Kind.PIN,
    )


def _gained(count: int | None, before: int | None) -> int | None:
    return None if count is None or before is None else count - before


def _topics_of(papers: PaperQuerySet) -> list[tuple[Topic, int]]:
    """The topics of `papers` in the editor's order, each with its number of papers; one query."""
    matched = Match.objects.sendable().filter(paper__in=papers.order_by().values("pk"))
    topics = Topic.objects.active().filter(matches__in=matched.values("pk"))
    # Typed loosely, since what is annotated is not an attribute of every topic.
    counted: list[Any] = list(topics.annotate(n=Count("matches")).only("slug", "name", "position"))
    return [(topic, topic.n) for topic in counted]
