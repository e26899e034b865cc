"""Alerts: telling the operators, by mail and by webhook, past the queue and its rates.

Mail goes through a server of its own (ALERT_EMAIL_URL), since the one that takes digests may be the
trouble. No alert holds a reader's address or a link of theirs.
"""

import datetime as dt
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from papers import site

logger = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds that a mail server or a webhook has."""


class State(StrEnum):
    """Where a trouble stands."""

    OPEN = "open"
    STILL_OPEN = "still open"
    OVER = "over"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Alert:
    """What is told of one trouble."""

    text: str
    trouble: str
    """Its key, such as source:arxiv."""
    since: dt.datetime
    state: State

    @property
    def subject(self) -> str:
        """One line for an email."""
        said = {State.OPEN: "Trouble", State.STILL_OPEN: "Still", State.OVER: "Over"}
        word = said.get(self.state, "Test")
        return f"[{site.current().name}] {word}: {self.text}"[:180]

    def as_dict(self) -> dict[str, str]:
        """What a webhook is sent."""
        return {
            "text": f"{self.subject}\n{settings.SITE_URL}/admin/newsletter/trouble/status/",
            "trouble": self.trouble,
            "since": self.since.isoformat(),
            "state": self.state.value,
        }


def channels() -> list[str]:
    """Which ways to the operators are configured."""
    found = ["email"] if settings.ADMINS else []
    return [*found, "webhook"] if settings.ALERT_WEBHOOK_URL else found


def tell(alert: Alert) -> bool:
    """Tell the operators every way there is; whether one of them worked, or there is none."""
    results = tell_each(alert)
    return not results or any(results.values())


def tell_each(alert: Alert) -> dict[str, bool]:
    """Tell the operators every way there is; whether each worked."""
    ways = {"email": _mail, "webhook": _post}
    return {name: _try(name, ways[name], alert) for name in channels()}


def ping() -> bool:
    """Tell the service at PING_URL that all is well; whether it heard."""
    if not settings.PING_URL:
        return False
    try:
        httpx.get(settings.PING_URL, timeout=TIMEOUT).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        logger.warning("a ping failed", extra={"reason": type(error).__name__})
        return False
    return True


def _try(name: str, way: Any, alert: Alert) -> bool:
    """Go one way. The reason goes into the log by its kind alone: a webhook's address is a secret,
    and stands in the words of its errors.
    """
    try:
        way(alert)
    except Exception as error:  # whatever a mail backend or a URL raises
        logger.error(
            "an alert failed",
            extra={"way": name, "trouble": alert.trouble, "reason": type(error).__name__},
        )
        return False
    return True


def _mail(alert: Alert) -> None:
    when = f"{alert.since.astimezone(dt.UTC):%A, %-d %B %Y, %H:%M} UTC"
    EmailMessage(
        subject=alert.subject,
        body=(
            f"{alert.text}\n\nSince {when}. State: {alert.state}.\n\n"
            f"{settings.SITE_URL}/admin/newsletter/trouble/status/\n"
        ),
        from_email=settings.SERVER_EMAIL,
        to=[address for _, address in settings.ADMINS],
        headers={"Auto-Submitted": "auto-generated"},
        connection=_connection(),
    ).send()


def _connection() -> BaseEmailBackend:
    """To the alerts' own server; where none is named, to the one that digests go to."""
    options = settings.ALERT_EMAIL
    if not options:
        return get_connection()
    return get_connection(
        options["EMAIL_BACKEND"],
        host=options.get("EMAIL_HOST") or "localhost",
        port=options.get("EMAIL_PORT") or 25,
        username=options.get("EMAIL_HOST_USER") or "",
        password=options.get("EMAIL_HOST_PASSWORD") or "",
        use_tls=bool(options.get("EMAIL_USE_TLS")),
        use_ssl=bool(options.get("EMAIL_USE_SSL")),
        timeout=TIMEOUT,
    )


def _post(alert: Alert) -> None:
    answer = httpx.post(settings.ALERT_WEBHOOK_URL, json=alert.as_dict(), timeout=TIMEOUT)
    answer.raise_for_status()
