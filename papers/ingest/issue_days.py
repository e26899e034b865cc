"""Which issue a paper comes into: that of the first day which is still open when we learn of it.

Issues are frozen by the app above, which says here which days are closed and takes the lock that is
here while it freezes one. So a paper that is stored at that very moment is either in the issue, or
is listed on the day after; it is never on a day whose issue does not have it.
"""

import datetime as dt
from collections.abc import Callable

from django.db import connection

from papers.days import next_weekday, on_weekday

ClosedDays = Callable[[dt.date], set[dt.date]]
"""The days from a day on whose issues are frozen."""

LOCK = 0x62726F61
"""The key of the advisory lock, a number like any other."""

_ask: list[ClosedDays] = []


def tell_closed_days(closed: ClosedDays) -> None:
    """Have `closed` say which days are closed; the app that freezes them calls this once."""
    _ask[:] = [closed]


def first_open(day: dt.date) -> dt.date:
    """The first issue day from `day` on that is open: a weekend's papers come on Monday, and those
    of a day whose issue is frozen on the next one.

    Must be called in the transaction that lists papers there, which keeps the day open that long.
    """
    _lock(shared=True)
    found = on_weekday(day)
    closed = {at for ask in _ask for at in ask(found)}
    while found in closed:
        found = next_weekday(found)
    return found


def is_closed(day: dt.date) -> bool:
    """Whether the issue of the day is frozen, as far as anybody knows now."""
    return any(day in ask(day) for ask in _ask)


def next_open(day: dt.date) -> dt.date:
    """The first issue day from `day` on that is open, as far as anybody knows now. One query."""
    closed = {at for ask in _ask for at in ask(day)}
    while day in closed:
        day = next_weekday(day)
    return day


def hold_listing() -> None:
    """Keep everybody from listing papers until the end of the transaction, and wait for those who
    are just doing so.
    """
    _lock(shared=False)


def _lock(*, shared: bool) -> None:
    if connection.vendor != "postgresql":
        return  # on SQLite one transaction writes at a time
    name = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name}(%s)", [LOCK])
