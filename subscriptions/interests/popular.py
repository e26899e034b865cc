"""Words that many readers follow, for who looks after the topics.

A phrase may be somebody's own name, so nothing is told that fewer than `FEWEST` readers follow, and
of the others only about how many.
"""

from collections.abc import Iterator

from django.db.models import Count

from papers.matching.interests.specs import Kind
from subscriptions.models import Following, Subscriber

FEWEST = 10
"""Readers who must follow the very same interest, and what their numbers are rounded down to."""

MOST = 2_000
"""Interests looked at, the most followed."""


def popular_phrases() -> Iterator[tuple[str, int]]:
    """Yield each phrase of widely followed words once, with a rounded number of confirmed readers,
    the most followed first. One query.

    Readers of different interests are not added up: one reader may follow several.
    """
    counts = (
        Following.objects.running()
        .filter(interest__kind=Kind.WORDS.value, subscriber__status=Subscriber.Status.ACTIVE)
        .order_by()
        .values("interest")
        .annotate(readers=Count("pk"))
        .filter(readers__gte=FEWEST)
        .order_by("-readers", "interest")
        .values_list("interest__spec", "readers")[:MOST]
    )
    seen: set[str] = set()
    for spec, readers in counts:
        for phrase in spec.get("phrases", ()):
            if phrase.casefold() not in seen:
                seen.add(phrase.casefold())
                yield phrase, readers // FEWEST * FEWEST
