"""Resend."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymail.signals import EventType, RejectReason

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: resend.com/docs, "email.bounced": bounce.type is that of Amazon SES.
    """
    if word(raw, "type") == "email.suppressed":
        return replace(reading, kind=EventType.REJECTED, reason=RejectReason.BLOCKED)
    if reading.kind != EventType.BOUNCED:
        return reading
    subtype = word(raw, "data", "bounce", "subType")
    if subtype in ("suppressed", "onaccountsuppressionlist"):
        return bounced(reading, Bounce.HARD)
    kind = word(raw, "data", "bounce", "type")
    how = {"permanent": Bounce.HARD, "transient": Bounce.SOFT, "undetermined": Bounce.SOFT}
    return bounced(reading, how.get(kind, ""))


PROVIDER = Provider(
    "Resend",
    Keeps.YES,
    "Resend documents both headers for email to lists that you manage yourself.",
    "https://resend.com/docs/dashboard/emails/add-unsubscribe-to-transactional-emails",
    reads=read,
)
