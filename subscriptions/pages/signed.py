"""What all pages behind a signed link have in common: who may see them, and what is sent along.

The token in the address is the whole proof. So these pages are kept by no cache, named to no other
site and found in no search engine, and a link that does not hold leads to one and the same page,
whatever is wrong with it.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods

from subscriptions import links
from subscriptions.models import Subscriber
from subscriptions.pages.forms import LinkForm

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who holds a valid link. `claims` is what the link says, `now` when it was opened."""

    subscriber: Subscriber
    claims: links.Claims
    now: dt.datetime


def keep_private(response: HttpResponse) -> HttpResponse:
    """Mark a response as one reader's own.

    Referrer-Policy is same-origin and not no-referrer: with the latter a browser sends
    `Origin: null` along with the page's own forms, which the CSRF check must refuse. Other sites
    get no referrer either way.
    """
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


def speak_to(request: HttpRequest, subscriber: Subscriber) -> None:
    """Answer in the language of the reader's emails, unless the visitor chose one on this site."""
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(subscriber.language)
        request.LANGUAGE_CODE = translation.get_language()


def void_link(request: HttpRequest, status: int) -> HttpResponse:
    """The page for a link that does not hold, with a form that asks for a new one."""
    context = {"form": LinkForm()}
    return keep_private(render(request, "subscriptions/void_link.html", context, status=status))


def reader_of(purpose: links.Purpose, token: str, now: dt.datetime) -> Visitor | int:
    """Who holds this link for `purpose`, or the status of the answer: 404 where the token is not
    one of ours or has run out; 410 where it was, and was invalidated or its subscriber erased.
    """
    try:
        claims = links.read(purpose, token, now)
    except links.BadLink:
        return 404
    subscriber = Subscriber.objects.holder_of(claims.subscriber_id, claims.version)
    if subscriber is None:
        return 410
    return Visitor(subscriber, claims, now)


def signed(purpose: links.Purpose) -> Callable[[View], View]:
    """Let only holders of a link for `purpose` see the view, which gets the `Visitor` in place of
    the token. Anybody else sees the page for links that do not hold, see `reader_of`.
    """

    def decorate(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def handle(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
            reader = reader_of(purpose, token, timezone.now())
            if isinstance(reader, int):
                return void_link(request, reader)
            speak_to(request, reader.subscriber)
            return keep_private(view(request, reader, **kwargs))

        return handle

    return decorate
