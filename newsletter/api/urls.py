"""The addresses below /api/."""

from django.urls import include, path, re_path

from newsletter.api import reference
from newsletter.api.issues import issues
from newsletter.api.papers import papers, topics
from newsletter.api.service import make_api, patterns, surrounded
from newsletter.api.service import not_found as nothing_here
from newsletter.api.statistics import statistics
from newsletter.api.subscribers import subscribers
from newsletter.api.suppressions import suppressions

app_name = "api"

api = make_api(
    {
        "Papers and days": papers,
        "Topics": topics,
        "Issues": issues,
        "Subscribers": subscribers,
        "Suppressions": suppressions,
        "Statistics": statistics,
    }
)

urlpatterns = [
    path("", reference.reference, {"api": api}, name="reference"),
    path("v1/openapi.json", reference.openapi, {"api": api}, name="openapi"),
    path("v1/", include((patterns(api), "ninja"), namespace="v1")),
    re_path("", surrounded(nothing_here), name="not-found"),
]
