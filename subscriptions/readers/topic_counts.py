"""How many readers and recent matches each topic has, counted for lists in the admin."""

import datetime as dt

from django.db.models import Count

from papers.matching import ranking
from papers.models import Match, Topic, TopicCount
from subscriptions.models import Subscriber, Subscription


def count(now: dt.datetime) -> int:
    """Count them all and keep the numbers; how many topics. Four statements."""
    follow = Subscription.objects.filter(subscriber__status=Subscriber.Status.ACTIVE).order_by()
    readers = dict(follow.values_list("topic").annotate(n=Count("pk")))
    recent = Match.objects.sendable().filter(paper__in=ranking.recent(now).values("pk")).order_by()
    matches = dict(recent.values_list("topic").annotate(n=Count("pk")))
    rows = [
        TopicCount(
            topic_id=key,
            readers=readers.get(key, 0),
            matches=matches.get(key, 0),
            counted_at=now,
        )
        for key in Topic.objects.order_by("pk").values_list("pk", flat=True)
    ]
    TopicCount.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["topic"],
        update_fields=["readers", "matches", "counted_at"],
    )
    return len(rows)
