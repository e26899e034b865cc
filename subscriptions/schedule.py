"""When is a subscriber's next digest due? Pure functions over zoneinfo.

A rhythm names local days and an hour. An hour that comes twice is taken the first time, one that
a clock change skips is taken as if the clock had not changed yet (PEP 495: `fold=0`), which for a
gap that begins at that hour is the first moment after it. So every due day has exactly one due
moment.
"""

import datetime as dt
from zoneinfo import ZoneInfo

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def moment(day: dt.date, hour: int, zone: ZoneInfo) -> dt.datetime:
    """The one moment, in UTC, at which `hour` o'clock is due on `day` in `zone`."""
    return dt.datetime.combine(day, dt.time(hour), zone).astimezone(dt.UTC)


def is_due_day(day: dt.date, rhythm: str, weekday: int) -> bool:
    """Whether a digest of this rhythm is due on the local `day` (`weekday`: Monday is 0)."""
    if rhythm == "weekly":
        return day.weekday() == weekday
    if rhythm == "weekdays":
        return day.weekday() < 5
    return True


def next_digest(
    now: dt.datetime,
    *,
    rhythm: str,
    hour: int,
    timezone: str,
    weekday: int = 0,
    paused_until: dt.date | None = None,
) -> dt.datetime:
    """The first due moment strictly after `now`, in UTC.

    `rhythm` is daily, weekdays or weekly (on `weekday`); `hour` is local in the IANA `timezone`;
    with `paused_until`, nothing is due before that local day. A timezone that has left the
    database counts as UTC, so that a reader gets a digest at an odd hour rather than none.
    """
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    day = now.astimezone(zone).date()
    if paused_until is not None and paused_until > day:
        day = paused_until
    # Nine days always hold a due one, even where a zone skipped a whole day.
    for _ in range(9):
        if is_due_day(day, rhythm, weekday):
            due = moment(day, hour, zone)
            if due > now:
                return due
        day += dt.timedelta(days=1)
    raise ValueError(f"no {rhythm} digest within nine days of {now}")  # pragma: no cover
