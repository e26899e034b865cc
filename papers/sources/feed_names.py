"""Names in feeds: which paper an item is, and who wrote it.

A feed names a paper by its DOI, in one of half a dozen places, or else by a guid or a link with the
publisher's tracking in it. It prints authors one an element or all in one string, in an order that
is the publisher's.
"""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from papers.sources import author_strings
from papers.sources.record import Author

LONGEST = 400
"""Characters of a guid or a link that may name a paper."""

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"'|]{1,300}")
_START = re.compile(r"^(?:doi:?\s*|info:doi/|https?://(?:dx\.|www\.)?doi\.org/)", re.IGNORECASE)
_IN_PATH = re.compile(
    r"""/doi/(?:(?:abs|full|pdf|epdf|pdfplus|epub|book|figure|ref|suppl|xml)/)?
        (?P<doi>10\.\d{4,9}/.+)$""",
    re.VERBOSE,
)
_WITH_NUMBER = re.compile(r"^(10\.\d{4,9}/[^/]+)/\d{4,}(?:/.*)?$")
"""A link with a number of the publisher's own, and often the title, behind the DOI."""
_BEHIND = re.compile(r"/(?:abstract|full|fulltext|pdf|html|epub|meta|v\d{1,2}/review)$", re.I)
_VERSION = re.compile(r"(?:/v|\.v|(?<=\d)v|-v)(\d{1,2})$", re.IGNORECASE)
_VERSIONED = ("10.1101/", "10.26434/", "10.21203/", "10.20944/", "10.36227/", "10.31219/")
"""Servers that write the version of a preprint behind its DOI, or give each version one of its own
that ends so."""

_TRACKING = re.compile(
    r"utm_\w+|af|rss|feed|dgcid|ref|src|source|fbclid|gclid|mc_[ce]id|cmp|cmpid|ftcamp|via|amp"
    r"|campaign|xtor|origin|tracking|track|casa_token",
    re.IGNORECASE,
)
_PII = re.compile(r"/pii/(S?[0-9X]{16,17}|S[0-9X()-]{20,30})", re.IGNORECASE)


def doi_in(*said: str) -> str:
    """The DOI in the first text that holds one, in lower case; empty where none does.

    Takes `10.…`, `doi:10.…`, a link to doi.org, and a publisher's link with `/doi/` in its path.
    """
    for text in said:
        found = _doi_of(text.strip()[:1000])
        if found:
            return found.rstrip(
                ".,;)]}>" if "(" not in found and "<" not in found else ".,;"
            ).lower()
    return ""


def _doi_of(text: str) -> str:
    bare = _START.sub("", text)
    if bare.startswith("10."):
        found = _DOI.match(unquote(bare) if "%" in bare else bare)
        return found[0].partition("?")[0] if found and bare != text else found[0] if found else ""
    if not text.startswith(("http://", "https://")):
        found = re.search(r"\bdoi:?\s*(10\.\d{4,9}/[^\s\"'|<;,]{1,300})", text, re.IGNORECASE)
        return found[1] if found else ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    found = _IN_PATH.search(unquote(parts.path))
    if found:
        doi = found["doi"].rstrip("/")
        numbered = _WITH_NUMBER.match(doi)
        return _BEHIND.sub("", numbered[1] if numbered else doi)
    found = re.search(r"/(10\.\d{4,9}/[^/?#]+)$", unquote(_BEHIND.sub("", parts.path)))
    return found[1] if found else ""


def without_version(doi: str) -> tuple[str, int | None]:
    """A preprint's DOI without the version at its end, and that version where it has one."""
    found = _VERSION.search(doi) if doi.startswith(_VERSIONED) else None
    return (doi[: found.start()], int(found[1])) if found else (doi, None)


def pii_in(link: str) -> str:
    """The number by which Elsevier calls an article in a link; empty without one."""
    found = _PII.search(link)
    return re.sub(r"[()-]", "", found[1]).upper() if found else ""


def clean_link(link: str, *, keep_fragment: bool = False) -> str:
    """A link as a web address without tracking, default port and, unless it is part of a guid,
    fragment. Empty for what is no web address.
    """
    try:
        parts = urlsplit(link.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    host = parts.hostname.lower()
    if port and port != {"http": 80, "https": 443}[parts.scheme]:
        host += f":{port}"
    kept = [
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.fullmatch(key)
    ]
    path = quote(unquote(parts.path), safe="/:@!$&'()*+,;=~-._").rstrip("/")
    fragment = parts.fragment if keep_fragment else ""
    return urlunsplit((parts.scheme, host, path, urlencode(kept), fragment))


def same_link(link: str) -> str:
    """What two spellings of one link have in common: neither `www.` nor the scheme is in it."""
    return re.sub(r"^https?://(?:www\.)?", "", link)


def own_name(guid: str, link: str, feed: str) -> str:
    """What an item without a DOI is called: its guid where that is an address, or else its cleaned
    link. Another guid names it where it has no link; such a guid is only a feed's own, so the host
    of the feed stands before it.

    Empty where the item has neither, or its name were too long.
    """
    guid = " ".join(guid.split())
    name = clean_link(guid, keep_fragment=True) or clean_link(link)
    if not name and guid:
        is_global = guid.lower().startswith(("urn:", "tag:"))
        name = guid if is_global else f"{same_link(clean_link(feed)).partition('/')[0]}/{guid}"
    return name if len(name) <= LONGEST else ""


def authors_in(creators: Sequence[str]) -> tuple[Author, ...]:
    """The authors, in order, of the elements that name them: one each, or all in a string."""
    said = [" ".join(one.split()).strip(" ,;") for one in creators]
    said = [one for one in said if one]
    if len(said) == 1:
        return author_strings.of_any_order(said[0])
    return tuple(filter(None, map(author_strings.person, said)))[: author_strings.MOST]
