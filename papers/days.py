"""Which day's papers? Feature days, as sources count them: in UTC, Monday to Friday."""

import datetime as dt

LONGEST_WAIT = dt.timedelta(hours=6)
"""How long after a day's end anybody waits for it: readers for its issue, the issue for sources."""


def feature_day(now: dt.datetime) -> dt.date:
    """The day whose papers a digest carries at `now`: by default the previous feature day.

    The list of a day grows until midnight UTC, so the current day's is never used. Weekends have
    no list of their own: from Saturday to Monday digests carry Friday's, on Tuesday Monday's.
    `now` must be aware.
    """
    return last_weekday(_day(now) - dt.timedelta(days=1))


def growing(now: dt.datetime) -> tuple[dt.date, ...]:
    """The days whose lists are worth a fetch at `now`, earlier first, each a feature day.

    The one that digests carry, whose votes and last entries still come in, and the current one
    where there is one.
    """
    return tuple(dict.fromkeys((feature_day(now), last_weekday(_day(now)))))


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
    today = _day(now)
    last = last_weekday(today)
    return today if last == today else last + dt.timedelta(days=3)


def closes_at(day: dt.date) -> dt.datetime:
    """When a feature day ends and its list no longer grows: the next midnight, UTC."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)


def last_weekday(day: dt.date) -> dt.date:
    """`day`, or the Friday before it where it is on a weekend."""
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def _day(now: dt.datetime) -> dt.date:
    if now.tzinfo is None:
        raise ValueError("A moment without a timezone belongs to no day.")
    return now.astimezone(dt.UTC).date()
