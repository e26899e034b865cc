"""Feature days: which day's papers a digest carries."""

import datetime as dt

import pytest

from papers import days

MONDAY = dt.date(2026, 6, 8)


def at(day: dt.date, hour: int = 8, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), dt.UTC)


@pytest.mark.parametrize(
    ("ahead", "carried"),
    [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 4), (7, 4), (8, 7)],
    ids=["Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"],
)
def test_digests_carry_the_weekday_before(ahead, carried):
    today = MONDAY + dt.timedelta(days=ahead)

    assert days.feature_day(at(today)) == MONDAY + dt.timedelta(days=carried)


def test_the_day_changes_at_midnight_utc_and_not_before():
    assert days.feature_day(at(dt.date(2026, 6, 10), 23, 59)) == dt.date(2026, 6, 9)
    assert days.feature_day(at(dt.date(2026, 6, 11), 0, 0)) == dt.date(2026, 6, 10)


def test_other_timezones_are_counted_in_utc():
    tokyo = dt.timezone(dt.timedelta(hours=9))

    assert days.feature_day(dt.datetime(2026, 6, 11, 8, tzinfo=tokyo)) == dt.date(2026, 6, 9)


def test_a_moment_without_a_timezone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        days.feature_day(dt.datetime(2026, 6, 11, 8))  # noqa: DTZ001


def test_the_days_that_still_change_are_the_carried_and_the_current_one():
    assert days.growing(at(dt.date(2026, 6, 11))) == (dt.date(2026, 6, 10), dt.date(2026, 6, 11))
    assert days.growing(at(dt.date(2026, 6, 15))) == tuple(
        dt.date(2026, 6, day) for day in (12, 13, 14, 15)
    )


@pytest.mark.parametrize(("today", "wanted"), [(13, [12, 13]), (14, [12, 13, 14])])
def test_weekends_are_days_of_sources_too(today, wanted):
    found = days.growing(at(dt.date(2026, 6, today)))

    assert found == tuple(dt.date(2026, 6, day) for day in wanted)


@pytest.mark.parametrize(
    ("day", "same", "next_one"), [(11, 11, 12), (12, 12, 15), (13, 15, 15), (14, 15, 15)]
)
def test_a_weekends_papers_come_on_monday(day, same, next_one):
    assert days.on_weekday(dt.date(2026, 6, day)) == dt.date(2026, 6, same)
    assert days.next_weekday(dt.date(2026, 6, day)) == dt.date(2026, 6, next_one)


def test_feature_days_leave_weekends_out():
    found = days.feature_days(dt.date(2026, 6, 14), 6)

    assert found == [dt.date(2026, 6, day) for day in (5, 8, 9, 10, 11, 12)]
