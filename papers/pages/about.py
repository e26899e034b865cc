"""Where the papers come from, and the thanks that services ask for."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from papers.models import Source
from papers.sources.registry import acknowledgment_of, active_sources


@dataclass(frozen=True, slots=True)
class Origin:
    """A source, as readers see it."""

    name: str
    acknowledgment: str
    is_active: bool
    """Whether it is still asked; else papers that it listed are still shown."""


def origins() -> list[Origin]:
    """The sources that are asked, and those of which papers are shown, by name."""
    active = set(active_sources().values_list("pk", flat=True))
    listing = Source.objects.listing()
    rows = Source.objects.filter(Q(pk__in=active) | Q(pk__in=listing)).order_by("name")
    return [Origin(one.name, acknowledgment_of(one), one.pk in active) for one in rows]


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """The page."""
    return render(request, "papers/about.html", {"origins": origins()})
