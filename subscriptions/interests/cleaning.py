"""Interests that nobody follows anymore, and matches that are old, are deleted.

Deleting one's own is immediate (`subscriptions.interests.following`, and the erasure of a reader).
This is for what remains beside that: readers that the version before erased, an interest followed
and left at the same moment, days that no digest draws on.
"""

import datetime as dt
from collections.abc import Collection

from django.conf import settings
from django.db.models import Exists, OuterRef

from subscriptions.models import Following, Interest, InterestMatch, InterestRun, Muted, Subscriber

BATCH = 5_000


def interests_of(subscriber: Subscriber) -> list[int]:
    """The ids of what the subscriber follows or muted."""
    followed = Following.objects.filter(subscriber=subscriber).values_list("interest_id", flat=True)
    muted = Muted.objects.filter(subscriber=subscriber).values_list("interest_id", flat=True)
    return sorted({*followed, *muted})


def delete_unused(interest_ids: Collection[int]) -> int:
    """Delete those of the interests that nobody follows or muted, with their matches; how many."""
    unused = Interest.objects.filter(pk__in=interest_ids).orphans()
    count = unused.count()
    unused.delete()
    return count


def delete_orphans() -> int:
    """Delete what readers who are gone left, and then every interest that nobody follows or muted;
    how many interests. In batches.
    """
    reader = Subscriber.objects.filter(pk=OuterRef("subscriber_id"))
    for model in (Following, Muted):
        model._default_manager.filter(~Exists(reader)).delete()
    count = 0
    while ids := list(
        Interest.objects.orphans().order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        InterestMatch.objects.filter(interest__in=ids).delete()
        # Asked again: somebody may have followed one meanwhile.
        deleted, _ = Interest.objects.filter(pk__in=ids).orphans().delete()
        count += deleted
        if not deleted:
            break
    return count


def delete_old_matches(today: dt.date) -> int:
    """Delete the matches of days before `KEEP_INTEREST_MATCHES_DAYS`; how many."""
    oldest = today - dt.timedelta(days=settings.KEEP_INTEREST_MATCHES_DAYS)
    count = 0
    for day in InterestRun.objects.filter(day__lt=oldest).values_list("day", flat=True):
        count += InterestMatch.objects.filter(day=day).delete()[0]
    InterestRun.objects.filter(day__lt=oldest).delete()
    return count
