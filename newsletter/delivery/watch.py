"""Workers look at the queue by themselves, whatever becomes of the messages that should wake them.

Each process of a Celery worker has a thread that drains the queue when it starts and every
`LOOK_EVERY` seconds, unless the process is draining already. So what dead workers left is recovered
and a confirmation goes out even if every message is lost and the broker is gone, and what people do
to many rows at once goes on. In between it glances at what readers wait for at their screens, so
that neither a confirmation nor a welcome waits for a hand that is busy with something else.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import timezone

from newsletter.delivery import notices, rates, welcome, worker
from papers import bulk

logger = logging.getLogger(__name__)

LOOK_EVERY = 20.0
"""Seconds between two looks."""

GLANCE_EVERY = 2.0
"""Seconds between two glances: a few small statements each."""

WORK_IN_BULK = 5.0
"""Seconds that one look works on what people do in bulk: emails wait for so long at most."""

WORK = 50.0
"""Seconds that one look drains at most, as one wake-up does."""

STOP_WITHIN = 10.0
"""Seconds that the end of a process waits for the thread: until its message is answered."""

_stop = threading.Event()
_thread: threading.Thread | None = None
_hand = threading.Lock()
_is_one_hand = False


@contextmanager
def hand(seconds: float) -> Iterator[bool]:
    """Be the hand of this process that drains the queue; whether that came about within `seconds`.

    A process of a pool is one hand. Were its watch and a task to drain at the same time, each would
    prepare the same issues, for twice the time and memory. In a pool of threads each is one.
    """
    if not _is_one_hand:
        yield True
        return
    is_mine = _hand.acquire(timeout=seconds)
    try:
        yield is_mine
    finally:
        if is_mine:
            _hand.release()


def start(*, is_one_hand: bool = False) -> None:
    """Begin to watch, once in each process, which is one hand or has several."""
    global _thread, _is_one_hand
    _is_one_hand = is_one_hand
    if _thread is None or not _thread.is_alive():
        _stop.clear()
        worker.allow_drains()
        _thread = threading.Thread(target=_watch, name="watch", daemon=True)
        _thread.start()


def stop() -> None:
    """End the watch: what is being handed over is finished first."""
    _stop.set()
    worker.stop_drains()
    if _thread is not None:
        _thread.join(STOP_WITHIN)


def _watch() -> None:
    next_look = 0.0
    while True:
        if not worker.is_draining():
            try:
                close_old_connections()
                is_due = time.monotonic() >= next_look
                if is_due or _someone_waits():
                    next_look = time.monotonic() + LOOK_EVERY
                    _look()
                    if is_due and bulk.are_waiting(timezone.now()):
                        from newsletter.delivery import in_bulk  # loads much, and is seldom needed

                        in_bulk.work(seconds=WORK_IN_BULK)
            except Exception:  # the next look may fare better
                logger.exception("couldn't check the queue")
            finally:
                with suppress(Exception):
                    connections.close_all()
        if _stop.wait(GLANCE_EVERY):
            return


def _look() -> None:
    with hand(0) as is_free:
        if not is_free:
            return
        tally = worker.drain(seconds=WORK)
    if tally.total or tally.notices:
        logger.info("sent without being asked", extra=tally.as_dict())


def _someone_waits() -> bool:
    now = timezone.now()
    if notices.are_waiting(now):
        return True
    is_new = bool(welcome.plan(now)) or welcome.are_waiting(now)
    return is_new and not rates.is_spent(settings.EMAIL_BACKEND, now)
