"""The end of the daily emails of interests, behind the link in each of them.

The one-click unsubscribe of RFC 8058 ends these emails and no others: it is what whoever presses
the button beside one of them wants. The page offers to leave altogether.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from subscriptions import links
from subscriptions.interests import following
from subscriptions.models import Following, Subscriber
from subscriptions.pages.signed import Visitor, keep_private, signed


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def end_daily(request: HttpRequest, token: str) -> HttpResponse:
    """Ending the daily emails: at once for a mailbox provider's POST, else by the page's button."""
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click":
        return keep_private(_one_click(token))
    return _page(request, token=token)


def _one_click(token: str) -> HttpResponse:
    """RFC 8058 section 3.2: no cookie, no redirect, and 200 however often it is sent."""
    content_type = "text/plain; charset=utf-8"
    try:
        claims = links.read(links.Purpose.END_DAILY, token)
    except links.BadLink:
        return HttpResponse("This link is not valid.\n", content_type, 404)
    subscriber = Subscriber.objects.holder_of(claims.subscriber_id, claims.version)
    if subscriber is not None:
        following.end_daily(subscriber, timezone.now())
    elif Subscriber.objects.knows(claims.subscriber_id):
        return HttpResponse("This link is no longer valid.\n", content_type, 410)
    return HttpResponse("The daily emails have ended.\n", content_type)


@csrf_protect
@signed(links.Purpose.END_DAILY)
def _page(request: HttpRequest, reader: Visitor) -> HttpResponse:
    subscriber = reader.subscriber
    held_link = subscriber.pk, subscriber.link_version
    if request.method == "POST":
        following.end_daily(subscriber, reader.now)
        return redirect(links.end_daily_path(*held_link))
    context = {
        "subscriber": subscriber,
        "has_daily": subscriber.followings.filter(rhythm=Following.Rhythm.DAILY).exists(),
        "unsubscribe": links.unsubscribe_path(*held_link),
    }
    return render(request, "subscriptions/end_daily.html", context)
