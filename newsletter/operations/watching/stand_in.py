"""Who looks around while no worker does: a web process that somebody asks whether it is ready.

The workers watch over everything but their own absence. A load balancer or a monitor asks the web
processes all day, so one of these takes the turn that no worker took, and the operators hear that
no worker lives. It looks in a thread of its own: nobody's page waits for a mail server.
"""

import datetime as dt
import logging
import threading

from django.db import connections
from django.utils import timezone

from newsletter.models import Heartbeat
from newsletter.operations.watching import alerts, troubles

logger = logging.getLogger(__name__)

SILENT = dt.timedelta(minutes=3)
"""How long nobody may have looked: workers look every minute."""

_looking = threading.Lock()


def is_needed(now: dt.datetime) -> bool:
    """Whether nobody has looked around for `SILENT`, and somebody could be told. One statement."""
    if not alerts.channels():
        return False
    return not Heartbeat.objects.filter(
        kind=Heartbeat.Kind.WATCH, at__gt=now - SILENT, at__lte=now + SILENT
    ).exists()


def glance() -> threading.Thread | None:
    """Look around in a thread where nobody else does; the thread, if there is one."""
    if not is_needed(timezone.now()) or not _looking.acquire(blocking=False):
        return None
    thread = threading.Thread(target=_look, name="stand-in", daemon=True)
    thread.start()
    return thread


def _look() -> None:
    try:
        troubles.watch(timezone.now(), pings=False)
    except Exception:  # the next one who asks may fare better
        logger.exception("nothing is being checked, and this web process couldn't check either")
    finally:
        _looking.release()
        connections.close_all()
