"""Pigeon Post, as a whole provider: what a new one takes is a file like this."""

from collections.abc import Mapping
from typing import Any

from anymail.exceptions import AnymailAPIError

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words."""
    if word(raw, "bird") == "no such loft":
        return bounced(reading, Bounce.HARD)
    return reading


def sort(error: AnymailAPIError) -> Outcome | None:
    """It answers 418 while its pigeons rest; None for any other answer."""
    if getattr(error.response, "status_code", None) != 418:
        return None
    return Outcome(Kind.DEFERRED, "HTTP 418", "the pigeons rest", 120.0)


PROVIDER = Provider(
    "Pigeon Post",
    Keeps.ASKED,
    "Ask the loft keeper to leave the headers on.",
    "https://pigeons.example.org/headers",
    message_id=Keeps.YES,
    tags=2,
    reads=read,
    sorts=sort,
)
