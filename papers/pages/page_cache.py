"""Pages that are the same for everyone, made once and handed out many times.

The day's page takes tens of milliseconds to make and compress, and is asked for most of all. Each
web process keeps the last ones in its own memory, compressed: there is nothing to set up, nothing
that another machine could fail to answer, and handing one out takes one small query, for the
version that says whether anything has changed since (`papers.models.page_version`).

Every visitor gets the same bytes. A page is rendered for a request without any headers, which is
nobody's, so that nothing in what one visitor sends can end up in what the next ones get. Forms on
these pages carry no CSRF token; whether they were sent from here is told by the browser's headers
(`newsletter.middleware`).
"""

import gzip
import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language

from papers import site
from papers.models import page_version

MOST_KEPT = 64
"""Pages that a process keeps, at most: some two megabytes."""

_GZIP = re.compile(r"\bgzip\b")
"""In Accept-Encoding, as Django's own compression looks for it."""

Context = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A page as a gzip stream, and its entity tag."""

    compressed: bytes
    etag: str

    @classmethod
    def of(cls, html: str) -> "CachedPage":
        """Compress `html`."""
        plain = html.encode()
        # Weak: compressed or not, it is the same page.
        etag = f'W/"{hashlib.sha256(plain).hexdigest()[:20]}"'
        return cls(gzip.compress(plain, mtime=0), etag)

    @property
    def plain(self) -> bytes:
        """The page for the few who take no gzip, unpacked for each of them."""
        return gzip.decompress(self.compressed)


class _PageCache:
    """The pages this process keeps: the last ones that were asked for."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, tuple[str, float, CachedPage]] = OrderedDict()
        self._lock = threading.Lock()
        # Threads that want a page which is being made wait for it rather than make it, too.
        self._making = tuple(threading.Lock() for _ in range(16))

    def get(self, key: Hashable, version: str) -> CachedPage | None:
        """The page, if it was made under this version and not too long ago."""
        with self._lock:
            made_under, until, page = self._pages.get(key, ("", 0.0, None))
            if page is None or made_under != version or until < time.monotonic():
                return None
            self._pages.move_to_end(key)
            return page

    def get_or_make(
        self, key: Hashable, version: str, make: Callable[[], CachedPage]
    ) -> CachedPage:
        """The page; made by the first of the threads that ask for it, if it has to be made."""
        if page := self.get(key, version):
            return page
        with self._making[hash(key) % len(self._making)]:
            if page := self.get(key, version):
                return page
            page = make()
            with self._lock:
                self._pages[key] = version, time.monotonic() + settings.PAGE_CACHE_SECONDS, page
                self._pages.move_to_end(key)
                while len(self._pages) > MOST_KEPT:
                    self._pages.popitem(last=False)
            return page

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._pages.clear()


_cache = _PageCache()


def clear() -> None:
    """Drop the pages that this process keeps."""
    _cache.clear()


def cached_page(
    request: HttpRequest, template: str, key: Hashable, make_context: Callable[[], Context]
) -> HttpResponseBase:
    """The page of `template` with what `make_context` gives, which is called only if it must be.

    `key` says what the context depends on besides the database, the language, the view and
    `?view=`. What the template shows must be the same for every visitor: it is rendered without
    `request`. A browser that has the page already is answered 304.

    A change shows at once; what depends on the time alone does so within `PAGE_CACHE_SECONDS`,
    and with 0 nothing is kept. Raises what `make_context` raises.
    """

    here = request.resolver_match.view_name if request.resolver_match else ""
    is_compact = request.GET.get("view") == "compact"

    def make() -> CachedPage:
        # A bare request has nobody's headers, messages or account; context processors still run.
        # What the site is called is read again: what this process knows may be older.
        site.read_again()
        context = {**make_context(), "here": here, "is_compact": is_compact}
        return CachedPage.of(render_to_string(template, context, HttpRequest()))

    # The version is asked for first: a change that comes while the page is made outdates it.
    version = page_version.current() if settings.PAGE_CACHE_SECONDS else None
    key = template, here, get_language(), is_compact, key
    page = _cache.get_or_make(key, version, make) if version else make()
    return _answer(request, page)


def _answer(request: HttpRequest, page: CachedPage) -> HttpResponseBase:
    headers = {"ETag": page.etag, "Cache-Control": "private, no-cache"}
    if _GZIP.search(request.headers.get("Accept-Encoding", "")):
        body = page.compressed
        headers["Content-Encoding"] = "gzip"
    else:
        body = page.plain
    response = HttpResponse(body, headers=headers)
    # The language may have been chosen by a cookie.
    patch_vary_headers(response, ("Accept-Encoding", "Cookie"))
    return get_conditional_response(request, page.etag, None, response) or response
