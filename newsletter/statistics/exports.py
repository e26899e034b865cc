"""Statistics as a CSV file: every total by day, every breakdown by month, and nothing that a page
would not tell. It stands beside the exports of readers, and takes a permission of its own.
"""

from collections.abc import Iterable, Iterator

from newsletter.models import DailyCount, Dimension, Issue, IssueCount, Measure
from newsletter.statistics import reports
from newsletter.statistics.rollups import PARTITIONS
from subscriptions.exports import tables

MAY_EXPORT = "newsletter.export_statistics"

HEADING = ["period", "measure", "by", "of", "count"]

BATCH = 2000

_TOLD = [(measure, dimension) for measure in Measure for dimension in Dimension if dimension.value]


def statistics() -> Iterator[list[str]]:
    """Totals by day, then breakdowns by month, then issues; "others" is what is not told apart."""
    yield HEADING
    rows = DailyCount.objects.filter(dimension=Dimension.ALL).order_by("day", "measure")
    for day, measure, count in rows.values_list("day", "measure", "count").iterator(BATCH):
        yield [day.isoformat(), measure, "", "", str(count)]
    first, last = reports.counted()
    if first and last:
        month = reports.Month.of(first)
        while month.first <= last:
            yield from _parts(str(month), reports.by_month(_TOLD, month).values())
            month = month.after
    for issue in Issue.objects.order_by("day").iterator(BATCH):
        period = f"issue of {issue.day.isoformat()}"
        totals = IssueCount.objects.filter(issue=issue, dimension=Dimension.ALL)
        for measure, count in totals.order_by("measure").values_list("measure", "count"):
            yield [period, measure, "", "", str(count)]
        yield from _parts(period, reports.of_issue(_TOLD, issue).values())


def _parts(period: str, found: Iterable[reports.Breakdown]) -> Iterator[list[str]]:
    for one in found:
        for part in one.parts:
            yield [period, one.measure, one.dimension, part.key or "none", str(part.count)]
        if one.others and one.dimension in PARTITIONS:
            yield [period, one.measure, one.dimension, "others", str(one.others)]


def offer() -> None:
    """Offer the file among the exports."""
    tables.TABLES["statistics"] = tables.Table(statistics, MAY_EXPORT)
