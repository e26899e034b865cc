"""The few emails that are not digests: confirmation, "you are already subscribed", the link to the
preferences, the change of an address, goodbye, and the question to whoever came with a file.

Each is a text and an HTML template under templates/emails/, in the same MJML frame as the digests.
This module says what such an email holds, and whether it is still due when its row comes up; who
hands it over is not its business. Nothing that a visitor typed into a form appears in one except
the address it goes to.
"""

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from papers import site
from papers.models.topic import in_order
from subscriptions import links
from subscriptions.models import AddressChange, Notice, Subscriber, Suppression
from subscriptions.notices.chosen import chosen_by
from subscriptions.notices.due import ASK_AGAIN_AFTER
from subscriptions.notices.messages import headers_for
from subscriptions.notices.mjml import RenderingFailed, check_links, compile_mjml

logger = logging.getLogger(__name__)

Kind = Notice.Kind

_SUITS = {
    Kind.CONFIRM: {Subscriber.Status.PENDING, Subscriber.Status.LEFT},
    Kind.ALREADY: {Subscriber.Status.ACTIVE},
    Kind.PREFERENCES: {Subscriber.Status.ACTIVE, Subscriber.Status.LEFT},
    Kind.GOODBYE: {Subscriber.Status.LEFT},
    Kind.MOVE_FROM: {Subscriber.Status.ACTIVE},
    Kind.MOVE_TO: {Subscriber.Status.ACTIVE},
    Kind.MOVED: {Subscriber.Status.ACTIVE},
    Kind.PERMISSION: {Subscriber.Status.PENDING},
    Kind.NOTHING: {Subscriber.Status.ACTIVE},
}

KINDS = tuple(_SUITS)
"""The kinds that go to readers."""


class NotDue(Exception):
    """The email is no longer due; the text says why, for the row."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An email that is not a digest, complete but for its Message-ID and return path."""

    kind: str
    subject: str
    text: str
    html: str
    """Empty where the reader wants none, or none can be made."""
    recipient: str
    headers: Mapping[str, str]


def letter_for(notice: Notice, now: dt.datetime) -> Letter:
    """What a reader's claimed notice says, as of now. Raises `NotDue`.

    Status, suppression and the change that it is about are looked at again. A notice of
    `Notice.ONCE_A_DAY` takes the reader's day, by one statement, so that of two at once, of
    different versions even, one wins; `due.give_back_the_day` undoes it.
    """
    kind = Notice.Kind(notice.kind)
    subscriber = Subscriber.objects.filter(pk=notice.subscriber_id or 0).first()
    if subscriber is None:
        raise NotDue("the subscriber was erased")
    if subscriber.status not in _SUITS[kind]:
        raise NotDue(f"the subscriber is {subscriber.get_status_display()}")
    change = None
    if kind in Notice.MOVES:
        change = subscriber.address_changes.open(now).filter(pk=notice.change_id or 0).first()
        if change is None:
            raise NotDue("the change of address is no longer open")
        if kind is Kind.MOVE_TO and (holder := _holder_of(change)) is not None:
            return _already(holder, notice, now)
    if Suppression.objects.covers(_recipient(kind, subscriber, change)):
        raise NotDue("the address is suppressed")
    if kind in Notice.ONCE_A_DAY:
        _take_the_day(subscriber, notice, now)
    if kind is Kind.MOVE_TO and change is not None and _was_mailed(change):
        raise NotDue("this address got a confirmation email within the last day")
    return make_letter(kind, subscriber, now, change)


def _holder_of(change: AddressChange) -> Subscriber | None:
    """The active reader who has the new address already."""
    return Subscriber.objects.mailable().with_email(change.new_email).first()


def _already(holder: Subscriber, notice: Notice, now: dt.datetime) -> Letter:
    """Tell who holds the address that it is subscribed, as the subscribe form would."""
    if Suppression.objects.covers(holder.email):
        raise NotDue("the address is suppressed")
    _take_the_day(holder, notice, now)
    return make_letter(Kind.ALREADY, holder, now)


def _take_the_day(subscriber: Subscriber, notice: Notice, now: dt.datetime) -> None:
    free = Q(asked_to_confirm_at=None) | Q(asked_to_confirm_at__lte=now - ASK_AGAIN_AFTER)
    mine = Q(asked_to_confirm_at=notice.due_at)  # taken at an earlier attempt
    if not (
        Subscriber.objects.filter(free | mine, pk=subscriber.pk).update(
            asked_to_confirm_at=notice.due_at
        )
    ):
        raise NotDue("one such email was already sent today")


