"""What each mail provider does with the headers of a digest.

Gmail and Yahoo want `List-Unsubscribe` and `List-Unsubscribe-Post` (RFC 8058) in bulk email. Some
providers carry them as they are given, some only for accounts that asked for it, and some put their
own in their place: a reader who then presses "unsubscribe" leaves the provider's list and stays on
ours. With such a provider nothing is sent until an operator has looked at an email that arrived
(setting UNSUBSCRIBE_HEADERS_SEEN).

What the files beside this one say was read from the providers' and Anymail's documentation in 2026;
each names where. docs/deploying.md shows it as a table, and a test compares the two.
"""

import pkgutil
import re
from importlib import import_module
from typing import Any

from django.core.mail import EmailMessage

from newsletter.mail import providers
from newsletter.mail.providers.base import Keeps, Provider

ANYMAIL = "anymail.backends."

_NO_PROVIDERS = {"answers", "base", "events", "registry"}


def discover() -> dict[str, Provider]:
    """The providers of the files beside this one, by Anymail's name."""
    names = sorted(found.name for found in pkgutil.iter_modules(providers.__path__))
    modules = (f"{providers.__name__}.{name}" for name in names if name not in _NO_PROVIDERS)
    found: list[Provider] = [import_module(module).PROVIDER for module in modules]
    return {provider.name: provider for provider in found}


PROVIDERS = discover()
"""By Anymail's name. A new provider is a file beside this one."""

_HTTPS = re.compile("<(https?://[^>]+)>")  # in List-Unsubscribe


def fit(message: EmailMessage, provider: Provider) -> None:
    """Change a message so that `provider` takes it, keeps the unsubscribe headers if it can, and
    does not watch its reader.
    """
    headers = message.extra_headers
    extra: dict[str, Any] = dict(provider.extra)
    if not provider.sends_message_id:
        headers.pop("Message-ID", None)
    if provider.link_as and "List-Unsubscribe" in headers:
        found = _HTTPS.search(headers.pop("List-Unsubscribe"))
        headers.pop("List-Unsubscribe-Post", None)
        if found:
            extra[provider.link_as] = found[1]
    headers.update(provider.headers)
    if provider.watches:  # whatever the account's own settings say
        vars(message).update(track_opens=False, track_clicks=False)
    if extra:
        vars(message)["esp_extra"] = extra | getattr(message, "esp_extra", {})


def provider_named(name: str) -> Provider | None:
    """The provider of that name in Anymail (`esp_name`); None for one that is not in the table."""
    return PROVIDERS.get(name)


def provider_of(backend_path: str) -> Provider | None:
    """The provider behind a mail backend's dotted path; None for SMTP and for unknown ones."""
    if not backend_path.startswith(ANYMAIL):
        return None
    module = backend_path.removeprefix(ANYMAIL).partition(".")[0]
    return next((known for known in PROVIDERS.values() if known.module == module), None)


def is_anymail(backend_path: str) -> bool:
    """Whether mail goes through a provider's API, which reports back by webhook."""
    return backend_path.startswith(ANYMAIL)


def objection(backend_path: str) -> str:
    """Why nothing should be sent through this backend before somebody looked; "" where all is well.

    Raises nothing: a backend that is neither in the table nor Anymail's is taken for SMTP-like,
    which carries a message as it is.
    """
    provider = provider_of(backend_path)
    if provider is None or provider.unsubscribe is Keeps.YES:
        return ""
    verdict = {
        Keeps.ASKED: f"{provider.name} carries our List-Unsubscribe and List-Unsubscribe-Post "
        "headers, which are required for bulk email, only for accounts that asked "
        "for it",
        Keeps.NO: f"{provider.name} doesn't keep our List-Unsubscribe and List-Unsubscribe-Post "
        "headers, which are required for bulk email",
        Keeps.UNKNOWN: f"it isn't documented whether {provider.name} keeps our List-Unsubscribe "
        "and List-Unsubscribe-Post headers, which are required for bulk email",
    }[provider.unsubscribe]
    return f"{verdict}. {provider.why}"
