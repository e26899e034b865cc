"""Mailjet."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymail.signals import EventType, RejectReason

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, part, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: dev.mailjet.com, "Event API": bounce, blocked, with hard_bounce,
    error_related_to and error.
    """
    event, error = word(raw, "event"), word(raw, "error")
    if event not in ("bounce", "blocked") or reading.kind == EventType.DEFERRED:
        return reading
    if error == "spam reporter":
        return replace(reading, kind=EventType.REJECTED, reason=RejectReason.SPAM)
    if error == "preblocked":  # it bounced for Mailjet before
        return replace(reading, reason=RejectReason.BLOCKED, severity=Bounce.SOFT)
    related = word(raw, "error_related_to")
    if related in ("spam", "content", "policy", "mailjet") or error in ("relay/access denied",):
        return replace(reading, severity=Bounce.BLOCKED)
    if error == "quota exceeded":
        return replace(reading, severity=Bounce.SOFT)
    hard = bool(part(raw, "hard_bounce"))
    return replace(reading, severity=Bounce.HARD if hard else Bounce.SOFT)


PROVIDER = Provider(
    "Mailjet",
    Keeps.NO,
    "Mailjet's Send API replaces List-Unsubscribe with its own, which leads to Mailjet.",
    "https://github.com/Notifuse/notifuse/issues/348",
    message_id=Keeps.NO,
    sends_message_id=False,
    tags=1,
    watches=True,
    reads=read,
)
