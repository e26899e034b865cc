"""Every email of the service in every form that readers see, in the browser. Only with DEBUG.

The emails come from `newsletter.operations.previews`, and so from what sends. Each form stands in a
frame of its own: its width is the page's doing, its colors and whether it has pictures are this
module's, because a browser cannot be told to show one frame dark and the next one light.
"""

import datetime as dt
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsletter.operations.previews import NAMES, MailPreview, NoPreview, preview
from newsletter.pages.mail_frames import framed
from newsletter.pages.mailbox import check_debug

WIDTHS = (320, 600)
SCHEMES = ("light", "dark", "inverted")
"""As the email's own colors for light and dark are, and as a program shows it that knows no dark
colors of an email's own and turns the light ones around: Gmail on a telephone, roughly."""

_ASKS = re.compile(r"@media \(prefers-color-scheme:\s*dark\)")
_INVERTED = "<style>html{background:#fff;filter:invert(1) hue-rotate(180deg)}</style>"


@dataclass(frozen=True, slots=True)
class Variant:
    """One frame on the page."""

    url: str
    width: int
    scheme: str
    has_images: bool

    @property
    def title(self) -> str:
        """Such as "320 px, dark, without pictures"."""
        words = {
            "light": gettext("light"),
            "dark": gettext("dark"),
            "inverted": gettext("inverted by the email app"),
        }
        if self.has_images:
            text = gettext("%(width)s px, %(scheme)s")
        else:
            text = gettext("%(width)s px, %(scheme)s, without pictures")
        return text % {"width": self.width, "scheme": words[self.scheme]}


@require_safe
@never_cache
def mails(request: HttpRequest) -> HttpResponse:
    """The names of all emails, with their subjects."""
    check_debug()
    asked = _asked(request)
    found = []
    for name in NAMES:
        try:
            said = _preview(name, request).subject
        except NoPreview as error:
            said = str(error)
        found.append((f"{reverse('newsletter:variants', args=[name])}{asked}", name, said))
    return render(request, "newsletter/mails.html", {"mails": found})


@require_safe
@never_cache
def variants(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: its HTML at both widths in every scheme, with and without pictures, its text, and
    its headers. `?subscriber=ID` and `?day=YYYY-MM-DD` make it a certain reader's of that day.
    """
    shown = _mail(name, request)
    frames = [
        _variant(request, name, width, scheme, has_images=True)
        for scheme in SCHEMES
        for width in WIDTHS
    ]
    frames += [_variant(request, name, width, "light", has_images=False) for width in WIDTHS]
    headers = message_from_bytes(shown.message, policy=policy.default).items()
    context = {
        "mail": shown,
        "frames": frames if shown.html else [],
        "headers": [(header, str(value)) for header, value in headers],
        "bytes": len(shown.html.encode()),
        "back": reverse("newsletter:mails") + _asked(request),
    }
    return render(request, "newsletter/variants.html", context)


@require_safe
@never_cache
def variant_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML alone, with `?scheme=` one of `SCHEMES`, and without pictures if `?images=off`."""
    html = _mail(name, request).html
    if not html:
        raise Http404("this email has no HTML")
    scheme = request.GET.get("scheme", "")
    if scheme in SCHEMES:
        html = _ASKS.sub("@media all" if scheme == "dark" else "@media not all", html)
    if scheme == "inverted":
        html = html.replace("</head>", f"{_INVERTED}</head>", 1)
    return framed(html, shows_pictures=request.GET.get("images") != "off")


def _variant(
    request: HttpRequest, name: str, width: int, scheme: str, *, has_images: bool
) -> Variant:
    more = {"scheme": scheme} | ({} if has_images else {"images": "off"})
    url = reverse("newsletter:variant_html", args=[name])
    return Variant(f"{url}{_asked(request, **more)}", width, scheme, has_images)


def _asked(request: HttpRequest, **more: str) -> str:
    """The query that asks for the same reader's mail again."""
    kept = {key: request.GET[key] for key in ("subscriber", "day") if request.GET.get(key)} | more
    return f"?{urlencode(kept)}" if kept else ""


def _mail(name: str, request: HttpRequest) -> MailPreview:
    check_debug()
    if name not in NAMES:
        raise Http404("no such email")
    try:
        return _preview(name, request)
    except NoPreview as error:
        raise Http404(str(error)) from None


def _preview(name: str, request: HttpRequest) -> MailPreview:
    subscriber, day = request.GET.get("subscriber", ""), request.GET.get("day", "")
    try:
        return preview(
            name,
            timezone.now(),
            subscriber_id=int(subscriber[:18]) if subscriber else None,
            day=dt.date.fromisoformat(day) if day else None,
        )
    except ValueError:
        raise Http404("no such subscriber or day") from None
