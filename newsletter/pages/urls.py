"""The addresses of the days, the issues, and what operators and search engines ask for."""

import datetime as dt

from django.contrib.sitemaps import views as sitemap_views
from django.urls import path, register_converter
from django.views.decorators.cache import cache_control
from django.views.i18n import set_language

from newsletter.pages import (
    days,
    health,
    live_preview,
    look,
    mail_previews,
    mailbox,
    metrics,
    pictures,
    privacy,
    private_feed,
    sample,
    sitemaps,
    tracking,
)
from papers.pages import periods
from papers.pages.periods import Period

app_name = "newsletter"


class DayConverter:
    """A day in an address, written as ISO 8601 does: 2026-06-10."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        """The day; a ValueError, which means "not found", where there is no such day."""
        return dt.date.fromisoformat(value)

    def to_url(self, value: dt.date | str) -> str:
        """The day in an address."""
        return value if isinstance(value, str) else value.isoformat()


class PeriodConverter:
    """A week or a month in an address: 2026-W24, 2026-06."""

    def to_python(self, value: str) -> Period:
        """The period; a ValueError, which means "not found", where there is no such one."""
        return periods.parse(value)

    def to_url(self, value: Period | str) -> str:
        """The period in an address."""
        return str(value)


class WeekConverter(PeriodConverter):
    """A week as ISO 8601 writes it."""

    regex = r"\d{4}-W\d{2}"


class MonthConverter(PeriodConverter):
    """A month as ISO 8601 writes it."""

    regex = r"\d{4}-\d{2}"


register_converter(DayConverter, "day")
register_converter(WeekConverter, "week")
register_converter(MonthConverter, "month")
_hourly = cache_control(public=True, max_age=3600)

urlpatterns = [
    path("", days.home, name="home"),
    path("day/<day:day>/", days.day, name="day"),
    path("week/<week:period>/", days.period, name="week"),
    path("month/<month:period>/", days.period, name="month"),
    path("calendar/<month:month>/", days.calendar, name="calendar"),
    path("issues/", days.issues, name="issues"),
    path("issues/<day:day>/", days.issue, name="issue"),
    path("digest/<str:token>/", days.digest, name="digest"),
    path("feed/<str:token>/", private_feed.private_feed, name="feed"),
    path("preview/", live_preview.preview, name="preview"),
    path("sample/", sample.sample, name="sample"),
    path("sample/digest", sample.sample_html, name="sample_html"),
    path("t/<str:token>/open.gif", tracking.opened, name="opened"),
    path("t/<str:token>/<int:place>/<int:number>/", tracking.follow, name="follow"),
    path(
        "t/<str:token>/letter/<int:letter>/<str:language>/<int:number>/",
        tracking.follow_letter,
        name="follow-letter",
    ),
    path("picture/site.png", pictures.of_site, name="picture_of_site"),
    path("picture/day/<day:day>.png", pictures.of_day, name="picture_of_day"),
    path("picture/week/<week:period>.png", pictures.of_period, name="picture_of_week"),
    path("picture/month/<month:period>.png", pictures.of_period, name="picture_of_month"),
    path("picture/issue/<day:day>.png", pictures.of_issue, name="picture_of_issue"),
    path("picture/topic/<slug:slug>.png", pictures.of_topic, name="picture_of_topic"),
    path("picture/paper/<int:paper_id>.png", pictures.of_paper, name="picture_of_paper"),
    path("look/<slug:digest_wanted>.css", look.look, name="look"),
    path("look/<slug:digest_wanted>.png", look.logo, name="logo"),
    path("language/", set_language, name="language"),
    path("privacy/", privacy.privacy, name="privacy"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("dev/mailbox/", mailbox.mailbox, name="mailbox"),
    path("dev/mailbox/<str:name>/", mailbox.mail, name="mail"),
    path("dev/mailbox/<str:name>/html", mailbox.mail_html, name="mail_html"),
    path("dev/mails/", mail_previews.mails, name="mails"),
    path("dev/mails/<slug:name>/", mail_previews.variants, name="variants"),
    path("dev/mails/<slug:name>/html", mail_previews.variant_html, name="variant_html"),
    path("favicon.ico", days.favicon, name="favicon"),
    path("robots.txt", days.robots, name="robots"),
    path("sitemap.xml", _hourly(sitemaps.index), name="sitemap"),
    path(
        "sitemap-<slug:section>.xml",
        _hourly(sitemap_views.sitemap),
        {"sitemaps": sitemaps.SITEMAPS},
        name="sitemap_section",
    ),
]
