"""What every template may say about the site."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from newsletter.pages import look
from papers import site as sites


def site(request: HttpRequest) -> dict[str, Any]:
    """The name of the view that answers, the site (`papers.site.Site`) with its name and curator,
    its address, whether forms ask for a proof of work, whether this is a development server, and
    the time.
    """
    now = sites.current()
    return {
        "here": request.resolver_match.view_name if request.resolver_match else "",
        "the_site": now,
        "site_style": look.address_of(now),
        "site_name": now.name,
        "curator": now.curator,
        "site_url": settings.SITE_URL,
        "proof_of_work": settings.PROOF_OF_WORK,
        "debug": settings.DEBUG,
        "now": timezone.now(),
    }
