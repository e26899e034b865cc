"""The API as a whole: how operations are declared, what surrounds each answer, the description.

Programs show a token in a header. No cookie counts and none is set, so no other site's form or
script can act through a visitor's browser, and no Access-Control header invites one to try. Texts
are in English whatever a browser prefers.
"""

import hashlib
import inspect
import json
import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import UnreadablePostError
from django.urls import URLPattern, path
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from pydantic import BaseModel

from newsletter import VERSION
from newsletter.api import problems
from newsletter.api.problems import Problem
from newsletter.api.tokens import Token
from papers import site
from papers.models import page_version

logger = logging.getLogger(__name__)

View = Callable[..., Any]

MOST_BYTES = 64 * 1024
"""Of a request's body."""

ALWAYS = (401, 403, 429)
"""Statuses that any operation may answer with, beside its own."""

DESCRIPTION = """\
Papers, days, topics and issues as readers see them, and subscribers and suppressions as operators
do. Every request shows a token: `Authorization: Bearer bsk_…`. A token has scopes, and each
operation names the one that it takes.

Lists come in pages: `limit` is how many items at most, and `next_cursor` is the `cursor` of the
next page, or null on the last one. A cursor is the key of the last item, so pages neither repeat
nor skip an item while others are added.

Errors are problem details (RFC 9457). Times are in UTC, days in ISO 8601.
"""


class _Parser(Parser):
    """Reads JSON objects, whatever is sent as one."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The object. Raises `Problem`."""
        try:
            found = json.loads(request.body)
        except (ValueError, RecursionError):
            raise Problem(422, "The body isn't JSON.") from None
        if not isinstance(found, dict):
            raise Problem(422, "The body isn't a JSON object.")
        return found


class Api(NinjaAPI):
    """Ninja's API, with our errors and a description that says all of them."""

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        """The description, with what surrounds each operation."""
        schema = super().get_openapi_schema(**kwargs)
        schema["info"]["title"] = f"{site.current().name} API"
        schema["components"]["schemas"]["Problem"] = problems.SCHEMA
        scheme = {"type": "http", "scheme": "bearer", "description": "A token of the API."}
        schema["components"]["securitySchemes"] = {"Token": scheme}
        for methods in schema["paths"].values():
            for operation in methods.values():
                _describe(operation)
        return schema

    def get_openapi_operation_id(self, operation: Any) -> str:
        """The name of the function: no two are alike."""
        return str(operation.view_func.__name__)


def _describe(operation: dict[str, Any]) -> None:
    """Add the errors and headers to the description of an operation."""
    operation["security"] = [{"Token": []}]
    for parameter in operation.get("parameters", ()):
        # What may be left out is null to us; in an address there is no null.
        found = parameter["schema"]
        kinds = [one for one in found.pop("anyOf", ()) if one != {"type": "null"}]
        parameter["schema"] = found | kinds[0] if kinds else found
    for status in sorted({*ALWAYS, *operation.pop("x-problems", ())}):
        operation["responses"][str(status)] = {
            "description": problems.MEANINGS[status],
            "content": {
                problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
    responses = {str(status): found for status, found in operation["responses"].items()}
    responses["401"]["headers"] = {
        "WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer"}
    }
    responses["429"]["headers"] = {
        "Retry-After": {
            "schema": {"type": "integer", "minimum": 1},
            "required": True,
            "description": "Seconds until the next request is taken.",
        }
    }
    if operation.pop("x-conditional", False):
        responses["200"]["headers"] = {
            "ETag": {
                "schema": {"type": "string"},
                "description": "Send it in If-None-Match, and get 304 while nothing changed.",
            }
        }
        responses["304"] = {"description": "Nothing changed since the ETag in If-None-Match."}
    operation["responses"] = dict(sorted(responses.items()))


def operation(
    router: Router,
    method: str,
    address: str,
    *,
    scope: str,
    response: Any,
    status: int = 200,
    may: tuple[int, ...] = (),
    of_pages: bool = False,
) -> Callable[[View], View]:
    """Declare an operation that takes a token with `scope` and may fail with the statuses `may`,
    beside those of all operations.

    Where what it answers changes only when the site's pages do (`of_pages`), a request whose
    If-None-Match still holds costs two queries.
    """

    def declare(view: View) -> View:
        known = _query_names(view)
        takes = {*may}
        if len(inspect.signature(view).parameters) > 1:
            takes.add(422)
        if method != "GET":
            takes.add(413)

        @wraps(view)
        def run(request: HttpRequest, **kwargs: Any) -> Any:
            _check_query(request, known)
            if of_pages and (etag := _etag_of_pages(request)):
                request.api_etag = etag  # type: ignore[attr-defined]  # for `surrounded`
                if _etag_holds(request, etag):
                    return HttpResponse(status=304)
            return view(request, **kwargs)

        declared: View = router.api_operation(
            [method],
            address,
            auth=Token(scope),
            response={status: response},
            openapi_extra={
                "x-problems": sorted(takes | {422}),
                "x-conditional": method == "GET",
                "x-scope": scope,
            },
            description=f"{inspect.getdoc(view)}\n\nTakes the scope `{scope}`.",
            summary=view.__name__.replace("_", " ").capitalize(),
        )(run)
        return declared

    return declare


def _query_names(view: View) -> frozenset[str]:
    """The names of the parameters that an operation takes after the question mark."""
    for parameter in inspect.signature(view).parameters.values():
        if parameter.name == "query":
            annotation = parameter.annotation
            model = getattr(annotation, "__origin__", annotation)
            if inspect.isclass(model) and issubclass(model, BaseModel):
                return frozenset(model.model_fields)
    return frozenset()


def _check_query(request: HttpRequest, known: frozenset[str]) -> None:
    """Refuse what the operation does not know: a parameter with a typo would narrow nothing."""
    errors = [
        (f"query.{name[:40]}", "is no parameter" if name not in known else "is there twice")
        for name in request.GET
        if name not in known or len(request.GET.getlist(name)) > 1
    ]
    if errors:
        raise Problem(422, f"{errors[0][0]} {errors[0][1]}.", errors=errors)


def _etag_of_pages(request: HttpRequest) -> str:
    version = page_version.current()
    if version is None:
        return ""
    text = f"{VERSION} {version} {request.get_full_path()}"
    return quote_etag(hashlib.sha256(text.encode()).hexdigest()[:32])


def _etag_holds(request: HttpRequest, etag: str) -> bool:
    found = get_conditional_response(request, etag=etag)
    return found is not None and found.status_code == 304


# --- What surrounds each answer -----------------------------------------------------------


def surrounded(view: View) -> View:
    """The view with a bounded body, errors in one shape, HEAD, ETag and private caching."""

    @wraps(view)
    def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override("en"):
            response = _answer(view, request, *args, **kwargs)
        response.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ("Authorization",))
        return response

    handle.csrf_exempt = True  # type: ignore[attr-defined]  # no cookie counts here
    return handle


