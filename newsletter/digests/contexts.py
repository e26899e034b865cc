"""What the templates of a digest print: of an issue, and of each paper's card.

Everything here is plain text; escaping is the templates' business. Papers are cleaned at ingest,
and cleaned and capped again here, for a card may have been frozen under an older rule.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext

from newsletter.digests.selection import Fallen
from newsletter.issues.places import Place
from newsletter.models import Issue
from newsletter.models.issue import PREVIEW_LENGTH
from papers.cards import Card, Link, answers
from papers.site import Site
from papers.text.citations import SHOWN_FIRST, SHOWN_LAST
from papers.text.cleaning import plain, shorten
from papers.text.excerpts import BETWEEN
from papers.text.sentences import is_whole, sentences
from subscriptions import links
from subscriptions.notices.mjml import RenderingFailed

SHORT = 25
"""Words of an excerpt in an email, unless it is one sentence: an email is read at breakfast."""

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
    """Such as "Wednesday, 10 June 2026", as the language writes it."""
    return date_format(day, gettext("l, j F Y"))


def short_date_of(day: dt.date) -> str:
    """Such as "Wed 10 June", as the language writes it."""
    return date_format(day, gettext("D j F"))


def papers_in_words(count: int) -> str:
    """Such as "10 papers"."""
    return ngettext("%(number)s paper", "%(number)s papers", count) % {"number": grouped(count)}


def grouped(number: int) -> str:
    """`number` with its thousands set apart, as the language does."""
    return number_format(number, force_grouping=True)


def counts_of(card: Card) -> list[str]:
    """The counts that somebody counted, in words: ["164 upvotes, up 32", "1 comment"]."""
    counted = []
    upvotes, comments, stars = card.upvotes or 0, card.comments or 0, card.stars or 0
    for count, gained, words in (
        (
            card.upvotes,
            card.upvotes_gained,
            ngettext("%(number)s upvote", "%(number)s upvotes", upvotes),
        ),
        (
            card.comments,
            card.comments_gained,
            ngettext("%(number)s comment", "%(number)s comments", comments),
        ),
        (card.stars, card.stars_gained, ngettext("%(number)s star", "%(number)s stars", stars)),
    ):
        if count is None:
            continue
        shown = words % {"number": grouped(count)}
        if gained:
            shown = gettext("%(counted)s, up %(number)s") % {
                "counted": shown,
                "number": grouped(gained),
            }
        counted.append(shown)
    return counted


def line_of(card: Card) -> tuple[str, str]:
    """What stands below the title in a list, "164 upvotes", and what follows where the list isn't
    in groups of topics, " · Efficient inference".
    """
    counts = counts_of(replace(card, upvotes_gained=None, comments=None, stars=None))
    topics = [shorten(plain(name), 80) for name, _ in card.topics[:1]]
    line = " · ".join(counts)
    return line, " · ".join([*counts, *topics])[len(line) :]


def title_of(card: Card, limit: int = 300) -> str:
    """The title in one line of at most `limit` characters."""
    return shorten(plain(card.title), limit) or gettext("Untitled")


def page_of(card: Card) -> str:
    """The address of the paper's page on this site."""
    return _on_this_site(card.path)


def _on_this_site(path: str) -> str:
    return links.absolute("/" + quote(plain(path).lstrip("/"), safe="/:.~"))


def picture_of(card: Card) -> str:
    """The address of the paper's thumbnail; empty where the email shows none.

    Our own copy, where there was one when the issue froze, has one address for all readers who get
    the paper. A thumbnail of the source's tells the source that an email was opened.
    """
    if settings.EMAIL_THUMBNAILS == "source":
        return card.source_thumbnail
    if settings.EMAIL_THUMBNAILS == "none" or not card.thumbnail_path:
        return ""
    return _on_this_site(card.thumbnail_path)


