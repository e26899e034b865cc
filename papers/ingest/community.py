"""This site's own community as a source: papers submitted here, and upvotes given here.

It is a source like the others, so what the community lists and counts goes into pages, issues and
the trending score by the same way, with the same damping against a burst. Who submitted and who
voted is none of this module's business: it is told of records and of numbers.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import transaction

from papers import days
from papers.ingest.records import store
from papers.models import Feature, Observation, Paper, Source
from papers.sources.record import PaperRecord


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
