"""The header in which a service says when to ask again (RFC 9110, section 10.2.3)."""

import datetime as dt
import re
from email.utils import parsedate_to_datetime


def seconds_in(value: str | None) -> float | None:
    """Seconds to wait, from 0 up, by seconds or an HTTP date; None for anything else.

    Services send fractions of a second, too. How long a wait is believed is the caller's to say.
    """
    value = (value or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
        return float(value[:18])  # which is longer than anybody waits
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())
