"""Statistics: a month of the whole site, an issue, a topic. All is read from counts, which
`newsletter.statistics` makes once a day, so a page takes no longer with a million readers.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from newsletter.admin.base import ReadOnly
from newsletter.models import DailyCount, Dimension, Issue, Measure
from newsletter.statistics import exports, reports
from newsletter.statistics.reports import Breakdown, Month
from papers.admin.base import ModelAdmin
from papers.models import Topic
from papers.pages.charts import Bars, Chart, bar_chart, line_chart

MAY_SEE = "newsletter.view_statistics"

GROWTH = dt.timedelta(days=365)
"""How far back the chart of all readers goes."""

LISTED_PAPERS = 10
LISTED_PARTS = 25
"""Parts of a breakdown that a page shows; the export has all."""

Pair = tuple[Measure, Dimension]

READERS: tuple[Pair, ...] = (
    (Measure.READERS, Dimension.TOPIC),
    (Measure.READERS, Dimension.SOURCE),
    (Measure.READERS, Dimension.CHANNEL),
)
COMING: tuple[Pair, ...] = (
    (Measure.ASKED, Dimension.SOURCE),
    (Measure.CONFIRMED, Dimension.SOURCE),
    (Measure.CONFIRMED, Dimension.TOPIC),
    (Measure.IMPORTED, Dimension.SOURCE),
)
LEAVING: tuple[Pair, ...] = (
    (Measure.LEFT, Dimension.WAY),
    (Measure.LEFT, Dimension.REASON),
    (Measure.LEFT, Dimension.SOURCE),
    (Measure.LEFT, Dimension.TOPIC),
)
DELIVERY: tuple[Pair, ...] = (
    (Measure.SENT, Dimension.CHANNEL),
    (Measure.SENT, Dimension.HOUR),
    (Measure.BOUNCED, Dimension.SEVERITY),
)
PAPERS: tuple[Pair, ...] = (
    (Measure.LIKED, Dimension.PAPER),
    (Measure.SAVED, Dimension.PAPER),
    (Measure.DISLIKED, Dimension.PAPER),
)
OF_ISSUE: tuple[Pair, ...] = (
    (Measure.SENT, Dimension.CHANNEL),
    (Measure.SENT, Dimension.HOUR),
    (Measure.SENT, Dimension.TOPIC),
    (Measure.BOUNCED, Dimension.SEVERITY),
    (Measure.LEFT, Dimension.WAY),
    (Measure.LEFT, Dimension.REASON),
)
OF_READING: tuple[Pair, ...] = (
    (Measure.OPENED, Dimension.TOPIC),
    (Measure.CLICKED, Dimension.TOPIC),
)
TOTALS = (
    Measure.ASKED,
    Measure.CONFIRMED,
    Measure.IMPORTED,
    Measure.LEFT,
    Measure.PAUSED,
    Measure.SENT,
    Measure.BOUNCED,
    Measure.COMPLAINED,
)


def tracked() -> tuple[Measure, ...]:
    """What of reading is known: nothing where the operator chose not to know."""
    known = ((settings.TRACK_OPENS, Measure.OPENED), (settings.TRACK_CLICKS, Measure.CLICKED))
    return tuple(measure for is_on, measure in known if is_on)


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture with the table beside it."""

    key: str
    title: str
    total: int
    line: Chart | None = None
    bars: Bars | None = None
    is_line: bool = False
    is_columns: bool = False
    others: int = 0
    is_partial: bool = False
    left_out: int = 0
    """Parts that are told, and only listed in the export."""
    with_links: bool = False


