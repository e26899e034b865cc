"""The digest: from a reader's papers to one email.

All that readers share is rendered once for an issue: the shell (head, masthead, footer) and a card
for every paper, from templates of MJML and of text that have marks in the places where readers
differ. Cut at the marks they are stencils of encoded pieces, and a reader's mail is those pieces
joined, with the reader's own in the holes: which cards, why, the topics, the signed links.

This module and `newsletter.mjml`, the compiler, are the only ones that know MJML.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import escape

from newsletter.cards import Card
from newsletter.digest_contexts import (
    TOKEN_LIKE,
    address_around_token,
    card_context,
    page_of,
    papers_in_words,
    shell_context,
    title_of,
)
from newsletter.digests import Choice, Place, Reader
from newsletter.mail import HTML_LIMIT, Mail, Piece
from newsletter.message_ids import delivery_id_of, message_id, preview_id
from newsletter.mjml import RenderingFailed, check_links, compile_mjml
from newsletter.models import Issue
from newsletter.return_paths import return_path
from newsletter.stencils import Marks, Stencil
from newsletter.tracking import tracker_for
from papers.texts import plain, shorten
from subscriptions import links
from subscriptions.links import Purpose

__all__ = ["DigestPress", "RenderingFailed", "delivery_id_of", "message_id"]

logger = logging.getLogger(__name__)

ALSO = 2
"""How many papers outside the reader's topics are mentioned at the end."""

TOPICS_NAMED = 8
"""How many of the reader's topics are named at the top; the others are counted."""

EXPLAINED = 2000
"""How many cards are kept with their "why" in them. A paper has about one "why" for each topic."""

WHY_LENGTH = 300
"""Most characters of a "why"."""

OWN_BYTES = 7000
"""The most HTML that a reader's own things in the shell take: tokens, topics, titles."""

_PHRASE = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+")


# --- One form of an issue: HTML, or text ----------------------------------------------------------

Values = dict[str, Sequence[Piece]]
Listed = tuple[Piece, Piece]
"""An item of a list as the first one, and as a later one, with a separator in front."""


def plain_text(text: str) -> str:
    """`text` as it stands: nothing is special in the text form."""
    return text


@dataclass(frozen=True, slots=True)
class Language:
    """How a form is written: its templates, its compiler, its escaping, its separators."""

    shell: str
    mention: str
    compiled: Callable[[str], str]
    escaped: Callable[[str], str]
    between_topics: str

    def listed(self, text: str, separator: str) -> Listed:
        """`text` as an item of a list."""
        safe = self.escaped(text)
        return Piece.of(safe), Piece.of(separator + safe)


HTML = Language("emails/digest.mjml", "emails/mention.html", compile_mjml, escape, " · ")
TEXT = Language("emails/digest.txt", "emails/mention.txt", plain_text, plain_text, ", ")


@dataclass(frozen=True, slots=True)
class Order:
    """What one reader gets."""

    choices: Sequence[Choice]
    also: Sequence[int]
    """Place ids of the papers mentioned at the end."""
    topics: Sequence[int]
    """Ids of the reader's topics, in the editor's order."""
    tokens: Mapping[str, Sequence[Piece]]
    left_out: int = 0
    """How many more papers were chosen than there is room for."""


