"""An email's HTML in a frame: the one way in which our own pages show emails to people.

An email may look as it likes. It shows its own pictures, runs nothing, sends no form, loads nothing
else, and its links lead the whole window away when they are clicked. The frame itself is
`newsletter/_mail_frame.html`; its sandbox and that of the policy here are one.
"""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse

SANDBOX = "allow-top-navigation-by-user-activation allow-popups allow-popups-to-escape-sandbox"

_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)


def policy(*, shows_pictures: bool = True) -> str:
    """The Content-Security-Policy of an email. Its pictures are this site's, at the public address
    and at the one in the browser; those of papers' sources only where emails show them.
    """
    site = urlsplit(settings.SITE_URL)
    pictures = ["'self'", f"{site.scheme}://{site.netloc}", "data:"]
    if settings.EMAIL_THUMBNAILS == "source":
        pictures.append("https:")
    directives = {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": " ".join(pictures) if shows_pictures else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": SANDBOX,
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def framed(html: str, *, shows_pictures: bool = True) -> HttpResponse:
    """The email `html` as the content of a frame."""
    base = '<base target="_top">'
    html, found = _HEAD.subn(lambda head: head[0] + base, html, count=1)
    response = HttpResponse(html if found else base + html)
    response["Content-Security-Policy"] = policy(shows_pictures=shows_pictures)
    return response
