"""Papers, days and topics: what the site shows of them, and topics as editors write them."""

import datetime as dt
from typing import Annotated, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from newsletter.api import audit
from newsletter.api.fields import Day, Key, Line, Slug, Truth
from newsletter.api.paging import PageQuery, page
from newsletter.api.problems import Problem, not_found
from newsletter.api.service import operation
from newsletter.models import Issue
from papers import categories
from papers.identifiers import MAX_LENGTH
from papers.matching import ranking
from papers.models import Feature, Match, Paper, Topic
from papers.models.paper import PaperQuerySet

papers = Router()
topics = Router()

# --- Papers and days ----------------------------------------------------------------------


class MatchOut(Schema):
    """A topic that a paper belongs to."""

    topic: str = Field(description="The topic's slug.")
    score: float


class PaperOut(Schema):
    """A paper as the site shows it."""

    id: int
    identifier: str = Field(description="With its scheme, such as arxiv:2605.13779.")
    title: str
    authors: list[str]
    organization: str
    abstract: str = Field(description="As much of it as its license lets us show.")
    summary: str = Field(description="A short summary that came with the paper.")
    categories: list[str]
    published_on: dt.date | None
    journal: str
    license: str
    status: str = Field(description="withdrawn, retracted, corrected, or empty.")
    url: str = Field(description="The paper's page on this site.")
    abstract_url: str
    pdf_url: str
    code_url: str
    project_url: str
    free_url: str
    upvotes: int | None
    comments: int | None
    stars: int | None
    reader_upvotes: int
    trending_score: float
    topics: list[MatchOut] = Field(description="Closest first.")


class PaperPage(Schema):
    """A page of papers."""

    items: list[PaperOut]
    next_cursor: int | None


class RankedPaper(PaperOut):
    """A paper in the list of a day."""

    rank: int = Field(description="1 is at the top.")


class RankedPage(Schema):
    """A page of a day's papers."""

    items: list[RankedPaper]
    next_cursor: int | None


class DayOut(Schema):
    """A day that has papers."""

    day: dt.date
    papers: int = Field(description="How many works sources listed, hidden ones not counted.")
    url: str
    has_issue: bool = Field(description="Whether its issue is published.")


class DayPage(Schema):
    """A page of days."""

    items: list[DayOut]
    next_cursor: dt.date | None


class PapersQuery(PageQuery):
    """Which papers."""

    cursor: Key | None = None
    identifier: str | None = Field(
        None, max_length=MAX_LENGTH, description="Only the paper of this identifier."
    )
    topic: Slug | None = Field(None, description="Only papers of this topic.")
    listed_on: Day | None = Field(None, description="Only papers that sources listed on this day.")


class DaysQuery(PageQuery):
    """Which days."""

    cursor: Day | None = None


class RankQuery(PageQuery):
    """Which places."""

    cursor: Key | None = None


@operation(papers, "GET", "/papers", scope="papers:read", response=PaperPage, of_pages=True)
def list_papers(request: HttpRequest, query: Query[PapersQuery]) -> Any:
    """Papers that the site lists, the newest first."""
    found = Paper.objects.shown()
    if query.identifier is not None:
        named = Paper.objects.called(query.identifier.replace("\0", ""))
        found = found.filter(pk=named.pk if named else 0)
    if query.topic is not None:
        found = found.filter(pk__in=_of_topic(query.topic))
    if query.listed_on is not None:
        found = found.filter(pk__in=Feature.objects.once().filter(day=query.listed_on).works())
    if query.cursor is not None:
        found = found.filter(pk__lt=query.cursor)
    rows = _whole(found.order_by("-pk"))[: query.limit + 1]
    return page(rows, query.limit, [_paper(one) for one in rows], lambda row: row.pk)


@operation(
    papers,
    "GET",
    "/papers/{paper_id}",
    scope="papers:read",
    response=PaperOut,
    may=(404,),
    of_pages=True,
)
def get_paper(request: HttpRequest, paper_id: Key) -> Any:
    """One paper. One that was withdrawn or retracted says so in its status."""
    rows = _whole(Paper.objects.unhidden().filter(pk=paper_id, merged_into=None))
    if not rows:
        raise not_found("paper")
    return _paper(rows[0])


