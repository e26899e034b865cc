"""Letters to those who came with a file and were not declared to have agreed: each gets one, in
the order of the import, so many within 24 hours. Whoever does not answer gets nothing more.
"""

import datetime as dt

from django.conf import settings
from django.db import transaction

from subscriptions.models import ImportedReader, Notice, Subscriber
from subscriptions.notices.due import ask_for

EVERY = dt.timedelta(minutes=10)
"""How often letters are made due: so many at a time that a day's share is spread over the day."""


@transaction.atomic
def ask(now: dt.datetime) -> int:
    """Make the letters due that may go out now; how many. At most IMPORT_LETTERS_PER_DAY within
    any 24 hours, and never two to one reader, however often and by however many this is called.
    """
    waiting = ImportedReader.objects.to_ask().select_for_update()
    per_day = settings.IMPORT_LETTERS_PER_DAY
    lately = ImportedReader.objects.filter(asked_at__gt=now - dt.timedelta(days=1)).count()
    share = -(-per_day * EVERY // dt.timedelta(days=1))
    room = min(share, per_day - lately)
    if room <= 0:
        return 0
    ids = list(waiting.values_list("subscriber_id", flat=True)[:room])
    if not ids:
        return 0
    ImportedReader.objects.filter(pk__in=ids, asked_at=None).update(asked_at=now)
    wanted = Subscriber.objects.filter(pk__in=ids, status=Subscriber.Status.PENDING)
    for pk in wanted.order_by("pk").values_list("pk", flat=True):
        ask_for(Notice.Kind.PERMISSION, pk, now)
    return len(ids)
