"""Continuity: noticing that the database was restored, however that was done, before anything goes
out that went out already.

A number rises with every batch, before the batch is sent. It is written to the database, and then
beside it: to a file in the journal's directory and to the cache. Whatever stands beside was in the
database earlier. So a database whose number is not ahead of what stood beside it is an older one:
it does not know what was sent since, and nothing more goes out until somebody says so
(`manage.py after_restore`).

The price is one small statement a batch, some hundred microseconds for two hundred emails.
"""

import datetime as dt
import fcntl
import logging
import os
import time
from contextlib import suppress
from pathlib import Path

from django.core.cache import cache
from django.db import connection

from newsletter import bulk_sql
from newsletter.models import Continuity

logger = logging.getLogger(__name__)

RESTORED = (
    "The database was restored from a backup, so it doesn't know what was sent since. Nothing "
    "is sent until someone says what was."
)

CACHE_PAUSE = 60.0
"""Seconds for which a cache that does not answer is left alone."""

CACHED_FOR = 30 * 24 * 3600


def row() -> Continuity:
    """The one row; made where there is none yet."""
    return Continuity.objects.get_or_create(pk=1)[0]


def hold(directory: Path, now: dt.datetime) -> str:
    """Why nothing may go out now; "" where mail may. Notices a restore."""
    current = row()
    beside = max(_in_file(directory, current.identity), _in_cache(current.identity))
    current.refresh_from_db()  # what stands beside was read first, so this cannot lag behind it
    if current.held_since is None and beside > current.batches:
        hold_because(RESTORED, now)
        current.refresh_from_db()
    return current.held_because if current.held_since else ""


def hold_because(why: str, now: dt.datetime) -> None:
    """Let nothing go out from now on."""
    held = Continuity.objects.filter(pk=row().pk, held_since=None)
    if held.update(held_since=now, held_because=why[:300]):
        logger.error("sending has stopped", extra={"reason": why})


def release(directory: Path) -> None:
    """Let mail go out again: from here on this database's number is ahead of all others."""
    current = row()
    beside = max(_in_file(directory, current.identity), _in_cache(current.identity))
    Continuity.objects.filter(pk=current.pk).update(
        batches=max(current.batches, beside) + 1, held_since=None, held_because=""
    )


class Keeper:
    """One worker's part in keeping the number."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._identity = ""
        self._known = 0  # the greatest number that we saw of this database
        self._cache_away_until = 0.0

    def begin_batch(self, now: dt.datetime) -> bool:
        """Raise the number for a batch that is about to be sent; whether it may be."""
        if not self._identity:
            self._meet(row().identity)
        beside = self._beside()
        identity, number, is_held = self._raise()
        if identity != self._identity:  # another database stands where ours did
            self._meet(identity)
            beside = self._beside()
            identity, number, is_held = self._raise()
        if is_held:
            return False
        if number <= beside:
            hold_because(RESTORED, now)
            return False
        self._known = number
        _write_file(self._directory, identity, number)
        self._write_cache(identity, number)
        return True

    def _meet(self, identity: str) -> None:
        self._identity, self._known = identity, _in_cache(identity)

    def _beside(self) -> int:
        return max(self._known, _in_file(self._directory, self._identity))

    def _raise(self) -> tuple[str, int, bool]:
        table = bulk_sql.table(Continuity)
        sql = (
            f"UPDATE {table} SET batches = batches + 1 WHERE id = 1 "  # noqa: S608 - our own names
            "RETURNING identity, batches, held_since"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql)
            found = cursor.fetchone()
        if found is None:
            row()
            return self._raise()
        return found[0], found[1], found[2] is not None

    def _write_cache(self, identity: str, number: int) -> None:
        if time.monotonic() < self._cache_away_until:
            return
        try:
            cache.set(_cache_key(identity), number, CACHED_FOR)
        except Exception:  # whatever the cache's client raises: the file has it
            self._cache_away_until = time.monotonic() + CACHE_PAUSE
            logger.warning("couldn't store the number of batches in the cache")


def _cache_key(identity: str) -> str:
    return f"continuity:{identity}"


def _in_cache(identity: str) -> int:
    try:
        return int(cache.get(_cache_key(identity)) or 0)
    except Exception:  # whatever the cache's client raises: then the file alone knows
        return 0


def _path(directory: Path, identity: str) -> Path:
    return directory / f"batches-{identity}"


def _in_file(directory: Path, identity: str) -> int:
    with suppress(OSError, ValueError):
        return int(_path(directory, identity).read_text())
    return 0


def _write_file(directory: Path, identity: str, number: int) -> None:
    """Write the number, unless a greater one stands there: workers share the file."""
    try:
        file = os.open(_path(directory, identity), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        logger.exception("couldn't write the number of batches")
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        there = os.read(file, 32)
        if number > int(there or 0):
            os.pwrite(file, b"%019d" % number, 0)  # of one length, so that nothing is left over
    except (OSError, ValueError):
        logger.exception("couldn't write the number of batches")
    finally:
        os.close(file)