_TITLES: dict[Pair, str] = {
    (Measure.READERS, Dimension.TOPIC): "Readers by topic",
    (Measure.READERS, Dimension.SOURCE): "Readers by source of sign-up",
    (Measure.READERS, Dimension.CHANNEL): "Readers by email and feed",
    (Measure.ASKED, Dimension.SOURCE): "Sign-ups by source",
    (Measure.CONFIRMED, Dimension.SOURCE): "Confirmations by source",
    (Measure.CONFIRMED, Dimension.TOPIC): "Confirmations by topic",
    (Measure.IMPORTED, Dimension.SOURCE): "Imported, by program",
    (Measure.LEFT, Dimension.WAY): "Unsubscribes: how",
    (Measure.LEFT, Dimension.REASON): "Unsubscribes: why",
    (Measure.LEFT, Dimension.SOURCE): "Unsubscribes by source of sign-up",
    (Measure.LEFT, Dimension.TOPIC): "Unsubscribes by topic",
    (Measure.SENT, Dimension.CHANNEL): "Digests by email and feed",
    (Measure.SENT, Dimension.HOUR): "Digests by hour, UTC",
    (Measure.SENT, Dimension.TOPIC): "Digests by topic of their readers",
    (Measure.BOUNCED, Dimension.SEVERITY): "Bounces by kind",
    (Measure.OPENED, Dimension.TOPIC): "Opened, by topic of their readers",
    (Measure.CLICKED, Dimension.TOPIC): "Clicked, by topic of their readers",
    (Measure.LIKED, Dimension.PAPER): "Papers most liked",
    (Measure.SAVED, Dimension.PAPER): "Papers most saved",
    (Measure.DISLIKED, Dimension.PAPER): "Papers most disliked",
}


def panel_of(found: Breakdown) -> Panel:
    """The picture of a breakdown."""
    most = LISTED_PAPERS if found.dimension == Dimension.PAPER else LISTED_PARTS
    parts: list[tuple[str, int]] = [(part.label, part.count) for part in found.parts]
    is_columns = found.dimension == Dimension.HOUR
    if is_columns:
        counts = dict(parts)
        parts = [(f"{hour:02d}:00", counts.get(f"{hour:02d}:00", 0)) for hour in range(24)]
    shown = parts if is_columns else parts[:most]
    return Panel(
        key=f"{found.measure}-{found.dimension}",
        title=_TITLES[found.measure, found.dimension],
        total=found.total,
        bars=bar_chart(shown),
        is_columns=is_columns,
        others=0 if found.dimension == Dimension.PAPER else found.others,
        is_partial=found.is_partial,
        left_out=len(parts) - len(shown),
    )


def line_of(measure: Measure, counts: list[tuple[dt.date, int]]) -> Panel:
    """The picture of a measure by day; that of a stock ends with what there is."""
    at = [(dt.datetime.combine(day, dt.time(), dt.UTC), count) for day, count in counts]
    is_stock = measure == Measure.READERS
    total = (counts[-1][1] if counts else 0) if is_stock else sum(count for _, count in counts)
    title = measure.label.capitalize()
    return Panel(key=measure.value, title=title, total=total, line=line_chart(at), is_line=True)


