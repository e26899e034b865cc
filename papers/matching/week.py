"""The week's attention: what papers are worth for what they got within it.

The trending score of a day decays with age and was frozen with its issue, so it can't compare
Monday's papers with Friday's. Here each gets the score that it would have at the end of the week
for what came within the week alone: counts less what they were before, lists and further listings
of these days, all equally fresh. It is the score of `papers.matching.trending`, with its priors and
each field measured against itself, so that papers of fields that nobody votes on take part.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from django.db.models import Max, Q

from papers.matching import standings
from papers.matching.trending import CHANNELS, Attention
from papers.matching.yardsticks import Known
from papers.models import Observation, WeekOfAttention


@dataclass(frozen=True, slots=True)
class Week:
    """What is kept of a week, by paper id."""

    worth: Mapping[int, float] | None
    """The score of each paper; None where a version before counted upvotes alone."""
    gained: Mapping[int, int]
    """Upvotes; papers that nobody counted are left out."""


def attention_of_week(
    first: dt.date, last: dt.date, papers: Collection[int], until: dt.datetime
) -> Week:
    """What `papers` got from the beginning of `first` to `until`, when the week's `last` day was
    frozen.

    Counted at the first call for `last` and kept: later calls say the same, whatever was counted
    since.
    """
    kept = WeekOfAttention.objects.filter(pk=last).first()
    if kept is None:
        begin = dt.datetime.combine(first, dt.time(), dt.UTC)
        counted = {
            "worth": {str(pk): value for pk, value in _worth(begin, papers, until).items()},
            "gained": _gained(begin, papers, until),
        }
        # Two workers may count at once: the first one's row is everybody's.
        kept, _ = WeekOfAttention.objects.get_or_create(pk=last, defaults=counted)
    return Week(
        None if kept.worth is None else {int(pk): value for pk, value in kept.worth.items()},
        {int(pk): upvotes for pk, upvotes in kept.gained.items()},
    )


def within(known: Known, begin: dt.datetime, until: dt.datetime) -> Known:
    """What is known of a paper, as if all that came from `begin` to `until` had come just now and
    nothing before; and nobody had picked it.
    """
    by_source: dict[str, list[Attention]] = {}
    for seen in known.attention:
        by_source.setdefault(seen.source, []).append(seen)
    return replace(
        known,
        attention=[
            Attention(until, source, **{name: _more(mine, name, begin, until) for name in CHANNELS})
            for source, mine in by_source.items()
        ],
        featured_at=until,
        listings=[
            replace(one, listed_at=until)
            for one in known.listings
            if begin <= one.listed_at <= until
        ],
        places=[
            replace(one, seen_at=until) for one in known.places if begin <= one.seen_at <= until
        ],
        pick=None,
    )


def _more(
    seen: Iterable[Attention], channel: str, begin: dt.datetime, until: dt.datetime
) -> int | None:
    """The highest count of the week less the highest before; None where nobody counted."""
    before, most = 0, None
    for one in seen:
        count = one.count(channel)
        if count is None or one.observed_at > until:
            continue
        if one.observed_at < begin:
            before = max(before, count)
        else:
            most = max(most or 0, count)
    return None if most is None else max(0, most - before)


def _worth(begin: dt.datetime, papers: Collection[int], until: dt.datetime) -> dict[int, float]:
    by = standings.latest_measured()
    return {
        pk: standings.score_of(within(known, begin, until), until, by.yardsticks)
        for pk, known in standings.known_of(papers, until, by)
    }


def _gained(begin: dt.datetime, papers: Collection[int], until: dt.datetime) -> dict[str, int]:
    counts = (
        Observation.objects.elsewhere()
        .filter(paper__in=papers, observed_at__lte=until)
        .exclude(upvotes=None)
        .order_by()
        .values("paper_id")
        .annotate(most=Max("upvotes"), before=Max("upvotes", filter=Q(observed_at__lt=begin)))
    )
    return {
        str(paper): max(0, most - (before or 0))
        for paper, most, before in counts.values_list("paper_id", "most", "before")
    }
