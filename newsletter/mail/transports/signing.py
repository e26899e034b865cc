"""Django's SMTP backend for emails that are not digests: each is signed with DKIM as it leaves."""

import smtplib
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as DjangoSMTPBackend

from newsletter.mail import dkim_signer
from subscriptions.notices.messages import QUOTED_PRINTABLE


class _Signing:
    """Signs what `sendmail` is given, for both of smtplib's classes."""

    def sendmail(self, from_addr: str, to_addrs: Any, msg: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(msg, bytes):
            msg = dkim_signer.sign_whole(msg)
        return super().sendmail(from_addr, to_addrs, msg, *args, **kwargs)  # type: ignore[misc]


class _SigningSMTP(_Signing, smtplib.SMTP):
    pass


class _SigningSMTPS(_Signing, smtplib.SMTP_SSL):
    pass


class EmailBackend(DjangoSMTPBackend):
    """What EMAIL_URL means where a DKIM_KEY is set.

    Digests take `newsletter.mail.transports.smtp` instead.
    """

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """Django asks here which class connects."""
        return _SigningSMTPS if self.use_ssl else _SigningSMTP

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send, with bodies of seven bits: a server that recodes eight would void the signature."""
        for message in email_messages:
            if message.encoding is None:
                message.encoding = QUOTED_PRINTABLE
        return super().send_messages(email_messages) or 0
