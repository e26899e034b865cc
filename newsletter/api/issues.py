"""Issues: the papers of a day as they were frozen."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from newsletter.api.fields import Day, Key
from newsletter.api.paging import PageQuery, page
from newsletter.api.papers import visible_issues
from newsletter.api.problems import not_found
from newsletter.api.service import operation
from newsletter.models import Issue, IssuePaper
from papers.cards import Card
from papers.models import Topic

issues = Router()


class IssueOut(Schema):
    """An issue."""

    day: dt.date
    state: str = Field(description="running, paused or stopped: whether its digests go out.")
    note: str = Field(description="The editor's note.")
    frozen_at: dt.datetime
    sent_at: dt.datetime | None = Field(
        description="When the last of its digests was settled; null while any waits."
    )
    papers: int = Field(description="How many papers it shows.")
    url: str


class IssuePage(Schema):
    """A page of issues."""

    items: list[IssueOut]
    next_cursor: dt.date | None


class PlaceOut(Schema):
    """A paper's place in an issue, as it was frozen."""

    rank: int
    paper_id: int
    identifier: str
    title: str
    authors: list[str] = Field(description="The first three and the last two, at most.")
    excerpt: str
    note: str = Field(description="An editor's note.")
    is_pick: bool = Field(description="Whether an editor put it on top.")
    score: float = Field(description="The trending score when the issue was frozen.")
    upvotes: int | None
    topics: list[str] = Field(description="Slugs.")
    url: str


class PlacePage(Schema):
    """A page of an issue's papers."""

    items: list[PlaceOut]
    next_cursor: int | None


class IssuesQuery(PageQuery):
    """Which issues."""

    cursor: Day | None = None


class PlacesQuery(PageQuery):
    """Which places."""

    cursor: Key | None = None


@operation(issues, "GET", "/issues", scope="issues:read", response=IssuePage)
def list_issues(request: HttpRequest, query: Query[IssuesQuery]) -> Any:
    """Published issues, the last first."""
    found = _counted()
    if query.cursor is not None:
        found = found.filter(day__lt=query.cursor)
    rows = list(found.order_by("-day")[: query.limit + 1])
    return page(rows, query.limit, [_issue(one) for one in rows], lambda row: row.day)


@operation(issues, "GET", "/issues/{day}", scope="issues:read", response=IssueOut, may=(404,))
def get_issue(request: HttpRequest, day: Day) -> Any:
    """One published issue."""
    issue = _counted().filter(day=day).first()
    if issue is None:
        raise not_found("published issue")
    return _issue(issue)


@operation(
    issues, "GET", "/issues/{day}/papers", scope="issues:read", response=PlacePage, may=(404,)
)
def list_papers_of_issue(request: HttpRequest, day: Day, query: Query[PlacesQuery]) -> Any:
    """The papers of a published issue in its order, without those that were hidden or retracted
    since. The cursor is the rank of the last item.
    """
    issue = visible_issues().filter(day=day).first()
    if issue is None:
        raise not_found("published issue")
    found = issue.places.shown()
    if query.cursor is not None:
        found = found.filter(rank__gt=query.cursor)
    rows = list(found.order_by("rank")[: query.limit + 1])
    slugs = dict(
        Topic.objects.filter(pk__in={int(pk) for row in rows for pk in row.topics_now}).values_list(
            "pk", "slug"
        )
    )
    return page(rows, query.limit, [_place(row, slugs) for row in rows], lambda row: row.rank)


def _counted() -> Any:
    return visible_issues().annotate(
        paper_count=Count("places", filter=Q(places__in=IssuePaper.objects.shown()))
    )


def _issue(issue: Issue) -> dict[str, Any]:
    names = ("day", "state", "note", "frozen_at", "sent_at")
    return {name: getattr(issue, name) for name in names} | {
        "papers": issue.paper_count,  # type: ignore[attr-defined]  # annotated above
        "url": f"{settings.SITE_URL}{issue.get_absolute_url()}",
    }


def _place(place: IssuePaper, slugs: dict[int, str]) -> dict[str, Any]:
    card = Card.from_dict(place.card_now)
    names = ("identifier", "title", "authors", "excerpt", "note", "is_pick", "upvotes")
    return {name: getattr(card, name) for name in names} | {
        "rank": place.rank,
        "paper_id": place.paper_now,
        "score": place.score,
        "topics": [slugs[int(pk)] for pk in place.topics_now if int(pk) in slugs],
        "url": f"{settings.SITE_URL}{card.path}",
    }
