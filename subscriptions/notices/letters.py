"""The few mails that are not digests: confirmation, "you are already subscribed", the link to the
preferences, the change of an address, and goodbye.

Each is a text and an HTML template under templates/emails/, in the same MJML frame as the digests.
They are sent one at a time through whatever mail backend is configured. Nothing that a visitor
typed into a form appears in them except the address they go to.
"""

import datetime as dt
import logging
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from papers.text.cleaning import plain
from subscriptions import links
from subscriptions.models import AddressChange, Subscriber, Suppression
from subscriptions.notices.messages import Message, headers_for
from subscriptions.notices.mjml import RenderingFailed, check_links, compile_mjml

logger = logging.getLogger(__name__)

ASK_AGAIN_AFTER = dt.timedelta(hours=24)
"""Within this time a subscribe form leads to one mail at most, however often it is sent off."""


class Kind(StrEnum):
    """Which mail. The values are names of templates and travel in task messages."""

    CONFIRM = "confirm"
    ALREADY = "already"
    PREFERENCES = "preferences"
    GOODBYE = "goodbye"
    MOVE_FROM = "move_from"
    """To the old address: the digests are to go elsewhere, is that right?"""
    MOVE_TO = "move_to"
    """To the new address: are the digests welcome there?"""
    MOVED = "moved"
    """To the new address, once it is the subscriber's, with a link that works."""
    NOTHING = "nothing"
    """No mail at all; stands in where an answer must not tell that none goes out."""


_SUITS = {
    Kind.CONFIRM: {Subscriber.Status.PENDING, Subscriber.Status.LEFT},
    Kind.ALREADY: {Subscriber.Status.ACTIVE},
    Kind.PREFERENCES: {Subscriber.Status.ACTIVE, Subscriber.Status.LEFT},
    Kind.GOODBYE: {Subscriber.Status.LEFT},
    Kind.MOVE_FROM: {Subscriber.Status.ACTIVE},
    Kind.MOVE_TO: {Subscriber.Status.ACTIVE},
    Kind.MOVED: {Subscriber.Status.ACTIVE},
}
_MOVES = {Kind.MOVE_FROM, Kind.MOVE_TO}
_ONCE_A_DAY = {Kind.CONFIRM, Kind.ALREADY}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail that is to be sent: what the entry points hand to `subscriptions.tasks`."""

    kind: Kind
    subscriber_id: int


NOTHING = Outgoing(Kind.NOTHING, 0)


def may_ask(subscriber: Subscriber, now: dt.datetime) -> bool:
    """Whether a subscribe form may lead to a mail to this subscriber again."""
    asked = subscriber.asked_to_confirm_at
    return asked is None or asked <= now - ASK_AGAIN_AFTER


def make_mail(
    kind: Kind, subscriber: Subscriber, now: dt.datetime, change: AddressChange | None = None
) -> EmailMultiAlternatives:
    """The mail, complete but for a connection; text before HTML, in the subscriber's language.

    `change` is what MOVE_FROM and MOVE_TO are about. Raises `ValueError` for `Kind.NOTHING`.
    """
    with translation.override(subscriber.language):
        subject, link = _subject_and_link(kind, subscriber, now, change)
        context = {
            "subject": subject,
            "link": link,
            "site_name": plain(settings.SITE_NAME),
            "site_url": settings.SITE_URL,
            "postal_address": plain(settings.POSTAL_ADDRESS),
            "language": translation.get_language(),
            "is_right_to_left": translation.get_language_bidi(),
            "confirm_days": links.CONFIRM_WITHIN.days,
            "change_days": AddressChange.WITHIN.days,
        }
        recipient = _recipient(kind, subscriber, change)
        message = Message(
            subject=subject,
            body=render_to_string(f"emails/{kind}.txt", context).strip() + "\n",
            to=[recipient],
            headers=headers_for(kind, subscriber, recipient),
        )
        if not subscriber.text_only:
            _attach_html(message, kind, context)
    return message


def _recipient(kind: Kind, subscriber: Subscriber, change: AddressChange | None) -> str:
    return change.new_email if change and kind is Kind.MOVE_TO else subscriber.email


def _attach_html(message: EmailMultiAlternatives, kind: Kind, context: dict[str, object]) -> None:
    """Add the HTML form. Where none can be made the text goes out alone, and the log says why."""
    try:
        html = compile_mjml(render_to_string(f"emails/{kind}.html", context))
        check_links(html)
    except RenderingFailed as error:
        logger.error(
            "no HTML can be made of a mail, it goes out as text",
            extra={"kind": kind.value, "reason": error.reason},
        )
    else:
        message.attach_alternative(html, "text/html")


def _subject_and_link(
    kind: Kind, subscriber: Subscriber, now: dt.datetime, change: AddressChange | None
) -> tuple[str, str]:
    """What the mail is about, on one line, and the one address it asks the reader to open."""
    held = subscriber.pk, subscriber.link_version
    preferences = links.preferences_path(*held)
    change_id = change.pk if change else 0
    match kind:
        case Kind.CONFIRM:
            subject = gettext("Please confirm your subscription to %(site)s")
            path = links.confirm_path(*held, now)
        case Kind.ALREADY:
            subject, path = gettext("You are already subscribed to %(site)s"), preferences
        case Kind.PREFERENCES:
            subject, path = gettext("Your link to %(site)s"), preferences
        case Kind.GOODBYE:
            subject, path = gettext("You have left %(site)s"), preferences
        case Kind.MOVE_FROM:
            subject = gettext("Please confirm your change of address at %(site)s")
            path = links.move_path(links.Purpose.MOVE_FROM, *held, change_id)
        case Kind.MOVE_TO:
            subject = gettext("Please confirm your new address at %(site)s")
            path = links.move_path(links.Purpose.MOVE_TO, *held, change_id)
        case Kind.MOVED:
            subject, path = gettext("This is your new address at %(site)s"), preferences
        case Kind.NOTHING:
            raise ValueError("there is no mail of this kind")
    return " ".join((subject % {"site": plain(settings.SITE_NAME)}).split()), links.absolute(path)


def send(kind: Kind, subscriber_id: int, now: dt.datetime) -> bool:
    """Send the mail if it still fits what the subscriber has become; whether it went out.

    A confirmation and an "already subscribed" go out once a day at most, also where two workers
    try at once. What the mail backend raises is passed on, and then the mail may be tried again.
    """
    if kind is Kind.NOTHING:
        return False
    subscriber = Subscriber.objects.filter(pk=subscriber_id).first()
    if subscriber is None or subscriber.status not in _SUITS[kind]:
        return False
    change = subscriber.address_changes.open(now).last() if kind in _MOVES else None
    if kind in _MOVES and change is None:
        return False
    if Suppression.objects.covers(_recipient(kind, subscriber, change)):
        return False
    # The row and not a lock decides who sends: the worker whose update changed it.
    held = Subscriber.objects.filter(pk=subscriber.pk)
    if kind in _ONCE_A_DAY and not held.filter(
        Q(asked_to_confirm_at=None) | Q(asked_to_confirm_at__lte=now - ASK_AGAIN_AFTER)
    ).update(asked_to_confirm_at=now):
        return False
    try:
        message = make_mail(kind, subscriber, now, change)
        message.connection = get_connection()
        message.send()
    except BaseException:
        if kind in _ONCE_A_DAY:
            held.filter(asked_to_confirm_at=now).update(
                asked_to_confirm_at=subscriber.asked_to_confirm_at
            )
        raise
    return True
