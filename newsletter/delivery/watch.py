"""Workers look at the queue by themselves, whatever becomes of the messages that should wake them.

Each process of a Celery worker has a thread that drains the queue when it starts and every
`LOOK_EVERY` seconds, unless the process is draining already. So what dead workers left is recovered
and a confirmation goes out even if every message is lost and the broker is gone.
"""

import logging
import threading
from contextlib import suppress

from django.db import close_old_connections, connections

from newsletter.delivery import worker

logger = logging.getLogger(__name__)

LOOK_EVERY = 20.0
"""Seconds between two looks."""

WORK = 50.0
"""Seconds that one look drains at most, as one wake-up does."""

STOP_WITHIN = 10.0
"""Seconds that the end of a process waits for the thread: until its message is answered."""

_stop = threading.Event()
_thread: threading.Thread | None = None


def start() -> None:
    """Begin to watch, once in each process."""
    global _thread
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
    while True:
        if not worker.is_draining():
            try:
                close_old_connections()
                tally = worker.drain(seconds=WORK)
                if tally.total or tally.notices:
                    logger.info("drained unasked", extra=tally.as_dict())
            except Exception:  # the next look may fare better
                logger.exception("a look at the queue failed")
            finally:
                with suppress(Exception):
                    connections.close_all()
        if _stop.wait(LOOK_EVERY):
            return
