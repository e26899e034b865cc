"""What every template may say about the site."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

gettext_noop("the editors")  # what CURATOR says unless an operator says otherwise


def site(request: HttpRequest) -> dict[str, Any]:
    """The name of the view that answers, the site's name, curator and address, whether forms ask
    for a proof of work, whether this is a development server, and the time.
    """
    return {
        "here": request.resolver_match.view_name if request.resolver_match else "",
        "site_name": settings.SITE_NAME,
        "curator": gettext(settings.CURATOR),
        "site_url": settings.SITE_URL,
        "proof_of_work": settings.PROOF_OF_WORK,
        "debug": settings.DEBUG,
        "now": timezone.now(),
    }
