"""Fragments of a message body that are encoded beforehand.

A digest is mostly text that many readers share (the shell, the paper cards) and a little that is
one reader's own (the "why" lines, the signed links). A `Fragment` holds its quoted-printable bytes
from the start, so that a body is a list of ready bytes, joined in microseconds.
"""

import re
from binascii import hexlify
from typing import NamedTuple


class UnsendableMail(ValueError):
    """This email must not be handed to any backend, now or later; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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


class Fragment(NamedTuple):
    """A fragment of a message body: its text, the same as quoted-printable bytes, its UTF-8 size.

    Any sequence of chunks is a valid quoted-printable body that decodes to the joined texts (with
    CRLF for LF), see `quoted_printable`.
    """

    text: str
    encoded: bytes
    size: int

    @classmethod
    def of(cls, text: str) -> "Fragment":
        """Encode `text`. CR LF and lone CR become LF first. Fast for what is one reader's own."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        encoded = quoted_printable(text)
        return cls(text, encoded, len(text) if text.isascii() else len(text.encode()))

    @classmethod
    def word(cls, text: str) -> "Fragment":
        """`of` for a signed token: at most 73 letters, digits, hyphens and underscores, of which
        nothing has to be escaped.
        """
        return cls(text, text.encode() + b"=\r\n", len(text))

    def joined(self, *others: "Fragment") -> "Fragment":
        """This and what follows, as one."""
        text, encoded, size = self
        for more_text, more_encoded, more_size in others:
            text += more_text
            encoded += more_encoded
            size += more_size
        return Fragment(text, encoded, size)
