"""The digest: from a reader's papers to one email.

All that readers share is rendered once for an issue: the shell (head, masthead, footer) and a card
for every paper, from templates of MJML and of text that have marks in the places where readers
differ. Cut at the marks they are split templates of encoded fragments, and a reader's mail is
those fragments joined, with the reader's own in the holes: which cards, why, the topics, the
signed links.

`newsletter.digests.bodies` joins the fragments; the compiler is `subscriptions.notices.mjml`. An
issue is prepared once for every language that its readers have.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from email.utils import parseaddr

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext, ngettext

from newsletter.digests.bodies import (
    ALSO,
    FOLLOWED,
    HTML,
    IN_FULL,
    TEXT,
    TOP,
    Form,
    Markup,
    Order,
    sample_of,
)
from newsletter.digests.contexts import (
    card_context,
    line_context,
    shell_context,
    short_date_of,
    title_of,
)
from newsletter.digests.prerendered import Placeholders, SplitTemplate
from newsletter.digests.selection import Choice, Reader
from newsletter.digests.tracked_links import tracker_for
from newsletter.issues.places import Place
from newsletter.mail.encoding import Fragment
from newsletter.mail.message import Mail
from newsletter.mail.message_ids import delivery_id_of, message_id, preview_id
from newsletter.mail.return_paths import return_path
from newsletter.models import Issue
from newsletter.models.issue import SUBJECT_LENGTH
from papers.cards import Card
from papers.site import Site
from papers.text.cleaning import plain, shorten
from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.notices import list_headers
from subscriptions.notices.mjml import RenderingFailed, check_links

__all__ = ["DigestPress", "RenderingFailed", "delivery_id_of", "message_id"]

logger = logging.getLogger(__name__)

TOGETHER = 250
"""Cards that are made at once, at most: the compiler holds all of them in memory."""

TRENDING = 150
"""Of so many papers those outside a reader's topics are named; who follows nearly all topics would
else have all of them looked through."""

_STAND_IN = Place(0, 0, 1, 0.0, Card(identifier="", title="A paper"), {})
"""Holds the place of all cards where what readers share is rendered."""

_TITLE = "\0"  # which no title holds

_PHRASE = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+")


# --- The press ------------------------------------------------------------------------------------


class DigestPress:
    """One issue, ready to be printed for any number of readers of one language: daily, weekly, or
    as the welcome that a new reader gets once.

    Making it renders what all readers share. A paper's card is rendered when the first reader gets
    it, with all others that a batch of readers needs (`prepare`); `render` then only joins
    fragments. Where no valid HTML can be made of an issue, or of a paper in a digest, the digest
    goes out as text alone, and the log says why.
    """

    def __init__(
        self,
        issue: Issue,
        places: Sequence[Place],
        topic_names: Mapping[int, str],
        *,
        is_weekly: bool = False,
        is_welcome: bool = False,
        is_of_interests: bool = False,
        language: str = "",
        cards_of: Callable[[Sequence[int]], Mapping[int, Card]] | None = None,
    ) -> None:
        """`places` are all that readers may be given, best first; `topic_names` by topic id, in
        the order in which a reader's topics are named. `cards_of` gives the whole cards by the ids
        of their places, in the active language, where the places' own are not whole. Raises
        `RenderingFailed` where not even a text can be made.
        """
        self.issue = issue
        self.site = Site.of_issue(issue.site)
        self.is_weekly = is_weekly
        self.is_welcome = is_welcome
        self.is_of_interests = is_of_interests
        self.language = language or settings.LANGUAGE_CODE
        self._by_id = {place.id: place for place in places}
        self.places = list(self._by_id.values())
        self._most_trending = [
            (place.id, place.work, frozenset(place.topics)) for place in self.places[:TRENDING]
        ]
        self._cards_of = cards_of
        self._text_only: set[int] = set()
        with translation.override(self.language):
            self._topic_names = {
                FOLLOWED: gettext("What you follow"),
                TOP: gettext("Top papers"),
            }
        for topic, name in topic_names.items():
            self._topic_names[topic] = shorten(plain(name), 80) or "?"
        self._topic_order = {topic: at for at, topic in enumerate(self._topic_names)}
        self._subjects: dict[tuple[int, int], str] = {}
        self._subject_titles: dict[tuple[int, int], str] = {}
        self._subject_patterns: dict[int, str] = {}
        # An editor's subject is about the day: not about a week, nor about what a newcomer gets.
        of_the_day = not is_weekly and not is_welcome
        self._own_subject = shorten(plain(issue.subject), SUBJECT_LENGTH) if of_the_day else ""
        self._tracker = tracker_for()
        with translation.override(self.language):
            self._prepare_forms()
        self._prepare_headers()

    def _prepare_forms(self) -> None:
        """What all readers share."""
        self.text = self._form(TEXT)
        self.html: Form | None = None
        try:
            self.html = self._form(HTML)
            check_links(self.html.sample)
        except RenderingFailed as error:
            self.html = None
            logger.error(
                "couldn't make HTML of an issue, so its digests go out as plain text",
                extra={"day": self.issue.day.isoformat(), "reason": error.reason},
            )

    def know(self, places: Iterable[Place]) -> None:
        """Have these places, too: of papers that hardly anybody gets."""
        for place in places:
            self._by_id.setdefault(place.id, place)

    def prepare(self, wanted: Iterable[tuple[Reader, Sequence[Choice]]]) -> None:
        """Have the lines and cards of what these readers get, all made at once. Raises `KeyError`
        for a place that the press was not made with.
        """
        lines: dict[int, None] = {}
        cards: dict[int, None] = {}
        for reader, choices in wanted:
            ids = [choice.place.id for choice in choices]
            lines |= dict.fromkeys(ids)
            cards |= dict.fromkeys(ids if reader.in_full else ids[:IN_FULL])
        self._prepare(lines, cards)

    def _has(self, lines: Sequence[int], cards: Sequence[int]) -> bool:
        """Whether all of these are made: mostly so, they were prepared for a batch."""
        forms = [self.text] if self.html is None else [self.text, self.html]
        return all(
            form.lines.keys() >= set(lines) and form.cards.keys() >= set(cards) for form in forms
        )

    def _prepare(self, lines: Iterable[int], cards: Iterable[int]) -> None:
        new_lines = [pk for pk in lines if pk not in self.text.lines]
        new_cards = self.text.touch(cards)
        if self.html is not None:
            bare = self.html.touch(cards)  # of those that have none for good nothing is asked again
            new_cards = list(dict.fromkeys((*new_cards, *set(bare).difference(self._text_only))))
        if not new_lines and not new_cards:
            return
        needed = list(dict.fromkeys((*new_lines, *new_cards)))
        for at in range(0, len(needed), TOGETHER):
            some = set(needed[at : at + TOGETHER])
            with translation.override(self.language):
                self._add(
                    [pk for pk in new_lines if pk in some], [pk for pk in new_cards if pk in some]
                )

    def _add(self, lines: Sequence[int], cards: Sequence[int]) -> None:
        places = {pk: self._by_id[pk] for pk in (*lines, *cards)}
        if self._cards_of is not None:
            whole = self._cards_of(list(places))
            places = {pk: replace(one, card=whole.get(pk, one.card)) for pk, one in places.items()}
        if self._tracker is not None:
            self._tracker.add(places.values())
        of_lines, of_cards = ([places[pk] for pk in ids] for ids in (lines, cards))
        if self.html is not None:
            self._add_html(self.html, of_lines, of_cards)
        self._fill(self.text, of_lines, of_cards)

    def _add_html(self, form: Form, lines: Sequence[Place], cards: Sequence[Place]) -> None:
        """Add to the HTML what can be added. One bad paper costs no others their HTML."""
        try:
            self._fill(form, lines, cards)
        except RenderingFailed as error:
            places = list({place.id: place for place in (*lines, *cards)}.values())
            if len(places) > 1:
                half = {place.id for place in places[: len(places) // 2]}
                for is_first in (True, False):
                    self._add_html(
                        form,
                        [place for place in lines if (place.id in half) is is_first],
                        [place for place in cards if (place.id in half) is is_first],
                    )
                return
            self._text_only.add(places[0].id)
            logger.error(
                "no HTML can be made of a paper, digests with it go out as text",
                extra={
                    "day": self.issue.day.isoformat(),
                    "paper": places[0].card.identifier,
                    "reason": error.reason,
                },
            )

    def render(self, reader: Reader, choices: Sequence[Choice], delivery_id: int | None) -> Mail:
        """The reader's digest of `choices`, best first. Without a delivery it is a preview.

        Raises `RenderingFailed` where there are no choices, `KeyError` for a place that the press
        was not made with.
        """
        if not choices:
            raise RenderingFailed("a digest without papers is not sent")
        order = self.order(reader, choices, delivery_id)
        shown = [choice.place.id for choice in choices] + list(order.also)
        in_full = [choice.place.id for choice in order.in_full]
        if not self._has(shown, in_full):
            self._prepare(shown, in_full)
        leave = order.tokens["unsubscribe"][0].text
        html: tuple[Fragment, ...] = ()
        has_html = self.html is not None and self._text_only.isdisjoint(shown)
        if self.html is not None and has_html and not reader.text_only:
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
            tags=(
                "interests" if self.is_of_interests else "welcome" if self.is_welcome else "digest",
            ),
        )

    def order(self, reader: Reader, choices: Sequence[Choice], delivery_id: int | None) -> Order:
        """What goes into the reader's digest besides what all share."""
        who, version = reader.id, reader.link_version
        tokens = {
            name: (Fragment.word(sign(who, version, 0)),) for name, sign in self._signers.items()
        }
        tokens["web"] = (Fragment.word(self._sign_digest(who, version, delivery_id or 0)),)
        return Order(
            choices,
            self._also(reader, choices),
            self._topics(reader, choices),
            tokens,
            by_topic=reader.grouped and not self.is_of_interests,
            is_whole=reader.in_full,
            fallen=reader.fallen,
            waiting=len(reader.left),
        )

    def subject(self, choices: Sequence[Choice]) -> str:
        """What is inside: the first title, how many more, the date."""
        first, others = choices[0].place, len(choices) - 1
        subject = self._subjects.get((first.id, others))
        if subject is None:
            subject = self._subjects[first.id, others] = self._subject(first, others)
        return subject

    @property
    def has_summaries(self) -> bool:
        """Whether some paper comes with a summary that is not its authors' abstract."""
        return any(place.card.is_summarised for place in self.places)

    # --- Parts -------------------------------------------------------------------------

    def _subject(self, first: Place, others: int) -> str:
        """The subject with this paper's title: on a large day any may come first, followed by any
        number of others, so that what these have in common is made once.
        """
        others = 0 if self._own_subject else others
        room = 80 if not others else 36 if self.is_weekly else 50
        title = self._subject_titles.get((first.id, room))
        if title is None:
            with translation.override(self.language):
                title = self._own_subject or title_of(first.card, room)
            if any(unicodedata.bidirectional(char) in {"R", "AL"} for char in title):
                title = f"\u2068{title}\u2069"  # or what follows would be drawn into its direction
            self._subject_titles[first.id, room] = title
        pattern = self._subject_patterns.get(others)
        if pattern is None:
            with translation.override(self.language):
                pattern = self._subject_patterns[others] = self._subject_around(others)
        return pattern.replace(_TITLE, title)

    def _subject_around(self, others: int) -> str:
        """The subject of a digest with so many other papers, but for the first one's title."""
        title = _TITLE
        if others:
            title = ngettext(
                "%(title)s and %(number)s more paper",
                "%(title)s and %(number)s more papers",
                others,
            ) % {"title": title, "number": others}
        said = {
            "title": title,
            "date": short_date_of(self.issue.day),
            "site": self.site.name,
        }
        if self.is_welcome:
            return gettext("Welcome to %(site)s: %(title)s") % said
        if self.is_of_interests:
            return gettext("What you follow: %(title)s · %(date)s") % said
        if self.is_weekly:
            return gettext("The week’s best: %(title)s · week to %(date)s") % said
        return gettext("%(title)s · %(date)s") % said

    def _form(self, markup: Markup) -> Form:
        """What readers share of the issue."""
        cut = self._cut(markup)
        return Form(
            markup=markup,
            language=self.language,
            shell=cut[""],
            group=cut.get("group", SplitTemplate(())),
            section=cut.get("section", SplitTemplate(())),
            also=cut["also"],
            more=cut["more"],
            waiting=cut["waiting"],
            fallen=cut["fallen"],
            fallenline=cut["fallenline"],
            fallenlink=cut["fallenlink"],
            topics={
                topic: markup.listed(name, markup.between_topics)
                for topic, name in self._topic_names.items()
            },
        )

    def _fill(self, form: Form, lines: Sequence[Place], cards: Sequence[Place]) -> None:
        """Render the lines and cards of these places, and add them to the form. Raises
        `RenderingFailed`.
        """
        cut = self._cut(form.markup, lines, cards)
        made = {place.id: cut[f"card{place.id}"] for place in cards}
        listed = {place.id: _line(cut, place.id, cut[f"topic{place.id}"].text) for place in lines}
        in_group = {place.id: _line(cut, place.id, "") for place in lines}
        if form.markup is HTML:
            check_links(sample_of(made.values(), listed.values()))
        titles = {place.id: form.markup.listed(title_of(place.card, 60), " · ") for place in lines}
        form.add(listed, made, titles, in_group)

    def _cut(
        self, markup: Markup, lines: Sequence[Place] = (), cards: Sequence[Place] = ()
    ) -> dict[str, SplitTemplate]:
        """The issue with these, rendered with marks where readers differ and cut there."""
        marks = Placeholders(
            [
                *self._topic_names.values(),
                self.issue.note,
                self.issue.preview_line,
                str(self.site.as_dict()),
                *(str(place.card.as_dict()) for place in (*lines, *cards)),
            ]
        )
        holes = ("preferences", "unsubscribe", "web", "count", "preheader", "topics")
        context = shell_context(
            self.issue,
            {name: marks.hole(name) for name in holes},
            is_weekly=self.is_weekly,
            is_welcome=self.is_welcome,
            is_of_interests=self.is_of_interests,
            has_summaries=self.has_summaries,
        )
        context["outside"], context["left"] = marks.hole("outside"), marks.hole("left")
        context["waits"] = marks.hole("waits")
        told_of = ("fallen", "fallenline", "fallenlink")
        told = ("fallentitle", "fallenpage", "fallenstatus", "fallennotice", "fallenaddress")
        context["fallen"] = [{name: marks.hole(name) for name in told}]
        for name in ("lines", "section", "cards", "group", "also", "more", "waiting", *told_of):
            context |= {f"{name}_begins": marks.begin(name), f"{name}_ends": marks.end(name)}
        why, feedback, level = marks.hole("why"), marks.hole("feedback"), marks.hole("level")
        context["lines"] = [
            line_context(place)
            | {
                "line_begins": marks.begin(f"line{place.id}"),
                "line_ends": marks.end(f"line{place.id}"),
                "topic_begins": marks.begin(f"topic{place.id}"),
                "topic_ends": marks.end(f"topic{place.id}"),
            }
            for place in (_STAND_IN, *lines)
        ]
        context["cards"] = [
            card_context(place, why, feedback, level)
            | {
                "begins": marks.begin(f"card{place.id}"),
                "ends": marks.end(f"card{place.id}"),
            }
            for place in (_STAND_IN, *cards)
        ]
        context["lines"][0]["group"] = context["cards"][0]["group"] = marks.hole("group")
        source = render_to_string(markup.shell, context)
        return marks.cut(markup.compiled(source), source)

    def _also(self, reader: Reader, choices: Sequence[Choice]) -> list[int]:
        """The most trending papers outside the reader's topics; whoever wants the top papers has
        them among their own.
        """
        if reader.top_papers or self.is_of_interests:
            return []
        found: list[int] = []
        unwanted = reader.disliked.union([choice.place.work for choice in choices])
        left = reader.left  # which comes next time
        is_outside = reader.topics.isdisjoint
        for place, work, topics in self._most_trending:
            if is_outside(topics) and work not in unwanted and work not in left:
                found.append(place)
                if len(found) == ALSO:
                    break
        return found

    def _topics(self, reader: Reader, choices: Sequence[Choice]) -> list[int]:
        if self.is_of_interests:
            return [FOLLOWED]
        known = self._topic_order
        topics = sorted(filter(known.__contains__, reader.topics), key=known.__getitem__)
        if reader.top_papers:
            topics = [TOP, *topics]
        if choices[0].followings:
            topics = [FOLLOWED, *topics]
        return topics

    def _prepare_headers(self) -> None:
        self._leave = list_headers.around_unsubscribe_token(
            "subscriptions:end-daily" if self.is_of_interests else "subscriptions:unsubscribe"
        )
        name, day = self.site.name, self.issue.day.isoformat()
        if name.isascii() and not _PHRASE.fullmatch(name):
            name = '"' + name.replace("\\", "").replace('"', "'") + '"'
        kind = "welcome" if self.is_welcome else "weekly" if self.is_weekly else "daily"
        if self.is_of_interests:
            kind = "interests"
        self._headers = (
            list_headers.ONE_CLICK,
            ("List-Id", f"{name} <{settings.LIST_ID}>"),  # RFC 2919
            list_headers.AUTOMATIC,
            ("Feedback-ID", list_headers.feedback_id(day, "digest", kind)),
        )
        self._signers = {
            "unsubscribe": links.signer(
                Purpose.END_DAILY if self.is_of_interests else Purpose.UNSUBSCRIBE
            ),
            "preferences": links.signer(Purpose.PREFERENCES),
            "feedback": links.signer(Purpose.FEEDBACK),
        }
        self._sign_digest = links.signer(Purpose.DIGEST)
        self._from_header = self.site.sender
        self._envelope_from = parseaddr(self._from_header)[1]
        self._metadata = {"issue": day}


def _line(cut: Mapping[str, SplitTemplate], place: int, topic: str) -> Fragment:
    """The place's line of the list at the top, with `topic` behind its counts."""
    return Fragment.of(cut[f"line{place}"].with_text(f"topic{place}", topic).text)
