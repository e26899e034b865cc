"""What search engines may find: days, issues, topics and papers."""

import datetime as dt
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.core.paginator import Page, Paginator
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from newsletter.models import Issue
from papers.models import Feature, Paper, Topic
from papers.pages.periods import Period, month_of

if TYPE_CHECKING:
    AnySitemap = Sitemap[Any]
    AnyPaginator = Paginator[Any]
else:  # generic in their type stubs only
    AnySitemap = Sitemap
    AnyPaginator = Paginator


class _SiteMap(AnySitemap):
    """A sitemap whose addresses are this site's public ones, whatever host it is asked at."""

    limit = 10_000

    def get_protocol(self, protocol: str | None = None) -> str:
        """As in SITE_URL."""
        return urlsplit(settings.SITE_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        """As in SITE_URL."""
        return urlsplit(settings.SITE_URL).netloc


def _days() -> list[dt.date]:
    """The days that have papers. Papers of a weekend's submissions wait for Monday."""
    return Feature.objects.every_day(timezone.now().date())


class DaySitemap(_SiteMap):
    """The days that have papers."""

    def items(self) -> list[dt.date]:
        """Newest first."""
        return _days()

    def location(self, item: dt.date) -> str:
        """The day's page."""
        return reverse("newsletter:day", args=[item])


class MonthSitemap(_SiteMap):
    """The months that have papers; robots find the weeks from there."""

    def items(self) -> list[Period]:
        """Newest first."""
        return list(dict.fromkeys(month_of(day) for day in _days()))

    def location(self, item: Period) -> str:
        """The month's page."""
        return reverse("newsletter:month", args=[item])


class IssueSitemap(_SiteMap):
    """The issues."""

    def items(self) -> QuerySet[Issue]:
        """Newest first."""
        return Issue.objects.published()

    def lastmod(self, item: Issue) -> dt.datetime:
        """When it was frozen."""
        return item.out_since


class TopicSitemap(_SiteMap):
    """The topics that readers can follow."""

    def items(self) -> QuerySet[Topic]:
        """In the editor's order."""
        return Topic.objects.active()


class _ByNumber(AnyPaginator):
    """Rows by the ranges of their numbers, so that no page has the database count rows or pass
    others by; a page may have fewer rows than others, or none. Pages stay what they are.
    """

    @cached_property
    def count(self) -> int:
        """The highest number."""
        rows = cast("QuerySet[Any]", self.object_list)
        return int(rows.model._default_manager.aggregate(last=Max("pk"))["last"] or 0)

    def page(self, number: int | str) -> Page[Any]:
        """The rows of a range."""
        at = self.validate_number(number)
        last = at * self.per_page
        rows = cast("QuerySet[Any]", self.object_list)
        return Page(rows.filter(pk__gt=last - self.per_page, pk__lte=last), at, self)


class PaperSitemap(_SiteMap):
    """The papers that no editor hid."""

    def items(self) -> QuerySet[Paper]:
        """In the order in which they were stored."""
        return Paper.objects.shown().only("identifier").order_by("pk")

    @property
    def paginator(self) -> Paginator[Any]:
        """The ranges of numbers that are its pages."""
        return _ByNumber(self.items(), self.limit)


SITEMAPS: dict[str, type[AnySitemap]] = {
    "days": DaySitemap,
    "months": MonthSitemap,
    "issues": IssueSitemap,
    "topics": TopicSitemap,
    "papers": PaperSitemap,
}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The sitemap of the sitemaps.

    Django's own takes the host from the request, which behind a proxy need not be the public one.
    """
    addresses = []
    for section, sitemap in SITEMAPS.items():
        path = reverse("newsletter:sitemap_section", args=[section])
        addresses += [
            {"location": f"{settings.SITE_URL}{path}" + (f"?p={page}" if page > 1 else "")}
            for page in sitemap().paginator.page_range
        ]
    context = {"sitemaps": addresses}
    return render(request, "sitemap_index.xml", context, content_type="application/xml")
