"""Header lines and addresses as they go over the wire, and what may not be in them.

This is where header injection ends: a CR, an LF or a control character in any header or address
raises `UnsendableMail`, for every mail backend alike (Anymail's do not look for themselves).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email import base64mime, quoprimime
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from types import ModuleType

from newsletter.mail.encoding import UnsendableMail
from subscriptions.addresses import BadAddress, wire_form

HEADER_LINE_LIMIT = 998  # RFC 5322 section 2.1.1

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_MESSAGE_ID = re.compile(r"<[!#-;=?A-Z\\^-~]+@[A-Za-z0-9.\[\]:_-]+>")
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
    raise UnsendableMail(f"{what} contains a line break or a control character")


@lru_cache(maxsize=64)  # the headers and the envelope ask one after the other
def address(what: str, value: str) -> str:
    """`value` as a bare address for the wire, its domain in ASCII (IDNA 2008, RFC 5891).

    The local part stays as it is; where it is not ASCII the message needs SMTPUTF8 (RFC 6531).
    Raises `UnsendableMail`, naming `what`, when `value` is not one address.
    """
    _reject_controls(what, value)
    if value != value.strip():
        raise UnsendableMail(f"{what} isn't an email address: it begins or ends with a space")
    try:
        return wire_form(value)
    except BadAddress as error:
        raise UnsendableMail(f"{what} isn't an email address: {error}") from error


def is_message_id(value: str) -> bool:
    """Whether `value` is a Message-ID, `<left@right>`, that fits on one line."""
    return len(value) <= 250 and _MESSAGE_ID.fullmatch(value) is not None


def _words(text: str, name: str) -> str:
    """`text` as RFC 2047 encoded words, one to a line of at most 76 characters, in whichever
    encoding is shorter. `email.header` takes ten times as long to cut a subject: it weighs the
    whole line anew for each character.
    """
    room = 76 - 1 - len(_AROUND_WORD)
    first = max(room // 3, room - len(name) - 1)  # the header's name stands before it
    in_q, in_b = sum(map(_length_in_q, text)), base64mime.header_length(text.encode())
    encoding: ModuleType = quoprimime
    length = _length_in_q
    if in_b < in_q:  # in threes, so that nothing is filled up
        encoding, length = base64mime, _length_in_utf8
        room, first = room // 4 * 3, first // 4 * 3
    return "\r\n ".join(
        [encoding.header_encode(one.encode(), "utf-8") for one in _cut(text, length, first, room)]
    )


def _cut(text: str, length: Callable[[str], int], first: int, room: int) -> list[str]:
    """`text` in parts of at most `room`, and at first of at most `first`, by this `length` of each
    character.
    """
    parts, begin, left = [], 0, first
    for at, char in enumerate(text):
        needed = length(char)
        if needed > left and at > begin:
            parts.append(text[begin:at])
            begin, left = at, room
        left -= needed
    return [*parts, text[begin:]]


_AROUND_WORD = "=?utf-8?q??="


@lru_cache(maxsize=4096)
def _length_in_q(char: str) -> int:
    return quoprimime.header_length(char.encode())


@lru_cache(maxsize=4096)
def _length_in_utf8(char: str) -> int:
    return len(char.encode())


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


@lru_cache(maxsize=16384)  # a subject names a paper, and on a large day any may come first
def unstructured(name: str, value: str) -> str:
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
def mailbox(name: str, value: str) -> str:
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
    line = f"{name}: {display} <{wire}>"
    if max(map(len, line.split("\r\n"))) > HEADER_LINE_LIMIT:
        raise UnsendableMail(f"the name in {name} is too long for one line")
    return line


def check_name(name: str) -> None:
    """Raise `UnsendableMail` for what is no header name (RFC 5322 section 3.6.8, and stricter)."""
    if not _HEADER_NAME.fullmatch(name):
        raise UnsendableMail(f"{name[:40]!r} isn't a header name")


@lru_cache(maxsize=1024)
def check_names(names: tuple[str, ...]) -> frozenset[str]:
    """The names in lower case. Raises `UnsendableMail` for what is no header name, is there twice,
    or is the email's own.
    """
    seen: set[str] = set()
    for name in names:
        check_name(name)
        if _RESERVED.fullmatch(name):
            raise UnsendableMail(f"the header {name} is set by the email itself")
        if name.lower() in seen:
            raise UnsendableMail(f"the header {name} appears twice")
        seen.add(name.lower())
    return frozenset(seen)


@lru_cache(maxsize=1024)  # most are the same for all readers of an issue
def header(name: str, value: str) -> str:
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
    return unstructured(name, value)


@lru_cache(maxsize=256)
def _list_header(name: str, value: str) -> str:
    """A List- header that is not ASCII: only List-Id has words that may be encoded (RFC 2919)."""
    _reject_controls(name, value)
    words, bracket, rest = value.rpartition(" <")
    if name.lower() != "list-id" or not bracket or not rest.isascii():
        raise UnsendableMail(f"the header {name} must be ASCII")
    return f"{name}: {_words(words.strip(), name)} <{rest}"


def unfolded(name: str, value: str) -> str:
    """The value of a header of the caller's as it goes over the wire, ASCII, on one line: for
    those who fold for themselves, or not at all.
    """
    return header(name, value).removeprefix(f"{name}:").replace("\r\n", "").strip(" ")


@lru_cache(maxsize=2)
def date(second: int) -> str:
    """A `Date` (RFC 5322 section 3.3) in UTC, from a Unix time."""
    return format_datetime(datetime.fromtimestamp(second, UTC))
