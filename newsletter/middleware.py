"""Small middleware that sets policy for whole parts of the site."""

import re
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from csp.constants import SELF
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

Handler = Callable[[HttpRequest], HttpResponse]

_ADMIN = "/admin/"
_ACCOUNT = "/account/"
DESK_COOKIE = "desk"
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,36}")  # too short for a signed token
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 section 9.2.1


def request_id(get_response: Handler) -> Handler:
    """Give each request a name that all its log lines carry, and its answer in `X-Request-ID`.

    A proxy that is trusted may have named it already.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
        name = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=name):
            response = get_response(request)
        response["X-Request-ID"] = name
        return response

    return handle


def policy(get_response: Handler) -> Handler:
    """Let the admin's theme run its own expressions; everything else keeps the strict policy.
    Pages about one's own account are kept nowhere.

    A NUL in an address of the admin is refused: nobody types one, and PostgreSQL, where Django's
    lists would look for it, fails over it. Our own pages clean what they look for.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        is_admin = request.path.startswith(_ADMIN)
        if is_admin and ("\0" in request.path or "%00" in request.META.get("QUERY_STRING", "")):
            return HttpResponseBadRequest(
                ("Text can’t contain a NUL character."), content_type="text/plain"
            )
        response = get_response(request)
        if request.path.startswith(_ACCOUNT):
            add_never_cache_headers(response)
        if is_admin:
            _hint_at_desk(request, response)
            response._csp_update = {  # type: ignore[attr-defined]  # what django-csp looks for
                "script-src": [SELF, "'unsafe-inline'", "'unsafe-eval'"],
                "style-src": [SELF, "'unsafe-inline'"],
            }
        return response

    return handle


def _hint_at_desk(request: HttpRequest, response: HttpResponse) -> None:
    """Tell the site's scripts whether it is worth asking for what editors may do: a cookie that
    says nothing else, and that nothing but a script looks at.
    """
    is_staff = getattr(getattr(request, "user", None), "is_staff", False)
    if is_staff and DESK_COOKIE not in request.COOKIES:
        response.set_cookie(DESK_COOKIE, "1", samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    elif not is_staff and DESK_COOKIE in request.COOKIES:
        response.delete_cookie(DESK_COOKIE, samesite="Lax")


def second_factor(get_response: Handler) -> Handler:
    """Where a second factor is required, lead whoever has none to the page that sets one up, before
    any page of the admin. On every other page they are as somebody who has not logged in.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        if not settings.REQUIRE_SECOND_FACTOR or request.path.startswith(_ACCOUNT):
            return get_response(request)
        # The apps are not loaded yet when this module is.
        from newsletter.operations.second_factor import is_missing

        person = request.user
        if not request.path.startswith(_ADMIN):
            request.user = SimpleLazyObject(  # type: ignore[assignment]
                lambda: AnonymousUser() if is_missing(person) else person
            )
        elif is_missing(person):
            messages.warning(request, _("Set up a second factor first."))
            return HttpResponseRedirect(reverse("mfa_index"))
        return get_response(request)

    return handle


def same_origin(get_response: Handler) -> Handler:
    """Pass Django's CSRF check by what browsers say of a request, rather than by a token.

    What our own pages send off is known by its headers, which no script of another site can set:
    `Sec-Fetch-Site` says same-origin, or none for what the visitor did without a page; browsers
    that don't send it send `Origin`, and old ones at least `Referer`. So forms need no token, a
    page is the same for every visitor, and reading the site sets no cookie.

    This only vouches. Whatever it doesn't vouch for meets Django's own check, which refuses a form
    that carries no token; so do requests without any of the three headers. Under /admin/ Django's
    tokens alone count. Views that are exempt from Django's check stay so. Must stand before
    Django's middleware.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        is_checked = request.method not in _SAFE and not request.path.startswith(_ADMIN)
        if is_checked and _is_from_here(request):
            request.csrf_processing_done = True  # type: ignore[attr-defined]  # for Django
        return get_response(request)

    return handle


def _is_from_here(request: HttpRequest) -> bool:
    if site := request.headers.get("Sec-Fetch-Site"):
        # The browser has compared already. Only an origin that the settings name may differ.
        is_same = site in {"same-origin", "none"}
        return is_same or request.headers.get("Origin") in settings.CSRF_TRUSTED_ORIGINS
    origin = request.headers.get("Origin")
    if origin is None:
        origin = _origin_of(request.headers.get("Referer", ""))
    # Behind a proxy that isn't trusted to say so, HTTPS shows in the settings alone.
    return origin in {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}


def _origin_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:  # such as an IPv6 address without its end
        return ""
    return f"{parts.scheme}://{parts.netloc}"


class Compression(GZipMiddleware):
    """Django's compression, but for thumbnails, which are compressed already.

    What never changes at its address is the same in every language, too, so that a cache may keep
    one of it for everyone.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """The response, compressed where that is of use."""
        if "immutable" in response.get("Cache-Control", ""):
            del response["Vary"], response["Content-Language"]
            return response
        return super().process_response(request, response)
