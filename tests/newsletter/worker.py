"""Delivery workers as processes of their own, for tests that kill them: `python -m …worker`.

One process stands for a machine. It imports everything once and forks a worker for every line that
it reads, so that a test can kill thirty of them without waiting for thirty interpreters. A worker
does what the Celery tasks do, in a loop, and like them survives an error of its database.
"""

import os
import signal
import sys
import time
import traceback


def work(seconds: float) -> None:
    """Sweep and drain until `seconds` are over."""
    from django.conf import settings
    from django.db import DatabaseError, close_old_connections
    from django.utils import timezone

    from newsletter.delivery import ledger, worker

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            ledger.sweep(settings.JOURNAL_DIR, timezone.now())
            worker.drain(seconds=5)
        except DatabaseError:
            traceback.print_exc()
            close_old_connections()
        time.sleep(0.02)


def main() -> None:
    """Fork a worker for every line on standard input and say its process id."""
    import django

    django.setup()
    from newsletter.delivery import worker  # noqa: F401  # what workers need is imported before the fork

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the children
    print("ready", flush=True)
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                work(120)
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
