"""Errors for Sentry, where SENTRY_DSN names a project; without what belongs to readers.

An event passes through here last. Requests lose everything but method and path; users, cookies,
forms, headers and the values of variables are left out; every text loses addresses of people, query
strings and signed tokens.
"""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from newsletter import VERSION
from newsletter.logs import without_secrets

_OF_A_REQUEST = ("method", "url")

_CODE = frozenset(
    ("function", "module", "filename", "abs_path", "context_line", "pre_context", "post_context")
)
"""What stands in a stack's frames: our own source and no reader's."""

_NAMES = frozenset(("event_id", "trace_id", "span_id", "parent_span_id", "type", "timestamp"))


def start(dsn: str) -> None:
    """Report errors from now on. Raises `ImproperlyConfigured` where that cannot be."""
    try:
        import sentry_sdk
    except ImportError:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, but the package sentry-sdk isn't installed."
        ) from None
    try:
        sentry_sdk.init(
            dsn=dsn,
            release=VERSION,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            server_name="",
            before_send=scrubbed,
            before_breadcrumb=scrubbed,
        )
    except ValueError as error:  # sentry_sdk's BadDsn is one
        raise ImproperlyConfigured(
            f"The environment variable SENTRY_DSN isn't the address of a Sentry project ({error})."
        ) from None


def scrubbed(event: Any, hint: Any = None) -> Any:
    """An event, or a crumb on its trail, without what belongs to readers."""
    if isinstance(event, dict):
        event = {key: value for key, value in event.items() if key != "user"}
        if isinstance(request := event.get("request"), dict):
            event["request"] = {key: request[key] for key in _OF_A_REQUEST if key in request}
    return _clean(event)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {
            key: one if key in _CODE or key in _NAMES else _clean(one)
            for key, one in value.items()
            if key != "vars"
        }
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value
