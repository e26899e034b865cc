"""What the mail backend did with the last batch, and since when: a row for whoever watches."""

import datetime as dt

from newsletter.mail.outcomes import without_addresses
from newsletter.models import Heartbeat


def note(now: dt.datetime, *, is_refusing: bool, reason: str = "") -> None:
    """Keep what it did with the last batch; `since` says how long it has been so."""
    before = Heartbeat.objects.of(Heartbeat.Kind.BACKEND).first()
    was_refusing = before is not None and bool(before.details.get("refusing"))
    Heartbeat.objects.record(
        Heartbeat.Kind.BACKEND,
        "mail backend",
        now,
        is_new=was_refusing != is_refusing,
        refusing=is_refusing,
        reason=without_addresses(reason),
    )
