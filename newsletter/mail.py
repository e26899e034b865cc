"""One email, put together from pieces that were encoded beforehand.

A digest is mostly text that many readers share (the shell, the paper cards) and a little that is
one reader's own (the "why" lines, the signed links). Python's email package would encode all of it
again for every reader, at about two milliseconds a mail. Here each fragment is a `Piece` that holds
its quoted-printable bytes from the start, so that a `Mail` is a list of ready bytes behind a small
header block, and making one costs microseconds.

Everything that leaves for a mail backend is built and checked here, so this is also where header
injection ends: a CR, an LF or a control character in any header or address raises `UnsendableMail`
for every backend alike.
"""

import re
import time
from binascii import hexlify
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from hashlib import blake2s
from typing import NamedTuple

import idna
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as DjangoSMTPBackend

HTML_LIMIT = 90 * 1024
"""Most bytes of HTML (UTF-8, before transfer encoding). Gmail clips a message at about 102 KB."""

HEADER_LINE_LIMIT = 998  # RFC 5322 section 2.1.1


class UnsendableMail(ValueError):
    """This mail must not be handed to any backend, now or later; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# --- pieces ---------------------------------------------------------------------------------------

# An encoded line holds at most 73 characters: a dot in front grows by two ("=2E") and a soft line
# break adds one ("="), which makes the 76 that RFC 2045 section 6.7 allows.
_LINE = 73
_UNSAFE = re.compile(rb"[^ -<>-~\t\n]+")
_CHUNK = re.compile(rb".{1,%d}(?<!=)(?<!=.)" % _LINE)  # never cuts an "=XX" in two


def _escape(match: re.Match[bytes]) -> bytes:
    return b"=" + hexlify(match[0], b"=").upper()


def quoted_printable(text: str) -> bytes:
    """`text` in UTF-8 and quoted-printable (RFC 2045), made so that results may be concatenated.

    Every result is empty or ends with CRLF: a hard one where the text ends with a newline, else a
    soft one ("=" CRLF). So each begins at the start of a line, and any sequence of results decodes
    to the sequence of the texts. No line is over 76 characters, none begins with a dot (SMTP needs
    no dot-stuffing, RFC 5321 section 4.5.2) and none ends with a space. "=" is always followed by
    two hexadecimal digits or CRLF. Newlines in the text must be LF.
    """
    if not text:
        return b""
    if text.isascii() and text.isprintable() and "=" not in text:  # one line, nothing to escape
        result = text.encode()
        if len(result) > _LINE:
            cuts = range(0, len(result), _LINE)
            result = b"=\r\n".join([result[cut : cut + _LINE] for cut in cuts])
    else:
        result = b"\r\n".join([_line(line) for line in _escaped(text).split(b"\n")])
    if result.startswith(b"."):
        result = b"=2E" + result[1:]
    result = result.replace(b"\n.", b"\n=2E")
    return result if text.endswith("\n") else result + b"=\r\n"


def _escaped(text: str) -> bytes:
    try:
        return _UNSAFE.sub(_escape, text.encode())
    except UnicodeEncodeError as error:
        raise UnsendableMail("the text holds half of a surrogate pair") from error


def _line(line: bytes) -> bytes:
    """One escaped line, with soft breaks, and its end safe from those who strip spaces."""
    if line.endswith((b" ", b"\t")):
        line = line[:-1] + (b"=20" if line.endswith(b" ") else b"=09")
    return line if len(line) <= _LINE else b"=\r\n".join(_CHUNK.findall(line))


class Piece(NamedTuple):
    """A fragment of a message body: its text, the same as quoted-printable bytes, its UTF-8 size.

    Any sequence of pieces is a valid quoted-printable body that decodes to the joined texts (with
    CRLF for LF), see `quoted_printable`.
    """

    text: str
    encoded: bytes
    size: int

    @classmethod
    def of(cls, text: str) -> "Piece":
        """Encode `text`. CR LF and lone CR become LF first. Fast for what is one reader's own."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        encoded = quoted_printable(text)
        return cls(text, encoded, len(text) if text.isascii() else len(text.encode()))

    @classmethod
    def shared(cls, text: str) -> "Piece":
        """Like `of`, and remembered: for text that many readers' mails have in common."""
        return _shared(text)


@lru_cache(maxsize=1024)
def _shared(text: str) -> Piece:
    return Piece.of(text)


# --- headers --------------------------------------------------------------------------------------

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_MESSAGE_ID = re.compile(r"<[!#-;=?A-Z\\^-~]+@[A-Za-z0-9.\[\]:_-]+>")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a0-\U0010ffff-]+"
_LOCAL = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])*"')
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# What a caller may not set: the mail makes it, or it would bring further recipients.
_RESERVED = re.compile(
    "from|to|b?cc|sender|subject|message-id|mime-version|return-path|content-.*|resent-.*", re.I
)


