"""Ending topics, and moving their readers to others: what it would bring, and doing it.

Nobody is left with nothing without being told: whoever follows nothing else that is offered gets an
email (`tell_the_stranded`), and the preferences page says so until they chose something.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from papers.matching import ranking
from papers.models import Match, Topic
from papers.models.topic import in_order
from subscriptions.models import Following, Notice, Subscriber, Subscription, TopicChange
from subscriptions.notices.due import ask_for

MOST_COUNTED = 10_000
"""Readers that are counted for a preview."""

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Before:
    """What readers of one ended topic get now, and would get."""

    topic: Topic
    readers: int
    kept: int
    """Papers of the last days that a successor has, too."""
    lost: int
    gained: int


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change would bring."""

    before: tuple[Before, ...]
    moved: int
    """Readers who would follow a successor newly; counted up to `MOST_COUNTED` and one."""
    left: int
    """Readers who would follow nothing that is offered."""


def preview(ended: Sequence[Topic], successors: Sequence[Topic], now: dt.datetime) -> ChangePreview:
    """What ending these topics would bring for their readers, by the papers of the last days."""
    recent = ranking.recent(now).values("pk")

    def papers_of(topics: Sequence[Topic]) -> set[int]:
        rows = Match.objects.sendable().filter(topic__in=topics, paper__in=recent)
        return set(rows.values_list("paper_id", flat=True))

    after = papers_of(successors) if successors else set()
    before = []
    for topic in ended:
        mine = papers_of([topic])
        readers = Subscription.objects.filter(topic=topic, subscriber__status="active")
        before.append(
            Before(
                topic,
                len(readers.values_list("pk")[: MOST_COUNTED + 1]),
                len(mine & after),
                len(mine - after),
                len(after - mine),
            )
        )
    moved = _concerned(ended)
    for topic in successors:
        mine_too = Subscription.objects.filter(topic=topic, subscriber=OuterRef("pk"))
        moved = moved.exclude(Exists(mine_too)) if len(successors) == 1 else moved
    left = 0 if successors else len(_with_nothing_but(ended).values_list("pk")[: MOST_COUNTED + 1])
    found = len(moved.values_list("pk")[: MOST_COUNTED + 1]) if successors else 0
    return ChangePreview(tuple(before), found, left)


def _concerned(ended: Sequence[Topic]) -> "QuerySet[Subscriber]":
    """Readers who follow one of them."""
    follow = Subscription.objects.filter(topic__in=ended)
    return Subscriber.objects.filter(pk__in=follow.values("subscriber_id")).order_by()


def _with_nothing_but(ended: Sequence[Topic]) -> "QuerySet[Subscriber]":
    """Active readers who follow one of these, and nothing that is offered besides."""
    return without_anything(_concerned(ended) & Subscriber.objects.mailable(), ended)


def without_anything(
    readers: "QuerySet[Subscriber]", ended: Sequence[Topic] = ()
) -> "QuerySet[Subscriber]":
    """Those of the readers whom no topic that is offered, no interest and no wish for what trends
    brings a paper. `ended` topics count as not offered.
    """
    offered = Subscription.objects.filter(subscriber=OuterRef("pk"), topic__is_active=True)
    if ended:
        offered = offered.exclude(topic__in=ended)
    follows = Following.objects.running().filter(subscriber=OuterRef("pk"))
    return readers.filter(top_papers=False).exclude(Exists(offered)).exclude(Exists(follows))


class NotPossible(ValueError):
    """The change cannot be made; the text says why."""


def check(ended: Sequence[Topic], successors: Sequence[Topic]) -> None:
    """Raise `NotPossible` for a change that makes no sense."""
    if not ended:
        raise NotPossible("Choose at least one topic to end.")
    if set(ended) & set(successors):
        raise NotPossible("A topic can’t both end and take over readers.")
    if any(not topic.is_active for topic in successors):
        raise NotPossible("Only an active topic can take over readers. Activate it first.")


