"""A Zotero library by two requests of our own: its collections, and its items page by page.

The web API (https://www.zotero.org/support/dev/web_api/v3/basics) pages by `start` and `limit` (at
most 100), says `Total-Results`, and asks for a pause with `Backoff` or `Retry-After`. A key is only
ever a header of these requests: nothing here keeps or logs it.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from papers.libraries.entries import MOST_ENTRIES, Library
from papers.sources import http
from papers.sources.base import FetchFailed
from papers.text import cleaning, markup

API = "https://api.zotero.org"
PAGE = 100
MOST_COLLECTIONS = 500
LONGEST_PAUSE = 30.0
"""Seconds that a `Backoff` may ask for; beyond that we give up for now."""

_SKIPPED = frozenset({"attachment", "note", "annotation"})
_LIBRARY = re.compile(
    r"(?:https?://)?(?:www\.|api\.)?zotero\.org/(users|groups)/(\d{1,12})(?:/.*)?"
)
_SHORT = re.compile(r"(user|group)s?[\s:/]+(\d{1,12})", re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z0-9]{24}")
_COLLECTION = re.compile(r"[A-Z0-9]{8}")


class NotAllowed(FetchFailed):
    """Zotero doesn't show this library without a key, or not with this one."""


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of a library."""

    key: str
    name: str
    items: int


def library_of(text: str) -> str:
    """`users/475425` or `groups/…` of what somebody typed: a link or "group 123". Empty for what is
    none; a link that names a user instead of a number isn't enough.
    """
    text = text.strip()
    if found := _LIBRARY.fullmatch(text):
        return f"{found.group(1)}/{found.group(2)}"
    if found := _SHORT.fullmatch(text):
        return f"{found.group(1).lower()}s/{found.group(2)}"
    return ""


def is_key(text: str) -> bool:
    """Whether the text has the form of a key: 24 letters and digits."""
    return bool(_KEY.fullmatch(text))


def is_collection(text: str) -> bool:
    """Whether the text has the form of a collection's key."""
    return bool(_COLLECTION.fullmatch(text))


def collections(library: str, key: str = "", *, address: str = API) -> list[Collection]:
    """The collections of a library, by name. Raises `FetchFailed`."""
    found = [
        Collection(
            str(one.get("key", "")),
            cleaning.name((one.get("data") or {}).get("name", "")),
            int((one.get("meta") or {}).get("numItems") or 0),
        )
        for one in _pages(f"{address}/{library}/collections", key, MOST_COLLECTIONS)
        if isinstance(one, dict)
    ]
    return sorted((one for one in found if is_collection(one.key)), key=lambda one: one.name)


def items(
    library: str,
    key: str = "",
    chosen: tuple[str, ...] = (),
    *,
    address: str = API,
    pause: Callable[[float], None] = time.sleep,
) -> Library:
    """The items of a library, or of its `chosen` collections. Raises `FetchFailed`."""
    read = Library()
    seen: set[str] = set()
    paths = [f"collections/{one}/items/top" for one in chosen] or ["items/top"]
    for path in paths:
        room = MOST_ENTRIES - len(seen)
        if room <= 0:
            break
        for one in _pages(f"{address}/{library}/{path}", key, room, read, pause):
            data = one.get("data") if isinstance(one, dict) else None
            if not isinstance(data, dict) or data.get("key") in seen:
                continue
            seen.add(str(data.get("key")))
            if data.get("itemType") in _SKIPPED:
                read.skipped += 1
            else:
                _add(read, data)
    return read


def _pages(
    address: str,
    key: str,
    most: int,
    library: Library | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> list[Any]:
    found: list[Any] = []
    total: int | None = None
    wait = 0.0

    def heard(headers: httpx.Headers) -> None:
        nonlocal total, wait
        total = _number(headers.get("Total-Results", ""), -1)
        total = None if total < 0 else total
        wait = float(_number(headers.get("Backoff", ""), 0))

    sent = {"Zotero-API-Version": "3"} | ({"Zotero-API-Key": key} if key else {})
    with http.client("application/json", is_guarded=True) as client:
        # Twice as many pages as there can be: a service that repeats itself is not asked for ever.
        for _ in range(2 * (most // PAGE) + 2):
            query = {"format": "json", "limit": str(PAGE), "start": str(len(found))}
            try:
                page = http.ask(
                    client,
                    "Zotero",
                    address,
                    query,
                    http.json_list,
                    for_what="a library",
                    headers=sent,
                    on_headers=heard,
                )
            except http.Refused as error:
                if error.status in {401, 403, 404}:
                    raise NotAllowed(str(error)) from None
                raise
            found += page
            # Without a total a page that is not full is the last one.
            if not page or len(found) >= most or (total is None and len(page) < PAGE):
                break
            if total is not None and len(found) >= total:
                break
            if wait:
                if wait > LONGEST_PAUSE:
                    raise http.Busy("Zotero asks us to wait.", wait)
                pause(wait)
    if library is not None:
        library.left_out += max(0, (total or 0) - most)
    return found[:most]


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _add(library: Library, data: Mapping[str, Any]) -> None:
    def text(*names: str) -> str:
        return next((str(data[name]) for name in names if data.get(name)), "")

    extra = text("extra")[:2_000]
    named = re.findall(r"(?im)^\s*(?:doi|pmid|arxiv|pmcid):?\s*(\S+)", extra)
    pmid = re.search(r"(?im)^\s*pmid:\s*(\d+)", extra)
    people, tags = data.get("creators"), data.get("tags")
    library.add(
        title=markup.plain(text("title", "caseName", "subject")),
        ids=(
            text("DOI"),
            text("archiveID"),
            *([f"pmid:{pmid.group(1)}"] if pmid else []),
            *named,
            text("url"),
            text("ISBN"),
        ),
        authors=[
            cleaning.name(
                str(one.get("name") or f"{one.get('firstName', '')} {one.get('lastName', '')}")
            )
            for one in (people if isinstance(people, list) else [])[:500]
            if isinstance(one, dict) and one.get("creatorType") in {"author", "editor", "inventor"}
        ],
        abstract=markup.plain(text("abstractNote")),
        venue=markup.plain(text("publicationTitle", "proceedingsTitle", "conferenceName")),
        keywords=[
            str(one.get("tag", ""))[:80]
            for one in (tags if isinstance(tags, list) else [])[:30]
            if isinstance(one, dict)
        ],
        called=text("key"),
    )