@dataclass(slots=True)
class Form:
    """The stencils of one issue in HTML, or in text."""

    language: Language
    shell: Stencil
    also: Stencil
    """Around the papers outside the reader's topics; left out where there are none."""
    more: Stencil
    """Around the number of papers that had no room; left out where all had."""
    cards: Mapping[int, Stencil]
    """By place id."""
    titles: Mapping[int, Listed]
    """By place id, shortened: for the preheader."""
    mentions: Mapping[int, Piece]
    """By place id: for the papers outside the reader's topics."""
    topics: Mapping[int, Listed]
    """By topic id."""
    explained: dict[tuple[int, str], Stencil] = field(default_factory=dict)
    """Cards with their "why", as far as readers needed them."""
    room: int = field(init=False)
    """Bytes that there are for cards."""
    always_fit: int = field(init=False)
    """This many cards have room whichever they are."""

    def __post_init__(self) -> None:
        """Weigh the parts."""
        self.room = HTML_LIMIT - self.shell.size - self.also.size - self.more.size - OWN_BYTES
        heaviest = max((card.size for card in self.cards.values()), default=0)
        longest_why = len(escape('"')) * WHY_LENGTH
        self.always_fit = self.room // (heaviest + longest_why + 2 * len(TOKEN_LIKE))

    def card(self, choice: Choice) -> Stencil:
        """The card of `choice` with its "why"; only the reader's token is missing.

        Raises `KeyError` for a place that the press was not given.
        """
        key = (choice.place.id, choice.why)
        card = self.explained.get(key)
        if card is None:
            if len(self.explained) >= EXPLAINED:
                self.explained.clear()
            why = self.language.escaped(shorten(plain(choice.why), WHY_LENGTH))
            card = self.cards[choice.place.id].with_text("why", why)
            self.explained[key] = card
        return card

    def fitted(self, order: Order) -> Order:
        """`order`, or as many of its first papers as `HTML_LIMIT` has room for."""
        if len(order.choices) <= self.always_fit:
            return order
        room = self.room
        for at, choice in enumerate(order.choices):
            card = self.card(choice)
            room -= card.size + len(card.holes) * len(TOKEN_LIKE)
            if room < 0:
                return replace(order, choices=order.choices[:at], left_out=len(order.choices) - at)
        return order

    def values(self, order: Order) -> Values:
        """What goes into the shell's holes."""
        values: Values = dict(order.tokens)
        token = order.tokens["feedback"][0]
        cards: list[Piece] = []
        for choice in order.choices:
            cards += [token if part == "feedback" else part for part in self.card(choice).parts]  # type: ignore[misc]
        values["cards"] = cards
        values["count"] = (Piece.shared(papers_in_words(len(order.choices) + order.left_out)),)
        values["topics"] = self._listed([self.topics[topic] for topic in order.topics])
        ahead = order.choices[1:4] or order.choices[:1]
        values["preheader"] = self._listed([self.titles[choice.place.id] for choice in ahead])
        values["also"] = values["more"] = ()
        if order.also:
            mentions = [self.mentions[place] for place in order.also]
            values["also"] = self.also.fill({"mentions": mentions})
        if order.left_out:
            left = (Piece.shared(papers_in_words(order.left_out)),)
            values["more"] = self.more.fill({**order.tokens, "left": left})
        return values

    def _listed(self, items: Sequence[Listed]) -> list[Piece]:
        listed = [later for _, later in items[:TOPICS_NAMED]]
        if items:
            listed[0] = items[0][0]
        if len(items) > TOPICS_NAMED:
            listed.append(Piece.shared(f" and {len(items) - TOPICS_NAMED} more"))
        return listed

    @property
    def sample(self) -> str:
        """All that readers may see, with something like a token in every hole."""
        stencils = [self.shell, self.also, self.more, *self.cards.values()]
        parts = [part for stencil in stencils for part in stencil.parts]
        parts += self.mentions.values()
        return "".join(part.text if isinstance(part, Piece) else TOKEN_LIKE for part in parts)

    def compose(self, order: Order) -> tuple[Piece, ...]:
        """The reader's body."""
        return tuple(self.shell.fill(self.values(order)))


# --- The press ------------------------------------------------------------------------------------


