"""Where mail providers report: one address for each, that nobody can guess, behind a password.

Anymail's views check signatures and read each provider's form. Around them this module checks the
address's secret part and the password (ANYMAIL's WEBHOOK_SECRET, by HTTP basic authentication),
stores all events of a request in one statement, and answers. What follows from them is a worker's
business: a burst of ten thousand events costs the web server ten thousand short inserts.

The answers: 404 for a wrong address, 401 without the password, 403 for a wrong signature, 400 for
what cannot be read, 413 for too much, 503 where the password or the provider is not configured. A
provider tries again after any of these but 200, so nothing is lost by a mistake of ours.
"""

import hmac
import logging
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from anymail.exceptions import (
    AnymailConfigurationError,
    AnymailImproperlyInstalled,
    AnymailWebhookValidationFailure,
)
from anymail.signals import AnymailTrackingEvent, tracking
from anymail.urls import urlpatterns as anymail_patterns
from anymail.utils import get_request_basic_auth
from celery import signature
from django.conf import settings
from django.core.cache import cache
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from kombu.exceptions import OperationalError

from newsletter.events import intake

logger = logging.getLogger(__name__)

app_name = "webhooks"

MOST_BYTES = 16 * 1024 * 1024
"""The largest request that is read. SparkPost and SendGrid send thousands of events in one."""

WAKE_EVERY = 2
"""Seconds between two calls for a worker, however many requests come in."""

_heard: ContextVar[list[intake.Report] | None] = ContextVar("_heard", default=None)


@receiver(tracking, dispatch_uid="newsletter.pages.webhooks")
def on_tracking(sender: Any, event: AnymailTrackingEvent, esp_name: str, **_: Any) -> None:
    """Take one event of an Anymail webhook: into the request's list, or at once."""
    report = intake.reported(event, esp_name)
    heard = _heard.get()
    if heard is None:
        intake.store([report], timezone.now())
    else:
        heard.append(report)


# --- The address --------------------------------------------------------------------------


def _path_secret(key: str) -> str:
    return hmac.digest(b"broadsheet.webhooks", key.encode(), "sha256")[:24].hex()


def path_secrets() -> list[str]:
    """The secret part of the addresses: made of SECRET_KEY, so that there is nothing to set; those
    of earlier keys in SECRET_KEY_FALLBACKS work as well. As long as a signed token, so that no log
    shows it (newsletter.logs).
    """
    return [_path_secret(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def passwords() -> list[str]:
    """The allowed "user:password" pairs of ANYMAIL's WEBHOOK_SECRET; none if there are none."""
    given: Any = settings.ANYMAIL.get("WEBHOOK_SECRET") or getattr(
        settings, "ANYMAIL_WEBHOOK_SECRET", ""
    )
    return [one for one in ([given] if isinstance(given, str) else map(str, given)) if one]


def url_of(name: str) -> str:
    """The whole address for a provider (a name in `PROVIDERS`), password and all: what an
    operator pastes into the provider's form.
    """
    address = reverse(f"webhooks:{name}", args=[path_secrets()[0]])
    scheme, _, host = settings.SITE_URL.partition("://")
    password = f"{passwords()[0]}@" if passwords() else ""
    return f"{scheme}://{password}{host}{address}"


# --- The answer ---------------------------------------------------------------------------


def _answer(status: int, text: str = "") -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def _is_allowed(request: HttpRequest) -> bool:
    given = get_request_basic_auth(request) or ""
    return any(constant_time_compare(given, allowed) for allowed in passwords())


def _guarded(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Anymail's view behind the secret address and the password; its events are stored together."""

    @csrf_exempt
    @wraps(view)
    def handle(request: HttpRequest, secret: str) -> HttpResponse:
        if not any(constant_time_compare(secret, known) for known in path_secrets()):
            return _answer(404, "Not found.\n")
        if not passwords() and not settings.DEBUG:
            logger.error("a webhook was called, but ANYMAIL has no WEBHOOK_SECRET")
            return _answer(503, "Not configured.\n")
        if request.method == "POST" and passwords() and not _is_allowed(request):
            response = _answer(401, "Authentication required.\n")
            # Amazon SNS sends its password only when it is asked for one.
            response["WWW-Authenticate"] = 'Basic realm="webhooks"'
            return response
        heard: list[intake.Report] = []
        token = _heard.set(heard)
        try:
            if request.method == "POST" and not _read(request):
                return _answer(413, "Too large.\n")
            response = view(request)
        except AnymailWebhookValidationFailure as error:
            logger.warning("refused a webhook request", extra={"reason": str(error)[:300]})
            return _answer(403, "Refused.\n")
        except (AnymailConfigurationError, AnymailImproperlyInstalled) as error:
            logger.error("a webhook isn't configured", extra={"reason": str(error)[:300]})
            return _answer(503, "Not configured.\n")
        except Exception:  # whatever a payload that is none makes a parser raise
            logger.exception("couldn't read a webhook request")
            return _answer(400, "This couldn't be read.\n")
        finally:
            _heard.reset(token)
        if heard and intake.store(heard, timezone.now()):
            wake()
        return response

    return handle


def _read(request: HttpRequest) -> bool:
    """Read the body up to `MOST_BYTES`; whether that was all of it. Django's own limit, which is
    meant for forms that strangers fill in, is too low for a batch of events.
    """
    body = request.read(MOST_BYTES + 1)
    request._body = body  # what request.body keeps it in
    return len(body) <= MOST_BYTES


def wake() -> None:
    """Call a worker, unless one was called just now. One that does not come is made up for by
    beat within a minute.
    """
    try:
        if cache.add("webhooks.wake", 1, timeout=WAKE_EVERY):
            signature("newsletter.tasks.heed").apply_async(expires=60, countdown=1)
    except OperationalError:
        logger.warning("couldn't reach a worker", exc_info=True)
    except Exception:  # each cache has errors of its own, and the events are stored
        logger.warning("the cache didn't answer", exc_info=True)


# --- The addresses ------------------------------------------------------------------------


def _tracking_views() -> dict[str, Callable[..., HttpResponse]]:
    """Anymail's views for what becomes of sent mail, by provider. Those for incoming mail are left
    out, and the names of companies that have others now.
    """
    found: dict[str, Callable[..., HttpResponse]] = {}
    for pattern in anymail_patterns:
        name = str(pattern.name)
        if name.endswith("_tracking_webhook") or name == "mandrill_webhook":
            provider = name.removesuffix("_webhook").removesuffix("_tracking")
            if provider != "sendinblue":
                found.setdefault(provider, pattern.callback)
    return found


_VIEWS = _tracking_views()
PROVIDERS = tuple(sorted(_VIEWS))
"""Names of providers, as they stand in the addresses."""

urlpatterns = [
    path(f"<str:secret>/{name}/", _guarded(view), name=name) for name, view in _VIEWS.items()
]
