"""Unisender Go."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymail.signals import EventType, RejectReason

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: godocs.unisender.ru, "Callback format": status and delivery_info.delivery_status.
    """
    status, why = word(raw, "status"), word(raw, "delivery_info", "delivery_status")
    if status not in ("hard_bounced", "soft_bounced"):
        return reading
    if why == "err_will_retry":
        return replace(reading, kind=EventType.DEFERRED)
    if why == "err_unsubscribed":
        return replace(reading, kind=EventType.REJECTED, reason=RejectReason.UNSUBSCRIBED)
    if why.startswith("err_spam") or why == "err_blacklisted":
        return bounced(reading, Bounce.BLOCKED)
    hard = why in ("err_user_unknown", "err_user_inactive", "err_domain_inactive")
    return bounced(reading, Bounce.HARD if hard and status == "hard_bounced" else Bounce.SOFT)


PROVIDER = Provider(
    "Unisender Go",
    Keeps.ASKED,
    "A custom List-Unsubscribe needs an account approved to leave out Unisender's unsubscribe "
    "link.",
    "https://anymail.dev/en/stable/esps/unisender_go/",
    watches=True,
    reads=read,
)
