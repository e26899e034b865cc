"""Mailgun."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymail.exceptions import AnymailAPIError
from anymail.signals import EventType, RejectReason

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: documentation.mailgun.com, "Events": failed with severity permanent, and a reason.
    """
    if reading.kind != EventType.BOUNCED:
        return reading
    match word(raw, "event-data", "reason"):
        case "suppress-complaint":
            return replace(reading, kind=EventType.REJECTED, reason=RejectReason.SPAM)
        case "suppress-unsubscribe":
            return replace(reading, kind=EventType.REJECTED, reason=RejectReason.UNSUBSCRIBED)
        case "suppress-bounce":
            return replace(reading, kind=EventType.REJECTED, reason=RejectReason.BOUNCED)
        case "bounce":
            return bounced(reading, Bounce.HARD)
        case "old":  # tried for hours, in vain
            return bounced(reading, Bounce.SOFT)
        case "espblock":
            return bounced(reading, Bounce.BLOCKED)
    return bounced(reading, "")


def sort(error: AnymailAPIError) -> Outcome | None:
    """What Mailgun answers where there is no such API, whatever the status; None for all else."""
    response = error.response
    if "Mailgun Magnificent API" not in str(getattr(response, "text", "")):
        return None
    code = f"HTTP {response.status_code}"
    return Outcome(Kind.BROKEN, code, "the API address or the sender domain is wrong")


PROVIDER = Provider(
    "Mailgun",
    Keeps.YES,
    "Turn off unsubscribe handling in the domain's tracking settings, or Mailgun adds its own "
    "unsubscribe headers and footer.",
    "https://help.mailgun.com/hc/en-us/articles/203306610-Unsubscribe-Handling-Links",
    message_id=Keeps.YES,
    watches=True,
    reads=read,
    sorts=sort,
)
