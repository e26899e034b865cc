"""The log of what went out, beside the database: issue and reader of each digest and each daily
email of interests, a file a day.

The journal knows of the batch under way and forgets it once the database has it. This file is for
the day on which the database forgets, too: `manage.py after_restore --from-journal` reads it. It
holds readers' numbers and no addresses, and is kept for `KEPT` days.
"""

import datetime as dt
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from newsletter.models import Delivery

logger = logging.getLogger(__name__)

KEPT = 8
"""Days for which a day's file is kept."""

WENT_OUT = frozenset((Delivery.State.SENT, Delivery.State.UNKNOWN))
"""What a reader has, or may have."""

_PREFIX = "sent-"
_OF_INTERESTS = " interests"


@dataclass(frozen=True, slots=True)
class Sent:
    """One digest, or one daily email of interests, that went out."""

    at: dt.datetime
    day: dt.date
    """Its issue's."""
    subscriber_id: int
    is_of_interests: bool = False
    """It was a daily email of interests, and no digest."""


def append(directory: Path, now: dt.datetime, sent: Sequence[tuple[dt.date, int, bool]]) -> None:
    """Add what went out: day of the issue, id of the reader, whether it was a daily email of
    interests. One write.
    """
    if not sent:
        return
    at = now.astimezone(dt.UTC)
    path = directory / f"{_PREFIX}{at:%Y-%m-%d}.log"
    lines = "".join(
        f"{at.timestamp():.0f} {day} {reader}{_OF_INTERESTS if is_of_interests else ''}\n"
        for day, reader, is_of_interests in sent
    )
    try:
        is_new = not path.exists()
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, lines.encode())
        finally:
            os.close(file)
    except OSError:
        logger.exception("couldn't log what was sent")
        return
    if is_new:
        _forget(directory, at.date() - dt.timedelta(days=KEPT))


def read(directory: Path, since: dt.datetime) -> Iterator[Sent]:
    """What went out since then, oldest first. A line that was not written whole is passed over."""
    for path in sorted(directory.glob(f"{_PREFIX}*.log")):
        for line in path.read_text(errors="replace").splitlines():
            with suppress(ValueError, OverflowError):
                is_of_interests = line.endswith(_OF_INTERESTS)
                seconds, day, reader = line.removesuffix(_OF_INTERESTS).split(" ")
                at = dt.datetime.fromtimestamp(int(seconds), dt.UTC)
                if at >= since:
                    yield Sent(at, dt.date.fromisoformat(day), int(reader), is_of_interests)


def _forget(directory: Path, before: dt.date) -> None:
    for path in directory.glob(f"{_PREFIX}*.log"):
        with suppress(OSError):
            if path.stem.removeprefix(_PREFIX) < before.isoformat():
                path.unlink()
