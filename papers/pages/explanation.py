"""Why a paper stands where it does, in words, for its page."""

import datetime as dt
from collections.abc import Collection

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext, ngettext

from papers.fields import FIELDS, field_of
from papers.matching.standings import latest_yardsticks
from papers.matching.trending import NEWS, Attention, attention_of
from papers.models import Observation, Paper, Source, TrendingPlace


def reasons(
    paper: Paper, works: Collection[int], last_listed: dt.date | None, now: dt.datetime
) -> list[str]:
    """Sentences about the attention that `paper` gets, in the active language: points that other
    services counted, its last place in a trending list, and how it stands in its field while it is
    ranked. `works` are the ids of all its names. Three queries.
    """
    seen = list(
        Observation.objects.filter(paper__in=works, observed_at__lte=now)
        .select_related("source")
        .order_by("observed_at")
    )
    points = {
        one.source.name: one.upvotes
        for one in seen
        if one.source.kind in Source.OBSERVING and one.upvotes is not None
    }
    said = [
        ngettext("%(count)d point at %(source)s", "%(count)d points at %(source)s", count)
        % {"count": count, "source": name}
        for name, count in points.items()
        if count
    ]
    place = (
        TrendingPlace.objects.filter(paper__in=works)
        .select_related("source")
        .order_by("-day", "position")
        .first()
    )
    if place is not None:
        day = date_format(place.day, gettext("j F"))
        said.append(
            gettext("No. %(position)d in “%(source)s” on %(day)s")
            % {"position": place.position, "source": place.source.name, "day": day}
        )
    if last_listed is None or now.date() - last_listed > NEWS:
        return said
    attention, counted = attention_of(
        [
            Attention(
                one.observed_at, one.source.slug, one.upvotes, one.comments, one.stars, one.saves,
                one.clicks,
            )
            for one in seen
        ],
        now,
        by := latest_yardsticks(),
    )  # fmt: skip
    name = field_of(map(str, paper.categories))
    scale = by.fields.get(name)
    if attention > 0 and scale is not None and attention > scale.above:
        said.append(
            gettext("More attention than 95 %% of recent papers in this field: %(field)s")
            % {"field": FIELDS[name]}
        )
    elif not counted and place is None:
        said.append(
            gettext(
                "Nobody has counted attention yet. Until then its place follows from its source, "
                "its category, its authors’ earlier papers, its novelty and its topics."
            )
        )
    return said
