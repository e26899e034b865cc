"""Amazon SES."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymail.signals import EventType, RejectReason

from newsletter.mail.bounce_severity import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: docs.aws.amazon.com/ses, "Contents of event data that Amazon SES publishes to
    Amazon SNS".
    """
    event = word(raw, "eventType") or word(raw, "notificationType")
    if event == "deliverydelay":
        return replace(reading, kind=EventType.DEFERRED)
    if event == "complaint" and word(raw, "complaint", "complaintFeedbackType") == "not-spam":
        return replace(reading, kind=EventType.UNKNOWN, reason="")
    if event == "reject":  # its own virus scanner: nothing about the address
        return replace(reading, severity=Bounce.BLOCKED)
    if event != "bounce":
        return reading
    kind, subtype = word(raw, "bounce", "bounceType"), word(raw, "bounce", "bounceSubType")
    if subtype == "unsubscribedrecipient":
        return replace(reading, kind=EventType.UNSUBSCRIBED, reason=RejectReason.UNSUBSCRIBED)
    if kind == "permanent":
        return bounced(reading, Bounce.HARD)
    refused = subtype in ("contentrejected", "attachmentrejected")
    return bounced(reading, Bounce.BLOCKED if refused else Bounce.SOFT)


PROVIDER = Provider(
    "Amazon SES",
    Keeps.YES,
    "The message goes out as we wrote it; Message-ID and Date are set anew. Do not use "
    "Amazon's own subscription management.",
    "https://docs.aws.amazon.com/ses/latest/dg/header-fields.html",
    message_id=Keeps.NO,
    reads=read,
)
