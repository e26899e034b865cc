"""Agreeing again: the page behind the button of a letter that asks for it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from subscriptions import links
from subscriptions.models import Consent
from subscriptions.pages.signed import Visitor, signed


@signed(links.Purpose.KEEP)
def keep(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """A button that says to go on, and what was said; nobody agrees by opening the page."""
    subscriber = reader.subscriber
    held_link = subscriber.pk, subscriber.link_version
    if request.method == "POST" and subscriber.is_mailable:
        subscriber.record(Consent.Action.KEPT, reader.now, _("Yes, keep sending"))
        return redirect(f"{links.keep_path(*held_link)}?done=1")
    context = {
        "subscriber": subscriber,
        "is_done": request.GET.get("done") == "1" and subscriber.is_mailable,
        "unsubscribe": links.unsubscribe_path(*held_link),
        "preferences": links.preferences_path(*held_link),
    }
    return render(request, "subscriptions/keep.html", context)
