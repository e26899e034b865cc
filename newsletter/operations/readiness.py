"""Whether mail may go out to readers: what has to be said before anything is sent.

In production, which is without DEBUG and with a mail backend that reaches somebody, a worker does
not start, and `send_digests` does not send, until the operator said who sends, from where, which
list it is and where an email to leave goes. Our own defaults for these are good enough to look at
digests, and not for bulk email: a List-Id that is guessed from the sender's domain, say, changes
when that does, and takes the readers' filters with it.
"""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from newsletter.mail.providers import registry as providers
from newsletter.mail.transports import backend
from papers import site

REACHING_NOBODY = frozenset(
    {
        backend.MAILBOX,
        backend.NULL,
        *(
            f"django.core.mail.backends.{name}.EmailBackend"
            for name in ("console", "dummy", "filebased", "locmem")
        ),
    }
)
"""Mail backends that keep mail or throw it away."""

MEANINGS = {
    "FROM_EMAIL": "the sender",
    "POSTAL_ADDRESS": "the sender's postal address",
    "LIST_ID": "the newsletter's list ID, which never changes",
    "UNSUBSCRIBE_EMAIL": "the address for unsubscribe emails",
}


def reaches_readers() -> bool:
    """Whether what is sent reaches somebody."""
    return settings.EMAIL_BACKEND not in REACHING_NOBODY


def missing() -> list[str]:
    """What sending to readers needs and nobody said, as "NAME (meaning)", in a fixed order."""
    return [f"{name} ({meaning})" for name, meaning in MEANINGS.items() if not _is_said(name)]


def _is_said(name: str) -> bool:
    if name == "POSTAL_ADDRESS" and site.says_postal_address():
        return True
    value = str(getattr(settings, "DEFAULT_FROM_EMAIL" if name == "FROM_EMAIL" else name))
    return name not in settings.UNSAID and bool(value.strip())


def has_webhook_secret() -> bool:
    """Whether a provider's reports can be told from forged ones."""
    given = settings.ANYMAIL.get("WEBHOOK_SECRET") or getattr(
        settings, "ANYMAIL_WEBHOOK_SECRET", None
    )
    return bool(given)


def provider_objection() -> str:
    """Why nothing should go out through the configured provider yet; "" where all is well."""
    if settings.UNSUBSCRIBE_HEADERS_SEEN:
        return ""
    return providers.objection(settings.EMAIL_BACKEND)


def non_ascii_objection() -> str:
    """Why the provider may fail readers whose address is not ASCII; empty where nothing is known
    against it. What a mail server of one's own offers is seen when it is connected to.
    """
    provider = providers.provider_of(settings.EMAIL_BACKEND)
    if not settings.NON_ASCII_ADDRESSES or provider is None or provider.non_ascii:
        return ""
    return f"NON_ASCII_ADDRESSES is set, but {provider.name} doesn't document support for them"


def objections() -> list[str]:
    """Every reason not to send, in sentences; none where mail reaches nobody, or with DEBUG."""
    if settings.DEBUG or not reaches_readers():
        return []
    found = []
    if names := missing():
        found.append(f"Set {', '.join(names)}.")
    if providers.is_anymail(settings.EMAIL_BACKEND) and not has_webhook_secret():
        found.append(
            'Put a "WEBHOOK_SECRET" into ANYMAIL, such as "some-user:some-password", or anybody '
            "could report bounces and complaints."
        )
    if objection := provider_objection():
        found.append(
            f"{objection[0].upper()}{objection[1:]} Send yourself an email, save it, and check "
            "it with manage.py check_deliverability --eml FILE. If both headers are ours, set "
            "UNSUBSCRIBE_HEADERS_SEEN=true."
        )
    return found


def require() -> None:
    """Raise `ImproperlyConfigured` with all reasons not to send, if there are any."""
    if found := objections():
        raise ImproperlyConfigured("Emails can't be sent to readers yet. " + " ".join(found))
