"""Postal."""

from collections.abc import Mapping
from typing import Any

from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: docs.postalserver.io, "Webhooks": a HardFail is a refusal for good, whatever the reason.
    """
    if word(raw, "payload", "status") == "hardfail":
        return bounced(reading, "")
    return reading


PROVIDER = Provider(
    "Postal",
    Keeps.YES,
    "Postal is your own mail server and passes headers on.",
    "https://github.com/postalserver/postal/issues/1292",
    metadata=False,
    tags=1,
    reads=read,
)
