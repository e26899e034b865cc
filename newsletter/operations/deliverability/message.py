"""A message as those who receive it read it: raw header lines, and the decoded parts."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cached_property

_LINE_END = re.compile(rb"\r\n|\r|\n")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)


class NotAMessage(ValueError):
    """The bytes are no email; the text says why."""


@dataclass(frozen=True)
class Message:
    """One email. `raw` has CRLF at every line's end, whatever it was saved with."""

    raw: bytes
    fields: tuple[tuple[str, str], ...]
    """Name and value of every header field, folds and all, undecoded (Latin-1)."""
    had_lone_line_ends: bool
    """There were CR or LF alone beside CRLF, which no mail server should have let pass."""

    @classmethod
    def parse(cls, data: bytes) -> "Message":
        """Read a message. Raises `NotAMessage` where there is no header block."""
        raw = _LINE_END.sub(b"\r\n", data)
        lone = b"\r\n" in data and len(_LINE_END.findall(data)) != data.count(b"\r\n")
        if raw.startswith(b"From "):  # an mbox's separator
            raw = raw.partition(b"\r\n")[2]
        head = raw.lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
        fields = []
        for block in re.split(rb"\r\n(?![ \t])", head):
            found = _FIELD.fullmatch(block)
            if found is None:
                line = block[:60].decode("ascii", "replace")
                raise NotAMessage(f"This isn't an email: {line!r} isn't a header line.")
            fields.append((found[1].decode("ascii"), found[2].decode("latin-1")))
        return cls(raw, tuple(fields), lone)

    def all(self, name: str) -> list[str]:
        """The raw values of every field of this name."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def one(self, name: str) -> str:
        """The first field of this name, unfolded and stripped; "" where there is none."""
        values = self.all(name)
        return re.sub(r"\r\n(?=[ \t])", "", values[0]).strip() if values else ""

    @cached_property
    def parsed(self) -> EmailMessage:
        """The message, decoded."""
        return message_from_bytes(self.raw, policy=policy.default)

    @cached_property
    def text(self) -> str:
        """The plain text; "" where there is none."""
        return self._part("plain")

    @cached_property
    def html(self) -> str:
        """The HTML; "" where there is none."""
        return self._part("html")

    @property
    def kinds(self) -> list[str]:
        """Content types of the parts that are no containers, in their order."""
        return [part.get_content_type() for part in self.parsed.walk() if not part.is_multipart()]

    @property
    def from_domain(self) -> str:
        """The domain of the first address in From, in small letters; "" where there is none."""
        # Not parseaddr: whether that takes more than one address depends on Python's version.
        addresses = getaddresses([self.one("From")])
        return addresses[0][1].rpartition("@")[2].lower() if addresses else ""

    @property
    def unsubscribe_links(self) -> list[str]:
        """The addresses in List-Unsubscribe, in their order."""
        return re.findall(r"<([^<>]*)>", self.one("List-Unsubscribe"))

    def _part(self, kind: str) -> str:
        for part in self.parsed.walk():
            if part.get_content_type() == f"text/{kind}" and not part.is_attachment():
                payload = part.get_payload(decode=True)
                encoding = part.get_content_charset() or "utf-8"
                if isinstance(payload, bytes):
                    try:
                        return payload.decode(encoding, "replace")
                    except LookupError:
                        return payload.decode("utf-8", "replace")
        return ""
