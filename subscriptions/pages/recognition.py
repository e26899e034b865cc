"""Recognizing a reader on the site, without an account: a cookie that the reader asked for.

The button "remember me on this device" stands behind a signed link, so whoever presses it has
shown to own the address. The cookie is signed like a link and lets its holder do as much as the
links in a digest do: upvote, submit, and nothing that changes or shows preferences. It ends after
`REMEMBERED_FOR`, when the reader's links are invalidated, and when the reader is erased.
"""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from subscriptions import links
from subscriptions.models import Subscriber

COOKIE = "reader"

REMEMBERED_FOR = dt.timedelta(days=30)
"""How long a device is remembered; the cookie is not renewed by itself."""


def remember(response: HttpResponse, subscriber: Subscriber, now: dt.datetime) -> None:
    """Have the browser that gets `response` recognized from now on."""
    response.set_cookie(
        COOKIE,
        links.token(
            links.Purpose.REMEMBERED,
            subscriber.pk,
            subscriber.link_version,
            int(now.timestamp()),
        ),
        max_age=REMEMBERED_FOR,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def forget_device(response: HttpResponse) -> None:
    """Have the browser that gets `response` forget the reader."""
    response.delete_cookie(COOKIE, samesite="Lax")


def recognised(request: HttpRequest, now: dt.datetime) -> Subscriber | None:
    """The reader whose browser asks; None for one we do not know, or do not know anymore."""
    text = request.COOKIES.get(COOKIE, "")
    if not text:
        return None
    try:
        claims = links.read(links.Purpose.REMEMBERED, text)
    except links.BadLink:
        return None
    age = now.timestamp() - claims.extra
    if not -300 <= age <= REMEMBERED_FOR.total_seconds():
        return None
    return Subscriber.objects.holder_of(claims.subscriber_id, claims.version)
