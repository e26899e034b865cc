"""Mandrill."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymail.signals import RejectReason

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: mailchimp.com/developer/transactional, "Webhooks": hard_bounce, soft_bounce, reject.
    """
    event = word(raw, "event")
    how = {"hard_bounce": Bounce.HARD, "soft_bounce": Bounce.SOFT}.get(event)
    if how:
        return bounced(reading, how)
    if event == "reject":
        why = {
            "hard-bounce": RejectReason.BOUNCED,
            "soft-bounce": RejectReason.TIMED_OUT,
            "spam": RejectReason.SPAM,
            "unsub": RejectReason.UNSUBSCRIBED,
            "invalid": RejectReason.INVALID,
        }.get(word(raw, "msg", "reject", "reason") or word(raw, "msg", "reject"))
        return replace(reading, reason=why or reading.reason)
    return reading


PROVIDER = Provider(
    "Mandrill",
    Keeps.YES,
    "Don't use Mandrill's unsubscribe footer or UNSUB tag, or it adds its own List-Unsubscribe.",
    "https://mandrill.zendesk.com/hc/en-us/articles/205582947",
    watches=True,
    reads=read,
)
