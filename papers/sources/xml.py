"""XML of services, read without entities, without the network, and without a document type.

All ways to make a small document large, or to have a parser open files, begin with a document
type. No feed and no OAI-PMH answer needs one, so what has one is refused before it is parsed.
"""

import re
from collections.abc import Iterator

from lxml import etree

from papers.sources import http

_PROLOG = re.compile(rb"\s*(?:<\?.{0,2000}?\?>\s*|<!--.{0,20000}?-->\s*)*", re.DOTALL)
_DECLARED = re.compile(rb"""^<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.-]{1,40})["']""")
_ENCODINGS = frozenset(
    {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"iso-8859-15", b"windows-1252"}
)


class Unreadable(http.TryAgain):
    """A body that is not the XML that was asked for."""


def parse(body: bytes, what: str) -> etree._Element:
    """The root of the document that `body` holds; `what` is what it should be, such as "a feed".

    Raises `Unreadable`, with the rest of a sentence that begins with the service's name, for a web
    page, a document type, XML that is broken or cut.
    """
    if http.is_web_page(body):
        raise Unreadable(f"answers with a web page instead of {what}")
    document = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not document.startswith(b"<") or b"\x00" in document[:1000]:
        raise Unreadable(f"answers with something other than {what}")
    declared = _DECLARED.match(document)
    if declared and declared[1].lower() not in _ENCODINGS:
        raise Unreadable(f"answers in an encoding that isn't supported for {what}")
    prolog = _PROLOG.match(document)
    if prolog and document[prolog.end() : prolog.end() + 2] == b"<!":
        raise Unreadable(f"answers with a document type, which {what} doesn't need")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable(f"answers with broken XML instead of {what}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable(f"answers with a document type, which {what} doesn't need")
    return root


def local(node: etree._Element) -> str:
    """The name of an element without its namespace."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def children(node: etree._Element, name: str) -> Iterator[etree._Element]:
    """The children of that name, in whatever namespace."""
    return (child for child in node if local(child) == name)


def child(node: etree._Element | None, name: str) -> etree._Element | None:
    """The first child of that name, in whatever namespace."""
    return None if node is None else next(children(node, name), None)


def text(node: etree._Element) -> str:
    """The text of an element, with that of elements in it."""
    return "".join(map(str, node.itertext())).strip()


def said(node: etree._Element, name: str) -> str:
    """The text of the first child of that name; else empty."""
    found = child(node, name)
    return "" if found is None else text(found)
