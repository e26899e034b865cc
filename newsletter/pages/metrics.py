"""What Prometheus scrapes: closed without the token that METRICS_TOKEN names."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from newsletter.operations.watching import stand_in
from newsletter.operations.watching.metrics import reading


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics, for whoever shows the token as "Authorization: Bearer". Without METRICS_TOKEN
    there is no such page.
    """
    if not settings.METRICS_TOKEN:
        raise Http404("METRICS_TOKEN is not set")
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        answer = HttpResponse("A token is required.\n", content_type="text/plain", status=401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    stand_in.glance()
    return HttpResponse(reading.text(), content_type=CONTENT_TYPE_LATEST)
