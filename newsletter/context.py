"""What every template may say about the site."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The site's name, curator and address, whether its forms ask for a proof of work, and whether
    this is a development server.
    """
    return {
        "site_name": settings.SITE_NAME,
        "curator": settings.CURATOR,
        "site_url": settings.SITE_URL,
        "proof_of_work": settings.PROOF_OF_WORK,
        "debug": settings.DEBUG,
    }