def _was_mailed(change: AddressChange) -> bool:
    """Whether an earlier change, anyone's, has just sent an email to the same new address."""
    return (
        AddressChange.objects.filter(
            new_email=change.new_address,
            pk__lt=change.pk,
            asked_at__gt=change.asked_at - ASK_AGAIN_AFTER,
        )
        .exclude(pk=change.pk)
        .exists()
    )


def make_letter(
    kind: Notice.Kind,
    subscriber: Subscriber,
    now: dt.datetime,
    change: AddressChange | None = None,
) -> Letter:
    """What the email says, in the subscriber's language.

    `change` is what MOVE_FROM and MOVE_TO are about. Raises `ValueError` for a kind that is not in
    `KINDS`.
    """
    with translation.override(subscriber.language):
        subject, link = _subject_and_link(kind, subscriber, now, change)
        context = {
            "subject": subject,
            "link": link,
            **site.current().mail_context(),
            "language": translation.get_language(),
            "is_right_to_left": translation.get_language_bidi(),
            "confirm_days": links.CONFIRM_WITHIN.days,
            "change_days": AddressChange.WITHIN.days,
        }
        if kind in (Kind.CONFIRM, Kind.PERMISSION):
            context["chosen"] = chosen_by(subscriber)
        if kind is Kind.NOTHING:
            gone = subscriber.topics.filter(is_active=False) if subscriber.pk else []
            context["topics"] = [topic.label for topic in in_order(gone)]
        recipient = _recipient(kind, subscriber, change)
        return Letter(
            kind=kind.value,
            subject=subject,
            text=render_to_string(f"emails/{kind}.txt", context).strip() + "\n",
            html="" if subscriber.text_only else _html(kind, context),
            recipient=recipient,
            headers=headers_for(kind, subscriber, recipient),
        )


def _recipient(kind: Notice.Kind, subscriber: Subscriber, change: AddressChange | None) -> str:
    return change.new_address if change and kind is Kind.MOVE_TO else subscriber.address


def recipient_of(notice: Notice) -> str:
    """The address that a reader's notice goes to or went to; empty where nobody knows anymore."""
    if notice.kind == Kind.MOVE_TO:
        change = AddressChange.objects.filter(pk=notice.change_id or 0).first()
        return change.new_address if change is not None else ""
    if notice.user is not None:
        return str(notice.user.email)
    subscriber = Subscriber.objects.filter(pk=notice.subscriber_id or 0).first()
    return subscriber.address if subscriber is not None else ""


def _html(kind: Notice.Kind, context: dict[str, object]) -> str:
    """The HTML form. Where none can be made the text goes out alone, and the log says why."""
    try:
        html = compile_mjml(render_to_string(f"emails/{kind}.html", context))
        check_links(html)
    except RenderingFailed as error:
        logger.error(
            "couldn't make HTML of an email, so it goes out as plain text",
            extra={"kind": kind.value, "reason": error.reason},
        )
        return ""
    return html


def _subject_and_link(
    kind: Notice.Kind, subscriber: Subscriber, now: dt.datetime, change: AddressChange | None
) -> tuple[str, str]:
    """What the email is about, on one line, and the one address it asks the reader to open."""
    signed_for = subscriber.pk, subscriber.link_version
    preferences = links.preferences_path(*signed_for)
    change_id = change.pk if change else 0
    match kind:
        case Kind.CONFIRM:
            subject = gettext("Please confirm your subscription to %(site)s")
            path = links.confirm_path(*signed_for, now)
        case Kind.PERMISSION:
            subject = gettext("Please confirm that you want to keep getting %(site)s")
            path = links.confirm_path(*signed_for, now)
        case Kind.ALREADY:
            subject, path = gettext("You’re already subscribed to %(site)s"), preferences
        case Kind.PREFERENCES:
            subject, path = gettext("Your %(site)s preferences link"), preferences
        case Kind.GOODBYE:
            subject, path = gettext("You’ve unsubscribed from %(site)s"), preferences
        case Kind.NOTHING:
            subject, path = gettext("Please choose new topics for %(site)s"), preferences
        case Kind.MOVE_FROM:
            subject = gettext("Please confirm your new email address for %(site)s")
            path = links.move_path(links.Purpose.MOVE_FROM, *signed_for, change_id)
        case Kind.MOVE_TO:
            subject = gettext("Please confirm this email address for %(site)s")
            path = links.move_path(links.Purpose.MOVE_TO, *signed_for, change_id)
        case Kind.MOVED:
            subject, path = gettext("Your %(site)s email address has changed"), preferences
        case _:
            raise ValueError(f"no reader gets an email of the kind {kind.value}")
    return " ".join((subject % {"site": site.current().name}).split()), links.absolute(path)
