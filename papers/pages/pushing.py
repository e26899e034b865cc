"""Where the owner's scripts send papers: `POST /sources/<slug>/papers`, JSON lines, a bearer token.

The answers: 200 with what was stored and what is wrong with which line, 401 without the token of an
active row, 405 for another method, 413 for too much, 429 for too often, 400 where no line holds a
paper. Sending the same lines again changes nothing, so a script may repeat a request.
"""

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from papers.ingest import pushing
from papers.sources.pushed import MOST_BYTES

MOST_REQUESTS = 60
"""Requests of one row in an hour; one may hold 2,000 papers."""

HOUR = 3600


@csrf_exempt  # the token is in a header, which no other site's form can send
@require_POST
def push(request: HttpRequest, slug: str) -> HttpResponse:
    """Store the papers in a request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    source = pushing.source_for(slug, token.strip()) if scheme.lower() == "bearer" else None
    if source is None:
        answer = _refused(401, "Send the token of an active source: Authorization: Bearer push_…")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    if _is_too_often(slug):
        answer = _refused(429, f"At most {MOST_REQUESTS} requests per hour.")
        answer["Retry-After"] = str(HOUR)
        return answer
    try:
        body = request.read(MOST_BYTES + 1)
    except UnreadablePostError:
        return _refused(400, "The request was cut off.")
    if len(body) > MOST_BYTES:
        return _refused(413, f"At most {MOST_BYTES:,} bytes per request; send several requests.")
    taken = pushing.take(source, body, timezone.now())
    status = 200 if taken.summary.papers or not taken.problems else 400
    return JsonResponse(taken.as_json(), status=status)


def _refused(status: int, why: str) -> JsonResponse:
    return JsonResponse({"error": why}, status=status)


def _is_too_often(slug: str) -> bool:
    """Count a request. Where the cache does not answer, nothing is too often."""
    key = f"papers.push.{slug}"
    try:
        cache.add(key, 0, HOUR)
        return cache.incr(key) > MOST_REQUESTS
    except Exception:  # each cache has errors of its own, and a key may just have ended
        return False
