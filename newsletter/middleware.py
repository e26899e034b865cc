"""Small middleware that sets policy for whole parts of the site."""

from collections.abc import Callable

from csp.constants import SELF
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

Handler = Callable[[HttpRequest], HttpResponse]


def policy(get_response: Handler) -> Handler:
    """Let the admin's theme run its own expressions; everything else keeps the strict policy.

    A NUL in an address of the admin is refused: nobody types one, and PostgreSQL, where Django's
    lists would look for it, fails over it. Our own pages clean what they look for.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        is_admin = request.path.startswith("/admin/")
        if is_admin and ("\0" in request.path or "%00" in request.META.get("QUERY_STRING", "")):
            return HttpResponseBadRequest("A NUL is no text.", content_type="text/plain")
        response = get_response(request)
        if is_admin:
            response._csp_update = {  # type: ignore[attr-defined]  # what django-csp looks for
                "script-src": [SELF, "'unsafe-inline'", "'unsafe-eval'"],
                "style-src": [SELF, "'unsafe-inline'"],
            }
        return response

    return handle


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
