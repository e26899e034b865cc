"""Where emails that came back are fetched from, and what becomes of each.

From a maildir each email is taken once: it moves from `new` to `cur`, marked as seen, or flagged
for
a person where it could not be understood. What is handed in otherwise and is not understood is kept
in a maildir of our own, so that nothing is lost. Taking the same email twice changes nothing.
"""

import datetime as dt
import logging
import os
import secrets
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from newsletter.events import consequences, intake
from newsletter.events.bounces import mime, parsing
from newsletter.events.bounces.kinds import Kind
from newsletter.events.bounces.parsing import ParsedMail
from subscriptions import links
from subscriptions.interests import following
from subscriptions.models import Subscriber
from subscriptions.readers import leaving

logger = logging.getLogger(__name__)

READ_AT_MOST = mime.MOST_BYTES
TOLD = 20
"""How many emails that were not understood a summary names."""


@dataclass(slots=True)
class Tally:
    """What was found, by kind, and why some was not understood."""

    kinds: Counter[str] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)
    """The first few, as "name: reason"."""

    def add(self, name: str, found: ParsedMail) -> None:
        """Count one email."""
        self.kinds[found.what] += 1
        if found.what is Kind.UNKNOWN and len(self.unknown) < TOLD:
            self.unknown.append(f"{name}: {found.reason}")


def take(data: bytes, now: dt.datetime, *, dry_run: bool = False) -> ParsedMail:
    """Read one mail and store what it says; what it was. `consequences.process` acts upon it."""
    found = parsing.read(data)
    if found.what is Kind.LEAVE:
        return _leave(found, now, dry_run=dry_run)
    if found.report is not None and not dry_run:
        intake.store([found.report], now)
    return found


def _leave(found: ParsedMail, now: dt.datetime, *, dry_run: bool) -> ParsedMail:
    """Unsubscribe whom the token names, or end the daily emails of interests: what the link with
    the same token would.
    """
    purpose = links.Purpose.UNSUBSCRIBE
    try:
        try:
            claims = links.read(purpose, found.token)
        except links.BadLink:
            purpose = links.Purpose.END_DAILY
            claims = links.read(purpose, found.token)
    except links.BadLink:
        return parsing.unread("it wants to unsubscribe, but its token is not one of ours")
    subscriber = Subscriber.objects.holder_of(claims.subscriber_id, claims.version)
    if subscriber is None:
        if not Subscriber.objects.knows(claims.subscriber_id):
            return found  # erased, and so gets no mail
        return parsing.unread("it wants to unsubscribe, but its token is no longer valid")
    if not dry_run and purpose is links.Purpose.END_DAILY:
        following.end_daily(subscriber, now)
    elif not dry_run:
        subscriber.leave(now, wording=leaving.BY_EMAIL)
    return found


def maildir(directory: Path) -> Iterator[Path]:
    """The new emails of a maildir, oldest first. Raises OSError where it is none."""
    yield from sorted((directory / "new").iterdir(), key=lambda path: path.name)


def read_file(path: Path) -> bytes:
    """The beginning of an email. Raises OSError."""
    with path.open("rb") as file:
        return file.read(READ_AT_MOST)


def put_away(path: Path, found: ParsedMail) -> None:
    """Move a maildir's mail from `new` to `cur`: seen, or flagged where a person should look."""
    flags = "F" if found.what is Kind.UNKNOWN else "S"
    directory = path.parent.parent / "cur"
    directory.mkdir(exist_ok=True)
    with suppress(FileNotFoundError):  # another reader was faster
        path.rename(directory / f"{path.name.partition(':')[0]}:2,{flags}")


def keep(data: bytes, found: ParsedMail) -> Path:
    """Keep an email that was not understood and lies nowhere else; where it is now."""
    directory = settings.VAR_DIR / "unread-mail"
    for name in ("tmp", "new", "cur"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    name = f"{os.getpid()}.{secrets.token_hex(8)}.{socket.gethostname().split('.')[0][:40]}"
    draft = directory / "tmp" / name
    reason = found.reason.encode("ascii", "replace")
    draft.write_bytes(b"X-Broadsheet-Reason: " + reason + b"\n" + data)
    kept: Path = directory / "new" / name
    draft.rename(kept)
    return kept


def finish(now: dt.datetime) -> int:
    """Act upon what was stored; how many events that were."""
    return consequences.process(now)
