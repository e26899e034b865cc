"""Coming and going: subscribing, confirming, coming back, and asking for a lost link.

Which email follows is a row that these functions write, never an answer to the visitor: whoever
types an address sees the same page whether it is unknown, waiting, active, gone or suppressed.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from papers.models import Topic
from subscriptions.addresses import key_of, normalized_email, typed_form
from subscriptions.models import Consent, Notice, Subscriber, Suppression
from subscriptions.notices.due import ask_for, may_ask

Kind = Notice.Kind

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
    top_papers: bool = False


@transaction.atomic
def subscribe(
    email: str,
    topics: Collection[Topic],
    choices: SignupChoices,
    now: dt.datetime,
    wording: str = "",
    came_from: str = "",
) -> Notice.Kind | None:
    """Keep what a visitor asked for until the address confirms it; which email is due now.

    Nobody is subscribed by this. An active subscriber's preferences do not change, and of a
    suppressed address nothing is kept. `wording` is what the button said, `came_from` the source of
    the sign-up.
    """
    if Suppression.objects.covers(email):
        return None
    # Two visitors may send off the same new address at once: the constraint lets one row through,
    # and the other transaction then finds it.
    if not Subscriber.objects.with_email(email).exists():
        Subscriber.objects.get_or_create(
            email_key=key_of(email),
            defaults={
                "email": normalized_email(email),
                "email_typed": typed_form(email),
                "papers_wanted": settings.DIGEST_PAPERS,
            },
        )
    subscriber = Subscriber.objects.select_for_update().with_email(email).get()
    if subscriber.status == Subscriber.Status.SUPPRESSED:
        return None
    kind = Kind.ALREADY
    if subscriber.status != Subscriber.Status.ACTIVE:
        kind = Kind.CONFIRM
        subscriber.rhythm = choices.rhythm
        subscriber.weekday = choices.weekday
        subscriber.hour = choices.hour
        subscriber.timezone = choices.timezone
        subscriber.language = choices.language
        subscriber.top_papers = choices.top_papers
        fields = ["rhythm", "weekday", "hour", "timezone", "language", "top_papers"]
        subscriber.save(update_fields=fields)
        subscriber.follow(list(topics))
        subscriber.record(Consent.Action.ASKED, now, wording, came_from)
    if not may_ask(subscriber, now):
        return None
    ask_for(kind, subscriber.pk, now)
    return kind


@transaction.atomic
def send_preferences_link(email: str, now: dt.datetime) -> Notice.Kind | None:
    """Help whoever lost the link to their preferences; which email is due now.

    One who has not confirmed yet gets the confirmation again, if that is due.
    """
    subscriber = Subscriber.objects.with_email(email).first()
    if subscriber is None or Suppression.objects.covers(email):
        return None
    kind = None
    match subscriber.status:
        case Subscriber.Status.ACTIVE | Subscriber.Status.LEFT:
            kind = Kind.PREFERENCES
        case Subscriber.Status.PENDING if may_ask(subscriber, now):
            kind = Kind.CONFIRM
    if kind is not None:
        ask_for(kind, subscriber.pk, now)
    return kind


def can_confirm(subscriber: Subscriber, asked_at: dt.datetime) -> bool:
    """Whether a confirmation link made at `asked_at` (whole seconds) still holds: not where the
    address is suppressed, nor for one who has left since.
    """
    if _is_suppressed(subscriber):
        return False
    return subscriber.left_at is None or asked_at >= subscriber.left_at.replace(microsecond=0)


def _is_suppressed(subscriber: Subscriber) -> bool:
    """Also where the address was suppressed while it had another spelling, or no subscriber."""
    is_marked = subscriber.status == Subscriber.Status.SUPPRESSED
    return is_marked or Suppression.objects.covers(subscriber.email)


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
    if subscriber.status != Subscriber.Status.LEFT or _is_suppressed(subscriber):
        return False
    return subscriber.confirm(now, wording)


@transaction.atomic
def leave(subscriber: Subscriber, now: dt.datetime, wording: str) -> bool:
    """End the subscription with a goodbye by email, for a reader who pressed the button; whether
    that changed anything.
    """
    if not subscriber.leave(now, wording):
        return False
    ask_for(Kind.GOODBYE, subscriber.pk, now)
    return True


@transaction.atomic
def say_why(subscriber: Subscriber, reason: str) -> bool:
    """Note why a reader left, once; whether that was noted. What is no `Consent.Reason` is not."""
    if subscriber.status == Subscriber.Status.ACTIVE or reason not in Consent.Reason.values:
        return False
    left = Consent.objects.filter(subscriber=subscriber, action=Consent.Action.LEFT)
    last = left.select_for_update().order_by("-at", "-id").first()
    if last is None or last.reason:
        return False
    last.reason = reason
    last.save(update_fields=["reason"])
    return True


def has_said_why(subscriber: Subscriber) -> bool:
    """Whether there is nothing to ask: a reason is known, or nothing says that they left."""
    left = Consent.objects.filter(subscriber=subscriber, action=Consent.Action.LEFT)
    last = left.order_by("-at", "-id").first()
    return last is None or bool(last.reason)


def can_undo(subscriber: Subscriber, now: dt.datetime) -> bool:
    """Whether the goodbye page may still bring the subscriber back."""
    return (
        subscriber.status == Subscriber.Status.LEFT
        and subscriber.left_at is not None
        and now - subscriber.left_at <= UNDO_WITHIN
    )
