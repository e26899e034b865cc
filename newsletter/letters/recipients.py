"""Which readers a letter is for: a filter of few words, as stored with it, and how many it names.

Whoever takes digests another way than by email gets none: that is how they chose to hear from us.
Consent and suppression are looked at again when each letter is sent.
"""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.db.models import QuerySet

from newsletter.channels.email import EmailChannel
from newsletter.issues.corrections import reached_by
from newsletter.models import Correction, Letter
from subscriptions.models import Consent, Subscriber, Subscription

MOST_COUNTED = 10_000
"""Readers that are counted for a page."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """The filter; readers must be as each part of it says."""

    topics: tuple[int, ...] = ()
    """Who follow one of these."""
    languages: tuple[str, ...] = ()
    confirmed_before: dt.date | None = None
    place: int | None = None
    """Whose digests went out with this place of an issue before it was corrected."""
    change: int | None = None
    """Whom this change of topics moved: who follow since what they did not before."""

    @classmethod
    def of(cls, letter: Letter) -> Self:
        """What the letter's row says."""
        kept: dict[str, Any] = letter.recipients
        before = kept.get("confirmed_before")
        return cls(
            topics=tuple(kept.get("topics", ())),
            languages=tuple(kept.get("languages", ())),
            confirmed_before=dt.date.fromisoformat(before) if before else None,
            place=kept.get("place"),
            change=kept.get("change"),
        )

    def as_dict(self) -> dict[str, Any]:
        """For the row."""
        before = self.confirmed_before
        found = asdict(self) | {"confirmed_before": before.isoformat() if before else None}
        return {name: value for name, value in found.items() if value}

    def readers(self) -> "QuerySet[Subscriber]":
        """Those who are named, in no order."""
        found = Subscriber.objects.mailable().filter(receives_by=EmailChannel.wish)
        if self.topics:
            follow = Subscription.objects.filter(topic__in=self.topics)
            found = found.filter(pk__in=follow.values("subscriber_id"))
        if self.languages:
            found = found.filter(language__in=self.languages)
        if self.confirmed_before is not None:
            midnight = dt.datetime.combine(self.confirmed_before, dt.time(), dt.UTC)
            # Who agreed again since has confirmed, too.
            again = Consent.objects.filter(action=Consent.Action.KEPT, at__gte=midnight)
            found = found.filter(confirmed_at__lt=midnight)
            found = found.exclude(pk__in=again.values("subscriber_id"))
        if self.place is not None:
            correction = Correction.objects.filter(place=self.place).select_related("place__issue")
            one = correction.first()
            ids = reached_by(one.place, one.made_at) if one else []
            found = found.filter(pk__in=ids)
        if self.change is not None:
            moved = Subscription.objects.filter(came_with=self.change)
            found = found.filter(pk__in=moved.values("subscriber_id"))
        return found.order_by()

    def count(self) -> int:
        """How many are named; counted no further than one more than `MOST_COUNTED`."""
        return len(self.readers().values_list("pk")[: MOST_COUNTED + 1])
