"""Moving a subscription to another address. It takes a button in both inboxes.

Whoever holds the link to a reader's preferences may have found it in a forwarded mail, and
whoever types an address may mistype it. So the old inbox agrees that the digests leave, the new one
that they are welcome, in whichever order; then the address changes, and every link in earlier
emails
no longer works. The emails that are due become rows. While asking, the new address is looked up
nowhere, so
that neither the page nor its time tells whether it is free, subscribed or suppressed: what it gets
is decided when the row comes up.
"""

import datetime as dt

from django.db import IntegrityError, transaction

from subscriptions.addresses import key_of, normalized_email, typed_form
from subscriptions.links import Purpose
from subscriptions.models import AddressChange, Consent, Notice, Subscriber, Suppression
from subscriptions.notices.due import ask_for
from subscriptions.readers import personal_data

Kind = Notice.Kind

MOST_ASKED = 5
"""Changes that one reader may ask for in `AddressChange.WITHIN`: each emails a stranger,
perhaps."""


class AskedTooOften(Exception):
    """This reader has asked for too many changes lately."""


@transaction.atomic
def ask(subscriber: Subscriber, email: str, now: dt.datetime) -> AddressChange | None:
    """Begin to move the subscription to `email`, and ask both ends by email; None where there is
    nothing to begin.

    A change that was open before is withdrawn. Asking for the same one again sends nothing: the
    emails of the first time hold, also where it was withdrawn since. Raises `AskedTooOften`, and
    `NoticeUnderWay` while an email about an earlier change is being sent.
    """
    typed, email = typed_form(email), normalized_email(email)
    subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
    key = key_of(email)
    if subscriber.status != Subscriber.Status.ACTIVE or key == key_of(subscriber.email):
        return None
    delete_lapsed(now)
    mine = subscriber.address_changes.all()
    again = next((one for one in mine.reverse() if key_of(one.new_email) == key), None)
    if again is not None and not again.is_cancelled:
        return None
    mine.update(is_cancelled=True)
    if again is not None:
        again.is_cancelled = False
        again.old_confirmed_at = again.new_confirmed_at = None
        again.save(update_fields=["is_cancelled", "old_confirmed_at", "new_confirmed_at"])
        return None
    if mine.count() >= MOST_ASKED:
        raise AskedTooOften
    change = subscriber.address_changes.create(new_email=email, new_email_typed=typed, asked_at=now)
    ask_for(Kind.MOVE_FROM, subscriber.pk, now, change)
    ask_for(Kind.MOVE_TO, subscriber.pk, now, change)
    return change


def open_change(subscriber: Subscriber, now: dt.datetime) -> AddressChange | None:
    """The change that waits to be confirmed, if there is one."""
    return subscriber.address_changes.open(now).last()


def cancel(subscriber: Subscriber, now: dt.datetime) -> bool:
    """Withdraw the open change; whether there was one."""
    return bool(subscriber.address_changes.open(now).update(is_cancelled=True))


@transaction.atomic
def agree(subscriber: Subscriber, change_id: int, end: Purpose, now: dt.datetime) -> bool:
    """One end (`Purpose.MOVE_FROM` or `MOVE_TO`) agrees to the change; once both have, the address
    changes, and an email to it is due. Whether it changed: not while the other end is awaited, nor
    where the change does not hold, because it ran out, was withdrawn, or its new address was taken
    or suppressed meanwhile.
    """
    subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
    change = subscriber.address_changes.open(now).filter(pk=change_id).first()
    if change is None or subscriber.status != Subscriber.Status.ACTIVE:
        return False
    if end is Purpose.MOVE_FROM:
        change.old_confirmed_at = change.old_confirmed_at or now
    else:
        change.new_confirmed_at = change.new_confirmed_at or now
    change.save(update_fields=["old_confirmed_at", "new_confirmed_at"])
    if not (change.old_confirmed_at and change.new_confirmed_at):
        return False
    if not _make_room(change.new_email) or not _give(subscriber, change):
        cancel(subscriber, now)
        return False
    subscriber.address_changes.all().delete()
    subscriber.void_links()
    subscriber.record(Consent.Action.MOVED, now, "confirmed at the old and the new address")
    ask_for(Kind.MOVED, subscriber.pk, now)
    return True


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


def _give(subscriber: Subscriber, change: AddressChange) -> bool:
    """Write the new address; False where somebody subscribed with it at this very moment."""
    email, typed = change.new_email, change.new_email_typed
    try:
        with transaction.atomic():
            Subscriber.objects.filter(pk=subscriber.pk).update(email=email, email_typed=typed)
    except IntegrityError:
        return False
    subscriber.email, subscriber.email_typed = email, typed
    return True


@transaction.atomic
def void_links(subscriber: Subscriber, now: dt.datetime) -> None:
    """Make every link in earlier emails void, those of a change of address included, and have a new
    one sent.
    """
    subscriber.address_changes.all().delete()
    subscriber.void_links()
    subscriber.record(Consent.Action.VOIDED, now)
    ask_for(Kind.PREFERENCES, subscriber.pk, now)


def delete_lapsed(now: dt.datetime) -> int:
    """Delete the changes that were not confirmed in time; how many."""
    deleted, _ = AddressChange.objects.lapsed(now).delete()
    return deleted
