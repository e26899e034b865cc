"""What sources that only observe saw: counts and places in lists, joined with the stored papers.

A sighting names a work as the service does. Works that nobody listed are passed over, and so are
names that two papers claim. What several sightings say of one work, such as stories about its
abstract and its PDF, is added up.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction

from papers.models import Observation, Paper, PaperName, Source, TrendingPlace
from papers.sources.base import Sighting

BATCH = 2_000
"""Names looked for with one query."""

COUNTS = ("upvotes", "comments", "stars")


@transaction.atomic
def observe(sightings: Sequence[Sighting], source: Source, now: dt.datetime) -> int:
    """Store what `source` saw at `now`; how many papers it saw in another state than before.

    A count that is as it was is not observed again, so what is stored grows with what happens and
    not with how often a service is asked. Safe to repeat.
    """
    works = works_named({sighting.name for sighting in sightings})
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    places: dict[int, Sighting] = {}
    for sighting in sightings:
        work = works.get(sighting.name)
        if work is None:
            continue
        for name in COUNTS:
            count = getattr(sighting, name)
            if count is not None:
                # One repository's stars are the same whoever names it.
                before = counts[work].get(name, 0)
                counts[work][name] = max(before, count) if name == "stars" else before + count
        known = places.get(work)
        if sighting.position and (known is None or sighting.position < known.position):
            places[work] = sighting
    return len(_count(counts, source, now) | _place(places, source, now))


def works_named(names: Collection[str]) -> dict[str, int]:
    """The ids of the papers that stand for the works of these names, by name."""
    found: dict[str, int] = {}
    ordered = sorted(names)
    for at in range(0, len(ordered), BATCH):
        batch = ordered[at : at + BATCH]
        claims: dict[str, set[int]] = defaultdict(set)
        rows = PaperName.objects.filter(identifier__in=batch, kind=PaperName.SAME)
        for name, pk, main in rows.values_list("identifier", "paper_id", "paper__merged_into_id"):
            claims[name].add(main or pk)
        found |= {name: works.pop() for name, works in claims.items() if len(works) == 1}
        own = Paper.objects.filter(identifier__in=batch).order_by()
        for name, pk, main in own.values_list("identifier", "pk", "merged_into_id"):
            found[name] = main or pk
    return found


def _count(counts: Mapping[int, dict[str, int]], source: Source, now: dt.datetime) -> set[int]:
    """Observe the counts that differ from the last ones; the ids of those papers."""
    last: dict[int, dict[str, int | None]] = {}
    ids = sorted(counts)
    for at in range(0, len(ids), BATCH):
        rows = Observation.objects.filter(
            source=source, paper__in=ids[at : at + BATCH], observed_at__lte=now
        ).order_by("observed_at")
        for pk, *values in rows.values_list("paper_id", *COUNTS):
            last[pk] = dict(zip(COUNTS, values, strict=True))
    fresh = [
        Observation(paper_id=pk, source=source, observed_at=now, **found)
        for pk, found in sorted(counts.items())
        if found and any(last.get(pk, {}).get(name) != count for name, count in found.items())
    ]
    Observation.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    stars = {
        pk: counts[pk]["stars"] for pk in (one.paper_id for one in fresh) if "stars" in counts[pk]
    }
    papers = list(Paper.objects.filter(pk__in=stars).only("stars").order_by("identifier"))
    for paper in papers:
        paper.stars = stars[paper.pk]
    Paper.objects.bulk_update(papers, ["stars"], batch_size=500)
    return {one.paper_id for one in fresh}


def _place(places: Mapping[int, Sighting], source: Source, now: dt.datetime) -> set[int]:
    """Store the places of the day; the ids of the papers that had none on it, or a lower one."""
    day = now.astimezone(dt.UTC).date()
    known = {
        row.paper_id: row
        for row in TrendingPlace.objects.filter(source=source, day=day, paper__in=list(places))
    }
    rows = []
    changed = set()
    for pk, sighting in sorted(places.items()):
        before = known.get(pk)
        position = min(sighting.position, before.position if before else sighting.position)
        if before is None or position != before.position:
            changed.add(pk)
        rows.append(
            TrendingPlace(
                source=source,
                paper_id=pk,
                day=day,
                position=position,
                length=sighting.length,
                seen_at=now,
            )
        )
    TrendingPlace.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["source", "paper", "day"],
        update_fields=["position", "length", "seen_at"],
    )
    return changed
