"""Readers who are there twice, under two spellings of one mailbox, made one.

Of the rows one stays: the first in the order suppressed, left, active, pending, so that nobody who
left or complained is emailed again. It keeps what all of them said and agreed to.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from newsletter.models import Delivery
from subscriptions.addresses import key_of
from subscriptions.models import Consent, FormerSubscriber, Notice, Subscriber, Suppression

State, Status = Delivery.State, Subscriber.Status

ORDER = (Status.SUPPRESSED, Status.LEFT, Status.ACTIVE, Status.PENDING)

MAY_HAVE_BEEN_SENT = frozenset({State.SENT, State.FEED, State.UNKNOWN})

PREFERENCES = (
    *("rhythm", "weekday", "hour", "timezone", "papers_wanted", "receives_by", "text_only"),
    *("top_papers", "groups_by_topic", "in_full", "machine_summaries", "learns", "language"),
    *("paused_until", "pause_reason"),
)

WORDING = "merged with another spelling of the same address"


class BeingSent(Exception):
    """A worker is sending to one of them at this moment."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Rows of one mailbox, the one that stays first. A single one only lacks its key."""

    key: str
    rows: tuple[Subscriber, ...]

    @property
    def survivor(self) -> Subscriber:
        """The one that stays."""
        return self.rows[0]

    @property
    def others(self) -> tuple[Subscriber, ...]:
        """Those that go."""
        return self.rows[1:]


def find() -> list[Duplicates]:
    """All mailboxes with a row that has no key."""
    by_key: dict[str, list[Subscriber]] = defaultdict(list)
    for row in Subscriber.objects.filter(email_key=None).order_by("pk"):
        by_key[key_of(row.email)].append(row)
    for row in Subscriber.objects.filter(email_key__in=by_key).order_by("pk"):
        by_key[str(row.email_key)].append(row)
    return [Duplicates(key, _in_order(rows)) for key, rows in by_key.items()]


def _in_order(rows: list[Subscriber]) -> tuple[Subscriber, ...]:
    return tuple(sorted(rows, key=lambda row: (ORDER.index(Status(row.status)), row.pk)))


@transaction.atomic
def join(found: Duplicates, now: dt.datetime) -> Subscriber:
    """Make them one; the one that stayed. Raises `BeingSent`, and then nothing has changed."""
    keys = [row.pk for row in found.rows]
    survivor, *others = _in_order(
        list(Subscriber.objects.select_for_update().filter(pk__in=keys).order_by("pk"))
    )
    for model in (Delivery, Notice):
        if model.objects.filter(subscriber__in=keys, state=State.CLAIMED).exists():
            raise BeingSent
    if survivor.status != Status.ACTIVE:
        _prefer(survivor, [one for one in others if one.status == Status.ACTIVE])
    for other in others:
        _take_over(survivor, other)
        other.delete()
    survivor.email_key = found.key
    if Suppression.objects.covers(survivor.email):
        survivor.status = Status.SUPPRESSED
    if (survivor.is_mailable and survivor.next_digest_at is None) or not survivor.is_mailable:
        survivor.reschedule(now)
    survivor.save()
    if others:
        survivor.record(Consent.Action.CHANGED, now, WORDING)
    return survivor


def _prefer(survivor: Subscriber, active: list[Subscriber]) -> None:
    """The preferences of the active row are the ones that the reader lives with."""
    for one in active[:1]:
        for name in PREFERENCES:
            setattr(survivor, name, getattr(one, name))