@operation(papers, "GET", "/days", scope="papers:read", response=DayPage, of_pages=False)
def list_days(request: HttpRequest, query: Query[DaysQuery]) -> Any:
    """Days on which sources listed papers, the last first."""
    before = query.cursor or dt.date.max
    work = Coalesce("paper__merged_into_id", "paper_id")
    shown = Feature.objects.shown().filter(day__lt=before, day__lte=timezone.now().date())
    counted = shown.order_by("-day").values("day").annotate(papers=Count(work, distinct=True))
    rows = list(counted[: query.limit + 1])
    issues = set(
        visible_issues().filter(day__in=[row["day"] for row in rows]).values_list("day", flat=True)
    )
    items = [
        row
        | {
            "url": f"{settings.SITE_URL}/day/{row['day'].isoformat()}/",
            "has_issue": row["day"] in issues,
        }
        for row in rows
    ]
    return page(rows, query.limit, items, lambda row: row["day"])


@operation(
    papers,
    "GET",
    "/days/{day}/papers",
    scope="papers:read",
    response=RankedPage,
    may=(404,),
    of_pages=True,
)
def list_papers_of_day(request: HttpRequest, day: Day, query: Query[RankQuery]) -> Any:
    """The papers of a day as its page ranks them now: pinned ones first, then by trending score.
    The cursor is the rank of the last item.
    """
    ids = list(Paper.objects.of_day(day).values_list("pk", flat=True))
    if not ids:
        raise not_found("day with papers")
    at = min(query.cursor or 0, len(ids))
    wanted = ids[at : at + query.limit + 1]
    rows = list(enumerate(_whole(Paper.objects.in_order(wanted)) if wanted else [], at + 1))
    items = [_paper(one) | {"rank": rank} for rank, one in rows]
    return page(rows, query.limit, items, lambda row: row[0])


def visible_issues() -> Any:
    """Issues that other programs may know of."""
    return Issue.objects.published()


def _of_topic(slug: str) -> Any:
    matched = Match.objects.sendable().filter(topic__slug=slug, topic__is_active=True)
    return matched.order_by().values("paper_id")


def _whole(found: PaperQuerySet) -> list[Paper]:
    return list(found.with_topics())


def _paper(one: Paper) -> dict[str, Any]:
    names = (
        "id", "identifier", "title", "organization", "summary", "published_on", "journal",
        "license", "status", "abstract_url", "pdf_url", "code_url", "project_url", "upvotes",
        "comments", "stars", "reader_upvotes", "trending_score",
    )  # fmt: skip
    return {name: getattr(one, name) for name in names} | {
        "authors": [str(author) for author in one.authors],
        "categories": [str(each) for each in one.categories],
        "abstract": one.shown_abstract,
        "free_url": one.free_copy,
        "url": f"{settings.SITE_URL}{one.get_absolute_url()}",
        "topics": [
            {"topic": match.topic.slug, "score": match.score}
            for match in one.shown_matches
            if match.topic.is_active
        ],
    }


# --- Topics -------------------------------------------------------------------------------

Name = Annotated[str, Field(pattern=Line, max_length=80)]
Group = Annotated[str, Field(pattern=Line, max_length=60)]
Description = Annotated[str, Field(pattern=Line, max_length=2000)]
Keyword = Annotated[str, Field(pattern=Line, max_length=120)]
Category = Annotated[
    str,
    Field(
        pattern=r"^(arxiv:[a-z]+(-[a-z]+)?(\.[A-Za-z-]+)?|issn:[0-9]{4}-[0-9]{3}[0-9X]"
        r"|(biorxiv|medrxiv|openalex|mesh):[a-z][a-z0-9 ]*)$",
        max_length=120,
        description="With its scheme, such as arxiv:cs.CL or issn:1476-4687.",
    ),
]


class TopicOut(Schema):
    """A topic as editors see it."""

    slug: str
    name: str
    group: str = Field(description="The heading that it is listed under.")
    description: str
    keywords: list[str]
    categories: list[str]
    is_active: bool = Field(description="Whether readers can follow it.")
    url: str
    updated_at: dt.datetime


class TopicPage(Schema):
    """A page of topics."""

    items: list[TopicOut]
    next_cursor: str | None


class TopicsQuery(PageQuery):
    """Which topics."""

    cursor: Slug | None = None
    is_active: Truth | None = None


