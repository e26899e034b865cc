"""Mailtrap."""

from collections.abc import Mapping
from typing import Any

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: docs.mailtrap.io, "Webhooks".
    """
    how = {"bounce": Bounce.HARD, "soft bounce": Bounce.SOFT}.get(word(raw, "event"))
    return bounced(reading, how) if how else reading


PROVIDER = Provider(
    "Mailtrap",
    Keeps.UNKNOWN,
    "Mailtrap accepts custom headers, but doesn't document which it keeps.",
    "https://anymail.dev/en/stable/esps/mailtrap/",
    tags=1,
    reads=read,
)
