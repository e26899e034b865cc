"""What a search is narrowed down to, and in which order its papers come.

Filters go into the database's full-text queries, not over their results: of a common word only the
newest papers are ranked, and among those a rare source or topic might have none.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from papers.fields import FIELDS
from papers.models import Feature, Match, Paper
from papers.search.query import folded

RELEVANCE = "relevance"
DATE = "date"
TREND = "trend"
ORDERS = (RELEVANCE, DATE, TREND)

TREND_DAYS = 14
"""Only papers that were listed in as many days are ordered by trend: scores are kept up to date no
longer.
"""

LONGEST_NAME = 80
"""Characters of an author's name that are looked at."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What readers may choose besides words. Empty or None where they choose nothing."""

    field: str = ""
    """A key of `papers.fields.FIELDS`."""
    topic: str = ""
    """A topic's slug."""
    source: str = ""
    """A source's slug."""
    author: str = ""
    """Words of a name, folded."""
    since: dt.date | None = None
    """Listed on that day or later."""
    until: dt.date | None = None
    """Listed on that day or earlier."""
    has_code: bool = False
    order: str = RELEVANCE

    @property
    def is_narrowing(self) -> bool:
        """Whether any paper is left out."""
        return any(
            (
                self.field,
                self.topic,
                self.source,
                self.author,
                self.since,
                self.until,
                self.has_code,
            )
        )

    def papers(self, today: dt.date) -> "QuerySet[Any, Any] | None":
        """A query of the ids of the papers that are left, whatever they are by their authors; None
        for all. It begins with what narrows, for of all papers with an id among others the database
        may read all.
        """
        since = self.since
        if self.order == TREND:
            recent = today - dt.timedelta(days=TREND_DAYS)
            since = max(since, recent) if since else recent
        found: QuerySet[Any, Any] | None = None
        if self.source or since or self.until:
            listed = Feature.objects.all()
            if self.source:
                listed = listed.filter(source__slug=self.source)
            if since:
                listed = listed.filter(day__gte=since)
            if self.until:
                listed = listed.filter(day__lte=self.until)
            found = listed.order_by().values("paper_id")
        if self.topic:
            matches = Match.objects.sendable().filter(topic__slug=self.topic)
            if found is not None:
                matches = matches.filter(paper__in=found)
            found = matches.order_by().values("paper_id")
        if self.field or self.has_code:
            papers = Paper.objects.filter(field=self.field) if self.field else Paper.objects.all()
            if self.has_code:
                papers = papers.exclude(code_url="")
            if found is not None:
                papers = papers.filter(pk__in=found)
            found = papers.order_by().values("pk")
        return found


NONE = Filters()


def read(given: Mapping[str, Any]) -> tuple[Filters, tuple[str, ...]]:
    """The filters of an address's query, and the names of what was given but can't be used."""
    bad: list[str] = []

    def day(name: str) -> dt.date | None:
        value = str(given.get(name, "")).strip()
        if not value:
            return None
        try:
            if len(value) == 10:  # ISO 8601 has shorter and longer spellings of a day
                return dt.date.fromisoformat(value)
        except ValueError:
            pass
        _bad(name)
        return None

    def _bad(name: str) -> None:
        bad.append(name)

    def slug(name: str) -> str:
        value = str(given.get(name, "")).strip()
        if not value or all(c.isalnum() or c in "-_" for c in value[:100]):
            return value[:100]
        _bad(name)
        return ""

    field = str(given.get("field", ""))
    if field and field not in FIELDS:
        _bad("field")
        field = ""
    order = str(given.get("order", "")) or RELEVANCE
    if order not in ORDERS:
        _bad("order")
        order = RELEVANCE
    filters = Filters(
        field=field,
        topic=slug("topic"),
        source=slug("source"),
        author=folded(str(given.get("author", ""))[:LONGEST_NAME].replace("\0", " ")),
        since=day("since"),
        until=day("until"),
        has_code=str(given.get("code", "")) == "1",
        order=order,
    )
    if filters.since and filters.until and filters.since > filters.until:
        _bad("until")
    return filters, tuple(bad)


@dataclass(frozen=True, slots=True)
class Within:
    """Filters as the full-text queries take them."""

    sql: str
    """A query for ids, with %s for each of `given`; "" for all papers."""
    given: tuple[Any, ...]
    author: tuple[str, ...]
    """Words that a name must hold together; none for any."""


ANYWHERE = Within("", (), ())


def within(filters: Filters, today: dt.date) -> Within:
    """`filters` as the full-text queries take them."""
    papers = filters.papers(today)
    sql, given = papers.query.sql_with_params() if papers is not None else ("", ())
    return Within(sql, tuple(given), tuple(filters.author.split()))
