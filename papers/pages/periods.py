"""Weeks and months of papers, and the month's calendar. Days are counted in UTC, as sources do."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

_DAY = dt.timedelta(days=1)

EARLIEST, LATEST = dt.date(1000, 1, 1), dt.date(9998, 12, 31)
"""Days that have a week and a month on either side, in years of four digits."""


@dataclass(frozen=True, slots=True)
class Period:
    """A week from Monday to Sunday, as ISO 8601 counts them, or a month."""

    kind: Literal["week", "month"]
    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        """As it stands in addresses: 2026-W24, 2026-06."""
        return f"{self.first:%G-W%V}" if self.kind == "week" else f"{self.first:%Y-%m}"

    @property
    def days_in_words(self) -> str:
        """Its days, in the active language."""
        return days_in_words(self.first, self.last)

    @property
    def number(self) -> int:
        """The week's number in its year."""
        return self.first.isocalendar().week

    @property
    def earlier(self) -> "Period":
        """The one before."""
        return _of(self.kind, self.first - _DAY)

    @property
    def later(self) -> "Period":
        """The one after."""
        return _of(self.kind, self.last + _DAY)


def week_of(day: dt.date) -> Period:
    """The week that `day` is in."""
    monday = day - dt.timedelta(days=day.weekday())
    return Period("week", monday, monday + dt.timedelta(days=6))


def month_of(day: dt.date) -> Period:
    """The month that `day` is in."""
    first = day.replace(day=1)
    return Period("month", first, (first + dt.timedelta(days=31)).replace(day=1) - _DAY)


def parse(text: str) -> Period:
    """The period that an address names; ValueError where there is none such."""
    year, _, part = text.partition("-")
    if part[:1] == "W":
        day = dt.date.fromisocalendar(int(year), int(part[1:]), 1)
    else:
        day = dt.date(int(year), int(part), 1)
    if not EARLIEST <= day <= LATEST:
        raise ValueError("out of our time")
    return week_of(day) if part[:1] == "W" else month_of(day)


def _of(kind: Literal["week", "month"], day: dt.date) -> Period:
    return week_of(day) if kind == "week" else month_of(day)


def days_in_words(first: dt.date, last: dt.date) -> str:
    """Such as "8–14 June 2026" or "29 June – 5 July 2026"; in the active language."""
    end = date_format(last, gettext("j F Y"))
    if (first.year, first.month) == (last.year, last.month):
        day = pgettext("first day of a range within a month", "j")
        return f"{date_format(first, day)}–{end}"
    begin = date_format(first, gettext("j F") if first.year == last.year else gettext("j F Y"))
    return f"{begin} – {end}"


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A square of the calendar."""

    day: dt.date
    papers: int
    is_in_month: bool


@dataclass(frozen=True, slots=True)
class CalendarWeek:
    """A row of the calendar."""

    week: Period
    days: tuple[CalendarDay, ...]

    @property
    def has_papers(self) -> bool:
        """Whether any of its days has papers."""
        return any(each.papers for each in self.days)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A month in weeks, and how many papers each day has."""

    month: Period
    weeks: tuple[CalendarWeek, ...]
    earlier: Period | None
    """The month before, where there may be papers."""
    later: Period | None

    @property
    def papers(self) -> int:
        """In the whole month; a paper listed on two days counts twice."""
        return sum(each.papers for row in self.weeks for each in row.days if each.is_in_month)


def calendar_of(
    month: Period, counts: Mapping[dt.date, int], since: dt.date, up_to: dt.date
) -> Calendar:
    """The calendar of `month` with the numbers of papers by day; papers lie in `since`..`up_to`."""
    weeks = []
    week = week_of(month.first)
    while week.first <= month.last:
        days = (week.first + dt.timedelta(days=n) for n in range(7))
        squares = (
            CalendarDay(day, counts.get(day, 0), month.first <= day <= month.last) for day in days
        )
        weeks.append(CalendarWeek(week, tuple(squares)))
        week = week.later
    return Calendar(
        month=month,
        weeks=tuple(weeks),
        earlier=month.earlier if month.earlier.last >= since else None,
        later=month.later if month.later.first <= up_to else None,
    )
