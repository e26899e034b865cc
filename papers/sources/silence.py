"""Has a source gone quiet? One that answers, and lists nothing for longer than it ever did before.

A daily list misses weekends and holidays, a quarterly journal misses months, so each source is held
against its own past: the longest pause between two days with papers that it remembers.
"""

import datetime as dt
from itertools import pairwise

from papers.models import Source

ENOUGH = 4
"""Days with papers from which on pauses between them say what is usual."""

MARGIN = dt.timedelta(days=2)
"""Beyond the longest pause so far: a holiday more is no news."""

LEAST = dt.timedelta(days=4)
"""A weekend with a holiday at each end."""

AT_FIRST = dt.timedelta(days=14)
"""How long a source may be quiet of which nothing is known yet."""


def silence(source: Source, now: dt.datetime) -> str:
    """A sentence about a source that gave nothing for longer than usual; empty where it did not."""
    gave = sorted(map(dt.date.fromisoformat, source.gave or []))
    answered = source.answered_days()
    if not gave:
        quiet = answered[-1] - answered[0] if answered else dt.timedelta()
        if quiet < AT_FIRST - dt.timedelta(days=1):
            return ""
        return f"{source.name} answers, but hasn't listed any papers since {answered[0]}."
    quiet = now.astimezone(dt.UTC).date() - gave[-1]
    if len(gave) < ENOUGH:
        limit, usual = AT_FIRST, ""
    else:
        longest = max(later - earlier for earlier, later in pairwise(gave))
        limit = max(longest + MARGIN, LEAST)
        usual = f" Its longest gap before was {_days(longest)}."
    if quiet <= limit:
        return ""
    return f"{source.name} answers, but has listed nothing for {_days(quiet)}.{usual}"


def _days(span: dt.timedelta) -> str:
    return "1 day" if span.days == 1 else f"{span.days} days"