class TopicChanges(Schema):
    """What to change of a topic; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name | None = None
    group: Group | None = None
    description: Description | None = None
    keywords: list[Keyword] | None = Field(None, min_length=1, max_length=200)
    categories: list[Category] | None = Field(None, max_length=200)
    is_active: bool | None = None


class TopicNew(Schema):
    """A new topic."""

    model_config = ConfigDict(extra="forbid", strict=True)

    slug: Slug
    name: Name
    group: Group
    description: Description
    keywords: list[Keyword] = Field(min_length=1, max_length=200)
    categories: list[Category] = Field(default=[], max_length=200)
    is_active: bool = True


@operation(topics, "GET", "/topics", scope="topics:read", response=TopicPage, of_pages=True)
def list_topics(request: HttpRequest, query: Query[TopicsQuery]) -> Any:
    """Topics, by their slugs."""
    found = Topic.objects.order_by("slug")
    if query.is_active is not None:
        found = found.filter(is_active=query.is_active)
    if query.cursor is not None:
        found = found.filter(slug__gt=query.cursor)
    rows = list(found[: query.limit + 1])
    return page(rows, query.limit, [_topic(one) for one in rows], lambda row: row.slug)


@operation(
    topics,
    "GET",
    "/topics/{slug}",
    scope="topics:read",
    response=TopicOut,
    may=(404,),
    of_pages=True,
)
def get_topic(request: HttpRequest, slug: Slug) -> Any:
    """One topic."""
    return _topic(_called(slug))


@operation(
    topics,
    "POST",
    "/topics",
    scope="topics:write",
    response=TopicOut,
    status=201,
    may=(409,),
)
def add_topic(request: HttpRequest, new: TopicNew) -> Any:
    """Add a topic, and match the papers of the last days with it. 409 where the slug or the name is
    taken.
    """
    now = timezone.now()
    topic = Topic(**new.dict())
    with transaction.atomic():
        _save(topic)
        audit.record(request, now, "topic.added", f"topic:{topic.slug}", None, _recorded(topic))
    if topic.is_active:
        ranking.match_topic(topic, now)
    return _topic(topic)


@operation(
    topics,
    "PATCH",
    "/topics/{slug}",
    scope="topics:write",
    response=TopicOut,
    may=(404, 409),
)
def change_topic(request: HttpRequest, slug: Slug, changes: TopicChanges) -> Any:
    """Change a topic, and match the papers of the last days anew where that could matter. 409 where
    the name is taken.
    """
    now = timezone.now()
    wanted = {name: value for name, value in changes.dict().items() if value is not None}
    with transaction.atomic():
        topic = Topic.objects.select_for_update().filter(slug=slug).first()
        if topic is None:
            raise not_found("topic")
        before = _recorded(topic)
        for name, value in wanted.items():
            setattr(topic, name, value)
        after = _recorded(topic)
        if before != after:
            _save(topic)
        audit.record(request, now, "topic.changed", f"topic:{slug}", before, after)
    if topic.is_active and before != after:
        ranking.match_topic(topic, now)
    return _topic(topic)


def topics_called(slugs: list[str]) -> list[Topic]:
    """The active topics of these slugs; raises `Problem` where there is none of one of them."""
    found = list(Topic.objects.active().filter(slug__in=slugs))
    missing = sorted(set(slugs) - {topic.slug for topic in found})
    if missing:
        raise Problem(409, f"There is no active topic {missing[0]}.")
    return found


def _called(slug: str) -> Topic:
    topic = Topic.objects.filter(slug=slug).first()
    if topic is None:
        raise not_found("topic")
    return topic


def _save(topic: Topic) -> None:
    """Check as the admin's form does, and save."""
    topic.keywords = list(dict.fromkeys(topic.keywords))
    topic.categories = list(dict.fromkeys(map(categories.canonical, topic.categories)))
    try:
        topic.full_clean()
        with transaction.atomic():
            topic.save()
    except ValidationError as error:
        raise Problem(409, " ".join(error.messages)[:500]) from None
    except IntegrityError:
        raise Problem(409, "Another topic has this slug or name.") from None


_RECORDED = ("slug", "name", "group", "description", "keywords", "categories", "is_active")


def _recorded(topic: Topic) -> dict[str, Any]:
    return {name: getattr(topic, name) for name in _RECORDED}


def _topic(topic: Topic) -> dict[str, Any]:
    return _recorded(topic) | {
        "url": f"{settings.SITE_URL}{topic.get_absolute_url()}",
        "updated_at": topic.updated_at,
    }
