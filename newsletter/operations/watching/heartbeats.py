"""Heartbeats: beat and each worker write a row that says they live, and the workers watch.

A worker's heart is a thread of its own in the worker's main process, beside the pool, so that it
beats while all hands are busy with mail. Beat's row is written between two rounds of its schedule,
so it says that the schedule runs and not only that the process does.
"""

import datetime as dt
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter import VERSION
from newsletter.models import Heartbeat

logger = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two beats of a worker's heart."""

FRESH = dt.timedelta(minutes=3)
"""How long after its last sign of life a part counts as alive: beat's rounds are a minute apart."""

FORGOTTEN_AFTER = dt.timedelta(days=1)
"""When a part that fell silent is no longer missed, such as a machine that was taken away."""


def is_fresh(beat: Heartbeat | None, now: dt.datetime) -> bool:
    """Whether this is a sign of life."""
    return beat is not None and now - beat.at <= FRESH


def beat_is_alive() -> None:
    """Beat finished a round of its schedule."""
    _write(lambda now: Heartbeat.objects.record(Heartbeat.Kind.BEAT, "beat", now, version=VERSION))


def tick_was_run(now: dt.datetime) -> None:
    """A worker ran the minute's tick: beat, broker and worker work together."""
    Heartbeat.objects.record(Heartbeat.Kind.TICK, "tick", now)


def is_my_turn(now: dt.datetime, every: dt.timedelta) -> bool:
    """Whether this process is to look around now: one of all workers is, once in `every`."""
    Heartbeat.objects.get_or_create(
        name="watch", defaults={"kind": Heartbeat.Kind.WATCH, "at": now - every, "since": now}
    )
    due = Heartbeat.objects.filter(name="watch", at__lte=now - every)
    return bool(due.update(at=now))


def disk_of(directory: Path) -> dict[str, int]:
    """Free and total bytes of the disk that holds `directory`; nothing where it is not there."""
    try:
        usage = shutil.disk_usage(directory)
    except OSError:
        return {}
    return {"journal_free": usage.free, "journal_total": usage.total}


def _write(record: Callable[[dt.datetime], None]) -> None:
    """Write a row. Neither beat nor a worker may stop because the database is away. The connection
    is closed, so that none is inherited by a process that the pool forks.
    """
    try:
        record(timezone.now())
    except Exception:  # whatever the database's driver raises
        logger.exception("couldn't write a heartbeat")
    finally:
        if not connection.in_atomic_block:
            connection.close()


class Heart:
    """A worker's heart; also what looks after the whole, since it is awake in any case."""

    def __init__(
        self, name: str, watch: Callable[[dt.datetime], Any], every: float = EVERY
    ) -> None:
        self.name = f"worker {name}"[:150]
        self._watch = watch
        self._every = every
        self._started = True
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and take the row away: this worker is not missed."""
        self._end.set()
        self._thread.join(timeout=5)
        _write(lambda now: self._take_away())

    def beat(self, now: dt.datetime) -> None:
        """Say that this worker lives, and look around."""
        Heartbeat.objects.record(
            Heartbeat.Kind.WORKER,
            self.name,
            now,
            is_new=self._started,
            version=VERSION,
            **disk_of(settings.JOURNAL_DIR),
        )
        self._started = False
        self._watch(now)

    def _take_away(self) -> None:
        Heartbeat.objects.filter(name=self.name).delete()

    def _run(self) -> None:
        _write(self.beat)
        while not self._end.wait(self._every):
            _write(self.beat)
