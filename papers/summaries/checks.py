"""System checks of summaries by a language model: a setting that is missing or that gives the key
away. What they say never holds the key.
"""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

HINT = (
    "See docs/deploying.md for how to set up summaries, or leave all of these empty to have none."
)


@register
def check_summaries(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SUMMARY_URL and SUMMARY_MODEL belong together, and a key is for an encrypted connection."""
    found: list[CheckMessage] = []
    url = urlsplit(settings.SUMMARY_URL)
    if settings.SUMMARY_URL and not settings.SUMMARY_MODEL:
        said = "SUMMARY_URL is set, but SUMMARY_MODEL isn't, so no summaries are made."
        found.append(Error(said, hint=HINT, id="papers.E002"))
    if not settings.SUMMARY_URL and (settings.SUMMARY_MODEL or settings.SUMMARY_KEY):
        said = (
            "SUMMARY_MODEL or SUMMARY_KEY is set, but SUMMARY_URL isn't, so no summaries are made."
        )
        found.append(Warning(said, hint=HINT, id="papers.W001"))
    if settings.SUMMARY_KEY and url.scheme == "http" and not _is_here(url.hostname or ""):
        said = "SUMMARY_KEY would be sent to another machine over plain HTTP."
        found.append(Warning(said, hint="Use an https address.", id="papers.W002"))
    if settings.SUMMARY_URL and not settings.SUMMARIES_PER_DAY:
        said = "SUMMARIES_PER_DAY is 0, so no summaries are made."
        found.append(Warning(said, hint=HINT, id="papers.W003"))
    return found


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
