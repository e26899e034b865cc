"""An announcement of arXiv: when there is one, and how a feed writes it down.

What is made of it, and of days whose feed is gone, is `papers.sources.arxiv_listing`.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from lxml import etree

from papers.sources import author_strings, xml
from papers.sources.record import LISTED, NEW_TO_SOURCE, NOT_LISTED, Author

EASTERN = ZoneInfo("America/New_York")

HOLIDAYS = frozenset(
    map(
        dt.date.fromisoformat,
        (
            "2026-01-01",
            "2026-01-19",
            "2026-06-19",
            "2026-07-03",
            "2026-09-07",
            "2026-11-26",
            "2026-12-25",
            "2026-12-29",
            "2026-12-31",
        ),
    )
)
"""Days without an announcement, as https://info.arxiv.org/help/availability.md names them for 2026.
For other years, an empty feed on a weekday is asked for again until the day is over."""

_BEGINNING = re.compile(
    r"^\s*arXiv:\S+\s+Announce Type:\s*(?P<type>[\w-]+)\s*(?:Abstract:\s*)?", re.IGNORECASE
)
_NAME = re.compile(r"(?:oai:arXiv\.org:|arxiv\.org/abs/)(?P<id>[^\s?#]+?)(?:v(?P<version>\d+))?$")
NEW, CROSS, REPLACED = "new", "cross", "replace"


@dataclass(frozen=True, slots=True)
class Item:
    """A paper in an announcement, or a record of OAI-PMH that stands in for it."""

    arxiv_id: str
    announced_as: str
    """`NEW`, `CROSS` or `REPLACED`."""
    version: int | None
    title: str
    abstract: str
    authors: tuple[Author, ...]
    categories: tuple[str, ...]
    doi: str
    license: str
    day: dt.date
    """Of the announcement."""
    published_on: dt.date | None
    listing: str
    comments: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """One announcement in some categories."""

    day: dt.date | None
    """Its own date, US Eastern; None where it says none."""
    items: tuple[Item, ...]
    size: int
    """How many items it had, also those that could not be read."""
    etag: str = ""
    """What tells it from the next."""


def announcements(first: dt.date, before: dt.date) -> Iterator[dt.date]:
    """The days from `first` on, up to the one before `before`, that may have an announcement."""
    day = first
    while day < before:
        if day.weekday() < 5:
            yield day
        day += dt.timedelta(days=1)


def may_be_empty(day: dt.date) -> bool:
    """Whether a feed of this date has no items because nothing was announced: on weekends, on
    holidays, and on the day after one, as a feed holds the announcement of the evening before.
    """
    return day.weekday() > 4 or day in HOLIDAYS or day - dt.timedelta(days=1) in HOLIDAYS


def read(body: bytes, now: dt.datetime) -> Feed:
    """The announcement in an RSS 2.0 or Atom feed. Raises `Unreadable` for what is none.

    A feed without a date of its own has that of its latest item; one that is dated after `now` by
    more than a day is not believed.
    """
    root = xml.parse(body, "a feed")
    kind = xml.local(root)
    if kind == "rss":
        channel = xml.child(root, "channel")
        if channel is None:
            raise xml.Unreadable("answers with a feed without a channel")
        nodes = list(xml.children(channel, "item"))
        stated = _eastern_day(xml.said(channel, "pubDate"))
    elif kind == "feed":
        nodes = list(xml.children(root, "entry"))
        stated = _eastern_day(xml.said(root, "updated"))
    else:
        raise xml.Unreadable("answers with XML that isn't a feed")
    items: list[Item] = []
    for node in nodes:
        item = _item(node, stated)
        if item:
            items.append(item)
    day = stated or max((item.day for item in items), default=None)
    if day and day > now.astimezone(EASTERN).date() + dt.timedelta(days=1):
        raise xml.Unreadable(f"answers with a feed of {day}, which is in the future")
    return Feed(day, tuple(replace(item, day=day or item.day) for item in items), len(nodes))


def _item(node: etree._Element, stated: dt.date | None) -> Item | None:
    """The paper of an item; None for an item without one."""
    named = None
    for name in ("guid", "id", "link"):
        named = named or _NAME.search(xml.said(node, name))
    if named is None:
        return None
    text = xml.said(node, "description") or xml.said(node, "summary")
    beginning = _BEGINNING.match(text)
    said = (xml.said(node, "announce_type") or (beginning["type"] if beginning else "")).lower()
    version = int(named["version"]) if named["version"] else None
    announced_as = said or (NEW if version == 1 else REPLACED)
    if announced_as not in {NEW, CROSS}:
        announced_as = REPLACED
    creators = map(xml.text, xml.children(node, "creator"))
    day = _eastern_day(xml.said(node, "pubDate") or xml.said(node, "published"))
    at = stated or day
    if at is None:
        return None
    return Item(
        arxiv_id=named["id"],
        announced_as=announced_as,
        version=version,
        title=xml.said(node, "title"),
        abstract=text[beginning.end() :] if beginning else text,
        authors=author_strings.arxiv(", ".join(creators)),
        categories=tuple(
            filter(
                None,
                (
                    one.get("term") or (one.text or "").strip()
                    for one in xml.children(node, "category")
                ),
            )
        ),
        doi=xml.said(node, "DOI"),
        license=xml.said(node, "rights"),
        day=at,
        published_on=at if announced_as == NEW else None,
        listing={NEW: LISTED, CROSS: NEW_TO_SOURCE}.get(announced_as, NOT_LISTED),
    )


def _eastern_day(text: str) -> dt.date | None:
    """The day in US Eastern of a moment in a feed."""
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        try:
            at = dt.datetime.fromisoformat(text)
        except ValueError:
            return None
    try:
        return (at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at).astimezone(EASTERN).date()
    except OverflowError:
        return None
