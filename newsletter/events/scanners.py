"""Telling machines from people among those who open emails and follow links.

Security gateways fetch every link of an email before its reader sees it, mail apps fetch images on
arrival, and chat programs preview what is pasted. None of that is reading. What can be told: the
method (HEAD asks for no content), a name in the User-Agent, and many links within seconds. What
cannot: a gateway that waits, and comes as a browser. So clicks are a hint and never a fact.
"""

import datetime as dt
import re
from collections.abc import Iterable

TOGETHER = dt.timedelta(seconds=10)
"""Within so long …"""

SEVERAL = 3
"""… so many different links are followed by no person."""

_MACHINE = re.compile(
    # Programs say so themselves; libraries have their names.
    r"bot\b|bot/|crawl|spider|scan|preview|fetch|monitor|check|proxy|prefetch|headless|phantom"
    r"|curl|wget|python|\bjava\b|okhttp|go-http|libwww|httpclient|axios|node|ruby|perl|php/"
    # Gateways and mail services that fetch what they guard or show.
    r"|barracuda|proofpoint|mimecast|symantec|messagelabs|forcepoint|trend ?micro|fireeye|sophos"
    r"|cisco|ironport|bitdefender|kaspersky|avast|safelinks|googleimageproxy|yahoomailproxy"
    r"|ms-office|microsoft office|skypeuripreview|slack|whatsapp|telegram|facebookexternalhit",
    re.IGNORECASE,
)


def is_machine(agent: str) -> bool:
    """Whether a User-Agent is that of a program and not of a person's browser or mail app.

    The bare "Mozilla/5.0" is Apple's Mail Privacy Protection, which loads every image. No
    User-Agent at all is a program's, too; but providers that report none give "", and from them it
    says nothing: callers know which it is.
    """
    agent = agent.strip()
    return bool(agent) and (agent == "Mozilla/5.0" or bool(_MACHINE.search(agent)))


def bursts(clicks: Iterable[tuple[dt.datetime, str, int]]) -> set[int]:
    """Of one delivery's clicks, each (when, which link, id), the ids of those that a machine made:
    the ones within `TOGETHER` that went to at least `SEVERAL` different links. Pure, and the same
    in whatever order the clicks became known.
    """
    ordered = sorted(clicks)
    found: set[int] = set()
    for at, (start, _, _) in enumerate(ordered):
        window = [click for click in ordered[at:] if click[0] - start <= TOGETHER]
        if len({link for _, link, _ in window}) >= SEVERAL:
            found.update(pk for _, _, pk in window)
    return found
