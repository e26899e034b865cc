"""The pages of statistics: a permission of their own, few queries, and only counts are read."""

import datetime as dt
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.models import CountedDay, DailyCount, Dimension, IssueCount, Measure
from tests.admin_pages import staff, text
from tests.factories import DAY, NOW, make_issue, make_paper, make_topic

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
COUNTED = {"newsletter_dailycount", "newsletter_issuecount", "newsletter_countedday"}
ROWS = ("newsletter_delivery", "newsletter_event", "subscriptions_")


@pytest.fixture
def site(settings):
    """Twelve days of counts with every dimension, an issue a day."""
    settings.TRACK_OPENS = settings.TRACK_CLICKS = True
    topics = [make_topic("Robots"), make_topic("Vision")]
    paper = make_paper("A liked paper")
    keys = {
        Dimension.ALL: [""],
        Dimension.TOPIC: [one.slug for one in topics],
        Dimension.SOURCE: ["", "blog", HOSTILE],
        Dimension.CHANNEL: ["email", "feed"],
        Dimension.WAY: ["button", "one_click"],
        Dimension.REASON: ["", "too_often"],
        Dimension.HOUR: ["07", "23"],
        Dimension.SEVERITY: ["hard", "soft"],
        Dimension.PAPER: [str(paper.pk)],
    }
    days, issues = [], []
    for ago in range(12):
        day = DAY - dt.timedelta(days=ago)
        CountedDay.objects.create(day=day, counted_at=NOW)
        issue = make_issue(day)
        for measure in Measure:
            for dimension, of in keys.items():
                for key in of:
                    where = {"measure": measure, "dimension": dimension, "key": key, "count": 50}
                    days.append(DailyCount(day=day, **where))
                    issues.append(IssueCount(issue=issue, **where))
    DailyCount.objects.bulk_create(days)
    IssueCount.objects.bulk_create(issues)
    return issue


def addresses(issue) -> list[str]:
    """All pages of statistics."""
    name = "admin:newsletter_dailycount"
    return [
        reverse(f"{name}_changelist") + "?month=2026-06",
        reverse(f"{name}_issue", args=[issue.pk]),
        reverse(f"{name}_topic", args=["t-robots"]),
    ]


def test_pages_read_counts_alone_in_few_queries_and_by_an_index(site):
    browser = staff("newsletter.view_statistics")
    for address in addresses(site):
        with CaptureQueriesContext(connection) as asked:
            page = browser.get(address)
        assert page.status_code == 200
        assert HOSTILE not in text(page)
        assert len(asked) <= 20, address
        statements = [one["sql"] for one in asked.captured_queries]
        assert not [one for one in statements if any(name in one for name in ROWS)]
        of_counts = [one for one in statements if any(f'"{name}"' in one for name in COUNTED)]
        assert of_counts
        for statement in of_counts:
            assert not scans(statement), statement


def scans(statement: str) -> list[str]:
    """What of a plan reads a whole table of counts, where the database may choose an index."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            steps = [row[-1] for row in cursor.fetchall()]
            days = "SCAN newsletter_countedday USING COVERING INDEX"  # a row a day
            return [one for one in steps if "SCAN newsletter_" in one and days not in one]
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        plan = json.dumps(cursor.fetchone()[0])
        cursor.execute("SET LOCAL enable_seqscan = on")
    return ["Seq Scan"] if "Seq Scan" in plan and any(name in plan for name in COUNTED) else []


def test_what_is_shown_is_what_was_counted(site):
    page = text(staff("newsletter.view_statistics").get(addresses(site)[0]))
    for expected in (
        "Readers by topic",
        "Papers most liked",
        "A liked paper",
        "too many emails",
        "their mailbox’s button",
        "<dd>500</dd>",  # ten days of June
        "2026-06-10",
        "&lt;script&gt;",
    ):
        assert expected in page
    assert "Export statistics" not in page
    assert "style=" not in page.partition('<div class="statistics">')[2].partition("</main>")[0]


@pytest.mark.parametrize("tracked", [True, False])
def test_opens_and_clicks_are_shown_where_they_are_tracked(site, settings, tracked):
    settings.TRACK_OPENS = settings.TRACK_CLICKS = tracked
    browser = staff("newsletter.view_statistics")
    for address in addresses(site):
        page = text(browser.get(address))
        assert ("Opens and clicks aren’t tracked" in page) != tracked
        assert ("Clicked" in page) == tracked


@pytest.mark.parametrize("month", ["1999-01", "nonsense", "9999-12", "0001-01", "%ff", "2026-06"])
def test_any_month_may_be_asked_for(site, month):
    path = reverse("admin:newsletter_dailycount_changelist")
    assert staff("newsletter.view_statistics").get(f"{path}?month={month}").status_code == 200


def test_a_new_site_says_that_nothing_was_counted():
    page = staff("newsletter.view_statistics").get(
        reverse("admin:newsletter_dailycount_changelist")
    )
    assert "Nothing has been counted yet" in text(page)


@pytest.mark.parametrize(
    ("permission", "status", "exported"),
    [
        ("newsletter.view_statistics", 200, 403),
        ("newsletter.export_statistics", 403, 200),
        ("subscriptions.export_readers", 403, 403),
    ],
)
def test_seeing_and_exporting_take_permissions_of_their_own(site, permission, status, exported):
    browser = staff(permission)
    for address in addresses(site):
        assert browser.get(address).status_code == status
    download = reverse("admin:subscriptions_readerexport_download")
    assert browser.post(download, {"table": "statistics"}).status_code == exported
    listed = browser.get(reverse("admin:subscriptions_readerexport_changelist"))
    assert ("Export statistics" in text(listed)) == (exported == 200)
