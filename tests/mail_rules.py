"""Every mail that the test suite makes is held to the rules, whatever its test is about.

What leaves `newsletter.mail.message`, the press, and the makers of all other mails is looked at as
it is made. Code that makes mails catches what goes wrong with one, so a broken rule is remembered
and fails the test at its end. It costs about half a millisecond a mail; of a test that makes
thousands, the first `ALL_OF` are looked at and then every fiftieth, and what worker processes of
their own send (in the kill tests) is not looked at here: the same code made it.

This is written apart from `newsletter.operations.deliverability`, so that one can show the other
wrong.
"""

import re
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from html import unescape
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core import mail as django_mail

from newsletter.delivery import notices
from newsletter.digests.rendering import DigestPress
from newsletter.mail.message import Mail
from papers import site
from papers.text.cleaning import plain

ALL_OF = 200

_lock = threading.Lock()
_broken: list[str] = []
_seen = 0

_FIELD = re.compile(rb"([!-9;-~]+):((?:[^\r\n]|\r\n[ \t])*)\r\n")
_ONCE = (b"from", b"to", b"subject", b"message-id", b"mime-version", b"date", b"content-type")
_DIGEST = (
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"list-id",
    b"auto-submitted",
    b"feedback-id",
)
_SERVICE = (b"auto-submitted", b"feedback-id")
_HREF = re.compile(r"""<a\b[^>]*\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_WHERE = re.compile(r"https?://[^\s/]+/|mailto:|#")


def structure(raw: bytes) -> list[str]:
    """What is wrong with the bytes of a message, whatever it says."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    wrong = [] if blank else ["there is no blank line after the headers"]
    lines = head + b"\r\n"
    if _FIELD.sub(b"", lines):
        wrong.append("there is a line that is no header")
    # An address with letters beyond ASCII stands as it is (RFC 6532), and needs SMTPUTF8.
    if not re.sub(rb"(?m)^To: .*$", b"", head).isascii():
        wrong.append("a header is not ASCII")
    if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n", lines):
        wrong.append("a header holds a control character, or CR or LF alone")
    fields = [(name.lower(), value) for name, value in _FIELD.findall(lines)]
    names = [name for name, _ in fields]
    wrong += [f"{name.decode()} is not there once" for name in _ONCE if names.count(name) != 1]
    wrong += [f"{name.decode()} is there twice" for name in {*names} if names.count(name) > 1]
    if b"bcc" in names or b"return-path" in names:
        wrong.append("there is a header that must not leave")
    wrong += [
        f"{name.decode()} is folded"
        for name, value in fields
        if name.startswith(b"list-unsubscribe") and b"\r\n" in value
    ]
    if max(map(len, raw.split(b"\r\n"))) > 998:
        wrong.append("a line is over 998 characters")
    text, html = body.find(b"text/plain"), body.find(b"text/html")
    kind = dict(fields).get(b"content-type", b"")
    if b"multipart/alternative" in kind and not -1 < text < html:
        wrong.append("the text does not come before the HTML")
    return wrong


def content(
    headers: dict[bytes, str], text: str, html: str, wanted: tuple[bytes, ...]
) -> list[str]:
    """What is wrong with what a mail says. `headers` by name in small letters."""
    wrong = [f"{name.decode()} is missing" for name in wanted if not headers.get(name)]
    if not text.strip():
        wrong.append("there is no text")
    if headers.get(b"auto-submitted") != "auto-generated":
        wrong.append("Auto-Submitted does not say auto-generated")
    leave = headers.get(b"list-unsubscribe", "")
    if leave and settings.SITE_URL.startswith("http"):  # one test asks what happens if not
        link = re.match(r"<(https?://[^<>]+)>, <mailto:[^<>]+>$", leave)
        if link is None:
            wrong.append("List-Unsubscribe is not an http address and a mailto address")
        elif b"list-id" in wanted and not (
            link[1] in text and (not html or link[1] in unescape(html))
        ):
            wrong.append("the way to leave of the header is not shown in both forms")
        if headers.get(b"list-unsubscribe-post") != "List-Unsubscribe=One-Click":
            wrong.append("List-Unsubscribe-Post is not there")
    domain = settings.MAIL_DOMAIN
    if domain.isascii() and not headers.get(b"message-id", "").endswith(f"@{domain}>"):
        wrong.append("the Message-ID is not of the sender's domain")
    address = " ".join(plain(site.current().postal_address).split())
    for form, body in (("text", text), ("HTML", unescape(html))):
        if address and body and address not in " ".join(body.split()):
            wrong.append(f"the {form} does not name the postal address")
    if html:
        wrong += _page(html)
    return wrong


def _page(html: str) -> list[str]:
    wrong = []
    if not re.search(r"<html\b[^>]*\blang=[\"']?[a-z]{2}", html):
        wrong.append("the HTML does not say its language")
    if re.search(r"<(script|iframe|form|object|embed)\b", html, re.IGNORECASE):
        wrong.append("the HTML holds what mail programs refuse")
    links = [unescape(one or other).strip() for one, other in _HREF.findall(html)]
    wrong += [f"a link leads nowhere: {link[:60]!r}" for link in links if not _WHERE.match(link)]
    if any("alt=" not in image for image in _IMAGE.findall(html)):
        wrong.append("a picture has no alt text")
    if len(html.encode()) > 102 * 1024:
        wrong.append("the HTML is so large that Gmail clips it")
    return wrong


def of_digest(mail: Mail) -> list[str]:
    """What is wrong with a digest from the press."""
    return _content_of(mail, _DIGEST)


def _content_of(mail: Mail, wanted: tuple[bytes, ...]) -> list[str]:
    headers = {name.lower().encode(): value for name, value in mail.headers}
    headers[b"message-id"] = mail.message_id
    text = "".join([fragment.text for fragment in mail.text])
    return content(headers, text, "".join([fragment.text for fragment in mail.html]), wanted)


def of_service(mail: Mail) -> list[str]:
    """What is wrong with a mail that is no digest. Operators know the postal address."""
    wrong = _content_of(mail, _SERVICE)
    if mail.tags == ("operator",):
        wrong = [each for each in wrong if "postal address" not in each]
    return wrong


# --- How it looks at all of them ------------------------------------------------------------------


def _look(check: Callable[[Any], list[str]], made: Any) -> None:
    global _seen
    with _lock:
        _seen += 1
        if _seen > ALL_OF and _seen % 50:
            return
    if wrong := check(made):
        with _lock:
            _broken.extend(wrong)


def _watching(maker: Callable[..., Any], check: Callable[[Any], list[str]]) -> Callable[..., Any]:
    @wraps(maker)
    def watched(*args: Any, **kwargs: Any) -> Any:
        made = maker(*args, **kwargs)
        _look(check, made)
        return made

    return watched


@pytest.fixture(scope="session", autouse=True)
def watch_mails() -> Iterator[None]:
    """Look at every mail that this process makes."""
    with (
        patch.object(
            Mail, "as_chunks", _watching(Mail.as_chunks, lambda made: structure(b"".join(made)))
        ),
        patch.object(DigestPress, "render", _watching(DigestPress.render, of_digest)),
        patch.object(notices, "mail_of", _watching(notices.mail_of, of_service)),
    ):
        yield


@pytest.fixture(autouse=True)
def mails_keep_the_rules() -> Iterator[None]:
    """Fail a test that made a mail which breaks a rule."""
    global _seen
    _broken.clear()
    _seen = 0
    yield
    for message in getattr(django_mail, "outbox", ()):
        _broken.extend(structure(message.message().as_bytes(linesep="\r\n")))
    assert not _broken, "a mail breaks the rules: " + "; ".join(dict.fromkeys(_broken))
