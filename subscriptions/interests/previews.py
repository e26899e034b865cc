"""What an interest would have brought in the last two weeks, before it is saved.

It is asked of the matching itself, so it shows what will be sent. An interest in words that brings
more than `settings.INTEREST_SHARE` percent of all papers is too broad to be followed.
"""

import datetime as dt
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext

from papers.days import feature_day
from papers.evidence import Evidence, why_of
from papers.matching.interests.day_index import DayIndex
from papers.matching.interests.matcher import Found, Wanted, match
from papers.matching.interests.specs import InterestSpec, Kind
from papers.models import Feature, Paper
from papers.semantics import current
from subscriptions.interests.following import Refused
from subscriptions.interests.matching import index_of, vectors_for

MOST_PAPERS = 6_000
"""Papers that a preview looks at: of more, the most trending ones of each day."""

SHOWN = 20
"""Papers that a preview lists."""

NEVER_BROAD = 10
"""So many papers in two weeks are not too many, however few there are in all."""

KEPT_SECONDS = 600
"""How long the index of the last two weeks is kept: a reader tries several words in a row."""

_lock = threading.Lock()
_kept: tuple[object, float, DayIndex] | None = None


@dataclass(frozen=True, slots=True)
class PreviewedPaper:
    """A paper that the interest would have brought."""

    paper: Paper
    is_certain: bool
    evidence: tuple[Evidence, ...]

    @property
    def why(self) -> str:
        """Why, in the active language."""
        return why_of(one.as_dict() for one in self.evidence)


@dataclass(frozen=True, slots=True)
class Preview:
    """What an interest would have brought."""

    papers: tuple[PreviewedPaper, ...]
    """The first ones, certain ones before others, best first."""
    certain: int
    maybe: int
    """How many may be meant, and may be not: they are sent only to who wants them."""
    looked_at: int
    days: int
    is_too_broad: bool

    @property
    def share(self) -> float:
        """Percent of all papers that it certainly matches."""
        return 100 * self.certain / self.looked_at if self.looked_at else 0.0

    def refuse_broad(self) -> None:
        """Raise `Refused`, with the number, where it is too broad to be followed."""
        if self.is_too_broad:
            raise Refused(
                "broad",
                gettext(
                    "This would bring %(number)d of %(all)d papers in %(days)d days. "
                    "Add words, or look in titles only."
                )
                % {"number": self.certain, "all": self.looked_at, "days": self.days},
            )


def preview(spec: InterestSpec, now: dt.datetime, days: int = 14) -> Preview:
    """What `spec` would have brought in the `days` before `now`. Four queries and a second's work
    where many papers have to be indexed; a few milliseconds while the index is kept.
    """
    fitted = current.number_in_use()
    index = _index(now, days, fitted)
    vector = None
    if spec.kind is Kind.LIKENESS and fitted is not None:
        vector = vectors_for([spec], fitted)[0]
    found = sorted(match(index, [Wanted(0, spec, vector)]), key=_best_first)
    certain = sum(one.is_certain for one in found)
    most = max(NEVER_BROAD, settings.INTEREST_SHARE / 100 * len(index.papers))
    first = found[:SHOWN]
    papers = Paper.objects.in_bulk([index.papers[one.row].id for one in first])
    return Preview(
        papers=tuple(
            PreviewedPaper(papers[pk], one.is_certain, one.evidence)
            for one in first
            if (pk := index.papers[one.row].id) in papers
        ),
        certain=certain,
        maybe=len(found) - certain,
        looked_at=len(index.papers),
        days=days,
        is_too_broad=spec.kind is Kind.WORDS and certain > most,
    )


def _best_first(one: Found) -> tuple[bool, float, int]:
    return not one.is_certain, -one.score, one.row


def _index(now: dt.datetime, days: int, fitted: int | None) -> DayIndex:
    """The index of the last days, kept for a while."""
    global _kept
    last = feature_day(now)
    wanted = [last - dt.timedelta(days=ago) for ago in range(days)]
    listed = Feature.objects.filter(day__in=wanted)
    key = (last, days, fitted, listed.count())
    with _lock:
        if _kept is None or _kept[0] != key or _kept[1] < time.monotonic():
            _kept = key, time.monotonic() + KEPT_SECONDS, index_of(wanted, fitted, MOST_PAPERS)
        return _kept[2]
