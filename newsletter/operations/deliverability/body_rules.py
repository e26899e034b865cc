"""The body: its size, its parts, its links, its pictures, and what the law wants in it."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

from newsletter.operations.deliverability.domains import are_aligned, organizational_domain
from newsletter.operations.deliverability.findings import (
    GMAIL,
    OUTLOOK,
    WCAG,
    YAHOO,
    Finding,
    error,
    good,
    note,
    rfc,
    warning,
)
from newsletter.operations.deliverability.message import Message

CLIPPED = 102 * 1024
"""Bytes of HTML at which Gmail cuts a message off, and with it the way to leave."""

MANY_LINKS = 150

SHORTENERS = frozenset(
    (
        *("bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly"),
        *("cutt.ly", "lnkd.in", "rb.gy", "shorturl.at", "tiny.cc", "t.ly", "s.id"),
    )
)
"""Hosts that hide where a link leads; mail with them is filed away."""

_LEAVE = re.compile(r"(?i)unsubscri|abmeld|abbestell|d[ée]sabonn|desinscri|opt[- ]?out|\bleave\b")
_SHOWN_HOST = re.compile(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?:[/?#:].*)?", re.IGNORECASE)
_LAW = "CAN-SPAM Act, 15 U.S.C. 7704(a)(5); in the EU, Directive 2000/31/EC article 5"


@dataclass
class _Link:
    target: str
    text: str = ""
    pictures: list[str | None] = field(default_factory=list)

    @property
    def is_mute(self) -> bool:
        """It is nothing but a picture that says nothing."""
        return bool(self.pictures) and not any(self.pictures) and not self.text.strip()


class _Page(HTMLParser):
    """What counts of an HTML part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[_Link] = []
        self.pictures: list[tuple[str, str | None]] = []
        self.tags: set[str] = set()
        self.lang = ""
        self.words: list[str] = []
        self._open: _Link | None = None
        self._silent = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add(tag)
        if tag == "html":
            self.lang = values.get("lang") or ""
        elif tag == "a" and values.get("href") is not None:
            self._open = _Link((values["href"] or "").strip())
            self.links.append(self._open)
        elif tag == "img":
            alt = values.get("alt") if "alt" in values else None
            if "alt" in values and alt is None:
                alt = ""
            self.pictures.append((values.get("src") or "", alt))
            if self._open is not None:
                self._open.pictures.append(alt)
        elif tag in {"style", "script", "title"}:
            self._silent += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._open = None
        elif tag in {"style", "script", "title"}:
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.words += data.split()
        if self._open is not None:
            self._open.text += data


def check(message: Message, *, postal_address: str = "") -> Iterator[Finding]:
    """Every finding about the body. Without `postal_address` it cannot be looked for."""
    page = _Page(message.html) if message.html else None
    yield from _parts(message, page)
    yield from _size(message)
    yield from _way_out(message, page)
    yield from _address(message, postal_address)
    if page is not None:
        yield from _markup(page)
        yield from _links(page, message.from_domain)


def _parts(message: Message, page: _Page | None) -> Iterator[Finding]:
    kinds = message.kinds
    words = len(message.text.split())
    if not message.text.strip():
        yield error(
            "text-part",
            "There is no plain text.",
            f"{rfc(2046, '5.1.4')}; filters distrust email with only HTML",
            "Send both plain text and HTML.",
        )
    elif page is not None and words < 20 and words * 10 < len(page.words):
        yield warning(
            "text-part",
            f"The plain text has {words} words, but the HTML has {len(page.words)}.",
            "Text that only points to the HTML doesn't count",
            "Put the same content in both.",
        )
    else:
        yield good("text-part", f"The plain text has {words} words.", rfc(2046, "5.1.4"))
    if {"text/plain", "text/html"} <= set(kinds) and kinds.index("text/html") < kinds.index(
        "text/plain"
    ):
        yield error(
            "text-first",
            "The HTML comes before the text.",
            f"{rfc(2046, '5.1.4')}: email apps show the last one",
            "Put the text first.",
        )


def _size(message: Message) -> Iterator[Finding]:
    size = len(message.html.encode())
    if size > CLIPPED:
        yield error(
            "size",
            f"The HTML has {size // 1024} KB.",
            "Gmail clips messages at about 102 KB, including the unsubscribe link at the end",
            "Send fewer papers and a link to the rest.",
        )
    elif size:
        yield good("size", f"The HTML has {size // 1024} KB; Gmail clips at about 102 KB.")


def _way_out(message: Message, page: _Page | None) -> Iterator[Finding]:
    ways = [link for link in message.unsubscribe_links if link.startswith("http")]
    why = f"{GMAIL}; {YAHOO}; {OUTLOOK}"
    todo = "Put an unsubscribe link, labeled as such, in both the text and the HTML."
    shown = {"text": any(way in message.text for way in ways) or bool(_LEAVE.search(message.text))}
    if page is not None:
        shown["HTML"] = any(
            link.target in ways or _LEAVE.search(f"{link.text} {link.target}")
            for link in page.links
        )
    missing = [form for form, there in shown.items() if not there]
    if missing:
        yield error(
            "visible-unsubscribe",
            f"The {' and the '.join(missing)} has no visible unsubscribe link.",
            why,
            todo,
        )
    else:
        yield good("visible-unsubscribe", "Readers can see how to unsubscribe.", why)