@transaction.atomic
def change(
    ended: Sequence[Topic], successors: Sequence[Topic], now: dt.datetime, by: Any
) -> TopicChange:
    """End the topics and have their readers follow the successors, all or nothing. Raises
    `NotPossible`.

    Without a successor readers keep what they chose, should the topic come back; with one they
    follow that instead.
    """
    check(ended, successors)
    left = 0 if successors else _with_nothing_but(ended).count()
    made = TopicChange.objects.create(
        ended=[topic.pk for topic in ended],
        successors=[topic.pk for topic in successors],
        words=_words(ended, successors),
        made_at=now,
        made_by=by,
        left=left,
    )
    # Locked in one order, so that two changes at once do not wait for each other.
    keys = [topic.pk for topic in (*ended, *successors)]
    list(Topic.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
    Topic.objects.filter(pk__in=made.ended).update(is_active=False)
    if successors:
        _move(made)
        Subscription.objects.filter(topic__in=made.ended).delete()
        made.moved = (
            Subscription.objects.filter(came_with=made).values("subscriber").distinct().count()
        )
        made.save(update_fields=["moved"])
    return made


def successor_of(topic: int) -> int | None:
    """The topic that took the place of this one (keys): the only successor of its latest end, or
    that one's own where it was ended since. None where there is none, or more than one. One query.
    """
    changes = list(TopicChange.objects.values_list("pk", "ended", "successors"))  # latest first
    found, since = None, 0
    while True:
        latest = next((one for one in changes if topic in one[1] and one[0] > since), None)
        if latest is None:
            return found
        since, _, successors = latest
        if len(successors) != 1:
            return None
        found = topic = successors[0]


def _move(made: TopicChange) -> None:
    """Have the readers of the ended topics follow each successor. In chunks of readers."""
    follow = Subscription.objects.filter(topic__in=made.ended).order_by("subscriber_id")
    ids = list(follow.values_list("subscriber_id", flat=True).distinct())
    for at in range(0, len(ids), CHUNK):
        Subscription.objects.bulk_create(
            [
                Subscription(subscriber_id=reader, topic_id=topic, came_with=made)
                for reader in ids[at : at + CHUNK]
                for topic in made.successors
            ],
            ignore_conflicts=True,
        )


def _words(ended: Sequence[Topic], successors: Sequence[Topic]) -> str:
    names = " and ".join(topic.name for topic in ended)
    if not successors:
        return f"{names} ended"[:300]
    return f"{names} became {' and '.join(topic.name for topic in successors)}"[:300]


def tell_the_stranded(now: dt.datetime) -> int:
    """Make an email due to each reader who follows topics, none of which is offered anymore, and
    nothing else; once, until they follow something again. How many.
    """
    gone = Subscription.objects.filter(topic__is_active=False)
    found = without_anything(
        Subscriber.objects.mailable().filter(
            pk__in=gone.values("subscriber_id"), told_of_nothing_at=None
        )
    )
    ids = list(found.order_by("pk").values_list("pk", flat=True)[:CHUNK])
    for pk in ids:
        with transaction.atomic():
            if Subscriber.objects.filter(pk=pk, told_of_nothing_at=None).update(
                told_of_nothing_at=now
            ):
                ask_for(Notice.Kind.NOTHING, pk, now)
    told = Subscriber.objects.exclude(told_of_nothing_at=None)
    again = told.exclude(pk__in=without_anything(told.all()).values("pk"))
    again.update(told_of_nothing_at=None)
    return len(ids)


def no_longer_offered(subscriber: Subscriber) -> list[str]:
    """The names of the topics that the reader follows and that are not offered anymore, in the
    active language.
    """
    gone = Topic.objects.filter(subscriptions__subscriber=subscriber, is_active=False)
    return [topic.label for topic in in_order(gone)]


def has_nothing(subscriber: Subscriber) -> bool:
    """Whether nothing that the reader follows is offered."""
    return without_anything(Subscriber.objects.filter(pk=subscriber.pk)).exists()
