"""The week's attention: how many upvotes papers gained within it.

The trending score of a day decays with age and was frozen with its issue, so it can't compare
Monday's papers with Friday's. What a paper gained in the week can.
"""

import datetime as dt
from collections.abc import Collection

from django.db.models import Max, Q

from papers.models import Observation, WeekOfAttention


def gained_in_week(
    first: dt.date, last: dt.date, papers: Collection[int], until: dt.datetime
) -> dict[int, int]:
    """By paper id, the upvotes that `papers` gained from the beginning of `first` to `until`, when
    the week's `last` day was frozen: the highest count of any source, less the highest before.

    Counted at the first call for `last` and kept: later calls say the same, whatever was counted
    since. Papers that nobody counted are left out.
    """
    kept = WeekOfAttention.objects.filter(pk=last).first()
    if kept is None:
        counted = _counted(dt.datetime.combine(first, dt.time(), dt.UTC), papers, until)
        # Two workers may count at once: the first one's row is everybody's.
        kept, _ = WeekOfAttention.objects.get_or_create(pk=last, defaults={"gained": counted})
    return {int(paper): upvotes for paper, upvotes in kept.gained.items()}


def _counted(begin: dt.datetime, papers: Collection[int], until: dt.datetime) -> dict[str, int]:
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
