"""Postmark."""

from collections.abc import Mapping
from typing import Any

from anymail.signals import EventType

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word

_TYPES = {
    # postmarkapp.com/developer, "Bounce types"
    "hardbounce": Bounce.HARD,
    "bademailaddress": Bounce.HARD,
    "softbounce": Bounce.SOFT,
    "undeterminedbounce": Bounce.SOFT,
    "blocked": Bounce.BLOCKED,
    "spamnotification": Bounce.BLOCKED,
    "dmarcpolicy": Bounce.BLOCKED,
    "virusnotification": Bounce.BLOCKED,
}


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words."""
    record = word(raw, "RecordType")
    if record == "bounce":
        how = _TYPES.get(word(raw, "Type"))
        return bounced(reading, how) if how else reading
    if record == "subscriptionchange" and reading.kind == EventType.BOUNCED:
        return bounced(reading, Bounce.HARD)
    return reading


PROVIDER = Provider(
    "Postmark",
    Keeps.ASKED,
    "Bulk email uses a broadcast stream, where Postmark writes the unsubscribe headers itself "
    "unless its support lets you manage unsubscribes yourself.",
    "https://postmarkapp.com/support/article/1299-how-to-include-a-list-unsubscribe-header",
    message_id=Keeps.YES,
    headers={"X-PM-KeepID": "true"},
    tags=1,
    watches=True,
    reads=read,
)