def _take_over(survivor: Subscriber, other: Subscriber) -> None:
    """Make what belongs to `other` the survivor's, but for what the survivor has already."""
    held = survivor.subscriptions.values("topic")
    other.subscriptions.exclude(topic__in=held).update(subscriber=survivor)
    other.consents.update(subscriber=survivor)
    other.submissions.update(subscriber=survivor)
    other.upvotes.exclude(paper__in=survivor.upvotes.values("paper")).update(subscriber=survivor)
    told = survivor.retraction_alerts.values("paper")
    other.retraction_alerts.exclude(paper__in=told).update(subscriber=survivor)
    _take_over_feedback(survivor, other)
    _take_over_reading_list(survivor, other)
    _take_over_interests(survivor, other)
    _take_over_deliveries(survivor, other)
    _take_over_notices(survivor, other, moves=_take_over_changes(survivor, other))
    survivor.welcomed_on = survivor.welcomed_on or other.welcomed_on
    survivor.confirmed_at = survivor.confirmed_at or other.confirmed_at
    other.former.update(subscriber=survivor, survivor_version=survivor.link_version)
    FormerSubscriber.objects.create(
        former_id=other.pk,
        link_version=other.link_version,
        subscriber=survivor,
        survivor_version=survivor.link_version,
    )


def _take_over_feedback(survivor: Subscriber, other: Subscriber) -> None:
    """The last word about a paper counts."""
    said = {one.paper_id: one for one in survivor.feedback.all()}
    for one in other.feedback.all():
        mine = said.get(one.paper_id)
        if mine is not None and mine.at >= one.at:
            continue
        if mine is not None:
            mine.delete()
        one.subscriber = survivor
        one.save(update_fields=["subscriber"])


def _take_over_reading_list(survivor: Subscriber, other: Subscriber) -> None:
    """All papers of both, also where they are more than one may save. The higher version of the
    feed's address counts, so that no address comes back that was given up.
    """
    held = survivor.saved_papers.values("paper")
    other.saved_papers.exclude(paper__in=held).update(subscriber=survivor)
    survivor.reading_list_feed_version = max(
        survivor.reading_list_feed_version, other.reading_list_feed_version
    )


def _take_over_interests(survivor: Subscriber, other: Subscriber) -> None:
    """What both follow stays as the survivor follows it; all that either muted stays muted."""
    followed = survivor.followings.values("interest")
    other.followings.exclude(interest__in=followed).update(subscriber=survivor)
    muted = survivor.muted.values("interest")
    other.muted.exclude(interest__in=muted).update(subscriber=survivor)
    survivor.next_interests_at = survivor.next_interests_at or other.next_interests_at


def _take_over_deliveries(survivor: Subscriber, other: Subscriber) -> None:
    """Of two of one kind for one issue the one that may have been sent stays, and none is left."""
    rows = survivor.deliveries.all()
    held = {(one.issue_id, one.interests_of_id, one.letter_id): one for one in rows}
    for one in other.deliveries.all():
        mine = held.get((one.issue_id, one.interests_of_id, one.letter_id))
        if mine is not None:
            theirs_counts = one.state in MAY_HAVE_BEEN_SENT and mine.state not in MAY_HAVE_BEEN_SENT
            loser = mine if theirs_counts else one
            if loser.state == State.PENDING:
                loser.delete()
            else:
                # It stays in the books, as one of nobody.
                Delivery.objects.filter(pk=loser.pk).update(subscriber=None)
            if loser is one:
                continue
        Delivery.objects.filter(pk=one.pk).update(subscriber=survivor)


def _take_over_changes(survivor: Subscriber, other: Subscriber) -> bool:
    """A change of address that both ends may still agree to, where the survivor is active and has
    begun none; whether there was one.
    """
    if not survivor.is_mailable or survivor.address_changes.filter(is_cancelled=False).exists():
        return False
    return bool(other.address_changes.update(subscriber=survivor))


def _take_over_notices(survivor: Subscriber, other: Subscriber, *, moves: bool) -> None:
    """All but those that the survivor waits for, too, and those about a change of address where
    that went.
    """
    gone = Q(kind__in=survivor.notices.open().values("kind"))
    if not moves:
        gone |= Q(kind__in=Notice.MOVES)
    other.notices.open().filter(gone).delete()
    other.notices.update(subscriber=survivor)
