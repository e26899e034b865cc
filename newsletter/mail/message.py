"""One email, put together from chunks that were encoded beforehand.

A digest is mostly text that many readers share (the shell, the paper cards) and a little that is
one reader's own (the "why" lines, the signed links). Python's email package would encode all of it
again for every reader, at about two milliseconds an email. Here each fragment is a `Fragment` that
holds its quoted-printable bytes from the start, so that a `Mail` is a list of ready bytes behind a
small header block, and making one costs microseconds.

Everything that leaves for a mail backend is built and checked here, by the rules of
`newsletter.mail.headers`: whatever cannot be sent raises `UnsendableMail`, for every backend alike.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2s

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as DjangoSMTPBackend

from newsletter.mail import headers as mail_headers
from newsletter.mail.encoding import Fragment, UnsendableMail
from newsletter.mail.headers import address
from newsletter.mail.providers.registry import provider_named
from subscriptions.notices.messages import Message

HTML_LIMIT = 90 * 1024
"""Most bytes of HTML (UTF-8, before transfer encoding). Gmail clips a message at about 102 KB."""

_TEXT = (
    b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
    b"\r\n"
)
_HTML = _TEXT.replace(b"text/plain", b"text/html")


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one reader, complete.

    `message_id` with its angle brackets. `envelope_from` is where bounces go ("" for the null
    sender). `to_addr` is a bare address, `from_header` may have a display name. `headers` are the
    further ones, in order, each name once; a Date among them replaces the time of composing.
    `metadata` and `tags` are for a provider's API and appear in its events; which row the message
    belongs to is added to the metadata, as "delivery_id" or "notice_id".
    """

    delivery_id: int | None
    message_id: str
    envelope_from: str
    to_addr: str
    from_header: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: tuple[Fragment, ...]
    html: tuple[Fragment, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    notice_id: int | None = None

    def as_bytes(self) -> bytes:
        """The whole message (RFC 5322), CRLF line ends, ready for SMTP DATA without dot-stuffing.

        multipart/alternative with the text before the HTML (RFC 2046 section 5.1.4), or text/plain
        alone where there is no HTML. Raises `UnsendableMail`.
        """
        return b"".join(self.as_chunks())

    def as_chunks(self) -> list[bytes]:
        """`as_bytes`, not yet joined: the header block first, blank line included."""
        html = [fragment.encoded for fragment in self.html]
        # Encoding shortens nothing, and what is joined next is at hand.
        head, boundary = self._head(sum(map(len, html))), self.boundary
        text = [fragment.encoded for fragment in self.text]
        if not html:
            return [f"{head}\r\n".encode() + _TEXT, *text]
        mark = f"--{boundary}".encode()
        alternative = f'Content-Type: multipart/alternative; boundary="{boundary}"'
        return [
            f"{head}\r\n{alternative}\r\n\r\n".encode(),
            mark + b"\r\n" + _TEXT,
            *text,
            b"\r\n" + mark + b"\r\n" + _HTML,
            *html,
            b"\r\n" + mark + b"--\r\n",
        ]

    def as_django(self, connection: BaseEmailBackend | None = None) -> EmailMultiAlternatives:
        """The same message for a Django mail backend, Anymail's among them.

        Carries the headers (in ASCII, each on one line), the Message-ID, and as Anymail attributes
        the metadata (with the delivery id) and the tags, as far as the provider takes them; its
        headers are fitted to it as it leaves, see `newsletter.mail.outgoing`. Providers choose
        their own return path, so `envelope_from` is used only where the backend is a kind of
        Django's SMTP backend. Raises `UnsendableMail` for what `as_bytes` would refuse: Anymail
        does not check for line breaks itself.
        """
        self._head()
        headers = {"Message-ID": self.message_id}
        headers |= {name: mail_headers.unfolded(name, value) for name, value in self.headers}
        from_email = self.from_header
        if isinstance(connection, DjangoSMTPBackend) and self.envelope_from:
            headers["From"], from_email = from_email, self.envelope_from
        known = {} if self.delivery_id is None else {"delivery_id": str(self.delivery_id)}
        if self.notice_id is not None:
            known["notice_id"] = str(self.notice_id)
        metadata, tags = {**known, **self.metadata}, list(self.tags)
        provider = provider_named(getattr(connection, "esp_name", ""))
        if provider is not None:
            if not provider.metadata:
                tags = [f"{name}:{value}" for name, value in metadata.items()] + tags
                metadata = {}
            tags = tags[: provider.tags]
        message = Message(
            subject=self.subject,
            body="".join([fragment.text for fragment in self.text]),
            from_email=from_email,
            to=[address("the recipient", self.to_addr)],
            headers=headers,
            connection=connection,
        )
        if self.html:
            message.attach_alternative(
                "".join([fragment.text for fragment in self.html]), "text/html"
            )
        if metadata:
            vars(message)["metadata"] = metadata
        if tags:
            vars(message)["tags"] = tags
        return message

    @property
    def boundary(self) -> str:
        """Between the parts: the same for the same Message-ID.

        It holds "=_", which quoted-printable text never does (RFC 2045 section 6.7, note 5).
        """
        return "=_" + blake2s(self.message_id.encode(), digest_size=16).hexdigest()

    @property
    def needs_smtputf8(self) -> bool:
        """Whether a local part is not ASCII, so that the server must offer SMTPUTF8 (RFC 6531)."""
        return not (
            self.to_addr.rpartition("@")[0].isascii()
            and self.envelope_from.rpartition("@")[0].isascii()
        )

    def _head(self, html_at_most: int = HTML_LIMIT + 1) -> str:
        """Check all of the email; the header block but for Content-Type. `html_at_most`: bytes that
        the HTML is known to be within.
        """
        if self.envelope_from:
            address("the envelope sender", self.envelope_from)
        if not mail_headers.is_message_id(self.message_id):
            raise UnsendableMail("the Message-ID is not of the form <left@right>")
        if not any(fragment.size for fragment in self.text):
            raise UnsendableMail("the text part is empty")
        is_checked = html_at_most <= HTML_LIMIT
        if not is_checked and sum([fragment.size for fragment in self.html]) > HTML_LIMIT:
            raise UnsendableMail(f"the HTML is over {HTML_LIMIT // 1024} KB")
        names = tuple([name for name, _ in self.headers])
        lower_case = mail_headers.check_names(names)
        lines = [
            mail_headers.mailbox("From", self.from_header),
            f"To: {address('the recipient', self.to_addr)}",
            mail_headers.unstructured("Subject", self.subject),
            f"Message-ID: {self.message_id}",
            *[mail_headers.header(name, value) for name, value in self.headers],
            "MIME-Version: 1.0",
        ]
        if "date" not in lower_case:
            lines.append(f"Date: {mail_headers.date(int(time.time()))}")
        return "\r\n".join(lines)
