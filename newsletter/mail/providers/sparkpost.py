"""SparkPost."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymail.signals import EventType, RejectReason

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.providers.base import Keeps, Provider, Reading, bounced, part, word


def read(raw: Mapping[str, Any], reading: Reading) -> Reading:
    """What its event says of a bounce, beyond Anymail's words.

    Source: support.sparkpost.com, "Bounce classification codes".
    """
    msys = part(raw, "msys")
    inner = next(iter(msys.values()), None) if isinstance(msys, Mapping) else None
    kind, code = word(inner, "type"), str(part(inner, "bounce_class") or "")
    if kind not in ("bounce", "out_of_band", "policy_rejection", "generation_rejection"):
        return reading
    if kind in ("policy_rejection", "generation_rejection"):
        # Its own lists: "550 5.7.1 recipient address suppressed due to customer policy" and others.
        if code in ("10", "30"):
            return replace(reading, reason=RejectReason.BOUNCED)
        return replace(reading, severity=Bounce.SOFT if code == "25" else Bounce.BLOCKED)
    if reading.kind != EventType.BOUNCED:
        return reading
    if code in ("10", "30"):
        return bounced(reading, Bounce.HARD)
    return bounced(reading, Bounce.BLOCKED if code[:1] == "5" else Bounce.SOFT)


PROVIDER = Provider(
    "SparkPost",
    Keeps.ASKED,
    "SparkPost replaces List-Unsubscribe in email that is not marked transactional. Broadsheet "
    "marks it as such, but according to Anymail's documentation it may still be replaced.",
    "https://anymail.dev/en/stable/esps/sparkpost/#limitations-and-quirks",
    extra={"options": {"transactional": True}},
    tags=1,
    watches=True,
    reads=read,
)
