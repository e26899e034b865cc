"""Statistics, as `newsletter.statistics.reports` tells them: no small number of people is told of a
part.
"""

import datetime as dt
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from newsletter.api.fields import Day
from newsletter.api.paging import PageQuery, page
from newsletter.api.problems import not_found
from newsletter.api.service import operation
from newsletter.models import CountedDay, Dimension, Measure
from newsletter.statistics import reports
from newsletter.statistics.reports import Month

statistics = Router()

MonthName = Annotated[
    str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="Such as 2026-06.")
]


class DayCounts(Schema):
    """What happened on a day."""

    day: dt.date
    counts: dict[str, int] = Field(
        description="By measure, such as confirmed, left, sent; readers is how many there were."
    )


class DayCountsPage(Schema):
    """A page of days."""

    items: list[DayCounts]
    next_cursor: dt.date | None


class PartOut(Schema):
    """One part of a total."""

    key: str
    label: str
    count: int


class BreakdownOut(Schema):
    """What a month's total consists of."""

    measure: str
    by: str = Field(description="Such as topic, source, way, reason, hour or channel.")
    total: int
    parts: list[PartOut] = Field(description="Largest first.")
    others: int = Field(description="How many belong to parts that are too small to be told.")


class MonthCounts(Schema):
    """A month, broken down."""

    month: str
    breakdowns: list[BreakdownOut]


class DaysCountedQuery(PageQuery):
    """Which days."""

    cursor: Day | None = None


@operation(statistics, "GET", "/statistics", scope="statistics:read", response=DayCountsPage)
def list_statistics(request: HttpRequest, query: Query[DaysCountedQuery]) -> Any:
    """The totals of each day (UTC), the last first."""
    days = CountedDay.objects.order_by("-day")
    if query.cursor is not None:
        days = days.filter(day__lt=query.cursor)
    rows = list(days.values_list("day", flat=True)[: query.limit + 1])
    items: dict[dt.date, dict[str, int]] = {day: {} for day in rows}
    if rows:
        for measure, counts in reports.daily(Measure, rows[-1], rows[0]).items():
            for day, count in counts:
                if day in items:
                    items[day][measure.value] = count
    shown = [{"day": day, "counts": counts} for day, counts in items.items()]
    return page(rows, query.limit, shown, lambda row: row)


@operation(
    statistics,
    "GET",
    "/statistics/{month}",
    scope="statistics:read",
    response=MonthCounts,
    may=(404,),
)
def get_statistics_of_month(request: HttpRequest, month: MonthName) -> Any:
    """A month's totals, broken down. Parts under five people are not told."""
    found = Month.parse(month)
    first, last = reports.counted()
    if found is None or first is None or last is None or found.last < first or found.first > last:
        raise not_found("month that was counted")
    wanted = [(measure, by) for measure in Measure for by in Dimension if by.value]
    breakdowns = [
        {
            "measure": one.measure,
            "by": one.dimension,
            "total": one.total,
            "parts": [
                {"key": part.key, "label": str(part.label), "count": part.count}
                for part in one.parts
            ],
            "others": one.others,
        }
        for one in reports.by_month(wanted, found).values()
    ]
    return {"month": str(found), "breakdowns": breakdowns}
