"""The subscribe form on other sites, of the hosts in EMBED_HOSTS: in a frame, or as plain HTML.

Both lead to the one intake of `subscribing`, with its limits and its proof of work. What a form on
another site sends is acted upon at once only where its browser says that it stands on one of those
hosts, and no proof of work is asked for; else our own form opens with what was typed, and one press
of its button subscribes.
"""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from papers import site
from subscriptions.pages.forms import SubscribeForm
from subscriptions.pages.subscribing import opened_form, take

View = Callable[[HttpRequest], HttpResponse]

FORM = "subscriptions/embed.html"


def frame_snippet() -> str:
    """HTML that shows the form in a frame."""
    address = f"{settings.SITE_URL}{reverse('subscriptions:embed')}?from=my-site"
    title = escape(f"Subscribe to {site.current().name}")
    return f'<iframe src="{address}" title="{title}" width="100%" height="640"></iframe>'


def form_snippet() -> str:
    """HTML of a small form, with nothing that the page it stands on has to load."""
    address = f"{settings.SITE_URL}{reverse('subscriptions:from-elsewhere')}"
    return (
        f'<form method="post" action="{address}">\n'
        '  <input type="hidden" name="from" value="my-site">\n'
        '  <label>Email address <input type="email" name="email" required></label>\n'
        '  <div hidden><input name="website" tabindex="-1" autocomplete="off"></div>\n'
        "  <button>Subscribe</button>\n"
        "</form>"
    )


def framed_elsewhere(view: View) -> View:
    """Let pages of the hosts in EMBED_HOSTS show the view's page in a frame, and no other site.
    Where there are none, there is no such page.

    X-Frame-Options knows no list of hosts, so `frame-ancestors` alone says it, which browsers heed
    first (CSP Level 2, section 7.7.1).
    """

    @wraps(view)
    @xframe_options_exempt
    def handle(request: HttpRequest) -> HttpResponse:
        if not settings.EMBED_HOSTS:
            raise Http404("forms on other sites are off")
        response = view(request)
        response._csp_update = {  # type: ignore[attr-defined]  # what django-csp looks for
            "frame-ancestors": ["'self'", *settings.EMBED_HOSTS]
        }
        return response

    return handle


@framed_elsewhere
@require_http_methods(["GET", "HEAD", "POST"])
def embed(request: HttpRequest) -> HttpResponse:
    """The subscribe form for a frame: address, topics and times, without the site around."""
    if request.method != "POST":
        return render(request, FORM, {"form": opened_form(request)})
    return take(request, FORM, "subscriptions:embed-done", "subscriptions/embed_wait.html")


@framed_elsewhere
@require_safe
def embed_done(request: HttpRequest) -> HttpResponse:
    """What to expect after the form, the same for every address."""
    return render(request, "subscriptions/embed_done.html")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def from_elsewhere(request: HttpRequest) -> HttpResponse:
    """Where a plain HTML form on another site leads.

    Exempt from the check for forged forms, which would refuse all of these. What that check is for
    stays so: nothing follows from a form of an unknown site before a button of ours is pressed.
    """
    if not settings.EMBED_HOSTS:
        raise Http404("forms on other sites are off")
    if request.method != "POST":
        return redirect("subscriptions:subscribe")
    if is_of_known_host(request.headers.get("Origin", "")) and not settings.PROOF_OF_WORK:
        return take(request, "subscriptions/subscribe.html", "subscriptions:check-inbox")
    form = SubscribeForm(request.POST)
    if form.is_from_a_robot:
        return redirect("subscriptions:check-inbox")
    context = {"form": form, "is_to_be_pressed": form.is_valid()}
    return render(request, "subscriptions/subscribe.html", context)


def is_of_known_host(origin: str) -> bool:
    """Whether a browser says that a form stands on one of EMBED_HOSTS."""
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    named = f"[{host}]" if ":" in host else host
    if port is not None:
        named = f"{named}:{port}"
    return parts.scheme in {"http", "https"} and named in settings.EMBED_HOSTS