def _reject_controls(what: str, value: str) -> None:
    if value.isascii():
        if value.isprintable():
            return
    elif not _FORBIDDEN.search(value):
        return
    raise UnsendableMail(f"{what} holds a line break or a control character")


@lru_cache(maxsize=64)  # the headers and the envelope ask one after the other
def address(what: str, value: str) -> str:
    """`value` as a bare address for the wire, its domain in ASCII (IDNA 2008, RFC 5891).

    The local part stays as it is; where it is not ASCII the message needs SMTPUTF8 (RFC 6531).
    Raises `UnsendableMail`, naming `what`, when `value` is not one address.
    """
    _reject_controls(what, value)
    local, at, domain = value.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise UnsendableMail(f"{what} is not an email address: bad domain") from error
    if not at or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise UnsendableMail(f"{what} is not an email address")
    if len(local.encode()) > 64 or len(domain) > 253:  # RFC 5321 section 4.5.3.1
        raise UnsendableMail(f"{what} is longer than an email address may be")
    return f"{local}@{domain}"


def _words(text: str, name: str) -> str:
    """`text` as RFC 2047 encoded words, folded at 76 characters."""
    return Header(text, "utf-8", maxlinelen=76, header_name=name).encode(linesep="\r\n")


def _fold(name: str, text: str) -> str:
    """ASCII `text` folded at its spaces so that lines stay within 78 characters where they can."""
    lines: list[str] = []
    line = f"{name}:"
    for word in text.split(" "):
        if len(line) + 1 + len(word) > 78 and len(line) > len(name) + 1 and word:
            lines.append(line)
            line = ""
        line += " " + word
    return "\r\n".join([*lines, line])


@lru_cache(maxsize=4096)
def _unstructured(name: str, value: str) -> str:
    """One whole header of free text: RFC 2047 where it is not ASCII, folded at 78 characters."""
    _reject_controls(name, value)
    value = value.strip()
    if not value.isascii() or "=?" in value:
        return f"{name}: {_words(value, name)}"
    if len(name) + 2 + len(value) <= 78:
        return f"{name}: {value}"
    header = _fold(name, value)
    if max(map(len, header.split("\r\n"))) > HEADER_LINE_LIMIT:
        header = f"{name}: {_words(value, name)}"
    return header


@lru_cache(maxsize=256)
def _mailbox(name: str, value: str) -> str:
    """A From-like header from 'Display Name <address>' or a bare address."""
    _reject_controls(name, value)
    display, addr = parseaddr(value)
    wire = address(name, addr)
    if not display:
        return f"{name}: {wire}"
    if not display.isascii() or "=?" in display:
        display = _words(display, name)
    elif not re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*", display):
        display = '"' + display.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name}: {display} <{wire}>"


