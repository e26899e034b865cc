"""Sending the mails that are not digests: confirmations, lost links, changes of address, goodbyes.

What became of one is sorted by the same rules as for digests, so that a bad address is tried once
and a server out of order is waited for.
"""

import datetime as dt
import random

from newsletter.mail.outcomes import Kind, Outcome
from newsletter.mail.providers.answers import sort_provider_error
from subscriptions.notices import letters

FIRST_WAIT = 30.0
LONGEST_WAIT = 1800.0
"""Seconds before the second attempt, and at most before any other."""

MOST_RETRIES = 6
"""Attempts after the first; with these waits they are over in about an hour."""


def send(kind: str, subscriber_id: int, now: dt.datetime) -> Outcome | None:
    """Send the mail if it is still due: what became of it; None where there was nothing to send.

    Raises nothing that the mail backend raised.
    """
    try:
        is_sent = letters.send(letters.Kind(kind), subscriber_id, now)
    except Exception as error:
        return sort_provider_error(error)
    return Outcome(Kind.ACCEPTED) if is_sent else None


def wait_before(attempt: int, outcome: Outcome) -> float | None:
    """Seconds until the retry number `attempt` (from 0) of a mail with this outcome; None where
    there is none, because the answer was final.

    A mail in doubt is tried again: a link that comes twice does no harm, one that never comes keeps
    a reader out.
    """
    if outcome.kind in (Kind.ACCEPTED, Kind.REFUSED) or attempt >= MOST_RETRIES:
        return None
    if outcome.retry_after is not None:
        return outcome.retry_after
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
    return random.uniform(longest / 2, longest)  # noqa: S311 - only so that not all come at once
