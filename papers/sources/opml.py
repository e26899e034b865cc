"""OPML, in which feed readers export the feeds that somebody reads, by name and address.

Folders are outlines in outlines, to any depth. Programs differ in what they call an address, and
many leave the head or a title out, so each outline is looked at by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from papers.models import Source
from papers.sources import feed_names
from papers.text import cleaning

MOST_BYTES = 2_000_000
MOST_FEEDS = 2_000

_PROLOG = re.compile(rb"\s*(?:<\?.{0,2000}?\?>\s*|<!--.{0,20000}?-->\s*)*", re.DOTALL)
_ADDRESSES = ("xmlurl", "url", "href")


class BadOpml(ValueError):
    """The file is no OPML; the message is a sentence for an editor."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed that a file lists: its name, unlike any other's in the file, and its address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Outlines:
    """The feeds of a file, each once, and in sentences what is wrong with the others."""

    feeds: tuple[Listed, ...]
    problems: tuple[str, ...] = ()


def read(body: bytes) -> Outlines:
    """The feeds in an OPML file. Raises `BadOpml`."""
    feeds: dict[str, Listed] = {}
    problems: list[str] = []
    names: set[str] = set()
    for number, outline in enumerate(_outlines(body), start=1):
        attributes = {_local(key).lower(): str(value) for key, value in outline.attrib.items()}
        said = next((attributes[key] for key in _ADDRESSES if attributes.get(key, "").strip()), "")
        title = next(
            (text for key in ("title", "text") if (text := cleaning.name(attributes.get(key)))), ""
        )
        if not said:
            if len(outline) == 0 and (attributes.get("type") == "rss" or title):
                problems.append(f"Outline {number} ({title or 'untitled'}) has no address.")
            continue
        address = re.sub(r"^feed:(?://)?(?=https?://)|^feed:(?=//)", "", said.strip())
        address = f"http:{address}" if address.startswith("//") else address
        key = feed_names.same_link(feed_names.clean_link(address))
        if not key or not cleaning.safe_url(address):
            problems.append(f"Outline {number} ({title}) has no web address: {said[:80]!r}.")
        elif key in feeds:
            problems.append(f"Outline {number} ({title}) is listed twice: {said[:80]}.")
        elif len(feeds) >= MOST_FEEDS:
            problems.append(
                f"The file lists more than {MOST_FEEDS:,} feeds. The rest was left out."
            )
            break
        else:
            feeds[key] = Listed(_unlike(title or key.partition("/")[0], names), address)
    return Outlines(tuple(feeds.values()), tuple(problems))


def _outlines(body: bytes) -> Iterator[etree._Element]:
    if len(body) > MOST_BYTES:
        raise BadOpml(f"The file is larger than {MOST_BYTES:,} bytes.")
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    prolog = _PROLOG.match(text)
    if prolog and text[prolog.end() : prolog.end() + 2] == b"<!":
        raise BadOpml("The file has a document type, which OPML doesn't need.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadOpml(f"The file isn't XML: {cleaning.plain(str(error))[:120]}.") from None
    if root.getroottree().docinfo.internalDTD is not None or _local(root.tag).lower() != "opml":
        raise BadOpml(
            "The file is XML, but not OPML. Export your subscriptions from your feed reader as "
            "OPML."
        )
    return (one for one in root.iter() if _local(one.tag).lower() == "outline")


def _local(name: object) -> str:
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def _unlike(title: str, names: set[str]) -> str:
    """The title, with a number where another feed has it already, no longer than a row takes."""
    most = Source._meta.get_field("name").max_length or 80
    name, number = cleaning.shorten(title, most), 1
    while name.casefold() in names:
        number += 1
        name = f"{cleaning.shorten(title, most - 5)} ({number})"
    names.add(name.casefold())
    return name
