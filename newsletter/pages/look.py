"""What the site looks like where an owner says so: the stylesheet of the accent color, and the
logo. Both are forever the same at their addresses, which hold a hash of them.
"""

import hashlib
from functools import lru_cache

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from papers import colors, site
from papers.models import SiteLogo
from papers.site import Site

FOREVER = "public, max-age=31536000, immutable"


@lru_cache(maxsize=32)
def stylesheet(accent: str, accent_dark: str) -> str:
    """CSS that gives pages these accents, in both schemes and for who asks for more contrast.

    Only on screens: what is printed is black.
    """
    dark_words = colors.ON_ACCENT["dark"][0].color
    strong, strong_dark = colors.stronger(accent, "light"), colors.stronger(accent_dark, "dark")
    dark = "(prefers-color-scheme: dark)"
    return (
        f"@media screen {{\n:root {{ --accent: {accent}; }}\n}}\n"
        f"@media screen and {dark} {{\n"
        f":root {{ --accent: {accent_dark}; --on-accent: {dark_words}; }}\n}}\n"
        "@media screen and (prefers-contrast: more) {\n"
        f":root {{ --accent: {strong}; --on-accent: #fff; }}\n}}\n"
        f"@media screen and (prefers-contrast: more) and {dark} {{\n"
        f":root {{ --accent: {strong_dark}; --on-accent: #000; }}\n}}\n"
    )


def digest(css: str) -> str:
    """The part of the stylesheet's address that says which one it is."""
    return hashlib.sha256(css.encode()).hexdigest()[:12]


def address_of(now: Site) -> str:
    """Where the site's stylesheet is; empty where it has none."""
    if not now.accent:
        return ""
    return reverse("newsletter:look", args=[digest(stylesheet(now.accent, now.accent_dark))])


@require_safe
def look(request: HttpRequest, digest_wanted: str) -> HttpResponseBase:
    """The stylesheet. At the address of an earlier one is the one that applies now, which nobody
    keeps there.
    """
    now = site.current()
    if not now.accent or digest(stylesheet(now.accent, now.accent_dark)) != digest_wanted:
        now = site.read_again()  # another process may have changed it a moment ago
    if not now.accent:
        raise Http404("the site has no colors of its own")
    css = stylesheet(now.accent, now.accent_dark)
    is_that = digest(css) == digest_wanted
    headers = {"ETag": f'"{digest(css)}"', "Cache-Control": FOREVER if is_that else "no-cache"}
    response = HttpResponse(css, content_type="text/css; charset=utf-8", headers=headers)
    return get_conditional_response(request, headers["ETag"], None, response) or response


@require_safe
def logo(request: HttpRequest, digest_wanted: str) -> HttpResponseBase:
    """A logo, also one that pages no longer show: emails that went out do."""
    image = SiteLogo.objects.filter(digest=digest_wanted).values_list("image", flat=True).first()
    if image is None:
        raise Http404("no such logo")
    etag = f'"{digest_wanted}"'
    headers = {"ETag": etag, "Cache-Control": FOREVER}
    response = HttpResponse(bytes(image), content_type="image/png", headers=headers)
    return get_conditional_response(request, etag, None, response) or response
