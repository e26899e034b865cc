"""Which digests were opened and which links were followed, where the operator chose to know.

What is learned is kept with the delivery, which loses its tie to a reader who is erased; neither
their network address nor their program is kept. `newsletter.digests.tracked_links` makes the links.
"""

import datetime as dt
import re
from collections import defaultdict

from anymail.signals import EventType
from django.conf import settings
from django.db.models.functions import Coalesce

from newsletter.events.intake import Report, store
from newsletter.events.scanners import is_machine
from newsletter.models import Delivery, Event, IssuePaper
from papers.ingest import community
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

CLICKS_OF = dt.timedelta(days=14)
"""How long ago links were followed that are counted: as long as papers are ranked."""

_PLACE = re.compile(r"link \d+ of place (\d+)")


def link_name(place: int, number: int) -> str:
    """What an event says of the link that was followed."""
    return f"link {number} of place {place}"


def letter_link_name(letter: int, language: str, number: int) -> str:
    """The same for a link of a letter."""
    return f"link {number} of letter {letter} ({language})"


def count_clicks(now: dt.datetime) -> int:
    """Tell how many digests' readers followed links of each paper in the last weeks; for how many
    papers that is news. Nothing is counted where clicks are not tracked.

    A digest counts once for a paper, whatever links of it were followed. Programs count for none.
    """
    if not settings.TRACK_CLICKS:
        return 0
    clicks = Event.objects.by_people().filter(
        kind=CLICKED, provider=PROVIDER, at__gte=now - CLICKS_OF, at__lte=now
    )
    followed: dict[int, set[int]] = defaultdict(set)
    rows = clicks.exclude(delivery=None).order_by().values_list("description", "delivery_id")
    for link, delivery in rows.distinct().iterator(chunk_size=5_000):
        if delivery is not None and (found := _PLACE.fullmatch(link)):
            followed[int(found[1])].add(delivery)
    work = Coalesce("paper__merged_into_id", "paper_id")
    readers: dict[int, set[int]] = defaultdict(set)
    places = sorted(followed)
    for at in range(0, len(places), 5_000):
        known = IssuePaper.objects.filter(pk__in=places[at : at + 5_000]).order_by()
        for place, paper in known.values_list("pk", work):
            readers[paper] |= followed[place]
    counts = {paper: len(deliveries) for paper, deliveries in readers.items()}
    return community.observe_readers("clicks", counts, now)