def _address(message: Message, postal_address: str) -> Iterator[Finding]:
    if not postal_address.strip():
        yield note(
            "postal-address",
            "The postal address wasn't checked, because POSTAL_ADDRESS isn't set.",
            _LAW,
        )
        return

    def squeezed(text: str) -> str:
        return re.sub(r"\W+", " ", text)

    wanted = squeezed(postal_address).strip()
    forms = {"text": message.text}
    if message.html:
        forms["HTML"] = " ".join(_Page(message.html).words)
    missing = [form for form, body in forms.items() if wanted not in squeezed(body)]
    if missing:
        yield error(
            "postal-address",
            f"The {' and the '.join(missing)} doesn't contain the sender's postal address.",
            _LAW,
            "Put POSTAL_ADDRESS in the footer.",
        )
    else:
        yield good("postal-address", "The sender's postal address is there.", _LAW)


def _markup(page: _Page) -> Iterator[Finding]:
    if not page.lang:
        yield warning(
            "lang",
            "The HTML doesn't declare its language.",
            f"{WCAG}, 3.1.1; screen readers would mispronounce it",
            'Write <html lang="…">.',
        )
    if bad := sorted(page.tags & {"script", "iframe", "object", "embed", "form", "video", "audio"}):
        yield error(
            "active-content",
            f"The HTML contains {', '.join(bad)}.",
            "Email apps remove it, and filters treat it as an attack",
            "Link to a page instead.",
        )
    without = [source for source, alt in page.pictures if alt is None]
    if without:
        yield warning(
            "alt",
            f"{len(without)} of {len(page.pictures)} pictures have no alt text.",
            f"{WCAG}, 1.1.1",
            'Describe each, or write alt="" where it only decorates.',
        )
    if any(
        link.pictures and not any(link.pictures) and not link.text.strip() for link in page.links
    ):
        yield warning(
            "alt",
            "A link contains only a picture without a description.",
            f"{WCAG}, 1.1.1",
            "Describe the link's target in the alt text.",
        )
    insecure = [source for source, _ in page.pictures if source.startswith("http://")]
    if insecure:
        yield warning(
            "https-pictures",
            f"{len(insecure)} pictures use plain http.",
            "Email apps don't show them",
            "Serve them over https.",
        )


def _links(page: _Page, sender: str) -> Iterator[Finding]:
    plain = odd = outside = 0
    hosts: set[str] = set()
    for link in page.links:
        try:
            parts = urlsplit(link.target)
            host = (parts.hostname or "").lower()
        except ValueError:  # no address at all
            odd += 1
            continue
        if parts.scheme in {"mailto", "tel"}:
            continue
        if parts.scheme not in {"http", "https"} or not host:
            odd += 1
            continue
        plain += parts.scheme == "http"
        hosts.add(host)
        outside += not are_aligned(host, sender)
        shown = _SHOWN_HOST.fullmatch(link.text.strip())
        if shown and not are_aligned(shown[1], host):
            yield error(
                "honest-links",
                f"A link shows {shown[1].lower()} but leads to {host}.",
                f"{GMAIL}: it looks like phishing",
                "Make the text match the target, and turn off your provider's click tracking.",
            )
    if odd:
        yield error(
            "absolute-links",
            f"{odd} links aren't absolute http or https addresses.",
            "They don't work in email apps",
            "Use full addresses.",
        )
    if plain:
        yield warning(
            "https-links",
            f"{plain} of {len(page.links)} links are plain http.",
            "Browsers and filters warn about them",
            "Serve the site over https and set SITE_URL. Links to other sites can stay.",
        )
    if numeric := sorted(filter(_is_address, hosts)):
        yield error(
            "named-hosts",
            f"A link leads to an IP address: {numeric[0]}.",
            "Filters treat it as malware",
            "Use a host name; set SITE_URL.",
        )
    if short := sorted(host for host in hosts if organizational_domain(host) in SHORTENERS):
        yield error(
            "shorteners",
            f"A link leads through {short[0]}.",
            "Filters can't see where it leads, and reject it",
            "Use the full address.",
        )
    if len(page.links) > MANY_LINKS:
        yield warning(
            "many-links",
            f"There are {len(page.links)} links.",
            "Filters count them",
            "Send fewer papers; link to the rest.",
        )
    if page.links and outside == len(page.links) - odd and hosts:
        yield warning(
            "own-links",
            f"No link leads to the sender's domain {sender}.",
            f"{GMAIL}: links and sender should belong together",
            "Let SITE_URL and FROM_EMAIL share a domain, and turn off click tracking.",
        )
    elif not odd:
        yield good("links", f"{len(page.links)} links, {outside} of them to other domains.")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
