"""Is the process alive, and can it serve? For load balancers, orchestrators and `curl`."""

from collections.abc import Callable
from contextlib import suppress

import redis
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsletter.operations.watching import stand_in
from newsletter.operations.watching.status import pending_migrations

BROKER_TIMEOUT = 2
"""Seconds that the broker has for its answer: less than a probe waits for ours."""


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all; asks nothing of any other part."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when database, broker and schema are as this code needs them, else 503.

    The body names each part with "ok" or what kind of fault it has, and no more: addresses and
    passwords may stand in the fault's own words, so those go nowhere. Workers are no part: the site
    serves without them. But where none looks around, asking this makes this process look.
    """
    with suppress(Exception):  # the checks say what is wrong
        stand_in.glance()
    parts = {name: _state(check) for name, check in CHECKS.items()}
    is_ready = all(state == "ok" for state in parts.values())
    body = {"status": "ok" if is_ready else "failing", "parts": parts}
    return JsonResponse(body, status=200 if is_ready else 503)


def _state(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # whatever it is, this part cannot be used
        return type(error).__name__


def database() -> str:
    """ "ok" when the database answers."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def broker() -> str:
    """ "ok" when the broker answers."""
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=BROKER_TIMEOUT,
        socket_connect_timeout=BROKER_TIMEOUT,
    ) as client:
        client.ping()
    return "ok"


def migrations() -> str:
    """ "ok" when the database has every migration that this code brings."""
    waiting = pending_migrations()
    return f"{waiting} pending" if waiting else "ok"


CHECKS: dict[str, Callable[[], str]] = {
    "database": lambda: database(),
    "broker": lambda: broker(),
    "migrations": lambda: migrations(),
}
"""Looked up by name at each call, so that one part can be tried on its own."""
