"""This site's own community as a source: papers submitted here, and upvotes given here.

It is a source like the others, so what the community lists and counts goes into pages, issues and
the trending score by the same way, with the same damping against a burst. Who submitted and who
voted is none of this module's business: it is told of records and of numbers.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

from django.db import transaction
from django.db.models import OuterRef, Subquery

from papers import days
from papers.ingest.records import store
from papers.models import Feature, Observation, Paper, Source
from papers.sources.record import PaperRecord

Channel = Literal["saves", "clicks"]
"""What readers do beside upvoting."""

MOMENTS = {"saves": dt.timedelta(microseconds=1), "clicks": dt.timedelta(microseconds=2)}


def source() -> Source:
    """The source that stands for the site's readers."""
    found, _ = Source.objects.get_or_create(
        kind=Source.COMMUNITY, defaults={"slug": "community", "name": "Our readers"}
    )
    return found


def feature(record: PaperRecord, now: dt.datetime) -> Paper:
    """List a paper on the day that is due; the paper. Once, however often it is repeated."""
    store([record], source(), days.listing_day(now), now)
    return Paper.objects.get(identifier=record.identifier)


def feature_all(records: Sequence[PaperRecord], now: dt.datetime) -> dict[str, int]:
    """As `feature`, many at once: the papers' keys by the records' identifiers. As many statements
    for five hundred as for one.
    """
    store(records, source(), days.listing_day(now), now)
    wanted = [record.identifier for record in records]
    papers = Paper.objects.filter(identifier__in=wanted)
    return dict(papers.order_by().values_list("identifier", "pk"))


def rename_submitter(identifiers: Sequence[str], name: str) -> None:
    """Have pages say that `name` submitted these papers here."""
    Feature.objects.filter(source=source(), paper__identifier__in=identifiers).update(
        submitted_by=name
    )


@transaction.atomic
def observe(upvotes: Mapping[int, int], now: dt.datetime) -> int:
    """Take `upvotes`, by paper id, for all the votes that there are; how many papers changed.

    A paper that is left out has none. Only what differs from the last time is written and
    observed, so what is stored grows with time and not with the number of votes.
    """
    before = dict(
        Paper.objects.filter(reader_upvotes__gt=0).order_by().values_list("pk", "reader_upvotes")
    )
    wanted = {pk: upvotes.get(pk, 0) for pk in {*before, *upvotes}}
    changed = [pk for pk, count in wanted.items() if count != before.get(pk, 0)]
    locked = (
        Paper.objects.select_for_update(no_key=True)
        .filter(pk__in=changed)
        .only("identifier")
        .order_by("identifier")
    )
    papers = list(locked)
    for paper in papers:
        paper.reader_upvotes = wanted[paper.pk]
    if papers:
        Paper.objects.bulk_update(papers, ["reader_upvotes"], batch_size=500)
        at = source()
        rows = [
            Observation(paper=paper, source=at, observed_at=now, upvotes=paper.reader_upvotes)
            for paper in papers
        ]
        Observation.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return len(papers)


@transaction.atomic
def observe_readers(channel: Channel, counts: Mapping[int, int], now: dt.datetime) -> int:
    """Take `counts`, by paper id, for how many readers there are of each paper at this moment who
    saved it, or who followed its links; for how many papers that is news.

    Such counts only tell how much attention a paper gets: no page shows them.
    """
    mine = Observation.objects.filter(source__kind=Source.COMMUNITY).exclude(**{channel: None})
    newest = mine.filter(paper=OuterRef("paper"), source=OuterRef("source"))
    last = mine.filter(pk=Subquery(newest.order_by("-observed_at").values("pk")[:1])).order_by()
    before = dict(last.values_list("paper_id", channel))
    known = set(Paper.objects.filter(pk__in=counts).values_list("pk", flat=True))
    wanted = {pk: counts.get(pk, 0) for pk in {*before, *known}}
    changed = {pk: count for pk, count in wanted.items() if count != before.get(pk, 0)}
    if not changed:
        return 0
    at = source()
    # One moment has one observation, and upvotes may be counted in this one.
    moment = now - MOMENTS[channel]
    rows = [
        Observation(paper_id=pk, source=at, observed_at=moment, **{channel: count})
        for pk, count in sorted(changed.items())
    ]
    Observation.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return len(rows)