@lru_cache(maxsize=1024)
def _check_names(names: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for name in names:
        if not _HEADER_NAME.fullmatch(name):
            raise UnsendableMail(f"{name[:40]!r} is not a header name")
        if _RESERVED.fullmatch(name):
            raise UnsendableMail(f"the header {name} is made by the mail itself")
        if name.lower() in seen:
            raise UnsendableMail(f"the header {name} is there twice")
        seen.add(name.lower())


def _header(name: str, value: str) -> str:
    """One whole header of the caller's. List headers (RFC 2369) and single words keep one line."""
    if value.isascii() and value.isprintable() and "=?" not in value:
        if len(name) + 2 + len(value) <= 78:
            return f"{name}: {value}"
        if name[:5].lower() == "list-" or " " not in value:
            if len(name) + 2 + len(value) > HEADER_LINE_LIMIT:
                raise UnsendableMail(f"the header {name} is too long for one line")
            return f"{name}: {value}"
    if name[:5].lower() == "list-":
        return _list_header(name, value)
    return _unstructured(name, value)


@lru_cache(maxsize=256)
def _list_header(name: str, value: str) -> str:
    """A List- header that is not ASCII: only List-Id has words that may be encoded (RFC 2919)."""
    _reject_controls(name, value)
    words, bracket, rest = value.rpartition(" <")
    if name.lower() != "list-id" or not bracket or not rest.isascii():
        raise UnsendableMail(f"the header {name} must be ASCII")
    return f"{name}: {_words(words.strip(), name)} <{rest}"


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


# --- the mail -------------------------------------------------------------------------------------

_TEXT = (
    b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
    b"\r\n"
)
_HTML = _TEXT.replace(b"text/plain", b"text/html")


# What Anymail's providers do not take. "message-id": they refuse ours (Mailjet's error send-0011)
# and make their own; the delivery is then known by its metadata. "keep-id": they keep ours only on
# request. "metadata": they have none, so it becomes tags, "delivery_id:7". "tags": they take one.
_PROVIDER_LIMITS = {
    "Mailjet": frozenset({"message-id", "tags"}),
    "MailerSend": frozenset({"message-id", "metadata"}),
    "Mailtrap": frozenset({"tags"}),
    "Postal": frozenset({"metadata", "tags"}),
    "Postmark": frozenset({"keep-id", "tags"}),
    "SparkPost": frozenset({"tags"}),
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one reader, complete.

    `message_id` with its angle brackets. `envelope_from` is where bounces go ("" for the null
    sender). `to_addr` is a bare address, `from_header` may have a display name. `headers` are the
    further ones, in order, each name once; a Date among them replaces the time of composing.
    `metadata` and `tags` are for a provider's API and appear in its events; the delivery id is
    added to the metadata as "delivery_id".
    """

    delivery_id: int | None
    message_id: str
    envelope_from: str
    to_addr: str
    from_header: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: tuple[Piece, ...]
    html: tuple[Piece, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    def as_bytes(self) -> bytes:
        """The whole message (RFC 5322), CRLF line ends, ready for SMTP DATA without dot-stuffing.

        multipart/alternative with the text before the HTML (RFC 2046 section 5.1.4), or text/plain
        alone where there is no HTML. Raises `UnsendableMail`.
        """
        return b"".join(self.as_pieces())

    def as_pieces(self) -> list[bytes]:
        """`as_bytes`, not yet joined: the header block first, blank line included."""
        head, boundary = self._head(), self.boundary
        text = [piece.encoded for piece in self.text]
        if not self.html:
            return [f"{head}\r\n".encode() + _TEXT, *text]
        mark = f"--{boundary}".encode()
        alternative = f'Content-Type: multipart/alternative; boundary="{boundary}"'
        return [
            f"{head}\r\n{alternative}\r\n\r\n".encode(),
            mark + b"\r\n" + _TEXT,
            *text,
            b"\r\n" + mark + b"\r\n" + _HTML,
            *[piece.encoded for piece in self.html],
            b"\r\n" + mark + b"--\r\n",
        ]

    def as_django(self, connection: BaseEmailBackend | None = None) -> EmailMultiAlternatives:
        """The same message for a Django mail backend, Anymail's among them.

        Carries the headers, the Message-ID, and as Anymail attributes the metadata (with the
        delivery id) and the tags. What a provider is known not to take is left out or moved, see
        `_PROVIDER_LIMITS`. Providers choose their own return path, so `envelope_from` is used only
        where the backend is a kind of Django's SMTP backend. Raises `UnsendableMail` for what
        `as_bytes` would refuse: Anymail does not check for line breaks itself.
        """
        self._head()
        headers = {"Message-ID": self.message_id, **dict(self.headers)}
        from_email = self.from_header
        if isinstance(connection, DjangoSMTPBackend) and self.envelope_from:
            headers["From"], from_email = from_email, self.envelope_from
        known = {} if self.delivery_id is None else {"delivery_id": str(self.delivery_id)}
        metadata, tags = {**known, **self.metadata}, list(self.tags)
        limits = _PROVIDER_LIMITS.get(getattr(connection, "esp_name", ""), frozenset())
        if "message-id" in limits:
            del headers["Message-ID"]
        elif "keep-id" in limits:
            headers["X-PM-KeepID"] = "true"
        if "metadata" in limits:
            tags = [f"{name}:{value}" for name, value in metadata.items()] + tags
            metadata = {}
        message = EmailMultiAlternatives(
            subject=self.subject,
            body="".join([piece.text for piece in self.text]),
            from_email=from_email,
            to=[address("the recipient", self.to_addr)],
            headers=headers,
            connection=connection,
        )
        if self.html:
            message.attach_alternative("".join([piece.text for piece in self.html]), "text/html")
        if metadata:
            vars(message)["metadata"] = metadata
        if tags:
            vars(message)["tags"] = tags[:1] if "tags" in limits else tags
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

    def _head(self) -> str:
        """Check all of the mail; the header block but for Content-Type."""
        if self.envelope_from:
            address("the envelope sender", self.envelope_from)
        if not _MESSAGE_ID.fullmatch(self.message_id) or len(self.message_id) > 250:
            raise UnsendableMail("the Message-ID is not of the form <left@right>")
        if not any(piece.size for piece in self.text):
            raise UnsendableMail("the text part is empty")
        if sum([piece.size for piece in self.html]) > HTML_LIMIT:
            raise UnsendableMail(f"the HTML is over {HTML_LIMIT // 1024} KB")
        names = tuple([name for name, _ in self.headers])
        _check_names(names)
        lines = [
            _mailbox("From", self.from_header),
            f"To: {address('the recipient', self.to_addr)}",
            _unstructured("Subject", self.subject),
            f"Message-ID: {self.message_id}",
            *[_header(name, value) for name, value in self.headers],
            "MIME-Version: 1.0",
        ]
        if "date" not in [name.lower() for name in names]:
            lines.append(f"Date: {_date(int(time.time()))}")
        return "\r\n".join(lines)
