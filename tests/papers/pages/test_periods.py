"""Weeks, months and the calendar: days counted as sources count them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.pages.periods import EARLIEST, LATEST, calendar_of, month_of, parse, week_of

days = st.dates(EARLIEST + dt.timedelta(days=400), LATEST - dt.timedelta(days=400))


@given(days)
def test_a_period_holds_its_days_and_neighbours_join_on(day):
    for period in (week_of(day), month_of(day)):
        assert period.first <= day <= period.last
        assert period.earlier.last + dt.timedelta(days=1) == period.first
        assert period.last + dt.timedelta(days=1) == period.later.first
        assert parse(str(period)) == period
        assert period.earlier.later == period


def test_weeks_are_counted_as_iso_8601_does():
    assert str(week_of(dt.date(2026, 6, 14))) == "2026-W24"
    assert str(week_of(dt.date(2027, 1, 1))) == "2026-W53"
    assert parse("2026-W53").last == dt.date(2027, 1, 3)


@pytest.mark.parametrize(
    "text",
    ["2025-W53", "2026-W00", "2026-W54", "2026-13", "2026-00", "0000-01", "9999-W52", "9999-12"],
)
def test_there_is_no_such_period(text):
    with pytest.raises(ValueError):
        parse(text)


@given(days)
def test_a_calendar_is_whole_weeks_that_cover_the_month(day):
    month = month_of(day)
    calendar = calendar_of(month, {day: 7}, EARLIEST, LATEST)
    squares = [each for row in calendar.weeks for each in row.days]
    assert len(squares) % 7 == 0
    assert [each.day for each in squares if each.is_in_month] == [
        month.first + dt.timedelta(days=n) for n in range((month.last - month.first).days + 1)
    ]
    assert [each.day for each in squares if each.papers] == [day]
    assert calendar.papers == 7


def test_the_calendar_ends_where_papers_do():
    june = month_of(dt.date(2026, 6, 1))
    calendar = calendar_of(june, {}, dt.date(2026, 5, 31), dt.date(2026, 6, 30))
    assert calendar.earlier == june.earlier
    assert calendar.later is None
    assert calendar_of(june, {}, dt.date(2026, 6, 1), dt.date(2026, 7, 1)).earlier is None