@admin.register(DailyCount)
class StatisticsAdmin(ReadOnly, ModelAdmin):
    """Pages over counts; no row is ever shown by itself."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Statistics have a permission of their own."""
        return request.user.has_perm(MAY_SEE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The sidebar leads here; among the tables there are no rows of it to see."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Pages of our own in place of the usual ones, which would show single counts."""
        wrap, name = self.admin_site.admin_view, "newsletter_dailycount"
        return [
            path("", wrap(self.month_view), name=f"{name}_changelist"),
            path("issue/<int:pk>/", wrap(self.issue_view), name=f"{name}_issue"),
            path("topic/<slug:slug>/", wrap(self.topic_view), name=f"{name}_topic"),
        ]

    def month_view(self, request: HttpRequest) -> HttpResponse:
        """One month of the site; `?month=2026-06`, else the latest that was counted."""
        self._require(request)
        first, last = reports.counted()
        month = Month.parse(request.GET.get("month", "")) or Month.of(last or _yesterday())
        reading = tracked()
        days = reports.daily((*TOTALS, *reading), month.first, month.last)
        growth = reports.daily([Measure.READERS], month.last - GROWTH, month.last)
        sections = {
            "Readers": READERS,
            "Coming": COMING,
            "Leaving": LEAVING,
            "Delivery": DELIVERY,
            "Papers": PAPERS,
        }
        wanted = [pair for pairs in sections.values() for pair in pairs]
        found = reports.by_month(wanted, month)
        lines = {
            "Readers": [line_of(Measure.READERS, growth[Measure.READERS])],
            "Coming": [line_of(m, days[m]) for m in (Measure.CONFIRMED, Measure.IMPORTED)],
            "Leaving": [line_of(Measure.LEFT, days[Measure.LEFT])],
            "Delivery": [
                line_of(m, days[m])
                for m in (Measure.SENT, Measure.BOUNCED, Measure.COMPLAINED, *reading)
            ],
        }
        context = {
            "title": f"Statistics, {month.first:%B %Y}",
            "month": month,
            "before": month.before if first and month.first > first else None,
            "after": month.after if last and month.last < last else None,
            "figures": [
                (measure.label, sum(count for _, count in days[measure]))
                for measure in (*TOTALS, *reading)
            ],
            "readers": growth[Measure.READERS][-1][1] if growth[Measure.READERS] else None,
            "sections": [
                (name, [*lines.get(name, ()), *(panel_of(found[pair]) for pair in pairs)])
                for name, pairs in sections.items()
            ],
            "issues": reports.issues_of(month),
            "letters": reports.letters_of(month),
            "topics": list(Topic.objects.active().values_list("slug", "name").order_by("name")),
            "reading": reading,
            "last": last,
        }
        return self._shown(request, "month", context)

    def issue_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What became of one issue."""
        self._require(request)
        issue = Issue.objects.filter(pk=pk).first()
        if issue is None:
            raise Http404("there is no such issue")
        reading = tracked()
        of_reading = [pair for pair in OF_READING if pair[0] in reading]
        totals = [
            *(Measure.SENT, Measure.RECEIVED, Measure.SKIPPED, Measure.EXPIRED, Measure.FAILED),
            *(Measure.UNKNOWN, Measure.BOUNCED, Measure.COMPLAINED, Measure.LEFT, *reading),
        ]
        wanted: list[Pair] = [*OF_ISSUE, *of_reading]
        found = reports.of_issue([*wanted, *((one, Dimension.ALL) for one in totals)], issue)
        context = {
            "title": f"Statistics of the issue of {issue}",
            "issue": issue,
            "figures": [(one.label, found[one, Dimension.ALL].total) for one in totals],
            "sections": [("", [panel_of(found[pair]) for pair in wanted])],
            "reading": reading,
        }
        return self._shown(request, "issue", context)

    def topic_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """A topic's readers by month, and its latest issues."""
        self._require(request)
        topic = Topic.objects.filter(slug=slug).first()
        if topic is None:
            raise Http404("there is no such topic")
        reading = tracked()
        measures = (Measure.READERS, Measure.CONFIRMED, Measure.LEFT)
        months = reports.topic_by_month(topic.slug, measures, Month.of(_yesterday()))
        readers = [
            (dt.datetime.combine(month.last, dt.time(), dt.UTC), counts[Measure.READERS])
            for month, counts in months
        ]
        context = {
            "title": f"Statistics of {topic.name}",
            "topic": topic,
            "months": [
                (month, [counts[measure] for measure in measures])
                for month, counts in reversed(months)
            ],
            "headings": [measure.label for measure in measures],
            "panel": Panel("readers", "Active readers", 0, line=line_chart(readers)),
            "issues": reports.topic_by_issue(topic.slug, (Measure.SENT, *reading)),
            "reading": reading,
        }
        return self._shown(request, "topic", context)

    def _require(self, request: HttpRequest) -> None:
        if not request.user.has_perm(MAY_SEE):
            raise PermissionDenied

    def _shown(self, request: HttpRequest, page: str, context: dict[str, Any]) -> HttpResponse:
        more = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "smallest": reports.SMALLEST,
            "may_export": request.user.has_perm(exports.MAY_EXPORT),
        }
        response = TemplateResponse(
            request, f"newsletter/admin/statistics_{page}.html", more | context
        )
        response["Cache-Control"] = "no-store"
        return response


def _yesterday() -> dt.date:
    return timezone.now().astimezone(dt.UTC).date() - dt.timedelta(days=1)
