"""Which digests were opened and which links were followed, where the operator chose to know.

What is learned is kept with the delivery, which loses its tie to a reader who is erased; neither
their network address nor their program is kept. `newsletter.digests.tracked_links` makes the links.
"""

import datetime as dt

from anymail.signals import EventType

from newsletter.events.intake import Report, store
from newsletter.events.scanners import is_machine
from newsletter.models import Delivery
from subscriptions import links

PROVIDER = "own links"
"""The "provider" of events that this site saw itself."""


def record(
    kind: str, claims: links.Claims, link: str, agent: str, now: dt.datetime, *, ahead: bool = False
) -> bool:
    """Store that a digest was opened or a link in it followed; whether there is such a digest.

    `link` says which, `agent` is the User-Agent, `ahead` that a browser fetched it before anybody
    asked. The same within a minute counts once.
    """
    is_theirs = Delivery.objects.filter(pk=claims.extra, subscriber=claims.subscriber_id).exists()
    if not is_theirs:
        return False
    minute = int(now.timestamp()) // 60
    report = Report(
        provider=PROVIDER,
        identity=f"{kind}:{claims.extra}:{link}:{minute}",
        delivery_id=claims.extra,
        kind=kind,
        at=now,
        description=link,
        by_machine=ahead or not agent.strip() or is_machine(agent),
    )
    return bool(store([report], now))


OPENED, CLICKED = EventType.OPENED, EventType.CLICKED
