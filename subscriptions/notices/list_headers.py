"""The headers by which mailbox providers know bulk email, and by which readers leave it; digests
and all other emails have them from here.
"""

import re
from functools import lru_cache
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from subscriptions import links

ONE_CLICK = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")  # RFC 8058 section 3.1
AUTOMATIC = ("Auto-Submitted", "auto-generated")  # RFC 3834 section 5

_TOKEN = "A" * 48  # as long as a token, and in no address otherwise


def around_unsubscribe_token(view: str = "subscriptions:unsubscribe") -> tuple[str, str, str]:
    """What stands before, between and after the two places where a reader's unsubscribe token goes
    in List-Unsubscribe (RFC 2369, with an https and a mailto address): `token.join(…)` makes the
    header, at little cost for each of very many emails. `view`: where the https address leads.
    """
    page = links.absolute(reverse(view, args=[_TOKEN]))
    before, _, after = page.partition(_TOKEN)
    mailbox = quote(settings.UNSUBSCRIBE_EMAIL, safe="@+")
    return f"<{before}", f"{after}>, <mailto:{mailbox}?subject=unsubscribe-", ">"


def unsubscribe_headers(subscriber_id: int, link_version: int) -> dict[str, str]:
    """The headers by which one reader leaves with one click."""
    token = links.token(links.Purpose.UNSUBSCRIBE, subscriber_id, link_version)
    return dict([("List-Unsubscribe", token.join(around_unsubscribe_token())), ONE_CLICK])


def feedback_id(which: str, sort: str, variant: str) -> str:
    """The value of Feedback-ID: three words of our own, then the sender, 5 to 15 characters that
    never change. Gmail's feedback loop counts complaints by each of them.
    """
    return f"{which}:{sort}:{variant}:{_sender(settings.MAIL_DOMAIN)}"


@lru_cache(maxsize=8)
def _sender(domain: str) -> str:
    return (re.sub("[^a-z0-9]", "", domain.lower()) + "broadsheet")[:15]
