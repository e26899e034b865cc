"""One way to hand over a message, whatever the mail backend.

`open_transport` gives something with `send(mail) -> Outcome` for the configured EMAIL_BACKEND:
this project's own SMTP client for Django's SMTP backend, a file per mail for the local mailbox, and
for every other backend (Anymail's, above all) the backend itself with one message per call, so that
an error belongs to exactly one message.
"""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from newsletter.mail import local_mailbox
from newsletter.mail.encoding import UnsendableMail
from newsletter.mail.message import Mail
from newsletter.mail.outcomes import Kind, Outcome, Stage, sort_error
from newsletter.mail.transports.base import Transport
from newsletter.mail.transports.smtp import SMTPTransport

DJANGO_SMTP = "django.core.mail.backends.smtp.EmailBackend"
SIGNING_SMTP = "newsletter.mail.transports.signing.EmailBackend"
MAILBOX = "newsletter.mail.local_mailbox.MailboxBackend"
NULL = "null"


def open_transport(backend_path: str, **options: Any) -> Transport:
    """The transport for a mail backend's dotted path; use it in a `with` statement.

    `options` are the transport's or the backend's own; what is left out comes from the settings.
    The path "null" gives a transport that composes each message and throws it away. Nothing is
    opened yet, so this raises only for settings that no backend could work with.
    """
    if backend_path == NULL:
        return NullTransport()
    if backend_path in (DJANGO_SMTP, SIGNING_SMTP):
        return SMTPTransport(**{**smtp_options(), **options})
    if backend_path == MAILBOX:
        return MailboxTransport(options.get("directory"))
    return BackendTransport(backend_path, options)


def for_settings() -> Transport:
    """The transport for EMAIL_BACKEND."""
    return open_transport(settings.EMAIL_BACKEND)


def smtp_options() -> dict[str, Any]:
    """`SMTPTransport`'s arguments from Django's EMAIL_* settings, and the DKIM key's signer."""
    context = sign = None
    if settings.DKIM_KEY:
        from newsletter.mail import dkim_signer  # its library takes 50 ms to import

        sign = dkim_signer.for_settings()
    if settings.EMAIL_SSL_CERTFILE:
        context = ssl.create_default_context()
        context.load_cert_chain(settings.EMAIL_SSL_CERTFILE, settings.EMAIL_SSL_KEYFILE)
    return {
        "host": settings.EMAIL_HOST,
        "port": settings.EMAIL_PORT,
        "user": settings.EMAIL_HOST_USER,
        "password": settings.EMAIL_HOST_PASSWORD,
        "use_tls": settings.EMAIL_USE_TLS,
        "use_ssl": settings.EMAIL_USE_SSL,
        "timeout": settings.EMAIL_TIMEOUT or 30.0,
        "ssl_context": context,
        "sign": sign,
        "end_separately": settings.SMTP_END_SEPARATELY,
    }


class BackendTransport(Transport):
    """Sends through any Django mail backend, one message per call, over one connection object.

    So each thread that has its own transport has its own HTTP session. The outcome is the one
    recipient's, also where a provider answers 200 and refuses the recipient.
    """

    def __init__(self, backend_path: str, options: Mapping[str, Any] | None = None) -> None:
        self._connection: BaseEmailBackend = get_connection(
            backend_path, fail_silently=False, **(options or {})
        )
        self._opened = False

    def send(self, mail: Mail) -> Outcome:
        """Hand over one message. Never raises for the message, the backend or the network.

        A worker's time limit passes through: what it interrupted is then in doubt.
        """
        # Anymail brings requests with it, which the other transports do without.
        from newsletter.mail.providers.answers import sort_provider_error, sort_status

        try:
            message = mail.as_django(self._connection)
        except UnsendableMail as error:
            return sort_error(error)
        stage: Stage | None = Stage.CONNECT
        try:
            if not self._opened:
                self._connection.open()
                self._opened = True
            stage = None
            count = self._connection.send_messages([message])
        except SoftTimeLimitExceeded:
            self.close()
            raise
        except Exception as error:
            if getattr(error, "response", None) is None:
                self.close()  # no answer, so who knows in what state the connection is
            return sort_provider_error(error, getattr(message, "anymail_status", None), stage)
        status = getattr(message, "anymail_status", None)
        if getattr(status, "esp_response", None) is not None:
            return sort_status(status)
        if count == 0:
            return Outcome(Kind.REFUSED, "not sent", "the mail backend sent nothing", tried=False)
        return Outcome(Kind.ACCEPTED)

    def close(self) -> None:
        """Close the backend's connection, if it is open."""
        self._opened = False
        with suppress(Exception):
            self._connection.close()


class MailboxTransport(Transport):
    """Keeps each message as a file in the local mailbox, byte for byte as SMTP would send it."""

    def __init__(self, directory: Path | str | None = None) -> None:
        self._directory = directory

    def send(self, mail: Mail) -> Outcome:
        """Write one file. A full disk is DEFERRED, and leaves no half of a file."""
        try:
            name = local_mailbox.store(mail.as_bytes(), self._directory)
        except (UnsendableMail, OSError) as error:
            return sort_error(error)
        return Outcome(Kind.ACCEPTED, "stored", provider_id=name)


class NullTransport(Transport):
    """Composes each message and throws it away: for measuring all that comes before the socket."""

    def __init__(self) -> None:
        self.messages = 0
        self.octets = 0

    def send(self, mail: Mail) -> Outcome:
        """Compose one message and count its bytes."""
        try:
            self.octets += len(mail.as_bytes())
        except UnsendableMail as error:
            return sort_error(error)
        self.messages += 1
        return Outcome(Kind.ACCEPTED, "null")
