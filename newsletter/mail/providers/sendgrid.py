"""SendGrid."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymail.signals import RejectReason

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: twilio.com/docs/sendgrid, "Event Webhook Reference": bounce has a type,
    dropped a reason.
    """
    event = word(raw, "event")
    if event == "bounce":
        blocked = word(raw, "type") == "blocked"
        return bounced(reading, Bounce.BLOCKED if blocked else Bounce.HARD)
    if event == "dropped":
        why = {
            "bounced address": RejectReason.BOUNCED,
            "invalid": RejectReason.INVALID,
            "spam reporting address": RejectReason.SPAM,
            "unsubscribed address": RejectReason.UNSUBSCRIBED,
        }.get(word(raw, "reason"))
        return replace(reading, reason=why or reading.reason)
    return reading


PROVIDER = Provider(
    "SendGrid",
    Keeps.YES,
    "Turn off subscription tracking, or SendGrid writes its own unsubscribe headers.",
    "https://docs.sendgrid.com/ui/sending-email/list-unsubscribe",
    watches=True,
    caution="Anymail no longer supports SendGrid officially.",
    reads=read,
)
