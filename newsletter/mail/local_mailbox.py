"""The local mailbox: where mail goes until a real mail backend is configured.

Every email becomes one .eml file in MAILBOX_DIR that any email app opens, and the development
pages show. A name sorts by time and is safe in a URL; only names of this form are ever opened, so
that no request can reach another file.
"""

import os
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.generator import BytesGenerator
from email.message import EmailMessage as ParsedMessage
from email.parser import BytesHeaderParser, BytesParser
from heapq import nlargest
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_NAME = re.compile(r"\d{8}T\d{6}\.\d{9}-[0-9a-f]{8}\.eml")
_HEADERS_AT_MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class StoredMail:
    """An email of the mailbox, decoded for reading. `size` is the file's, in bytes.

    `text` and `html` are empty in what `list_mails` gives, which reads headers only.
    """

    name: str
    subject: str
    sender: str
    to: str
    date: datetime | None
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    size: int


class MailboxBackend(BaseEmailBackend):
    """A Django mail backend that keeps each message as a file. `directory`: not MAILBOX_DIR."""

    def __init__(
        self, directory: Path | str | None = None, fail_silently: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(fail_silently=fail_silently, **kwargs)
        self._directory = directory

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages, the number written. Raises OSError, as for a full disk."""
        count = 0
        for message in email_messages:
            if not message.recipients():
                continue
            try:
                store(_as_bytes(message), self._directory)
            except OSError:
                if not self.fail_silently:
                    raise
            else:
                count += 1
        return count


def _as_bytes(message: EmailMessage) -> bytes:
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False).flatten(message.message(), linesep="\r\n")
    return out.getvalue()


def mailbox_directory() -> Path:
    """MAILBOX_DIR, by default var/mailbox below the project."""
    configured = getattr(settings, "MAILBOX_DIR", None)
    return Path(configured or Path(__file__).resolve().parent.parent / "var" / "mailbox")


def store(message: bytes, directory: Path | str | None = None) -> str:
    """Write one message (RFC 5322) whole or not at all; its name in the mailbox.

    A reader of the mailbox never sees half a file. Raises OSError, and then leaves nothing behind.
    """
    folder = Path(directory) if directory else mailbox_directory()
    now = time.time_ns()
    second = datetime.fromtimestamp(now // 10**9, UTC)
    name = f"{second:%Y%m%dT%H%M%S}.{now % 10**9:09d}-{secrets.token_hex(4)}.eml"
    partial = folder / f".{name}.partial"
    try:
        descriptor = _create(partial)
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _create(partial)
    try:
        try:
            remaining = memoryview(message)
            while remaining:
                remaining = remaining[os.write(descriptor, remaining) :]
        finally:
            os.close(descriptor)
        partial.rename(folder / name)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return name


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def list_mails(limit: int = 100, directory: Path | str | None = None) -> list[StoredMail]:
    """The newest emails, newest first, at most `limit`; headers only."""
    folder = Path(directory) if directory else mailbox_directory()
    try:
        with os.scandir(folder) as entries:
            names = nlargest(
                limit, (entry.name for entry in entries if _NAME.fullmatch(entry.name))
            )
    except FileNotFoundError:
        return []
    mails: list[StoredMail] = []
    for name in names:
        try:
            head, size = _read(folder / name, _HEADERS_AT_MOST)
        except OSError:  # removed meanwhile, or not a plain file
            continue
        mails.append(_stored(name, BytesHeaderParser(policy=policy.default).parsebytes(head), size))
    return mails


def read_mail(name: str, directory: Path | str | None = None) -> StoredMail:
    """One email in full. Raises FileNotFoundError for a name that is not in the mailbox."""
    if not _NAME.fullmatch(name):
        raise FileNotFoundError(f"there's no email named {name[:80]!r}")
    folder = Path(directory) if directory else mailbox_directory()
    data, size = _read(folder / name)
    return _stored(name, BytesParser(policy=policy.default).parsebytes(data), size)


def _read(path: Path, at_most: int = -1) -> tuple[bytes, int]:
    """The file's bytes and size; never through a symbolic link."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "rb") as file:
        return file.read(at_most), os.fstat(file.fileno()).st_size


def _stored(name: str, message: ParsedMessage, size: int) -> StoredMail:
    moment = datetime.strptime(name[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    date = getattr(message["Date"], "datetime", None)
    return StoredMail(
        name=name,
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        date=date or moment,
        headers=tuple((key, str(value)) for key, value in message.items()),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        size=size,
    )


def _part(message: ParsedMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, UnicodeError):  # an encoding that Python does not know
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return content.replace("\r\n", "\n")
