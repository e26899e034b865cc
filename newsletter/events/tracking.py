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
from subscriptions.models import Subscriber

PROVIDER = "own links"
"""The "provider" of events that this site saw itself."""


def record(
    kind: str, claims: links.Claims, link: str, agent: str, now: dt.datetime, *, ahead: bool = False
) -> bool:
    """Store that a digest was opened or a link in it followed; whether there is such a digest.

    `link` says which, `agent` is the User-Agent, `ahead` that a browser fetched it before anybody
    asked. The same within a minute counts once.
    """
    # The link may be of a row that was joined with another spelling of the same mailbox.
    holder = Subscriber.objects.holder_of(claims.subscriber_id, claims.version)
    readers = {claims.subscriber_id, holder.pk if holder else claims.subscriber_id}
    if not Delivery.objects.filter(pk=claims.extra, subscriber__in=readers).exists():
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
