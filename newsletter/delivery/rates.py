"""How fast may we send? Reservations that hold over all workers and across restarts.

Each mail backend has one row. A worker reserves a batch's worth of sending time on it before it
claims a batch, under the row's lock, so that the sum over all workers keeps the rate: the row says
when the next mail may go out (the "theoretical arrival time" of the generic cell rate algorithm,
ITU-T I.371) and how many were reserved on this UTC day. What a crash leaves unused is lost until
it would have been sent, never exceeded.
"""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from newsletter.models import RateBucket
from newsletter.old_paths import MAIL_BACKENDS

AHEAD = dt.timedelta(seconds=2)
"""How far into the future sending time may be reserved, and so how large a batch is."""

_ROW_NAMES = {now: before for before, now in MAIL_BACKENDS.items()}
"""A backend that moved keeps the name of its row: the day's count goes on, and a worker of the
version before counts together with ours while both run."""

SKEW = dt.timedelta(minutes=1)
"""How far the clocks of two machines may be apart."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to send `count` mails, the first one not before `start`, then `interval` apart."""

    count: int
    start: dt.datetime
    interval: dt.timedelta = dt.timedelta(0)
    wait: dt.timedelta = dt.timedelta(0)
    """With a count of 0: how long until asking again is worth it."""


def is_limited() -> bool:
    """Whether any rate is set."""
    return bool(settings.DELIVERY_RATE_PER_SECOND or settings.DELIVERY_RATE_PER_DAY)


def reserve(name: str, wanted: int, now: dt.datetime) -> Grant:
    """Reserve up to `wanted` mails on the backend `name`. Without limits: all, and no query."""
    if not is_limited():
        return Grant(wanted, now)
    name = _ROW_NAMES.get(name, name)
    per_second, per_day = settings.DELIVERY_RATE_PER_SECOND, settings.DELIVERY_RATE_PER_DAY
    today = now.astimezone(dt.UTC).date()
    with transaction.atomic():
        RateBucket.objects.get_or_create(name=name, defaults={"free_at": now, "day": today})
        bucket = RateBucket.objects.select_for_update().get(name=name)
        if bucket.day < today:  # a clock that went back does not open the day anew
            bucket.day, bucket.used = today, 0
        count = wanted
        if per_day:
            count = min(count, per_day - bucket.used)
            if count <= 0:
                midnight = dt.datetime.combine(bucket.day + dt.timedelta(days=1), dt.time(), dt.UTC)
                return Grant(0, now, wait=midnight - now)
        start, interval = now, dt.timedelta(0)
        if per_second:
            interval = dt.timedelta(seconds=1 / per_second)
            if bucket.free_at > now + interval + SKEW:
                # No worker reserves so far ahead: some clock was wrong, ours or another's.
                bucket.free_at = now
            free_at = max(bucket.free_at, now)
            room = now + AHEAD - free_at
            if room < dt.timedelta(0):
                return Grant(0, now, wait=-room)
            count = min(count, max(1, int(room / interval)))
            start = free_at
            bucket.free_at = free_at + interval * count
        bucket.used += count
        bucket.save()
    return Grant(count, start, interval)


def is_spent(name: str, now: dt.datetime) -> bool:
    """Whether the backend `name` may send no further mail today. Without a limit no query."""
    if not settings.DELIVERY_RATE_PER_DAY:
        return False
    return RateBucket.objects.filter(
        name=_ROW_NAMES.get(name, name),
        day__gte=now.astimezone(dt.UTC).date(),
        used__gte=settings.DELIVERY_RATE_PER_DAY,
    ).exists()


def give_back(name: str, grant: Grant, unused: int) -> None:
    """Return the last `unused` mails of a grant."""
    if unused <= 0 or not is_limited():
        return
    with transaction.atomic():
        bucket = RateBucket.objects.select_for_update().get(name=_ROW_NAMES.get(name, name))
        bucket.used = max(0, bucket.used - unused)
        if bucket.free_at == grant.start + grant.interval * grant.count:
            bucket.free_at -= grant.interval * unused
        bucket.save()