class DigestPress:
    """One issue, ready to be printed for any number of readers, daily or weekly.

    Making it renders every paper's card, which takes some tens of milliseconds; `render` then only
    joins pieces. Where no valid HTML can be made of an issue the digest goes out as text alone,
    and the log says why.
    """

    def __init__(
        self,
        issue: Issue,
        places: Sequence[Place],
        topic_names: Mapping[int, str],
        *,
        is_weekly: bool = False,
    ) -> None:
        """`places` are all that readers may be given, best first; `topic_names` by topic id, in
        the order in which a reader's topics are named. Raises `RenderingFailed` where not even a
        text can be made.
        """
        self.issue = issue
        self.is_weekly = is_weekly
        self.places = list({place.id: place for place in places}.values())
        self._topic_names = {
            topic: shorten(plain(name), 80) or "?" for topic, name in topic_names.items()
        }
        self._topic_order = {topic: at for at, topic in enumerate(self._topic_names)}
        self._subjects: dict[tuple[int, int], str] = {}
        self.text = self._form(TEXT)
        self.html: Form | None = None
        try:
            self.html = self._form(HTML)
            check_links(self.html.sample)
        except RenderingFailed as error:
            self.html = None
            logger.error(
                "no HTML can be made of an issue, its digests go out as text",
                extra={"day": issue.day.isoformat(), "reason": error.reason},
            )
        self._tracker = tracker_for(self.places)
        self._prepare_headers()

    def render(self, reader: Reader, choices: Sequence[Choice], delivery_id: int | None) -> Mail:
        """The reader's digest of `choices`, best first. Without a delivery it is a preview.

        Raises `RenderingFailed` where there are no choices, `KeyError` for a place that the press
        was not made with.
        """
        if not choices:
            raise RenderingFailed("a digest without papers is not sent")
        order = self.order(reader, choices, delivery_id)
        leave = order.tokens["unsubscribe"][0].text
        html: tuple[Piece, ...] = ()
        if self.html is not None and not reader.text_only:
            html = self.html.compose(self.html.fitted(order))
            if self._tracker is not None and delivery_id is not None:
                html = self._tracker.track(html, reader.id, reader.link_version, delivery_id)
        return Mail(
            delivery_id=delivery_id,
            message_id=message_id(delivery_id)
            if delivery_id is not None
            else preview_id(f"{self.issue.day}.{reader.id}"),
            envelope_from=return_path(delivery_id, reader.email, self._envelope_from),
            to_addr=reader.email,
            from_header=self._from_header,
            subject=self.subject(choices),
            headers=(("List-Unsubscribe", leave.join(self._leave)), *self._headers),
            text=self.text.compose(order),
            html=html,
            metadata=self._metadata,
            tags=("digest",),
        )

    def order(self, reader: Reader, choices: Sequence[Choice], delivery_id: int | None) -> Order:
        """What goes into the reader's digest besides what all share."""
        who, version = reader.id, reader.link_version
        tokens = {
            "unsubscribe": (Piece.of(links.token(Purpose.UNSUBSCRIBE, who, version)),),
            "preferences": (Piece.of(links.token(Purpose.PREFERENCES, who, version)),),
            "feedback": (Piece.of(links.token(Purpose.FEEDBACK, who, version)),),
            "web": (Piece.of(links.token(Purpose.DIGEST, who, version, delivery_id or 0)),),
        }
        return Order(choices, self._also(reader, choices), self._topics(reader), tokens)

    def subject(self, choices: Sequence[Choice]) -> str:
        """What is inside: the first title, how many more, the date."""
        first, others = choices[0].place, len(choices) - 1
        subject = self._subjects.get((first.id, others))
        if subject is None:
            subject = self._subjects[first.id, others] = self._subject(first.card, others)
        return subject

    # --- Parts -------------------------------------------------------------------------

    def _subject(self, first: Card, others: int) -> str:
        day = self.issue.day
        date = f"{day:%a} {day.day} {day:%B}"
        title = title_of(first, 80 if not others else 36 if self.is_weekly else 50)
        if any(unicodedata.bidirectional(char) in {"R", "AL"} for char in title):
            title = f"\u2068{title}\u2069"  # or what follows would be drawn into its direction
        if others:
            title += f" and {others} more {'paper' if others == 1 else 'papers'}"
        if self.is_weekly:
            return f"The week’s best: {title} · week to {date}"
        return f"{title} · {date}"

    def _form(self, language: Language) -> Form:
        """Render the issue with marks where readers differ, and cut it at the marks."""
        marks = Marks(
            [
                *self._topic_names.values(),
                self.issue.note,
                *(str(place.card.as_dict()) for place in self.places),
            ]
        )
        holes = ("preferences", "unsubscribe", "web", "count", "preheader", "topics")
        context = shell_context(
            self.issue, {name: marks.hole(name) for name in holes}, is_weekly=self.is_weekly
        )
        context["mentions"], context["left"] = marks.hole("mentions"), marks.hole("left")
        for name in ("cards", "also", "more"):
            context |= {f"{name}_begins": marks.begin(name), f"{name}_ends": marks.end(name)}
        why, feedback = marks.hole("why"), marks.hole("feedback")
        context["cards"] = [
            card_context(place, why, feedback)
            | {"begins": marks.begin(f"card{place.id}"), "ends": marks.end(f"card{place.id}")}
            for place in self.places
        ]
        source = render_to_string(language.shell, context)
        cut = marks.cut(language.compiled(source), source)
        titles = {place.id: title_of(place.card, 60) for place in self.places}
        return Form(
            language=language,
            shell=cut[""],
            also=cut["also"],
            more=cut["more"],
            cards={place.id: cut[f"card{place.id}"] for place in self.places},
            titles={place: language.listed(title, " · ") for place, title in titles.items()},
            mentions={
                place.id: Piece.of(
                    render_to_string(
                        language.mention,
                        {"title": title_of(place.card, 120), "url": page_of(place.card)},
                    )
                )
                for place in self.places
            },
            topics={
                topic: language.listed(name, language.between_topics)
                for topic, name in self._topic_names.items()
            },
        )

    def _also(self, reader: Reader, choices: Sequence[Choice]) -> list[int]:
        """The most trending papers outside the reader's topics."""
        found: list[int] = []
        unwanted = reader.disliked.union([choice.place.paper_id for choice in choices])
        for place in self.places:
            if reader.topics.isdisjoint(place.topics) and place.paper_id not in unwanted:
                found.append(place.id)
                if len(found) == ALSO:
                    break
        return found

    def _topics(self, reader: Reader) -> list[int]:
        known = self._topic_order
        return sorted(filter(known.__contains__, reader.topics), key=known.__getitem__)

    def _prepare_headers(self) -> None:
        before, after = address_around_token("subscriptions:unsubscribe")
        mailbox = quote(settings.UNSUBSCRIBE_EMAIL, safe="@+")
        # A tuple to join by the token, which stands in both addresses.
        self._leave = (f"<{before}", f"{after}>, <mailto:{mailbox}?subject=unsubscribe-", ">")
        name, day = plain(settings.SITE_NAME), self.issue.day.isoformat()
        if name.isascii() and not _PHRASE.fullmatch(name):
            name = '"' + name.replace("\\", "").replace('"', "'") + '"'
        sender = re.sub("[^a-z0-9]", "", settings.MAIL_DOMAIN.lower()) + "broadsheet"
        kind = "weekly" if self.is_weekly else "daily"
        self._headers = (
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),  # RFC 8058
            ("List-Id", f"{name} <{settings.LIST_ID}>"),  # RFC 2919
            ("Auto-Submitted", "auto-generated"),  # RFC 3834
            ("Feedback-ID", f"{day}:digest:{kind}:{sender[:15]}"),
        )
        self._from_header = settings.DEFAULT_FROM_EMAIL
        self._envelope_from = parseaddr(self._from_header)[1]
        self._metadata = {"issue": day}
