"""What a new reader chose, in words: for the form's record, the confirmation and its page."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext, ngettext

from papers.models import Topic, in_order
from papers.text.cleaning import plain, shorten
from subscriptions.models import Subscriber

NAMED = 8
"""Topics that are named; of any further ones the number is given."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which papers, such as "Top papers · Robotics", and when: "every day at 07:00 (UTC)"."""

    papers: str
    when: str

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.papers, self.when)))


def chosen_by(subscriber: Subscriber) -> Chosen:
    """What the subscriber follows, in the language that is active. One query."""
    topics = Topic.objects.filter(subscribers=subscriber, is_active=True)
    names = [topic.label for topic in in_order(topics)]
    return Chosen(
        papers_in_words(names, top_papers=subscriber.top_papers),
        when_in_words(subscriber.rhythm, subscriber.weekday, subscriber.hour, subscriber.timezone),
    )


def papers_in_words(topics: Sequence[str], *, top_papers: bool) -> str:
    """Such as "Top papers · Robotics and 3 more"; empty where nothing was chosen."""
    names = [gettext("Top papers")] if top_papers else []
    names += [shorten(plain(name), 80) for name in topics]
    listed, further = " · ".join(names[:NAMED]), len(names) - NAMED
    if further > 0:
        more = ngettext(" and %(number)s more", " and %(number)s more", further)
        listed += more % {"number": further}
    return listed


def when_in_words(rhythm: str, weekday: int, hour: int, timezone: str) -> str:
    """Such as "every Monday at 07:00 (Europe/Berlin)"."""
    said = {"weekday": WEEKDAYS[weekday], "hour": f"{hour:02d}:00", "zone": timezone}
    match rhythm:
        case Subscriber.Rhythm.WEEKLY:
            return gettext("every %(weekday)s at %(hour)s (%(zone)s)") % said
        case Subscriber.Rhythm.WEEKDAYS:
            return gettext("Monday to Friday at %(hour)s (%(zone)s)") % said
        case _:
            return gettext("every day at %(hour)s (%(zone)s)") % said
