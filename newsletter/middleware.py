"""Small middleware that sets policy for whole parts of the site."""

from collections.abc import Callable

from csp.constants import SELF
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

Handler = Callable[[HttpRequest], HttpResponse]


def policy(get_response: Handler) -> Handler:
    """Let the admin's theme run its own expressions; everything else keeps the strict policy."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith("/admin/"):
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
