"""The local mailbox in the browser: every mail as its reader would see it. Only with DEBUG."""

import re

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsletter.mail.local_mailbox import StoredMail, list_mails, read_mail

MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; "
    "frame-ancestors 'self'; "
    "sandbox allow-top-navigation-by-user-activation allow-popups allow-popups-to-escape-sandbox"
)
"""A mail may look as it likes; it runs nothing, loads nothing from elsewhere, and its links lead
the whole window away when they are clicked."""

_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)


def check_debug() -> None:
    """The mailbox holds everybody's signed links: where the site is public it does not exist."""
    if not settings.DEBUG:
        raise Http404("the mailbox is only shown with DEBUG")


@require_safe
@never_cache
def mailbox(request: HttpRequest) -> HttpResponse:
    """The newest mails."""
    check_debug()
    return render(request, "newsletter/mailbox.html", {"mails": list_mails()})


@require_safe
@never_cache
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: its HTML in a frame, its text, its headers."""
    check_debug()
    return render(request, "newsletter/mail.html", {"mail": _mail(name)})


@require_safe
@never_cache
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The mail's HTML as it is, but for links, which open in the whole window."""
    check_debug()
    html = _mail(name).html
    if not html:
        raise Http404("this mail has no HTML")
    response = HttpResponse(in_a_frame(html))
    response["Content-Security-Policy"] = MAIL_POLICY
    return response


def in_a_frame(html: str) -> str:
    """`html` with links that open in the whole window."""
    base = '<base target="_top">'
    html, found = _HEAD.subn(lambda head: head[0] + base, html, count=1)
    return html if found else base + html


def _mail(name: str) -> StoredMail:
    try:
        return read_mail(name)
    except OSError:
        raise Http404("no such mail") from None
