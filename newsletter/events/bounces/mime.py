"""Taking a mail of a stranger apart: parts, headers and texts, whatever is broken in it.

A mail is cut to a size, its parts are counted, and no charset, nesting or missing header raises.
"""

import base64
import email
import html
import re
from collections.abc import Iterator
from contextlib import suppress
from email.header import decode_header, make_header
from email.message import Message
from functools import cached_property
from typing import Any

from newsletter.mail.outcomes import clean

MOST_BYTES = 1_000_000
"""What a mail has beyond is not read. What matters stands in front of the returned message."""

MOST_PARTS = 60
MOST_TEXT = 20_000
LONGEST_HEADER = 2000

_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/partial")
_TAGS = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_BREAKS = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?td|/?h\d)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


class Mail:
    """A mail and its parts. May raise RecursionError, and what else Python's parser raises."""

    def __init__(self, data: bytes) -> None:
        self.data = data[:MOST_BYTES]
        self.message = email.message_from_bytes(self.data)

    @cached_property
    def parts(self) -> list[Message]:
        """The message and its parts, `MOST_PARTS` at most, in order; those of a returned message
        among them. The blocks of a delivery status are no parts.
        """
        found: list[Message] = []
        waiting: list[Any] = [self.message]
        while waiting and len(found) < MOST_PARTS:
            part = waiting.pop(0)
            found.append(part)
            inside = part.get_payload()
            if isinstance(inside, list) and kind_of(part) not in (
                "message/delivery-status",
                "message/feedback-report",
            ):
                waiting = [one for one in inside if isinstance(one, Message)] + waiting
        return found

    @cached_property
    def own_parts(self) -> list[Message]:
        """The parts in front of the returned message."""
        own: list[Message] = []
        for part in self.parts:
            if part is not self.message and kind_of(part) in _RETURNED:
                break
            own.append(part)
        return own

    def part_of(self, kind: str) -> Message | None:
        """The first part of this type, of a returned message only where there is no other."""
        for part in (*self.own_parts, *self.parts):
            if kind_of(part) == kind:
                return part
        return None

    @property
    def holds_a_message(self) -> bool:
        """Whether it brings a message, or its headers, back."""
        return len(self.own_parts) < len(self.parts)

    @cached_property
    def text(self) -> str:
        """What it says itself: its plain texts, or else its HTML as text, or else whatever stands
        after its headers.
        """
        for kind, read in (("text/plain", text_of), ("text/html", _html_text_of)):
            texts = [
                text
                for part in self.own_parts
                if kind_of(part) == kind and (text := read(part)).strip()
            ]
            if texts:
                return "\n".join(texts)[:MOST_TEXT]
        _, _, body = self.data.replace(b"\r\n", b"\n").partition(b"\n\n")
        return body[:MOST_TEXT].decode("utf-8", "replace")

    @cached_property
    def subject(self) -> str:
        """The subject, decoded, as one line."""
        return decoded(self.message, "Subject")


def kind_of(part: Message) -> str:
    """The content type, in lower case; of one that is written wrongly, its beginning."""
    return re.split(r"[;\s]", part.get_content_type())[0]


def header(message: Message, name: str) -> str:
    """All headers of this name, as one line."""
    return clean(" ".join(str(value) for value in message.get_all(name, [])))


def decoded(message: Message, name: str) -> str:
    """The header of this name with its encoded words read (RFC 2047), as one line."""
    return clean(unfolded(message, name))


def unfolded(message: Message, name: str) -> str:
    """The same, as long as it may be: at most `LONGEST_HEADER` characters."""
    raw = str(message.get(name, ""))[:LONGEST_HEADER]
    with suppress(Exception):  # unknown charsets, broken encodings
        raw = str(make_header(decode_header(raw)))
    return " ".join(raw.split())


def text_of(part: Message) -> str:
    """What a text part says, whatever its charset is called; `MOST_TEXT` characters."""
    raw = part.get_payload(decode=True)
    if isinstance(raw, bytes):
        with suppress(LookupError, ValueError):
            return raw.decode(part.get_content_charset() or "utf-8", "replace")[:MOST_TEXT]
        return raw.decode("utf-8", "replace")[:MOST_TEXT]
    return ""


def _html_text_of(part: Message) -> str:
    text = _TAGS.sub(" ", text_of(part))
    return html.unescape(_TAG.sub(" ", _BREAKS.sub("\n", text)))


def blocks_of(part: Message) -> list[Message]:
    """The blocks of fields of a delivery status or a feedback report."""
    inside = part.get_payload()
    if not isinstance(inside, list):
        return blocks_in(text_of(part))
    blocks = [one for one in inside if isinstance(one, Message)]
    if header(part, "Content-Transfer-Encoding").lower() == "base64":  # the parser left that to us
        encoded = "".join(str(block) for block in blocks).encode("ascii", "replace")
        with suppress(ValueError):
            return blocks_in(base64.b64decode(encoded).decode("utf-8", "replace"))
    return blocks


def blocks_in(text: str) -> list[Message]:
    """The same, of fields that stand in a text."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip())
    return [email.message_from_string(block.lstrip()) for block in blocks[:MOST_PARTS]]


def returned_lines(mail: Mail) -> Iterator[str]:
    """The headers of the message that came back, each as a line."""
    for part in mail.parts[1:]:
        kind = kind_of(part)
        if kind in ("text/rfc822-headers", "message/rfc822-headers"):
            yield from (clean(line) for line in text_of(part).splitlines()[:300])
        elif part.get("Message-ID"):  # the inside of a message/rfc822 part
            for name in ("Message-ID", "Return-Path", "X-Original-Message-ID"):
                yield header(part, name)
