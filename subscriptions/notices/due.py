"""Which email is due: rows that ask for one, and the wake-up that makes a worker look.

A row is written in the transaction of the change that makes it due; the wake comes after the
commit, and nothing depends on it: workers look for rows by themselves. Who sends them, and through
what, this app does not know.
"""

import datetime as dt
import logging
from collections.abc import Collection

from papers import waking
from subscriptions.models import AddressChange, Notice, Subscriber

logger = logging.getLogger(__name__)

Kind = Notice.Kind
State = Notice.State

ASK_AGAIN_AFTER = dt.timedelta(hours=24)
"""Within this time a subscribe form leads to one email at most, however often it is sent off."""

NEVER_MAILED_SINCE = dt.timedelta(days=7)
"""So far back readers are looked for who wait for a confirmation that no row asks for."""


class NoticeUnderWay(Exception):
    """An email about an earlier change of address is just being sent; ask again in a moment."""


def ask_for(
    kind: Notice.Kind,
    subscriber_id: int,
    now: dt.datetime,
    change: AddressChange | None = None,
) -> None:
    """Make the email due; nothing where one of its kind is open already. Two statements.

    `change` is what the email is about; one about an earlier change makes way for it, and where
    that is being sent right now, `NoticeUnderWay` is raised.
    """
    deadline = now + Notice.WITHIN
    if change is not None:
        deadline = change.asked_at + AddressChange.WITHIN
        Notice.objects.filter(subscriber=subscriber_id, kind=kind, state=State.PENDING).update(
            state=State.SKIPPED, reason="another change of address was asked for"
        )
    Notice.objects.bulk_create(
        [
            Notice(
                subscriber_id=subscriber_id,
                kind=kind,
                change=change,
                due_at=now,
                not_before=now,
                deadline=deadline,
            )
        ],
        ignore_conflicts=True,
    )
    if change is not None and not change.notices.filter(kind=kind).exists():
        raise NoticeUnderWay


def ask_all(kind: Notice.Kind, subscriber_ids: Collection[int], now: dt.datetime) -> None:
    """Make the email due to all these readers, as `ask_for` does to one. One statement."""
    rows = [
        Notice(
            subscriber_id=subscriber_id,
            kind=kind,
            due_at=now,
            not_before=now,
            deadline=now + Notice.WITHIN,
        )
        for subscriber_id in subscriber_ids
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)


def may_ask(subscriber: Subscriber, now: dt.datetime) -> bool:
    """Whether a subscribe form may lead to an email to this subscriber again."""
    asked = subscriber.asked_to_confirm_at
    return asked is None or asked <= now - ASK_AGAIN_AFTER


def give_back_the_day(notice_ids: Collection[int]) -> None:
    """Let those readers ask again at once whose confirmation, or word that they are subscribed
    already, was not sent after all.
    """
    if not notice_ids:
        return
    rows = Notice.objects.filter(
        pk__in=notice_ids,
        kind__in=Notice.ONCE_A_DAY,
        state__in=(State.FAILED, State.EXPIRED, State.SKIPPED),
    )
    for subscriber_id, due_at in rows.values_list("subscriber_id", "due_at"):
        Subscriber.objects.filter(pk=subscriber_id, asked_to_confirm_at=due_at).update(
            asked_to_confirm_at=None
        )


def ask_for_the_forgotten(now: dt.datetime) -> int:
    """Ask for the confirmation of everyone who waits for one and of whom no row knows: the version
    before left it to a message, and messages get lost. How many.
    """
    forgotten = Subscriber.objects.filter(
        status=Subscriber.Status.PENDING,
        asked_to_confirm_at=None,
        created_at__gt=now - NEVER_MAILED_SINCE,
        imported=None,  # those are asked at a rate of their own, by another letter
    ).exclude(notices__kind=Kind.CONFIRM)
    ids = list(forgotten.values_list("pk", flat=True)[:1000])
    ask_all(Kind.CONFIRM, ids, now)
    if ids:
        logger.warning("queued confirmations that were missed", extra={"readers": len(ids)})
    return len(ids)


def wake(task: str = "newsletter.tasks.drain") -> None:
    """Have a worker look for rows now rather than within seconds; see `papers.waking`."""
    waking.wake(task)
