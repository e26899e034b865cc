"""Reading the counts: totals by day, and breakdowns in which no small number of people shows.

Everything that shows statistics goes through here. A total is shown as it is. What it is broken
down into is shown by calendar month alone, whose numbers do not overlap: of two periods that
differ by a day, the difference would tell of that day. A part under `SMALLEST` is not told, and
its name neither; nor is the smallest of the others, where subtracting these from the total would
tell it.
"""

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Max, Min, Sum

from newsletter.channels import registry
from newsletter.models import (
    CountedDay,
    DailyCount,
    Delivery,
    Dimension,
    Issue,
    IssueCount,
    Letter,
    Measure,
)
from newsletter.statistics.rollups import PARTITIONS
from papers.models import Paper, Topic
from subscriptions.models import Consent
from subscriptions.readers.leaving import WAY_LABELS

SMALLEST = 5
"""The least number of people that is told of a part of a whole."""

ABOUT_PEOPLE = frozenset(Measure) - {
    Measure.SENT, Measure.RECEIVED, Measure.FAILED, Measure.UNKNOWN, Measure.SKIPPED,
    Measure.EXPIRED,
}  # fmt: skip
"""Measures of what people did or are. The others are of emails: but by topic or hour they are of
people, too, so only by channel are they told however small they are.
"""


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, UTC."""

    year: int
    number: int

    @classmethod
    def of(cls, day: dt.date) -> "Month":
        """The month that the day is in."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month | None":
        """Of "2026-06"; None of anything else, and of months that no site has seen."""
        try:
            day = dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
        except ValueError:
            return None
        return cls.of(day) if 2000 <= day.year < 2200 else None

    @property
    def first(self) -> dt.date:
        """Its first day."""
        return dt.date(self.year, self.number, 1)

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return dt.date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    @property
    def before(self) -> "Month":
        """The month before."""
        return Month.of(self.first - dt.timedelta(days=1))

    @property
    def after(self) -> "Month":
        """The next month."""
        return Month.of(self.last + dt.timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


@dataclass(frozen=True, slots=True)
class Part:
    """One key of a breakdown that may be told."""

    key: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What a total consists of, largest part first, and by hour in the order of hours."""

    measure: Measure
    dimension: Dimension
    total: int
    parts: tuple[Part, ...]
    others: int
    """How many belong to keys that are not told; 0 where all are, or where parts do not add up."""
    is_partial: bool
    """Whether there are keys that are not told."""


def told(counts: Mapping[str, int], *, adds_up: bool, least: int = SMALLEST) -> dict[str, int]:
    """Those of the counts that may be told.

    Where they add up to a total that is known, what is left out must not follow from the rest: its
    sum is at least `least`, of more than one key. Where that is not to be had, nothing is told.
    """
    shown = {key: count for key, count in counts.items() if count >= least}
    hidden = [count for count in counts.values() if 0 < count < least]
    if not adds_up or not hidden:
        return shown
    rest = sorted(shown, key=lambda key: (-shown[key], key))
    while rest and (sum(hidden) < least or len(hidden) < 2):
        hidden.append(shown.pop(rest.pop()))
    return shown


def counted() -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day that were counted. One query."""
    found = CountedDay.objects.aggregate(Min("day"), Max("day"))
    return found["day__min"], found["day__max"]


def daily(
    measures: Iterable[Measure], first: dt.date, last: dt.date
) -> dict[Measure, list[tuple[dt.date, int]]]:
    """The totals of each day that was counted, in order. One query."""
    found: dict[Measure, list[tuple[dt.date, int]]] = {measure: [] for measure in measures}
    rows = DailyCount.objects.filter(
        dimension=Dimension.ALL, measure__in=list(found), day__gte=first, day__lte=last
    ).order_by("day")
    for measure, day, count in rows.values_list("measure", "day", "count"):
        found[Measure(measure)].append((day, count))
    return found


def by_month(
    wanted: Collection[tuple[Measure, Dimension]], month: Month
) -> dict[tuple[Measure, Dimension], Breakdown]:
    """A month's breakdowns. Of the stock of readers, that of the latest day that has one.

    Some queries, however many breakdowns: one for what happened, two for the stock, two for names.
    """
    flows = [pair for pair in wanted if pair[0] != Measure.READERS]
    sums: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    in_month = DailyCount.objects.filter(day__gte=month.first, day__lte=month.last)
    if flows:
        rows = in_month.filter(
            dimension__in={Dimension.ALL, *(dimension for _, dimension in flows)},
            measure__in={measure for measure, _ in flows},
        ).order_by()
        for measure, dimension, key, count in rows.values_list(
            "measure", "dimension", "key"
        ).annotate(Sum("count")):
            sums[measure, dimension][key] = count
    stocks = [dimension for measure, dimension in wanted if measure == Measure.READERS]
    if stocks:
        of_readers = in_month.filter(measure=Measure.READERS)
        latest = of_readers.filter(dimension__in=stocks).aggregate(day=Max("day"))["day"]
        rows = of_readers.filter(dimension__in=[Dimension.ALL, *stocks], day=latest)
        for dimension, key, count in rows.values_list("dimension", "key", "count"):
            sums[Measure.READERS, dimension][key] = count
    return _breakdowns(wanted, sums)


def of_issue(
    wanted: Collection[tuple[Measure, Dimension]], issue: Issue
) -> dict[tuple[Measure, Dimension], Breakdown]:
    """An issue's breakdowns, and with `Dimension.ALL` its totals. Up to two queries."""
    sums: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    rows = IssueCount.objects.filter(
        issue=issue,
        dimension__in={Dimension.ALL, *(dimension for _, dimension in wanted)},
        measure__in={measure for measure, _ in wanted},
    )
    for measure, dimension, key, count in rows.values_list("measure", "dimension", "key", "count"):
        sums[measure, dimension][key] = count
    return _breakdowns(wanted, sums)


def issues_of(month: Month) -> list[tuple[Issue, dict[str, int]]]:
    """The month's issues, newest first, each with its totals by measure. Two queries."""
    issues = list(Issue.objects.filter(day__gte=month.first, day__lte=month.last))
    totals: dict[int, dict[str, int]] = {issue.pk: {} for issue in issues}
    rows = IssueCount.objects.filter(issue__in=list(totals), dimension=Dimension.ALL).order_by()
    for pk, measure, count in rows.values_list("issue_id", "measure", "count"):
        totals[pk][measure] = count
    return [(issue, totals[issue.pk]) for issue in issues]


def letters_of(month: Month) -> list[Letter]:
    """The letters approved in the month, newest first, each with its counts. One query."""
    begin = dt.datetime.combine(month.first, dt.time(), dt.UTC)
    end = dt.datetime.combine(month.last + dt.timedelta(days=1), dt.time(), dt.UTC)
    approved = Letter.objects.filter(approved_at__gte=begin, approved_at__lt=end)
    return list(approved.order_by("-approved_at"))


MONTHS_OF_TOPIC = 12
ISSUES_OF_TOPIC = 20


def topic_by_month(
    slug: str, measures: Collection[Measure], last: Month
) -> list[tuple[Month, dict[Measure, int | None]]]:
    """A topic's counts in each of the last months, oldest first; None where it is not told or not
    known. The stock of readers is that of a month's last day. Two queries.
    """
    months = [last]
    while len(months) < MONTHS_OF_TOPIC and months[0].first > dt.date.min:
        months.insert(0, months[0].before)
    sums: dict[tuple[Month, Measure], int] = defaultdict(int)
    rows = DailyCount.objects.filter(
        dimension=Dimension.TOPIC,
        measure__in=list(measures),
        day__gte=months[0].first,
        day__lte=last.last,
        key=slug,
    ).order_by("day")
    for day, measure, count in rows.values_list("day", "measure", "count"):
        where = Month.of(day), Measure(measure)
        sums[where] = count if measure == Measure.READERS else sums[where] + count
    return [
        (
            month,
            {one: count if (count := sums[month, one]) >= SMALLEST else None for one in measures},
        )
        for month in months
    ]


def topic_by_issue(
    slug: str, measures: Collection[Measure]
) -> list[tuple[Issue, list[int | None]]]:
    """A topic's counts in the latest issues, newest first; None where they are not told. Two
    queries.
    """
    issues = list(Issue.objects.order_by("-day")[:ISSUES_OF_TOPIC])
    rows = IssueCount.objects.filter(
        issue__in=issues, dimension=Dimension.TOPIC, measure__in=list(measures), key=slug
    )
    found = {
        (pk, measure): count if count >= SMALLEST else None
        for pk, measure, count in rows.values_list("issue_id", "measure", "count")
    }
    return [(issue, [found.get((issue.pk, one.value)) for one in measures]) for issue in issues]


def _breakdowns(
    wanted: Collection[tuple[Measure, Dimension]], sums: Mapping[tuple[str, str], dict[str, int]]
) -> dict[tuple[Measure, Dimension], Breakdown]:
    names = Names(
        topics=any(dimension == Dimension.TOPIC for _, dimension in wanted),
        papers={
            key
            for measure, dimension in wanted
            if dimension == Dimension.PAPER
            for key, count in sums.get((measure, dimension), {}).items()
            if count >= SMALLEST
        },
    )
    found = {}
    for measure, dimension in wanted:
        counts = dict(sums.get((measure, dimension), {}))
        total = sums.get((measure, Dimension.ALL), {}).get("", 0)
        if dimension == Dimension.ALL:
            counts = {}
        is_open = measure not in ABOUT_PEOPLE and dimension == Dimension.CHANNEL
        least = 1 if is_open else SMALLEST
        adds_up = dimension in PARTITIONS
        shown = told(counts, adds_up=adds_up, least=least)
        parts = [Part(key, names.of(dimension, key), count) for key, count in shown.items()]
        if dimension == Dimension.HOUR:
            parts.sort(key=lambda part: part.key)
        else:
            parts.sort(key=lambda part: (-part.count, part.label))
        found[measure, dimension] = Breakdown(
            measure,
            dimension,
            total,
            tuple(parts),
            others=sum(counts.values()) - sum(shown.values()) if adds_up else 0,
            is_partial=len(shown) < sum(1 for count in counts.values() if count),
        )
    return found


class Names:
    """What keys are called. A query for topics and one for papers, where any are asked for."""

    def __init__(self, *, topics: bool = False, papers: Collection[str] = ()) -> None:
        self._topics = dict(Topic.objects.values_list("slug", "name")) if topics else {}
        ids = [int(key) for key in papers if key.isdecimal()]
        self._papers = (
            dict(Paper.objects.filter(pk__in=ids).values_list("pk", "title")) if ids else {}
        )

    def of(self, dimension: Dimension, key: str) -> str:
        """The key in words; the key itself where what it named is gone."""
        match dimension:
            case Dimension.TOPIC:
                return self._topics.get(key, key)
            case Dimension.PAPER:
                return self._papers.get(int(key), f"paper {key}") if key.isdecimal() else key
            case Dimension.SOURCE:
                return key or "not said"
            case Dimension.WAY:
                return WAY_LABELS.get(key, key)
            case Dimension.REASON:
                return dict(Consent.Reason.choices).get(key, key) if key else "not said"
            case Dimension.SEVERITY:
                return str(dict(Delivery.Bounce.choices).get(key, key))
            case Dimension.CHANNEL:
                labels = {one.name: str(one.label) for one in registry.CHANNELS}
                return labels.get(key, key)
            case Dimension.HOUR:
                return f"{key}:00"
        return key