def _answer(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    is_head = request.method == "HEAD"
    if is_head:
        request.method = "GET"
    try:
        _read_body(request)
        response: HttpResponse = view(request, *args, **kwargs)
    except Problem as problem:
        response = problem.response()
    except Exception:  # whatever it is, the program gets an answer that it can read
        logger.exception("an operation of the API failed", extra={"path": request.path[:200]})
        return Problem(500, "Something went wrong here. The log says what.").response()
    if response.status_code == 405 and "json" not in response["Content-Type"]:
        allowed = {"Allow": response["Allow"]}
        response = Problem(405, f"Methods here: {response['Allow']}.", allowed).response()
    if request.method == "GET" and response.status_code in (200, 304):
        body = hashlib.sha256(response.content).hexdigest()[:32]
        response["ETag"] = etag = getattr(request, "api_etag", "") or quote_etag(body)
        found = get_conditional_response(request, etag=etag, response=response)
        response = found if isinstance(found, HttpResponse) else response
    if is_head:
        response["Content-Length"] = str(len(response.content))
        response.content = b""
    return response


def _read_body(request: HttpRequest) -> None:
    """Read the body; raises `Problem` where it is too large or breaks off."""
    try:
        body = request.read(MOST_BYTES + 1)
    except UnreadablePostError:
        raise Problem(422, "The request was cut off.") from None
    if len(body) > MOST_BYTES:
        raise Problem(413, f"At most {MOST_BYTES:,} bytes in a request.")
    request._body = body  # what request.body keeps it in


def not_found(request: HttpRequest) -> HttpResponse:
    """For every address below /api/ that is none."""
    return Problem(404, "There is no such address. /api/v1/openapi.json lists all.").response()


# --- The API ------------------------------------------------------------------------------


def make_api(routers: dict[str, Router]) -> Api:
    """The API of these routers, by the headings under which they are described."""
    api = Api(
        version="1",
        description=DESCRIPTION,
        urls_namespace="api",
        docs_url=None,
        openapi_url=None,
        parser=_Parser(),
        servers=[{"url": settings.SITE_URL}],
    )
    for heading, router in routers.items():
        api.add_router("", router, tags=[heading])
    api.add_exception_handler(Problem, _problem)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(Http404, lambda request, _: problems.not_found("row").response())
    api.add_exception_handler(Exception, _raise)
    return api


def patterns(api: Api) -> list[URLPattern]:
    """The addresses of the operations, each surrounded."""
    found = []
    for pattern in api.urls[0]:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback = surrounded(pattern.callback)
            found.append(pattern)
    # Ninja asks for it to tell the prefix of all addresses.
    found.append(path("", surrounded(not_found), name="api-root"))
    return found


def _problem(_request: HttpRequest, problem: Any) -> HttpResponse:
    found: HttpResponse = problem.response()
    return found


def _invalid(_request: HttpRequest, error: Any) -> HttpResponse:
    errors = [
        (
            ".".join(str(part) for part in each["loc"] if part not in ("query", "new", "changes"))
            or "body",
            re.sub(r"^Value error, ", "", str(each["msg"])),
        )
        for each in error.errors
    ]
    said = "; ".join(f"{where}: {why}" for where, why in errors[:3])
    return Problem(422, said[:500], errors=errors[:20]).response()


def _http_error(_request: HttpRequest, error: Any) -> HttpResponse:
    status = 422 if error.status_code == 400 else error.status_code
    return Problem(status, str(error)).response()


def _raise(_request: HttpRequest, error: Any) -> HttpResponse:
    raise error
