"""Retracted papers, and the readers who are told of them once, in their next digest.

A paper that was retracted or withdrawn is noticed within a minute. As soon as no digest can be
under way anymore that holds it, everybody who got it in a digest, saved or liked it, under
whichever of its names, gets a row (`RetractionAlert`). The next digest that goes out to a reader
carries the rows that wait, and each row says in which digest it went before that is handed over:
whatever happens to a worker, no reader is told twice, and none is forgotten. A digest that did not
go out in the end leaves its rows to the next one.

While nobody is to be told, all this costs a digest nothing and a batch of them one small query.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from newsletter import bulk_sql
from newsletter.digests.choices import paper_ids
from newsletter.digests.history import HAD, issues_sharing
from newsletter.digests.selection import Fallen
from newsletter.models import Delivery, Retraction, RetractionAlert
from papers.ingest.retractions import notices_of
from papers.models import Paper
from subscriptions.models import Feedback, SavedPaper, Upvote

logger = logging.getLogger(__name__)

BATCH = 5_000
"""Deliveries read at once in the search for who got a paper."""

MOST = 10
"""Papers that one digest tells of; those beyond wait for the one after."""


# --- Who is to be told ----------------------------------------------------------------------------


def look(now: dt.datetime) -> int:
    """Notice what was retracted, find the readers of what was noticed a while ago, and close what
    all were told of; how many readers were found. Four small queries while there is nothing.
    """
    _notice(now)
    _follow_joins(now)
    found = 0
    settled = now - 2 * settings.DELIVERY_LEASE  # until then a digest under way may bring it yet
    noticed = Retraction.objects.filter(state=Retraction.State.NOTICED, noticed_at__lte=settled)
    for one in noticed:
        found += _find_readers(one)
    _close(now)
    return found


def _notice(now: dt.datetime) -> None:
    fallen = Paper.objects.fallen().filter(merged_into=None, retraction=None)
    rows = [Retraction(paper_id=pk, noticed_at=now) for pk in fallen.values_list("pk", flat=True)]
    if rows:
        Retraction.objects.bulk_create(rows, ignore_conflicts=True)


def _follow_joins(now: dt.datetime) -> None:
    """Leave to the paper that stands for a work now what was begun for another name of it, so that
    nobody hears of both.
    """
    moved = Retraction.objects.exclude(paper__merged_into=None).select_related("paper")
    for one in moved.exclude(state=Retraction.State.DONE):
        with transaction.atomic():
            main = one.paper.merged_into_id or one.paper_id
            told = RetractionAlert.objects.filter(paper=main).values("subscriber")
            mine = RetractionAlert.objects.filter(paper=one.paper_id)
            mine.exclude(subscriber__in=told).update(paper=main)
            Retraction.objects.get_or_create(paper_id=main, defaults={"noticed_at": now})
            Retraction.objects.filter(paper=main, state=Retraction.State.DONE).update(
                state=Retraction.State.TELLING
            )
            one.state = Retraction.State.DONE
            one.save(update_fields=["state"])


def _find_readers(retraction: Retraction) -> int:
    """Make the alerts of one paper; how many. May be repeated, also by two at once."""
    names = list(Paper.objects.works_of([retraction.paper_id]))
    known = RetractionAlert.objects.filter(paper__in=names)
    before = set(known.values_list("subscriber_id", flat=True))
    made = 0
    for batch in _readers_of(names, retraction.noticed_at):
        new = sorted(batch - before)
        before.update(new)
        made += len(new)
        RetractionAlert.objects.bulk_create(
            [RetractionAlert(subscriber_id=pk, paper_id=retraction.paper_id) for pk in new],
            ignore_conflicts=True,
            batch_size=1_000,
        )
    Retraction.objects.filter(pk=retraction.pk, state=Retraction.State.NOTICED).update(
        state=Retraction.State.TELLING
    )
    if made:
        logger.info("readers are to be told", extra={"paper": retraction.paper_id, "count": made})
    return made


def _readers_of(names: Sequence[int], before: dt.datetime) -> Iterator[set[int]]:
    """Who saved or liked one of these papers until then, and who got one, in parts."""
    saved = SavedPaper.objects.filter(paper__in=names, at__lte=before)
    liked = Feedback.objects.filter(paper__in=names, value=Feedback.Value.MORE, at__lte=before)
    upvoted = Upvote.objects.filter(paper__in=names, at__lte=before)
    for given in (saved, liked, upvoted):
        yield set(given.order_by().values_list("subscriber_id", flat=True))
    wanted = set(names)
    # As text, a digest's papers are [[paper, place, …], …] or [{"paper": …}, …]: what has the
    # number somewhere is read, and only what has it as a paper counts.
    holds = Q()
    for pk in names:
        holds |= Q(text__contains=f"[{pk},") | Q(text__contains=f'"paper": {pk},')
    for issue_id in issues_sharing(names):
        after = 0
        while True:
            got = (
                Delivery.objects.filter(issue=issue_id, subscriber__gt=after, state__in=HAD)
                .alias(text=Cast("choices", TextField()))
                .filter(holds)
                .order_by("subscriber_id")
                .values_list("subscriber_id", "choices")[:BATCH]
            )
            found = list(got)
            yield {
                pk
                for pk, stored in found
                if pk is not None and not wanted.isdisjoint(paper_ids(stored))
            }
            if len(found) < BATCH:
                break
            after = found[-1][0] or 0


def _close(now: dt.datetime) -> None:
    """Say on the rows what went out, and of papers that all were told of that they are done."""
    telling = Retraction.objects.filter(state=Retraction.State.TELLING)
    papers = list(telling.values_list("paper_id", flat=True))
    if not papers:
        return
    told = RetractionAlert.objects.told().filter(paper__in=papers).values("pk")
    RetractionAlert.objects.filter(pk__in=list(told.values_list("pk", flat=True))).update(
        told_at=now
    )
    open_ones = RetractionAlert.objects.filter(paper__in=papers, told_at=None)
    waiting = set(open_ones.order_by().values_list("paper_id", flat=True).distinct())
    telling.filter(paper__in=set(papers) - waiting).update(state=Retraction.State.DONE)


# --- What a digest says ---------------------------------------------------------------------------


def alerts_for(
    subscriber_ids: Sequence[int], retried: Collection[int] = ()
) -> dict[int, dict[int, Fallen]]:
    """What these readers are to be told: by subscriber id, by the id of the alert.

    `retried` are deliveries being made that were tried before: what they told of they tell again,
    as they hold the same papers again. One small query while nobody is to be told.
    """
    telling = list(Retraction.objects.telling().values_list("paper_id", flat=True))
    wanted = RetractionAlert.objects.none()
    if telling and subscriber_ids:
        mine = bulk_sql.among(RetractionAlert, "subscriber_id", subscriber_ids)
        wanted = RetractionAlert.objects.waiting().filter(mine, paper__in=telling)
    rows = list(wanted.order_by("pk").values_list("pk", "subscriber_id", "paper_id"))
    if retried:
        again = RetractionAlert.objects.filter(delivery__in=retried).order_by("pk")
        rows += again.values_list("pk", "subscriber_id", "paper_id")
    if not rows:
        return {}
    fallen = shown({paper_id for _, _, paper_id in rows})
    found: dict[int, dict[int, Fallen]] = defaultdict(dict)
    for pk, subscriber_id, paper_id in rows:
        if paper_id in fallen and len(found[subscriber_id]) < MOST:
            found[subscriber_id][pk] = fallen[paper_id]
    return found


def told_in_each(deliveries: Collection[Delivery]) -> dict[int, list[Fallen]]:
    """What each of these digests told of, by its id, in its order."""
    rows = RetractionAlert.objects.filter(delivery__in=[one.pk for one in deliveries])
    told = list(rows.order_by("pk").values_list("delivery_id", "paper_id"))
    found = shown({paper_id for _, paper_id in told}) if told else {}
    each: dict[int, list[Fallen]] = defaultdict(list)
    for delivery_id, paper_id in told:
        if paper_id in found:
            each[delivery_id or 0].append(found[paper_id])
    return each


def shown(ids: Iterable[int]) -> dict[int, Fallen]:
    """How these papers are told of, by id; without those that stand after all."""
    works = Paper.objects.works_of(ids)
    papers = Paper.objects.fallen().in_bulk(set(works.values()))
    notices = notices_of(list(papers))
    return {
        pk: Fallen(
            title=paper.title,
            path=paper.get_absolute_url(),
            notice=notice if (notice := notices.get(paper.pk, "")).startswith("https://") else "",
            is_retracted=paper.status == Paper.Status.RETRACTED,
        )
        for pk in ids
        if (paper := papers.get(works.get(pk, 0)))
    }


def record(carried: Mapping[int, Collection[int]]) -> None:
    """Write which alerts (ids) each digest (delivery id) carries, before it is sent. One statement,
    and none where none carries any.
    """
    rows = [
        {"id": alert, "delivery": delivery} for delivery, mine in carried.items() for alert in mine
    ]
    if not rows:
        return
    table = bulk_sql.table(RetractionAlert)
    source = bulk_sql.rows({"id": "id", "delivery": "id"})
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET delivery_id = r.delivery FROM {source} "  # noqa: S608
            f"WHERE {table}.id = r.id",
            [bulk_sql.packed(rows)],
        )
