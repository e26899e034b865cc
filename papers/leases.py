"""Rows that one process at a time has in hand, each by a claim that runs out unless it is renewed.

Whatever is killed, at whatever moment, another process takes over once the claim has run out; and
whoever lost a claim notices before anything is written twice.
"""

import datetime as dt
import os
import secrets
import socket
from typing import Any

from django.db.models import Q, QuerySet

LEASE = dt.timedelta(minutes=5)
"""How long a process may be silent before another takes over."""


class Lost(Exception):
    """Another process has the row in hand, or somebody stopped it."""


def process_name() -> str:
    """Of this process, once."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"


def free(now: dt.datetime) -> Q:
    """The condition that nobody has a row in hand."""
    return Q(lease_until=None) | Q(lease_until__lte=now)


def take(rows: QuerySet[Any], now: dt.datetime) -> bool:
    """Take a row in hand, where it is free; whether that came about."""
    return bool(rows.filter(free(now)).update(claim=process_name(), lease_until=now + LEASE))


def hold(rows: QuerySet[Any], now: dt.datetime, **values: Any) -> None:
    """Write to a row and renew its claim. `rows` names the claim, and where the row is to stand
    now. Raises `Lost` where that is no longer so.
    """
    if not rows.update(lease_until=now + LEASE, **values):
        raise Lost
