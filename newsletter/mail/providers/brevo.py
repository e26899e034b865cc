"""Brevo."""

from collections.abc import Mapping
from typing import Any

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: developers.brevo.com, "Transactional webhooks".
    """
    how = {
        "hard_bounce": Bounce.HARD,
        "invalid_email": Bounce.HARD,
        "soft_bounce": Bounce.SOFT,
    }.get(word(raw, "event"))
    return bounced(reading, how) if how else reading


PROVIDER = Provider(
    "Brevo",
    Keeps.ASKED,
    "Brevo adds its own List-Unsubscribe to transactional email. Ask its support to keep yours.",
    "https://help.brevo.com/hc/en-us/articles/19100260472850",
    message_id=Keeps.NO,
    reads=read,
)