def card_in_mail(place: Place, why: str, feedback: str) -> Card:
    """The card as an email prints it: its texts in one line and of bounded length, its page's
    address a whole one, with the reason and with the answers whose links hold the token `feedback`.
    """
    card = place.card
    more, less = (
        feedback.join(address_around_token("subscriptions:feedback", place.paper_id, word))
        for word in ("more", "less")
    )
    save = feedback.join(address_around_token("subscriptions:signed-save", place.paper_id))
    authors, count = card.authors, max(card.author_count, len(card.authors))
    if count > SHOWN_FIRST + SHOWN_LAST and len(authors) > 2:
        # Every word counts at breakfast, and the paper's page says how many they are.
        authors, count = (authors[0], f"{authors[1]} … {authors[-1]}"), 2
    return replace(
        card,
        title=title_of(card),
        path=page_of(card),
        authors=tuple(shorten(plain(name), 80) for name in authors),
        author_count=count,
        organization=shorten(plain(card.organization), 200),
        journal=shorten(plain(card.journal), 200),
        excerpt=_short(shorten(plain(card.excerpt), 800)),
        topics=tuple(Link(shorten(plain(name), 80), url) for name, url in card.topics[:3]),
        note=shorten(plain(card.note), 600),
        why=why,
        answers=answers(more, less, save),
    )


def _short(excerpt: str) -> str:
    """A long excerpt of two sentences without the second."""
    if len(excerpt.split()) <= SHORT:
        return excerpt
    first = sentences(excerpt.partition(BETWEEN)[0])[:1]
    return first[0] if first and is_whole(first[0]) else excerpt


def card_context(place: Place, why: str, feedback: str, level: str | int = 2) -> dict[str, Any]:
    """What the card templates print: the card, and beside it what emails alone have. `feedback` is
    the token of its links, `level` that of its heading.
    """
    line, line_topic = line_of(place.card)
    return {
        "card": card_in_mail(place, why, feedback),
        "level": level,
        "picture": picture_of(place.card),
        "counts": counts_of(place.card),
        "line": line,
        "line_topic": line_topic,
    }


def fallen_context(one: Fallen) -> dict[str, str]:
    """What is said of a retracted paper. Addresses come without their beginning, `https://`, which
    the template has.
    """
    return {
        "fallentitle": shorten(plain(one.title), 200) or gettext("Untitled"),
        "fallenpage": _on_this_site(one.path).removeprefix(f"{settings.SITE_URL}/"),
        "fallenstatus": gettext("Retracted") if one.is_retracted else gettext("Withdrawn"),
        "fallenaddress": one.notice,
        "fallennotice": one.notice.removeprefix("https://"),
    }


def line_context(place: Place) -> dict[str, Any]:
    """What the list at the top prints of a paper."""
    card = place.card
    line, line_topic = line_of(card)
    return {
        "card": {"title": title_of(card), "path": page_of(card)},
        "line": line,
        "line_topic": line_topic,
    }


def shell_context(
    issue: Issue,
    values: Mapping[str, str],
    *,
    is_weekly: bool,
    is_welcome: bool = False,
    is_of_interests: bool = False,
    has_summaries: bool = False,
) -> dict[str, Any]:
    """What the digest templates print besides cards. `values` are those that differ per reader:
    the four tokens, `count`, `preheader` and `topics`. `has_summaries` where some excerpt is not
    the authors' own.
    """
    preferences = values["preferences"].join(address_around_token("subscriptions:preferences"))
    leave = "subscriptions:end-daily" if is_of_interests else "subscriptions:unsubscribe"
    unsubscribe = values["unsubscribe"].join(address_around_token(leave))
    return {
        **Site.of_issue(issue.site).mail_context(),
        "language": get_language() or settings.LANGUAGE_CODE,
        "is_right_to_left": get_language_bidi(),
        "date": date_of(issue.day),
        "is_weekly": is_weekly,
        "is_welcome": is_welcome,
        "is_of_interests": is_of_interests,
        "has_summaries": has_summaries,
        "note": [shorten(plain(part), 2000) for part in issue.note.splitlines() if plain(part)],
        "count": values["count"],
        "preview_line": ""
        if is_weekly or is_welcome
        else shorten(plain(issue.preview_line), PREVIEW_LENGTH),
        "preheader": values["preheader"],
        "topics": values["topics"],
        "preferences_url": preferences,
        "unsubscribe_url": unsubscribe,
        "subscribe_url": links.absolute(reverse("subscriptions:subscribe")),
        "web_url": values["web"].join(address_around_token("newsletter:digest")),
    }
