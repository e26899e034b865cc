"""Noticed since: papers whose attention came after their own issue.

Most attention comes later than a paper's day. A paper of the last two weeks that now has more of it
than 95 % of its field, and had not when its own issue was frozen, enters one later issue, once,
whatever it is called by then. Readers who follow its topics and haven't had it may get it there.
"""

import datetime as dt
from collections.abc import Collection

from django.conf import settings
from django.db.models import Min
from django.db.models.functions import Coalesce

from newsletter.models import IssuePaper
from papers.matching import standings
from papers.matching.trending import NEWS, attention_of
from papers.models import Observation, Paper

WORK = Coalesce("paper__merged_into_id", "paper_id")


def noticed_since(day: dt.date, now: dt.datetime, leave_out: Collection[int]) -> dict[int, dt.date]:
    """The papers that the issue of `day`, frozen at `now`, takes in beside its own, with the day of
    each one's own issue; those that rose highest first.

    At most `NOTICED_PAPERS`, none of `leave_out` (ids of papers that stand for a work), none that
    an editor hid, none that entered an issue so before.
    """
    if not settings.NOTICED_PAPERS:
        return {}
    since = day - NEWS
    places = IssuePaper.objects.filter(issue__day__gte=since, issue__day__lt=day, is_noticed=False)
    own = {
        work: (issued, frozen_at)
        for work, issued, frozen_at in places.order_by()
        .values(work=WORK)
        .annotate(day=Min("issue__day"), frozen=Min("issue__frozen_at"))
        .values_list("work", "day", "frozen")
        if work not in leave_out
    }
    counted = Observation.objects.filter(
        observed_at__gt=dt.datetime.combine(since, dt.time(), dt.UTC), observed_at__lte=now
    )
    moved = set(counted.order_by().values_list(WORK, flat=True).distinct())
    before = IssuePaper.objects.filter(issue__day__gte=since, is_noticed=True)
    candidates = moved & set(own) - set(before.order_by().values_list(WORK, flat=True))
    by = standings.latest_yardsticks()
    rose: dict[int, float] = {}
    for pk, facts in standings.facts_of(candidates, now, day).items():
        scale = by.fields.get(facts.known.of_field)
        if scale is None:
            continue
        then, _ = attention_of(facts.known.attention, own[pk][1], by)
        current, _ = attention_of(facts.known.attention, now, by)
        if current > scale.above >= then:
            rose[pk] = current / scale.above if scale.above else float("inf")
    shown = set(Paper.objects.shown().filter(pk__in=rose).values_list("pk", flat=True))
    best = sorted(shown, key=lambda pk: (-rose[pk], pk))[: settings.NOTICED_PAPERS]
    return {pk: own[pk][0] for pk in best}
