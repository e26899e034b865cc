"""Coming and going: subscribing, confirming, coming back, and asking for a lost link.

What these functions return says which mail is due, never to the visitor: whoever types an address
sees the same answer whether it is unknown, waiting, active, gone or suppressed. The functions send
and enqueue nothing.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from papers.models import Topic
from subscriptions.addresses import key_of, normalized_email
from subscriptions.models import Consent, Subscriber, Suppression
from subscriptions.notices.letters import NOTHING, Kind, Outgoing, may_ask

UNDO_WITHIN = dt.timedelta(days=1)
"""How long the page that says goodbye can take it back."""


@dataclass(frozen=True, slots=True)
class SignupChoices:
    """What the subscribe form asks for besides an address and topics; see `Subscriber`."""

    rhythm: str = Subscriber.Rhythm.DAILY
    weekday: int = 0
    hour: int = 7
    timezone: str = "UTC"
    language: str = "en"


@transaction.atomic
def subscribe(
    email: str,
    topics: Collection[Topic],
    choices: SignupChoices,
    now: dt.datetime,
    wording: str = "",
) -> Outgoing:
    """Keep what a visitor asked for until the address confirms it; which mail is to be sent.

    Nobody is subscribed by this. An active subscriber's preferences do not change, and a
    suppressed address is not even written down. `wording` is what the button said.
    """
    if Suppression.objects.covers(email):
        return NOTHING
    # Two visitors may send off the same new address at once: the constraint lets one row through,
    # and the other transaction then finds it.
    if not Subscriber.objects.with_email(email).exists():
        Subscriber.objects.get_or_create(
            email_key=key_of(email),
            defaults={
                "email": normalized_email(email),
                "papers_wanted": settings.DIGEST_PAPERS,
            },
        )
    subscriber = Subscriber.objects.select_for_update().with_email(email).get()
    if subscriber.status == Subscriber.Status.SUPPRESSED:
        return NOTHING
    kind = Kind.ALREADY
    if subscriber.status != Subscriber.Status.ACTIVE:
        kind = Kind.CONFIRM
        subscriber.rhythm = choices.rhythm
        subscriber.weekday = choices.weekday
        subscriber.hour = choices.hour
        subscriber.timezone = choices.timezone
        subscriber.language = choices.language
        subscriber.save(update_fields=["rhythm", "weekday", "hour", "timezone", "language"])
        subscriber.follow(list(topics))
        subscriber.record(Consent.Action.ASKED, now, wording)
    return Outgoing(kind, subscriber.pk) if may_ask(subscriber, now) else NOTHING


def send_preferences_link(email: str, now: dt.datetime) -> Outgoing:
    """Which mail helps whoever lost the link to their preferences.

    One who has not confirmed yet gets the confirmation again, if that is due. An unknown address
    takes the same two queries as a known one.
    """
    is_suppressed = Suppression.objects.covers(email)
    subscriber = Subscriber.objects.with_email(email).first()
    if subscriber is None or is_suppressed:
        return NOTHING
    match subscriber.status:
        case Subscriber.Status.ACTIVE | Subscriber.Status.LEFT:
            return Outgoing(Kind.PREFERENCES, subscriber.pk)
        case Subscriber.Status.PENDING if may_ask(subscriber, now):
            return Outgoing(Kind.CONFIRM, subscriber.pk)
    return NOTHING


def can_confirm(subscriber: Subscriber, asked_at: dt.datetime) -> bool:
    """Whether a confirmation link made at `asked_at` (whole seconds) still holds: not where the
    address is suppressed, nor for one who has left since.
    """
    if subscriber.status == Subscriber.Status.SUPPRESSED:
        return False
    return subscriber.left_at is None or asked_at >= subscriber.left_at.replace(microsecond=0)


@transaction.atomic
def confirm(
    subscriber: Subscriber, asked_at: dt.datetime, now: dt.datetime, wording: str = ""
) -> bool:
    """Make the subscription active where `can_confirm`; whether it is active now."""
    subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
    if not can_confirm(subscriber, asked_at):
        return False
    subscriber.confirm(now, wording)
    if not subscriber.is_mailable:
        return False
    # The day's wait ends here: who leaves and returns at once is to get a new confirmation.
    subscriber.asked_to_confirm_at = None
    subscriber.save(update_fields=["asked_to_confirm_at"])
    return True


def come_back(subscriber: Subscriber, now: dt.datetime, wording: str = "") -> bool:
    """Make the subscription of one who left active again, for a reader who has shown to own the
    address; whether that changed anything.
    """
    if subscriber.status != Subscriber.Status.LEFT:
        return False
    return subscriber.confirm(now, wording)


def can_undo(subscriber: Subscriber, now: dt.datetime) -> bool:
    """Whether the goodbye page may still bring the subscriber back."""
    return (
        subscriber.status == Subscriber.Status.LEFT
        and subscriber.left_at is not None
        and now - subscriber.left_at <= UNDO_WITHIN
    )
