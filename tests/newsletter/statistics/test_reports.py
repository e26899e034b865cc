"""What is told, and what is not: no small number of people, nor what subtracting would tell."""

import datetime as dt

import pytest

from newsletter.models import CountedDay, DailyCount, Dimension, IssueCount, Measure
from newsletter.statistics import reports
from newsletter.statistics.reports import Month, told
from subscriptions.exports.tables import TABLES, lines
from subscriptions.models import ReaderExport
from tests.factories import DAY, NOW, make_issue, make_topic

JUNE = Month(2026, 6)


@pytest.mark.parametrize(
    ("counts", "adds_up", "expected"),
    [
        ({}, True, {}),
        ({"a": 5}, True, {"a": 5}),
        ({"a": 4}, True, {}),
        ({"a": 5, "b": 0}, True, {"a": 5}),
        # Total minus the one shown would be the one that is not: the next smallest goes, too.
        ({"a": 50, "b": 20, "c": 3}, True, {"a": 50}),
        ({"a": 50, "b": 3}, True, {}),
        # Two that are not shown, but together too few.
        ({"a": 50, "b": 20, "c": 1, "d": 2}, True, {"a": 50}),
        ({"a": 50, "b": 20, "c": 2, "d": 3}, True, {"a": 50, "b": 20}),
        ({"a": 50, "b": 20, "c": 1, "d": 1, "e": 1, "f": 1}, True, {"a": 50}),
        # Topics do not add up: a reader may follow several.
        ({"a": 50, "b": 20, "c": 3}, False, {"a": 50, "b": 20}),
    ],
)
def test_small_numbers_are_not_told(counts, adds_up, expected):
    shown = told(counts, adds_up=adds_up)
    assert shown == expected
    rest = sum(counts.values()) - sum(shown.values())
    hidden = [count for key, count in counts.items() if count and key not in shown]
    if adds_up and shown and hidden:
        assert rest >= 5
        assert len(hidden) > 1


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-06", JUNE),
        ("2026-6", JUNE),
        ("2026-13", None),
        ("", None),
        ("0000-01", None),
        ("9999-12", None),
        ("1999-12", None),
        ("June", None),
        ("2026-06-01", None),
        ("\0", None),
    ],
)
def test_months_are_read(text, month):
    assert Month.parse(text) == month


def count(measure: str, dimension: str, key: str, number: int, day: dt.date = DAY) -> None:
    """Store a count."""
    DailyCount.objects.create(day=day, measure=measure, dimension=dimension, key=key, count=number)


@pytest.fixture
def month(db):
    """A June of sign-ups from three places, and one in July."""
    CountedDay.objects.create(day=DAY, counted_at=NOW)
    count("confirmed", "", "", 30)
    for key, number in {"blog": 22, "": 5, "=cmd": 2, "alice-smith": 1}.items():
        count("confirmed", "source", key, number)
    count("confirmed", "source", "blog", 4, DAY - dt.timedelta(days=1))
    count("confirmed", "", "", 4, DAY - dt.timedelta(days=1))
    count("confirmed", "source", "blog", 9, dt.date(2026, 7, 1))
    count("readers", "", "", 70)
    for key, number in {"t-robots": 40, "t-vision": 4}.items():
        count("readers", "topic", key, number)
        count("readers", "topic", key, 99, DAY - dt.timedelta(days=1))
    make_topic("Robots")
    return JUNE


def test_a_month_is_broken_down(month):
    sources, topics = Dimension.SOURCE, Dimension.TOPIC
    found = reports.by_month([(Measure.CONFIRMED, sources), (Measure.READERS, topics)], month)
    shown = found[Measure.CONFIRMED, sources]
    assert [(part.key, part.count) for part in shown.parts] == [("blog", 26)]
    assert (shown.total, shown.others, shown.is_partial) == (34, 8, True)
    stock = found[Measure.READERS, topics]
    assert [(part.label, part.count) for part in stock.parts] == [("Robots", 40)]
    assert (stock.total, stock.others, stock.is_partial) == (70, 0, True)


def test_a_topics_months_and_issues_keep_small_numbers(month):
    months = reports.topic_by_month("t-vision", [Measure.READERS, Measure.CONFIRMED], month)
    assert len(months) == 12
    assert months[-1] == (month, {Measure.READERS: None, Measure.CONFIRMED: None})
    assert reports.topic_by_month("t-robots", [Measure.READERS], month)[-1][1] == {
        Measure.READERS: 40
    }
    issue = make_issue()
    for key, number in {"t-robots": 5, "t-vision": 4}.items():
        IssueCount.objects.create(
            issue=issue, measure="sent", dimension="topic", key=key, count=number
        )
    assert reports.topic_by_issue("t-robots", [Measure.SENT]) == [(issue, [5])]
    assert reports.topic_by_issue("t-vision", [Measure.SENT]) == [(issue, [None])]


def test_statistics_are_exported_with_nothing_a_page_would_not_tell(month):
    issue = make_issue()
    for key, number in {"=HYPERLINK(1)": 7, "bob": 1}.items():
        IssueCount.objects.create(
            issue=issue, measure="sent", dimension="topic", key=key, count=number
        )
    assert TABLES["statistics"].permission == "newsletter.export_statistics"
    rows = "".join(lines("statistics", "alice")).split("\r\n")
    assert rows[0] == "period,measure,by,of,count"
    assert "2026-06-10,confirmed,,,30" in rows
    assert "2026-06,confirmed,source,blog,26" in rows
    assert "2026-06,confirmed,source,others,8" in rows
    assert "issue of 2026-06-10,sent,topic,'=HYPERLINK(1),7" in rows
    assert not [row for row in rows if "alice-smith" in row or "bob" in row or "cmd" in row]
    export = ReaderExport.objects.get()
    assert (export.what, export.by, export.rows) == ("statistics", "alice", len(rows) - 2)
