"""How fast may we send? Reservations that hold over all workers and across restarts.

Each mail backend has one row. A worker reserves a batch's worth of sending time on it before it
claims a batch, under the row's lock, so that the sum over all workers keeps the rate: the row says
when the next email may go out (the "theoretical arrival time" of the generic cell rate algorithm,
ITU-T I.371) and how many were reserved on this UTC day. What a crash leaves unused is lost until
it would have been sent, never exceeded.

Notices share the row with digests, and never wait behind a million of them: no digest reserves
further ahead than `AHEAD`, so a notice finds a place soon after, and of the day's number
digests leave a tenth. Two further rows count, of the day's number, how many were notices, and how
many of these strangers caused by typing an address: those may use a quarter at most.
"""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F

from newsletter.models import RateBucket
from newsletter.old_paths import MAIL_BACKENDS

AHEAD = dt.timedelta(seconds=2)
"""How far into the future sending time may be reserved, and so how large a batch is."""

AHEAD_OF_NOTICES = 2 * AHEAD
"""The same for a notice: it finds a place also where digests have reserved all they may."""

_ROW_NAMES = {now: before for before, now in MAIL_BACKENDS.items()}
"""A backend that moved keeps the name of its row: the day's count goes on, and a worker of the
version before counts together with ours while both run."""

KEPT_FOR_NOTICES = 10
"""One in so many of the day's emails is not for digests."""

FOR_STRANGERS = 4
"""One in so many of the day's emails may be caused by strangers."""

SKEW = dt.timedelta(minutes=1)
"""How far the clocks of two machines may be apart."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to send `count` emails, the first one not before `start`, then `interval` apart."""

    count: int
    start: dt.datetime
    interval: dt.timedelta = dt.timedelta(0)
    wait: dt.timedelta = dt.timedelta(0)
    """With a count of 0: how long until asking again is worth it."""


def is_limited() -> bool:
    """Whether any rate is set."""
    return bool(settings.DELIVERY_RATE_PER_SECOND or settings.DELIVERY_RATE_PER_DAY)


def reserve(name: str, wanted: int, now: dt.datetime) -> Grant:
    """Reserve up to `wanted` digests on the backend `name`. Without limits: all, and no query."""
    if not is_limited():
        return Grant(wanted, now)
    name = _ROW_NAMES.get(name, name)
    with transaction.atomic():
        bucket = _locked(name, now)
        count = wanted
        per_day = settings.DELIVERY_RATE_PER_DAY
        if per_day:
            count = min(count, _left_for_digests(bucket, per_day))
            if count <= 0:
                return Grant(0, now, wait=_until_midnight(bucket, now))
        return _take(bucket, count, now, AHEAD)


def reserve_notice(name: str, now: dt.datetime, *, by_stranger: bool) -> Grant:
    """Reserve one notice on the backend `name`; `by_stranger` where anybody could cause it. Without
    limits: no query.
    """
    if not is_limited():
        return Grant(1, now)
    name = _ROW_NAMES.get(name, name)
    with transaction.atomic():
        bucket = _locked(name, now)
        notices = _locked(name + NOTICES, now)
        strangers = _locked(name + STRANGERS, now)
        per_day = settings.DELIVERY_RATE_PER_DAY
        if per_day:
            most = max(1, per_day // FOR_STRANGERS)
            if bucket.used >= per_day or (by_stranger and strangers.used >= most):
                return Grant(0, now, wait=_until_midnight(bucket, now))
        grant = _take(bucket, 1, now, AHEAD_OF_NOTICES)
        if grant.count:
            for share in (notices, strangers)[: 1 + by_stranger]:
                share.used += 1
                share.save()
        return grant


NOTICES, STRANGERS = " (notices)", " (strangers)"
"""What the names of the rows end in that count a share of the day."""


def _locked(name: str, now: dt.datetime) -> RateBucket:
    """The row of this name, locked, and of today."""
    today = now.astimezone(dt.UTC).date()
    RateBucket.objects.get_or_create(name=name, defaults={"free_at": now, "day": today})
    bucket = RateBucket.objects.select_for_update().get(name=name)
    if bucket.day < today:  # a clock that went back does not open the day anew
        bucket.day, bucket.used = today, 0
    return bucket


def _left_for_digests(bucket: RateBucket, per_day: int) -> int:
    """How many of the day's emails digests may still use; below 1 where none."""
    notices = RateBucket.objects.filter(name=bucket.name + NOTICES, day=bucket.day).first()
    digests = bucket.used - (notices.used if notices else 0)
    kept = -(-per_day // KEPT_FOR_NOTICES) if per_day > 1 else 0
    return min(per_day - kept - digests, per_day - bucket.used)


def _until_midnight(bucket: RateBucket, now: dt.datetime) -> dt.timedelta:
    midnight = dt.datetime.combine(bucket.day + dt.timedelta(days=1), dt.time(), dt.UTC)
    return midnight - now


def _take(bucket: RateBucket, count: int, now: dt.datetime, ahead: dt.timedelta) -> Grant:
    """Reserve up to `count` emails on a locked row, and save it."""
    start, interval = now, dt.timedelta(0)
    per_second = settings.DELIVERY_RATE_PER_SECOND
    if per_second:
        interval = dt.timedelta(seconds=1 / per_second)
        if bucket.free_at > now + interval + SKEW:
            # No worker reserves so far ahead: some clock was wrong, ours or another's.
            bucket.free_at = now
        free_at = max(bucket.free_at, now)
        room = now + ahead - free_at
        if room < dt.timedelta(0):
            return Grant(0, now, wait=-room)
        count = min(count, max(1, int(room / interval)))
        start = free_at
        bucket.free_at = free_at + interval * count
    bucket.used += count
    bucket.save()
    return Grant(count, start, interval)


def is_spent(name: str, now: dt.datetime) -> bool:
    """Whether the backend `name` may send no further digest today. Without a limit no query."""
    per_day = settings.DELIVERY_RATE_PER_DAY
    if not per_day:
        return False
    bucket = RateBucket.objects.filter(
        name=_ROW_NAMES.get(name, name), day__gte=now.astimezone(dt.UTC).date()
    ).first()
    return bucket is not None and _left_for_digests(bucket, per_day) <= 0


def give_back(name: str, grant: Grant, unused: int) -> None:
    """Return the last `unused` emails of a grant."""
    if unused <= 0 or not is_limited():
        return
    with transaction.atomic():
        _return(_ROW_NAMES.get(name, name), grant, unused)


def give_back_notice(name: str, grant: Grant, *, by_stranger: bool) -> None:
    """Return the one email of a notice's grant."""
    if not is_limited():
        return
    name = _ROW_NAMES.get(name, name)
    with transaction.atomic():
        _return(name, grant, 1)
        for share in (NOTICES, STRANGERS)[: 1 + by_stranger]:
            RateBucket.objects.filter(name=name + share, used__gt=0).update(used=F("used") - 1)


def _return(name: str, grant: Grant, unused: int) -> None:
    bucket = RateBucket.objects.select_for_update().get(name=name)
    bucket.used = max(0, bucket.used - unused)
    if bucket.free_at == grant.start + grant.interval * grant.count:
        bucket.free_at -= grant.interval * unused
    bucket.save()
