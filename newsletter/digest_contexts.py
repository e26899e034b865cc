"""What the templates of a digest print: of an issue, and of each paper's card.

Everything here is plain text; escaping is the templates' business. Papers are cleaned at ingest,
and cleaned and capped again here, for a card may have been frozen under an older rule.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from newsletter.cards import Card
from newsletter.digests import Place
from newsletter.mjml import RenderingFailed
from newsletter.models import Issue
from papers.texts import plain, safe_url, shorten
from subscriptions import links

TOKEN_LIKE = "A" * 48
"""As long as a signed token, and as harmless in an address."""


def address_around_token(view: str, *args: object) -> tuple[str, str]:
    """The address of `view` for a token and `args`: what stands before the token and after it."""
    address = links.absolute(reverse(view, args=[TOKEN_LIKE, *args]))
    before, found, after = address.partition(TOKEN_LIKE)
    if not found:
        raise RenderingFailed(f"the address of {view} does not hold its token")
    return before, after


def date_of(day: dt.date) -> str:
    """Such as "Wednesday, 10 June 2026"."""
    return f"{day:%A}, {day.day} {day:%B %Y}"


def papers_in_words(count: int) -> str:
    """Such as "10 papers"."""
    return f"{count:,} paper" if count == 1 else f"{count:,} papers"


def counts_of(card: Card) -> list[str]:
    """The counts that somebody counted, in words: ["164 upvotes, up 32", "1 comment"]."""
    counted = []
    for number, name in (
        (card.upvotes, "upvote"),
        (card.comments, "comment"),
        (card.stars, "star"),
    ):
        if number is None:
            continue
        words = f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"
        if name == "upvote" and card.upvotes_gained and card.upvotes_gained > 0:
            words += f", up {card.upvotes_gained:,}"
        counted.append(words)
    return counted


def title_of(card: Card, limit: int = 300) -> str:
    """The title in one line of at most `limit` characters."""
    return shorten(plain(card.title), limit) or "Untitled"


def page_of(card: Card) -> str:
    """The address of the paper's page on this site."""
    return links.absolute("/" + quote(plain(card.path).lstrip("/"), safe="/:.~"))


def card_context(place: Place, why: str, feedback: str) -> dict[str, Any]:
    """What the card templates print of a paper; `feedback` is the token of its links.

    A link that is not an absolute http(s) address is left out.
    """
    card = place.card
    elsewhere = {
        "arXiv": card.abstract_url,
        "PDF": card.pdf_url,
        "Code": card.code_url,
        "Project": card.project_url,
    }
    return {
        "title": title_of(card),
        "url": page_of(card),
        "byline": shorten(plain(card.byline), 400),
        "organization": shorten(plain(card.organization), 200),
        "excerpt": shorten(plain(card.excerpt), 800),
        "excerpt_is_cut": card.excerpt_is_cut,
        "counts": counts_of(card),
        "links": [(name, url) for name, url in elsewhere.items() if url and safe_url(url) == url],
        "topics": [shorten(plain(name), 80) for name in card.topics[:3]],
        "note": shorten(plain(card.note), 600),
        "is_pick": bool(card.is_pick),
        "why": why,
        "more_url": feedback.join(
            address_around_token("subscriptions:feedback", place.paper_id, "more")
        ),
        "less_url": feedback.join(
            address_around_token("subscriptions:feedback", place.paper_id, "less")
        ),
    }


def shell_context(issue: Issue, values: Mapping[str, str], *, is_weekly: bool) -> dict[str, Any]:
    """What the digest templates print besides cards. `values` are those that differ per reader:
    the four tokens, `count`, `preheader` and `topics`.
    """
    preferences = values["preferences"].join(address_around_token("subscriptions:preferences"))
    unsubscribe = values["unsubscribe"].join(address_around_token("subscriptions:unsubscribe"))
    return {
        "site_name": plain(settings.SITE_NAME),
        "site_url": settings.SITE_URL + "/",
        "curator": plain(settings.CURATOR),
        "postal_address": plain(settings.POSTAL_ADDRESS),
        "date": date_of(issue.day),
        "is_weekly": is_weekly,
        "note": [shorten(plain(part), 2000) for part in issue.note.splitlines() if plain(part)],
        "count": values["count"],
        "preheader": values["preheader"],
        "topics": values["topics"],
        "preferences_url": preferences,
        "unsubscribe_url": unsubscribe,
        "web_url": values["web"].join(address_around_token("newsletter:digest")),
    }
