"""Moving a subscription to another address. It takes a button in both inboxes.

Whoever holds the link to a reader's preferences may have found it in a forwarded mail, and
whoever types an address may mistype it. So the old inbox agrees that the digests leave, the new one
that they are welcome, in whichever order; then the address changes, and every link in earlier mails
is void. What these functions return says which mails are due: to the page it is all the same
whether the new address is free, subscribed or suppressed.
"""

import datetime as dt

from django.db import IntegrityError, transaction

from subscriptions.addresses import normalized_email
from subscriptions.links import Purpose
from subscriptions.models import AddressChange, Consent, Subscriber, Suppression
from subscriptions.notices.letters import ASK_AGAIN_AFTER, NOTHING, Kind, Outgoing
from subscriptions.readers import personal_data

MOST_ASKED = 5
"""Changes that one reader may ask for in `AddressChange.WITHIN`: each mails a stranger, perhaps."""


class AskedTooOften(Exception):
    """This reader has asked for too many changes lately."""


@transaction.atomic
def ask(subscriber: Subscriber, email: str, now: dt.datetime) -> tuple[Outgoing, Outgoing]:
    """Begin to move the subscription to `email`; which mails are due to the old and the new end.

    A change that was open before is withdrawn. Asking for the same one again sends nothing: the
    mails of the first time hold, also where it was withdrawn since. The same new address is mailed
    once a day at most, whoever asks. Raises `AskedTooOften`.
    """
    email = normalized_email(email)
    subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
    if subscriber.status != Subscriber.Status.ACTIVE or email == subscriber.email:
        return NOTHING, NOTHING
    delete_lapsed(now)
    mine = subscriber.address_changes.all()
    again = mine.filter(new_email=email).last()
    if again is not None and not again.is_cancelled:
        return NOTHING, NOTHING
    mine.update(is_cancelled=True)
    if again is not None:
        again.is_cancelled = False
        again.old_confirmed_at = again.new_confirmed_at = None
        again.save(update_fields=["is_cancelled", "old_confirmed_at", "new_confirmed_at"])
        return NOTHING, NOTHING
    if mine.count() >= MOST_ASKED:
        raise AskedTooOften
    was_mailed = AddressChange.objects.filter(
        new_email=email, asked_at__gt=now - ASK_AGAIN_AFTER
    ).exists()
    subscriber.address_changes.create(new_email=email, asked_at=now)
    other = Subscriber.objects.with_email(email).first()
    to_new = Outgoing(Kind.MOVE_TO, subscriber.pk)
    if was_mailed or Suppression.objects.covers(email):
        to_new = NOTHING
    elif other is not None and other.status == Subscriber.Status.ACTIVE:
        to_new = Outgoing(Kind.ALREADY, other.pk)
    return Outgoing(Kind.MOVE_FROM, subscriber.pk), to_new


def open_change(subscriber: Subscriber, now: dt.datetime) -> AddressChange | None:
    """The change that waits to be confirmed, if there is one."""
    return subscriber.address_changes.open(now).last()


def cancel(subscriber: Subscriber, now: dt.datetime) -> bool:
    """Withdraw the open change; whether there was one."""
    return bool(subscriber.address_changes.open(now).update(is_cancelled=True))


def drop(subscriber: Subscriber, now: dt.datetime) -> None:
    """Forget the open change, of which nobody was told."""
    subscriber.address_changes.open(now).delete()


@transaction.atomic
def agree(
    subscriber: Subscriber, change_id: int, end: Purpose, now: dt.datetime
) -> Outgoing | None:
    """One end (`Purpose.MOVE_FROM` or `MOVE_TO`) agrees to the change; once both have, the address
    changes. The mail that is then due; `NOTHING` while the other end is awaited; None where the
    change does not hold: run out, withdrawn, or its new address taken or suppressed meanwhile.
    """
    subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
    change = subscriber.address_changes.open(now).filter(pk=change_id).first()
    if change is None or subscriber.status != Subscriber.Status.ACTIVE:
        return None
    if end is Purpose.MOVE_FROM:
        change.old_confirmed_at = change.old_confirmed_at or now
    else:
        change.new_confirmed_at = change.new_confirmed_at or now
    change.save(update_fields=["old_confirmed_at", "new_confirmed_at"])
    if not (change.old_confirmed_at and change.new_confirmed_at):
        return NOTHING
    if not _make_room(change.new_email) or not _give(subscriber, change.new_email):
        cancel(subscriber, now)
        return None
    subscriber.address_changes.all().delete()
    subscriber.void_links()
    subscriber.record(Consent.Action.MOVED, now, "confirmed at the old and the new address")
    return Outgoing(Kind.MOVED, subscriber.pk)


def _make_room(email: str) -> bool:
    """Whether the address can become a subscriber's. What is kept of it from earlier, when it never
    confirmed or has left, makes way: its holder has just agreed to the digests that move in.
    """
    if Suppression.objects.covers(email):
        return False
    other = Subscriber.objects.select_for_update().with_email(email).first()
    if other is None:
        return True
    if other.status not in (Subscriber.Status.PENDING, Subscriber.Status.LEFT):
        return False
    personal_data.erase(other)
    return True


def _give(subscriber: Subscriber, email: str) -> bool:
    """Write the new address; False where somebody subscribed with it at this very moment."""
    try:
        with transaction.atomic():
            Subscriber.objects.filter(pk=subscriber.pk).update(email=email)
    except IntegrityError:
        return False
    subscriber.email = email
    return True


@transaction.atomic
def void_links(subscriber: Subscriber, now: dt.datetime) -> Outgoing:
    """Make every link in earlier mails void, those of a change of address included; the mail that
    brings a new one.
    """
    subscriber.address_changes.all().delete()
    subscriber.void_links()
    subscriber.record(Consent.Action.VOIDED, now)
    return Outgoing(Kind.PREFERENCES, subscriber.pk)


def delete_lapsed(now: dt.datetime) -> int:
    """Delete the changes that were not confirmed in time; how many."""
    deleted, _ = AddressChange.objects.lapsed(now).delete()
    return deleted
