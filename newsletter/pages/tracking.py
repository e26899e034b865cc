"""The picture in a digest or letter, and the way through this site to where a link leads.

These are the two GET requests that leave a trace, and only where the operator switched that on;
newsletter.events.tracking says what is kept. Links in emails that were sent with tracking keep
working after it was switched off, and record nothing then.
"""

import logging

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from newsletter.digests.tracked_links import targets
from newsletter.events import tracking
from newsletter.models import IssuePaper, Letter
from newsletter.pages.webhooks import wake
from papers.cards import Card
from papers.text.markdown import targets as targets_of_text
from subscriptions import links
from subscriptions.pages.signed import keep_private

logger = logging.getLogger(__name__)

# The smallest GIF there is: one transparent pixel.
PICTURE = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)


def _claims(token: str) -> links.Claims | None:
    try:
        return links.read(links.Purpose.TRACKING, token)
    except links.BadLink:
        return None


def _note(request: HttpRequest, kind: str, claims: links.Claims, link: str) -> None:
    """Record it, unless only the head was asked for, which no person does."""
    if request.method != "GET":
        return
    ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    agent = request.headers.get("User-Agent", "")
    if tracking.record(kind, claims, link, agent, timezone.now(), ahead=ahead):
        wake()


@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """One transparent pixel, for anybody."""
    claims = _claims(token)
    if claims is not None and settings.TRACK_OPENS:
        _note(request, tracking.OPENED, claims, "picture")
    response = keep_private(HttpResponse(PICTURE, content_type="image/gif"))
    # Mail programs show it in their own pages.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
def follow(request: HttpRequest, token: str, place: int, number: int) -> HttpResponse:
    """On to a paper, or to where its card says that it lies. The address comes from the issue as
    it was frozen and corrected since, so that a wrong one is mended in digests that have gone out,
    and never from the link.
    """
    claims = _claims(token)
    found = IssuePaper.objects.filter(pk=place).select_related("correction").first()
    if claims is None or found is None:
        raise Http404
    known = targets(Card.from_dict(found.card_now))
    if number >= len(known) or not known[number]:
        raise Http404
    if settings.TRACK_CLICKS:
        _note(request, tracking.CLICKED, claims, tracking.link_name(place, number))
    return keep_private(HttpResponseRedirect(known[number]))


@require_safe
def follow_letter(
    request: HttpRequest, token: str, letter: int, language: str, number: int
) -> HttpResponse:
    """On to where a link of a letter leads. The address comes from the letter's text, which nobody
    changes once it is approved, and never from the link.
    """
    claims = _claims(token)
    found = Letter.objects.sent_or_sending().filter(pk=letter).first()
    text = found.texts.get(language) if found else None
    if claims is None or not text:
        raise Http404
    known = targets_of_text(text["body"])
    if number >= len(known):
        raise Http404
    if settings.TRACK_CLICKS:
        name = tracking.letter_link_name(letter, language, number)
        _note(request, tracking.CLICKED, claims, name)
    return keep_private(HttpResponseRedirect(known[number]))
