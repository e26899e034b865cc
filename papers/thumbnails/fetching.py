"""Fetching papers' pictures from where their sources have them, a few at a time.

One picture after another, with pauses, newest papers first. An attempt is written down as a failure
before it is made, and success takes that back: so two machines never ask for the same picture, and
one that kills its worker is not asked for at once again, and after the third time never.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction

from papers.models import Paper
from papers.models.thumbnail import Thumbnail
from papers.sources import http
from papers.sources.base import FetchFailed
from papers.thumbnails.cropping import BadPicture, cropped

logger = logging.getLogger(__name__)

SINCE = dt.timedelta(days=14)
"""Papers that a source listed longer ago get no picture any more; hardly anyone looks at them."""

MOST = 60
"""Pictures that are asked for in one run."""

LONGEST_RUN = 60.0
"""Seconds after which no further picture is begun: other tasks wait, and soon it is run again."""

PAUSE = 0.2
"""Seconds between two pictures, which often stand on one host."""

MOST_BYTES = 5_000_000

BACKOFF = (dt.timedelta(hours=1), dt.timedelta(days=1))
"""How long to wait after the first failure and the second; after the next one, for ever."""

Progress = Callable[[str], None]
"""Called with the identifier of the paper whose picture is asked for next."""


@dataclass(slots=True)
class Fetched:
    """What a run did."""

    made: int = 0
    failed: int = 0
    taken: int = 0
    """Another machine was asking for them already."""

    def __str__(self) -> str:
        elsewhere = f", {self.taken} by another worker" if self.taken else ""
        return f"{self.made} thumbnails made, {self.failed} failed{elsewhere}"


def due(now: dt.datetime, most: int = MOST) -> list[Paper]:
    """The papers whose pictures should be asked for at `now`, the newest first. One query."""
    today = now.date()
    papers = Paper.objects.listed_between(today - SINCE, today).awaiting_thumbnail(now)
    return list(papers.newest_first().only("identifier", "thumbnail_url")[:most])


def fetch_due(
    now: dt.datetime,
    *,
    most: int = MOST,
    longest: float = LONGEST_RUN,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch the pictures that are due, at most `most` and for about `longest` seconds.

    Raises nothing for what a host answers.
    """
    total = Fetched()
    if not settings.THUMBNAILS:
        return total
    until = time.monotonic() + longest
    for number, paper in enumerate(due(now, most)):
        if time.monotonic() > until:
            break
        if number:
            time.sleep(PAUSE)
        if progress:
            progress(paper.identifier)
        made = fetch(paper, now)
        if made is None:
            total.taken += 1
        elif made:
            total.made += 1
        else:
            total.failed += 1
    if total.made or total.failed:
        logger.info("thumbnails fetched", extra={"made": total.made, "failed": total.failed})
    return total


def fetch(paper: Paper, now: dt.datetime) -> bool | None:
    """Ask for the picture of `paper`: whether there is one now, None where another worker asks."""
    claimed = _claim(paper, now)
    if claimed is None:
        return None
    mine = Thumbnail.objects.filter(pk=claimed)
    try:
        body = http.get(
            paper.thumbnail_url,
            accept="image/webp,image/png,image/jpeg,image/gif",
            most_bytes=MOST_BYTES,
        )
        picture = cropped(body)
    except (FetchFailed, BadPicture) as error:
        logger.info("no thumbnail", extra={"paper": paper.identifier, "why": str(error)})
        Thumbnail.unwatched.filter(pk=claimed).update(reason=str(error)[:300])
        return False
    mine.update(
        image=picture.image,
        small=picture.small,
        digest=picture.digest,
        width=picture.width,
        height=picture.height,
        fetched_at=now,
        failed=0,
        next_try_at=None,
        reason="",
    )
    return True


def _claim(paper: Paper, now: dt.datetime) -> int | None:
    """Write down an attempt; the row's id, or None where somebody else was faster."""
    known = Thumbnail.unwatched.filter(paper=paper).defer("image").first()
    if known is None:
        row = Thumbnail(paper=paper, source_url=paper.thumbnail_url)
        _count_attempt(row, now)
        try:
            with transaction.atomic():
                return Thumbnail.unwatched.bulk_create([row])[0].pk
        except IntegrityError:
            return None
    before = {"failed": known.failed, "source_url": known.source_url, "digest": ""}
    if known.source_url != paper.thumbnail_url:
        known.source_url, known.failed = paper.thumbnail_url, 0
    elif known.next_try_at is None or known.next_try_at > now:
        return None
    _count_attempt(known, now)
    changed = Thumbnail.unwatched.filter(pk=known.pk, **before).update(
        source_url=known.source_url, failed=known.failed, next_try_at=known.next_try_at
    )
    return known.pk if changed else None


def _count_attempt(row: Thumbnail, now: dt.datetime) -> None:
    row.next_try_at = now + BACKOFF[row.failed] if row.failed < len(BACKOFF) else None
    row.failed += 1
