"""Which day's papers? Issue days are in UTC, Monday to Friday.

Sources have days of their own, weekends among them. What one lists on a day comes into the issue
of the first issue day from then on that is still open; see `papers.ingest.issue_days`.
"""

import datetime as dt

MOST_MISSED = 7
"""Days before the one that digests carry which are made good when nobody could fetch them."""

LONGEST_WAIT = dt.timedelta(hours=6)
"""How long after a day's end anybody waits for it: readers for its issue, the issue for sources."""


def feature_day(now: dt.datetime) -> dt.date:
    """The day whose papers a digest carries at `now`: by default the previous feature day.

    The list of a day grows until midnight UTC, so the current day's is used only where all its
    sources have said earlier that it is complete, and its issue is frozen. Weekends have no issue:
    from Saturday to Monday digests carry Friday's, on Tuesday Monday's.
    `now` must be aware.
    """
    return last_weekday(_day(now) - dt.timedelta(days=1))


def growing(now: dt.datetime) -> tuple[dt.date, ...]:
    """The days whose lists are worth a fetch at `now`, earlier first: from the one that digests
    carry, whose votes and last entries still come in, to the current one, weekends too.
    """
    first, last = feature_day(now), _day(now)
    return tuple(first + dt.timedelta(days=more) for more in range((last - first).days + 1))


def current_day(now: dt.datetime) -> dt.date:
    """The last issue day that has begun at `now`."""
    return last_weekday(_day(now))


def feature_days(last: dt.date, count: int) -> list[dt.date]:
    """The `count` feature days that end with `last` (or the Friday before it), earlier first."""
    found: list[dt.date] = []
    day = last_weekday(last)
    while len(found) < count:
        found.append(day)
        day = last_weekday(day - dt.timedelta(days=1))
    return found[::-1]


def listing_day(now: dt.datetime) -> dt.date:
    """The day that what comes in at `now` is listed on: today or, on a weekend, Monday, so that it
    stands in a list that is still growing and comes into a digest.
    """
    return on_weekday(_day(now))


def on_weekday(day: dt.date) -> dt.date:
    """`day`, or the Monday after it where it is on a weekend."""
    last = last_weekday(day)
    return day if last == day else last + dt.timedelta(days=3)


def next_weekday(day: dt.date) -> dt.date:
    """The first weekday after `day`."""
    return on_weekday(day + dt.timedelta(days=1))


def closes_at(day: dt.date) -> dt.datetime:
    """When a feature day ends and its list no longer grows: the next midnight, UTC."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)


def last_weekday(day: dt.date) -> dt.date:
    """`day`, or the Friday before it where it is on a weekend."""
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def _day(now: dt.datetime) -> dt.date:
    if now.tzinfo is None:
        raise ValueError("A time without a time zone doesn't belong to any day.")
    return now.astimezone(dt.UTC).date()
