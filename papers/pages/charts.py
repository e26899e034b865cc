"""A paper's counts over time as a small line chart: plain numbers for an inline SVG."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 160
"""The size of the drawing area, in the units of the SVG's view box."""

MOST_POINTS = 120
"""Points that are drawn; more would not be seen."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A line from the first to the last count."""

    line: str
    """The `points` of an SVG polyline."""
    area: str
    """The same closed along the bottom."""
    first: tuple[dt.datetime, int]
    last: tuple[dt.datetime, int]
    top: int
    """The count at the upper edge."""
    points: list[tuple[dt.datetime, int]]
    """What is drawn, for a table."""

    @property
    def end(self) -> tuple[str, str]:
        """Where the line ends, as (x, y)."""
        x, _, y = self.line.rpartition(" ")[2].partition(",")
        return x, y


def line_chart(counts: Iterable[tuple[dt.datetime, int | None]]) -> Chart | None:
    """The chart of `counts`, (time, count) in any order; None where there are no two to join.

    Counts that are None were not taken and leave no point. The lower edge is zero.
    """
    known = sorted((at, count) for at, count in counts if count is not None)
    if len({at for at, _ in known}) < 2:
        return None
    if len(known) > MOST_POINTS:
        step = (len(known) - 1) / (MOST_POINTS - 1)
        known = [known[round(i * step)] for i in range(MOST_POINTS)]
    begin, end = known[0][0], known[-1][0]
    top = max(count for _, count in known) or 1
    points = [
        f"{(at - begin) / (end - begin) * WIDTH:.1f},{HEIGHT - count / top * HEIGHT:.1f}"
        for at, count in known
    ]
    line = " ".join(points)
    return Chart(
        line=line,
        area=f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}",
        first=known[0],
        last=known[-1],
        top=top,
        points=known,
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """One of several numbers beside each other."""

    label: str
    count: int
    x: str
    """Where its column begins, of `WIDTH`."""
    length: str
    """Of the longest, which has 100 in a row of bars and `HEIGHT` in a column."""
    y: str
    """Where its column begins, from above."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Numbers beside each other, for an SVG whose columns are `width` wide."""

    bars: tuple[Bar, ...]
    width: str
    top: int
    """The largest."""


def bar_chart(counts: Iterable[tuple[str, int]]) -> Bars | None:
    """The chart of `counts`, (label, count) in their order; None where all are zero."""
    known = list(counts)
    top = max((count for _, count in known), default=0)
    if not top:
        return None
    step = WIDTH / len(known)
    bars = tuple(
        Bar(
            label,
            count,
            x=f"{number * step + step * 0.1:.1f}",
            length=f"{count / top * HEIGHT:.1f}",
            y=f"{HEIGHT - count / top * HEIGHT:.1f}",
        )
        for number, (label, count) in enumerate(known)
    )
    return Bars(bars, f"{step * 0.8:.1f}", top)
