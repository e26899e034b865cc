"""Pages that are the same for everyone, printed once and handed out many times.

The day's page takes tens of milliseconds to make and compress, and is asked for most of all. Each
web process keeps the last ones in its own memory: there is nothing to set up, nothing that another
machine could fail to answer, and handing one out takes one small query, for the stamp that says
whether anything has changed since (`papers.models.page_version`).

One thing does differ: the form on the page holds the visitor's CSRF token. Rather than exempt the
form from that protection, the page is kept in pieces with the token's places between them. A
deflate stream may be put together from pieces that were compressed apart, so the compressed page
is, too: the kept pieces, and the token between them as a stored (uncompressed) block. So nothing
is compressed again, and since the token never goes through the compressor, its size tells nothing
of it (BREACH).
"""

import hashlib
import re
import secrets
import struct
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language

from papers.models import page_version

MOST_KEPT = 64
"""Pages that a process keeps, at most: some ten megabytes."""

# RFC 1952: magic number, deflate, no flags, no time, best compression, unknown system.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
# RFC 1951: a last block, compressed with the fixed codes, that holds nothing.
_LAST_BLOCK = b"\x03\x00"

_GZIP = re.compile(r"\bgzip\b")
"""In Accept-Encoding, as Django's own compression looks for it."""

Context = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Printed:
    """A page in pieces, with the visitor's token between each two."""

    plain: tuple[bytes, ...]
    packed: tuple[bytes, ...]
    """The pieces as raw deflate, each complete and ending with a byte."""
    digest: str
    """Of the page without tokens."""

    @classmethod
    def of(cls, html: str, marker: str) -> "Printed":
        """The page `html`, in which `marker` stands for the token."""
        plain = tuple(html.encode().split(marker.encode()))
        digest = hashlib.sha256(b"\x00".join(plain)).hexdigest()[:20]
        return cls(plain, tuple(map(_packed, plain)), digest)

    def whole(self, token: str) -> bytes:
        """The page with `token` in it."""
        return token.encode().join(self.plain)

    def compressed(self, token: str) -> bytes:
        """The same as a gzip stream."""
        between = token.encode()
        # RFC 1951, 3.2.4: not the last one, stored; its length, and that inverted.
        stored = struct.pack("<BHH", 0, len(between), len(between) ^ 0xFFFF) + between
        checksum, size = 0, 0
        for at, piece in enumerate(self.plain):
            if at:
                checksum, size = zlib.crc32(between, checksum), size + len(between)
            checksum, size = zlib.crc32(piece, checksum), size + len(piece)
        return b"".join(
            (
                _GZIP_HEADER,
                stored.join(self.packed),
                _LAST_BLOCK,
                struct.pack("<LL", checksum, size & 0xFFFFFFFF),
            )
        )


def _packed(piece: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(piece) + deflate.flush(zlib.Z_FULL_FLUSH)


class _Kept:
    """The pages this process keeps: the last ones that were asked for."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, tuple[str, float, Printed]] = OrderedDict()
        self._lock = threading.Lock()
        # Threads that want a page which is being made wait for it rather than make it, too.
        self._making = tuple(threading.Lock() for _ in range(16))

    def get(self, key: Hashable, stamp: str) -> Printed | None:
        """The page, if it was made under this stamp and not too long ago."""
        with self._lock:
            made_under, until, page = self._pages.get(key, ("", 0.0, None))
            if page is None or made_under != stamp or until < time.monotonic():
                return None
            self._pages.move_to_end(key)
            return page

    def get_or_make(self, key: Hashable, stamp: str, make: Callable[[], Printed]) -> Printed:
        """The page; made by the first of the threads that ask for it, if it has to be made."""
        if page := self.get(key, stamp):
            return page
        with self._making[hash(key) % len(self._making)]:
            if page := self.get(key, stamp):
                return page
            page = make()
            with self._lock:
                self._pages[key] = stamp, time.monotonic() + settings.PAGE_CACHE_SECONDS, page
                self._pages.move_to_end(key)
                while len(self._pages) > MOST_KEPT:
                    self._pages.popitem(last=False)
            return page

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._pages.clear()


_kept = _Kept()


def forget() -> None:
    """Drop the pages that this process keeps."""
    _kept.clear()


def printed_page(
    request: HttpRequest, template: str, key: Hashable, make_context: Callable[[], Context]
) -> HttpResponseBase:
    """The page of `template` with what `make_context` gives, which is called only if it must be.

    `key` says what the context depends on besides the database and the language. What the template
    shows must be the same for every visitor, but for the token in its forms. A browser that has
    the page already is answered 304.

    A change shows at once; what depends on the time alone does so within `PAGE_CACHE_SECONDS`,
    and with 0 nothing is kept. Raises what `make_context` raises.
    """

    def make() -> Printed:
        marker = secrets.token_hex(32)
        # Messages are one visitor's; they stay for the next page that is not kept.
        context = {**make_context(), "csrf_token": marker, "messages": ()}
        return Printed.of(render_to_string(template, context, request), marker)

    # The stamp is asked for first: a change that comes while the page is made outdates it.
    stamp = page_version.current() if settings.PAGE_CACHE_SECONDS else None
    key = template, get_language(), key
    page = _kept.get_or_make(key, stamp, make) if stamp else make()
    return _answer(request, page)


def _answer(request: HttpRequest, page: Printed) -> HttpResponseBase:
    token = get_token(request) if len(page.plain) > 1 else ""
    secret = request.META.get("CSRF_COOKIE", "") if token else ""
    # The page that a browser holds is good for as long as its cookie is the same.
    owner = hashlib.sha256(f"{settings.SECRET_KEY} page {secret}".encode()).hexdigest()[:12]
    # Weak: compressed or not, it is the same page.
    etag = f'W/"{page.digest}-{owner}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if _GZIP.search(request.headers.get("Accept-Encoding", "")):
        body = page.compressed(token)
        headers["Content-Encoding"] = "gzip"
    else:
        body = page.whole(token)
    response = HttpResponse(body, headers=headers)
    patch_vary_headers(response, ("Accept-Encoding", "Cookie"))
    return get_conditional_response(request, etag, None, response) or response
