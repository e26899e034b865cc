"""The local mailbox in the browser: every email as its reader would see it. Only with DEBUG."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsletter.mail.local_mailbox import StoredMail, list_mails, read_mail
from newsletter.pages.mail_frames import framed


def check_debug() -> None:
    """The mailbox holds everybody's signed links: where the site is public it does not exist."""
    if not settings.DEBUG:
        raise Http404("the mailbox is only available with DEBUG")


@require_safe
@never_cache
def mailbox(request: HttpRequest) -> HttpResponse:
    """The newest emails."""
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
    """The email's HTML alone, for a frame."""
    check_debug()
    html = _mail(name).html
    if not html:
        raise Http404("this email has no HTML")
    return framed(html)


def _mail(name: str) -> StoredMail:
    try:
        return read_mail(name)
    except OSError:
        raise Http404("no such email") from None
