"""When an issue is sent: all its digests are settled, and no further one will be made.

Readers' hours go around the clock, so an issue is planned for as long as it is the newest one. Once
a later issue is, and nothing waits, the last settlement is when it was sent.
"""

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef

from newsletter.models import Delivery, Issue
from newsletter.webhooks import recording
from papers.days import feature_day

LOOK_BACK = dt.timedelta(days=10)
"""How old an issue may be that is still looked at: deadlines are over long before."""


def note_sent(now: dt.datetime) -> int:
    """Note which issues were sent, and tell webhooks; how many. One small query where none was."""
    waiting = Delivery.objects.open().filter(issue=OuterRef("pk"))
    first = feature_day(now) - LOOK_BACK
    later = Issue.objects.filter(day__gt=OuterRef("day"), frozen_at__lte=now)
    done = Issue.objects.published().filter(
        Exists(later), ~Exists(waiting), sent_at=None, day__gte=first
    )
    count = 0
    for issue in done.order_by("day"):
        rows = Delivery.objects.filter(issue=issue)
        last = rows.exclude(sent_at=None).order_by("-sent_at").values_list("sent_at", flat=True)
        at = last.first()
        with transaction.atomic():
            if not Issue.objects.filter(pk=issue.pk, sent_at=None).update(sent_at=at or now):
                continue
            digests = rows.exclude(sent_at=None).count()
            if at is not None:
                told = recording.of_issue("sent", issue, at, digests=digests)
                recording.record([told], now)
        count += 1
    return count
