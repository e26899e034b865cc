"""When the next digest is due, in every zone and over every change of clocks."""

import datetime as dt
import zoneinfo
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions import schedule

ZONES = sorted(zoneinfo.available_timezones() - {"localtime", "posixrules"})
RHYTHMS = ("daily", "weekdays", "weekly")

moments = st.datetimes(
    min_value=dt.datetime(2000, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=dt.datetime(2037, 12, 1),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)
rhythms = st.fixed_dictionaries(
    {
        "rhythm": st.sampled_from(RHYTHMS),
        "hour": st.integers(0, 23),
        "weekday": st.integers(0, 6),
        "timezone": st.sampled_from(ZONES),
    }
)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def series(now: dt.datetime, until: dt.datetime, **how) -> list[dt.datetime]:
    """Every due moment after `now` and up to `until`."""
    found = []
    while (now := schedule.next_digest(now, **how)) <= until:
        found.append(now)
    return found


@given(moments, rhythms)
@settings(max_examples=300, deadline=None)
def test_the_next_digest_is_strictly_later_and_on_a_due_day(now, how):
    due = schedule.next_digest(now, **how)
    assert due > now
    assert due - now <= dt.timedelta(days=9)
    assert due.tzinfo is dt.UTC
    days = {(due + dt.timedelta(hours=h)).astimezone(ZoneInfo(how["timezone"])) for h in (0, -2)}
    assert any(schedule.is_due_day(d.date(), how["rhythm"], how["weekday"]) for d in days)


@given(moments, st.timedeltas(dt.timedelta(0), dt.timedelta(days=20)), rhythms)
@settings(max_examples=300, deadline=None)
def test_later_is_never_due_earlier(now, passed, how):
    assert schedule.next_digest(now, **how) <= schedule.next_digest(now + passed, **how)


@given(moments, rhythms, st.integers(0, 400))
@settings(max_examples=200, deadline=None)
def test_a_pause_holds(now, how, days):
    until = now.astimezone(ZoneInfo(how["timezone"])).date() + dt.timedelta(days=days)
    due = schedule.next_digest(now, **how, paused_until=until)
    assert due >= schedule.next_digest(now, **how)
    assert due.astimezone(ZoneInfo(how["timezone"])).date() >= until


def test_in_every_zone_each_day_of_a_year_has_exactly_one_digest():
    start, end = utc("2026-01-01T12:00"), utc("2026-12-31T12:00")
    days = [dt.date(2026, 1, 3) + dt.timedelta(days=number) for number in range(360)]
    for zone in ZONES:
        for hour in (0, 2, 23):
            due = series(start, end, rhythm="daily", hour=hour, timezone=zone)
            assert len(due) == len(set(due)), zone
            # In Greenland 23:00 falls into the gap of a spring day and is the next day's midnight.
            expected = [schedule.moment(day, hour, ZoneInfo(zone)) for day in days]
            assert [moment for moment in due if expected[0] <= moment <= expected[-1]] == expected


def test_the_hour_is_local_on_both_sides_of_a_change():
    how: dict[str, Any] = {"rhythm": "daily", "hour": 7, "timezone": "Europe/Berlin"}
    assert schedule.next_digest(utc("2026-03-28T12:00"), **how) == utc("2026-03-29T05:00")
    assert schedule.next_digest(utc("2026-03-27T12:00"), **how) == utc("2026-03-28T06:00")
    assert schedule.next_digest(utc("2026-10-24T12:00"), **how) == utc("2026-10-25T06:00")


def test_an_hour_that_does_not_exist_is_taken_after_the_gap():
    how: dict[str, Any] = {"rhythm": "daily", "hour": 2, "timezone": "Europe/Berlin"}
    assert schedule.next_digest(utc("2026-03-28T12:00"), **how) == utc("2026-03-29T01:00")
    assert schedule.next_digest(utc("2026-03-29T01:00"), **how) == utc("2026-03-30T00:00")
    how["timezone"] = "America/New_York"
    assert schedule.next_digest(utc("2026-03-07T12:00"), **how) == utc("2026-03-08T07:00")


def test_an_hour_that_comes_twice_is_taken_once():
    how: dict[str, Any] = {"rhythm": "daily", "hour": 2, "timezone": "Europe/Berlin"}
    assert schedule.next_digest(utc("2026-10-24T12:00"), **how) == utc("2026-10-25T00:00")
    assert schedule.next_digest(utc("2026-10-25T00:00"), **how) == utc("2026-10-26T01:00")
    assert schedule.next_digest(utc("2026-10-25T01:00"), **how) == utc("2026-10-26T01:00")


def test_half_an_hour_of_summer_time_on_lord_howe_island():
    how: dict[str, Any] = {"rhythm": "daily", "hour": 2, "timezone": "Australia/Lord_Howe"}
    # Clocks go from 2:00 to 2:30 (+10:30 to +11): 2:00 is read in the old offset.
    assert schedule.next_digest(utc("2026-10-03T12:00"), **how) == utc("2026-10-03T15:30")
    assert schedule.next_digest(utc("2026-10-03T15:30"), **how) == utc("2026-10-04T15:00")
    # And in April from 2:00 back to 1:30.
    assert schedule.next_digest(utc("2026-04-04T12:00"), **how) == utc("2026-04-04T15:30")


def test_the_day_that_samoa_skipped_has_a_digest_at_most_once_and_no_reader_waits_for_long():
    start, end = utc("2011-12-28T00:00"), utc("2012-01-03T00:00")
    due = series(start, end, rhythm="daily", hour=7, timezone="Pacific/Apia")
    gaps = [later - earlier for earlier, later in pairwise(due)]
    assert all(dt.timedelta(0) < gap <= dt.timedelta(days=1) for gap in gaps)
    days = [moment.astimezone(ZoneInfo("Pacific/Apia")).date() for moment in due]
    assert dt.date(2011, 12, 30) not in days
    assert {dt.date(2011, 12, 29), dt.date(2011, 12, 31)} <= set(days)


def test_the_year_ends_and_begins():
    how: dict[str, Any] = {"rhythm": "daily", "hour": 0, "timezone": "Pacific/Kiritimati"}
    assert schedule.next_digest(utc("2026-12-30T23:00"), **how) == utc("2026-12-31T10:00")
    how = {"rhythm": "daily", "hour": 23, "timezone": "Pacific/Pago_Pago"}
    assert schedule.next_digest(utc("2026-12-31T12:00"), **how) == utc("2027-01-01T10:00")


def test_weekdays_and_weekly():
    thursday = utc("2026-06-11T08:00")
    how: dict[str, Any] = {"hour": 8, "timezone": "UTC"}
    friday = schedule.next_digest(thursday, rhythm="weekdays", **how)
    assert friday == utc("2026-06-12T08:00")
    assert schedule.next_digest(friday, rhythm="weekdays", **how) == utc("2026-06-15T08:00")
    weekly: dict[str, Any] = {"rhythm": "weekly", "weekday": 3, **how}
    assert schedule.next_digest(thursday, **weekly) == utc("2026-06-18T08:00")
    just_before = thursday - dt.timedelta(seconds=1)
    assert schedule.next_digest(just_before, **weekly) == thursday


def test_the_weekday_is_the_readers_own():
    how: dict[str, Any] = {"rhythm": "weekly", "weekday": 0, "hour": 6, "timezone": "Asia/Tokyo"}
    # Monday at six in Tokyo is Sunday at nine in the evening in UTC.
    assert schedule.next_digest(utc("2026-06-11T00:00"), **how) == utc("2026-06-14T21:00")


def test_a_pause_in_the_past_is_none_and_one_ahead_is_kept():
    how: dict[str, Any] = {"rhythm": "daily", "hour": 8, "timezone": "UTC"}
    now = utc("2026-06-11T08:00")
    before = dt.date(2026, 1, 1)
    assert schedule.next_digest(now, **how, paused_until=before) == utc("2026-06-12T08:00")
    ahead = dt.date(2026, 7, 1)
    assert schedule.next_digest(now, **how, paused_until=ahead) == utc("2026-07-01T08:00")
    weekly: dict[str, Any] = {**how, "rhythm": "weekly", "weekday": 0}
    assert schedule.next_digest(now, **weekly, paused_until=ahead) == utc("2026-07-06T08:00")


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "\x00"])
def test_a_zone_that_is_gone_counts_as_utc(name):
    due = schedule.next_digest(utc("2026-06-11T08:00"), rhythm="daily", hour=9, timezone=name)
    assert due == utc("2026-06-11T09:00")
