"""The privacy page: what is stored of readers, for how long, and who sees it.

It is made from the settings in force, so that it cannot say something else than the site does. What
it says of time, `newsletter.operations.retention` keeps.
"""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from newsletter.mail.local_mailbox import MailboxBackend
from newsletter.models import ApiToken, Webhook
from papers import site
from subscriptions.models import AddressChange
from subscriptions.notices.due import ASK_AGAIN_AFTER
from subscriptions.pages import recognition


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that the site may set."""

    name: str
    purpose: str
    lasts: str


def mail_provider() -> str:
    """Who is handed our email, by name; empty where it stays on this machine."""
    backend = import_string(settings.EMAIL_BACKEND)
    if issubclass(backend, MailboxBackend):
        return ""
    if issubclass(backend, EmailBackend):
        return str(settings.EMAIL_HOST)
    return str(getattr(backend, "esp_name", "") or backend.__name__)  # Anymail's name for it


def shares_addresses(now: dt.datetime) -> bool:
    """Whether any other program may get readers' addresses. Two queries."""
    tokens = ApiToken.objects.valid(now).values_list("scopes", flat=True)
    is_told = Webhook.objects.active().filter(with_addresses=True).exists()
    return is_told or any("addresses:read" in scopes for scopes in tokens)


def cookies() -> list[Cookie]:
    """Every cookie that a reader's browser may get."""
    found = [
        Cookie(
            recognition.COOKIE,
            _("Recognizes you for upvotes and submissions, if you asked for that."),
            _("%(days)d days") % {"days": recognition.REMEMBERED_FOR.days},
        ),
    ]
    if len(settings.LANGUAGES) > 1:
        found.append(
            Cookie(
                settings.LANGUAGE_COOKIE_NAME,
                _("The language you chose, if you chose one."),
                _("a year"),
            )
        )
    return found


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The page."""
    context = {
        "postal_address": site.current().postal_address,
        "contact": settings.CONTACT_EMAIL,
        "note": settings.PRIVACY_NOTE,
        "provider": mail_provider(),
        "shares_addresses": shares_addresses(timezone.now()),
        "thumbnails": settings.EMAIL_THUMBNAILS,
        "tracks_opens": getattr(settings, "TRACK_OPENS", False),
        "tracks_clicks": getattr(settings, "TRACK_CLICKS", False),
        "unconfirmed_days": settings.KEEP_UNCONFIRMED_DAYS,
        "left_days": settings.KEEP_LEFT_DAYS,
        "events_days": settings.KEEP_EVENTS_DAYS,
        "deliveries_days": settings.KEEP_DELIVERIES_DAYS,
        "matches_days": settings.KEEP_INTEREST_MATCHES_DAYS,
        "change_days": AddressChange.WITHIN.days,
        "ask_again_hours": int(ASK_AGAIN_AFTER.total_seconds()) // 3600,
        "cookies": cookies(),
    }
    return render(request, "newsletter/privacy.html", context)
