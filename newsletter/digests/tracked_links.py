"""Links that lead through this site, and the picture of one pixel, where the operator wants them.

Off by default (TRACK_OPENS, TRACK_CLICKS), and then nothing here touches an email. Switched on, a
finished digest gets a picture of one pixel, and its links to papers lead through this site. Such a
link holds a signed token, the place of the paper in its issue and the number of the link: never an
address, so that nobody can have this site redirect to theirs. Letters are tracked by the same means
(`newsletter.letters.rendering`), with the letter, its language and the number of the link.

Links in the text form stay as they are, and so do those to preferences and to unsubscribe. What is
learned when a link is followed is the business of `newsletter.events.tracking`.
"""

import re
from collections.abc import Iterable, Sequence
from html import unescape

from django.conf import settings
from django.urls import reverse

from newsletter.digests.contexts import address_around_token, page_of
from newsletter.issues.places import Place
from newsletter.mail.encoding import Fragment
from newsletter.mail.message import HTML_LIMIT
from papers.cards import Card
from subscriptions import links

MOST_CUT = 5000
"""How many fragments are kept cut at their links."""

_HREF = re.compile(r'(?<=href=")https?://[^"]+(?=")')

LinkedPiece = tuple[Fragment | None, ...]
"""A fragment cut at its links; None where the reader's token belongs."""


def targets(card: Card) -> tuple[str, ...]:
    """The addresses that a card links to, in the order of their numbers; empty where there is none.

    The order is part of every link that was ever sent: only add at its end.
    """
    return (page_of(card), *card.addresses)


def token_of(subscriber_id: int, version: int, delivery_id: int) -> str:
    """What a reader's links and picture hold."""
    return links.token(links.Purpose.TRACKING, subscriber_id, version, delivery_id)


class Tracker:
    """Leads the links of an issue's digests or of a letter through this site. One a press."""

    def __init__(self) -> None:
        self._ways: dict[str, tuple[str, tuple[object, ...]]] = {}
        self._cut: dict[Fragment, LinkedPiece] = {}

    def add(self, places: Iterable[Place]) -> None:
        """Know the links of these places' cards, which must be whole. Before a body with such a
        card is tracked.
        """
        if settings.TRACK_CLICKS:
            for place in places:
                for number, url in enumerate(targets(place.card)):
                    if url:
                        self.lead(url, "newsletter:follow", place.id, number)

    def lead(self, url: str, view: str, *args: object) -> None:
        """Have links to `url` lead through `view`, whose address holds a reader's token and then
        `args`. Of two ways to one address the first is taken.
        """
        if settings.TRACK_CLICKS:
            self._ways.setdefault(url, (view, args))

    def track(
        self, html: Sequence[Fragment], subscriber_id: int, version: int, delivery_id: int
    ) -> tuple[Fragment, ...]:
        """The body with tracked links and the picture; unchanged where that would be too large."""
        token = Fragment.of(token_of(subscriber_id, version, delivery_id))
        tracked: list[Fragment] = []
        for fragment in html:
            for part in self._parts(fragment) if self._ways else (fragment,):
                tracked.append(token if part is None else part)
        if settings.TRACK_OPENS:
            tracked = self._with_picture(tracked, token.text)
        too_large = sum(fragment.size for fragment in tracked) > HTML_LIMIT
        return tuple(html) if too_large else tuple(tracked)

    def _parts(self, fragment: Fragment) -> LinkedPiece:
        parts = self._cut.get(fragment)
        if parts is None:
            if len(self._cut) >= MOST_CUT:
                self._cut.clear()
            parts = self._cut[fragment] = self._at_links(fragment)
        return parts

    def _at_links(self, fragment: Fragment) -> LinkedPiece:
        parts: list[Fragment | None] = []
        run, at = "", 0
        for match in _HREF.finditer(fragment.text):
            known = self._ways.get(unescape(match[0]))
            if known is None:
                continue
            view, args = known
            before, after = address_around_token(view, *args)
            parts += [Fragment.of(run + fragment.text[at : match.start()] + before), None]
            run, at = after, match.end()
        if not parts:
            return (fragment,)
        return (*parts, Fragment.of(run + fragment.text[at:]))

    @staticmethod
    def _with_picture(html: list[Fragment], token: str) -> list[Fragment]:
        address = links.absolute(reverse("newsletter:opened", args=[token]))
        picture = f'<img src="{address}" width="1" height="1" alt="" style="border:0">'
        for at in range(len(html) - 1, -1, -1):
            before, found, after = html[at].text.rpartition("</body>")
            if found:
                whole = Fragment.of(f"{before}{picture}{found}{after}")
                return [*html[:at], whole, *html[at + 1 :]]
        return html


def tracker_for() -> Tracker | None:
    """The tracker for a press; None where the operator does not want to know."""
    return Tracker() if settings.TRACK_OPENS or settings.TRACK_CLICKS else None
