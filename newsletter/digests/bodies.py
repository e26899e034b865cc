"""One form of an issue's digests, HTML or text: the split templates, and how one reader's
body is put together from them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import NamedTuple

from django.utils import translation
from django.utils.translation import ngettext

from newsletter.digests.contexts import TOKEN_LIKE, fallen_context, papers_in_words
from newsletter.digests.prerendered import SplitTemplate
from newsletter.digests.selection import BETWEEN_REASONS, Choice, Fallen
from newsletter.mail.encoding import Fragment
from newsletter.mail.message import HTML_LIMIT
from papers.text.cleaning import plain, shorten
from subscriptions.notices.mjml import compile_mjml

TOP = -1
"""Stands for the id of a topic where papers come for being among the most trending."""

FOLLOWED = -2
"""Stands for the id of a topic where papers come for being what their reader follows."""

ALSO = 3
"""How many papers outside the reader's topics are listed."""

IN_FULL = 3
"""How many papers are shown in full to readers who did not ask for all."""

TOPICS_NAMED = 1
"""How many of the reader's topics are named at the top; two others or more are counted."""

MOST_REASONS = 5000
"""How many reasons are kept encoded. A paper has about one for each of its topics."""

MOST_CARDS = 3000
"""How many cards are kept; those that were not needed for longest are made again when they are.
Readers who follow things get papers from all over a day, and making a card takes as long as five
digests: so there is room for a large day. In both forms that is some 36 MB.
"""

WHY_LENGTH = 300
"""Most characters of a "why"."""

OWN_BYTES = 7000
"""The most HTML that a reader's own things in the shell take: tokens, topics, titles."""

LEVELS = {False: Fragment.of("2"), True: Fragment.of("3")}
"""Of a card's heading: under the title of the digest, or under that of a topic."""

_BETWEEN = Fragment.of(BETWEEN_REASONS)

Values = dict[str, Sequence[Fragment]]
Listed = tuple[Fragment, Fragment]
"""An item of a list as the first one, and as a later one, with a separator in front."""


def plain_text(text: str) -> str:
    """`text` as it stands: nothing is special in the text form."""
    return text


@dataclass(frozen=True, slots=True)
class Markup:
    """How a form is written: its templates, its compiler, its escaping, its separators."""

    shell: str
    compiled: Callable[[str], str]
    escaped: Callable[[str], str]
    between_topics: str

    def listed(self, text: str, separator: str) -> Listed:
        """`text` as an item of a list."""
        safe = self.escaped(text)
        return Fragment.of(safe), Fragment.of(separator + safe)


HTML = Markup("emails/digest.mjml", compile_mjml, escape, " · ")
TEXT = Markup("emails/digest.txt", plain_text, plain_text, ", ")


@lru_cache(maxsize=1024)
def _own_reason(why: str) -> tuple[Fragment, Fragment]:
    """What a reader alone is told, as text and as HTML: both forms ask one after the other, and
    mostly it is the same in both.
    """
    text = shorten(plain(why), WHY_LENGTH)
    in_text, escaped = Fragment.of(text), HTML.escaped(text)
    return in_text, in_text if escaped == text else Fragment.of(escaped)


def heading_of(choice: Choice) -> int:
    """The id of the topic under which a grouped digest puts the paper."""
    if choice.followings:
        return FOLLOWED
    return choice.topics[0] if choice.topics else TOP


class Order(NamedTuple):
    """What one reader gets."""

    choices: Sequence[Choice]
    also: Sequence[int]
    """Place ids of the papers outside the reader's topics, listed after theirs."""
    topics: Sequence[int]
    """Ids of the reader's topics, in the editor's order; `TOP` first where they want it."""
    tokens: Mapping[str, Sequence[Fragment]]
    left_out: int = 0
    """How many more papers were chosen than there is room for."""
    by_topic: bool = False
    """The papers stand under the names of their topics instead of in one ranked list."""
    is_whole: bool = False
    """Every paper is shown in full, not the first ones alone."""
    fallen: Sequence[Fallen] = ()
    """Papers of which the reader is told that they were retracted."""
    waiting: int = 0
    """How many papers on what the reader follows had no room and come with the next email."""

    @property
    def in_full(self) -> Sequence[Choice]:
        """The papers that have a card; all have a line in the list at the top."""
        return self.choices if self.is_whole else self.choices[:IN_FULL]

    def groups(self, choices: Sequence[Choice]) -> list[tuple[int, list[Choice]]]:
        """`choices` under their closest topic's id, or `TOP`, the group of the best paper first;
        within a group the order stays. A ranked list is one group, of the topic 0.
        """
        if not self.by_topic:
            return [(0, list(choices))]
        groups: dict[int, list[Choice]] = {}
        for choice in choices:
            groups.setdefault(heading_of(choice), []).append(choice)
        return list(groups.items())


class Pattern(NamedTuple):
    """A card in which only the reader's own is missing."""

    parts: list[Fragment]
    """In order, with some fragment where the reader's own belongs."""
    reasons: tuple[int, ...]
    """Where it says why they get the paper."""
    tokens: tuple[int, ...]


@dataclass(slots=True)
class Form:
    """The split templates of one issue in HTML, or in text, in one language."""

    markup: Markup
    language: str
    shell: SplitTemplate
    group: SplitTemplate
    """The heading over the cards of one topic, with a hole for its name."""
    section: SplitTemplate
    """The heading over the lines of one topic, with a hole for its name."""
    also: SplitTemplate
    """Around the papers outside the reader's topics; left out where there are none."""
    waiting: SplitTemplate
    """Around the number of followed papers that wait; left out where there are none."""
    more: SplitTemplate
    """Around the number of papers that had no room; left out where all had."""
    fallen: SplitTemplate
    """Around what the reader is told of retracted papers; left out where there is nothing."""
    fallenline: SplitTemplate
    """One of these papers, with holes for what `fallen_context` has."""
    fallenlink: SplitTemplate
    """Within that the link to the notice; left out where none is known."""
    topics: Mapping[int, Listed]
    """By topic id."""
    lines: dict[int, Fragment] = field(default_factory=dict)
    """By place id: for the list at the top, the title, the upvotes and the closest topic. Like the
    cards and the titles, of those places alone that were added."""
    lines_in_group: dict[int, Fragment] = field(default_factory=dict)
    """The same below a topic's name, without a topic."""
    cards: dict[int, SplitTemplate] = field(default_factory=dict)
    """By place id, at most `MOST_CARDS`, with holes for why a reader gets the paper, for their
    token and for the level of the heading."""
    titles: dict[int, Listed] = field(default_factory=dict)
    """By place id, shortened: for the preheader."""
    reasons: dict[str, Fragment] = field(default_factory=dict)
    """Encoded, by what they say, as far as readers needed them."""
    patterns: tuple[dict[int, Pattern], dict[int, Pattern]] = field(
        default_factory=lambda: ({}, {})
    )
    """Of the cards that readers needed, by place id: standing by themselves, and below a topic's
    name."""
    headings: Mapping[int, Fragment] = field(init=False)
    """Over cards, by topic id."""
    sections: Mapping[int, Fragment] = field(init=False)
    """Over lines, by topic id."""
    room: int = field(init=False)
    """Bytes that there are for cards."""
    always_fit: int = field(init=False)
    """This many cards have room whichever they are."""
    _heading_size: int = field(init=False)
    _line_size: int = field(init=False)
    _card_size: int = field(init=False)
    _counts: dict[tuple[int, bool], Fragment] = field(default_factory=dict)
    _waiting: dict[int, list[Fragment]] = field(default_factory=dict)
    _fallen: dict[Fallen, Fragment] = field(default_factory=dict)
    _outside: dict[tuple[int, ...], list[Fragment]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Weigh the parts that all readers have."""
        self.headings, self.sections = (
            {
                topic: Fragment.of(heading.with_text("group", name.text).text)
                for topic, (name, _) in self.topics.items()
            }
            for heading in (self.group, self.section)
        )
        shared = (self.shell, self.also, self.more, self.waiting)
        self.room = HTML_LIMIT - sum(part.size for part in shared) - OWN_BYTES
        self._heading_size = max((self._heading(topic) for topic in self.topics), default=0)
        self._line_size = self._card_size = 0
        self.always_fit = 0

    def add(
        self,
        lines: Mapping[int, Fragment],
        cards: Mapping[int, SplitTemplate],
        titles: Mapping[int, Listed],
        lines_in_group: Mapping[int, Fragment],
    ) -> None:
        """Have these, too, by the ids of their places. Before a reader's body is composed all of
        theirs must have been added.
        """
        self.lines |= lines
        self.lines_in_group |= lines_in_group
        self.titles |= titles
        self._line_size = max([self._line_size, *(line.size for line in lines.values())])
        for place, card in cards.items():
            self._forget(place)
            self.cards[place] = card
            self._card_size = max(self._card_size, card.size)
        while len(self.cards) > max(MOST_CARDS, len(cards)):
            self._forget(next(iter(self.cards)))
        self._weigh()

    def _forget(self, place: int) -> None:
        self.cards.pop(place, None)
        for patterns in self.patterns:
            patterns.pop(place, None)

    def touch(self, places: Iterable[int]) -> list[int]:
        """Have these cards count as just needed; those that are missing."""
        missing = []
        for place in places:
            card = self.cards.pop(place, None)
            if card is None:
                missing.append(place)
            else:
                self.cards[place] = card
        return missing

    def _weigh(self) -> None:
        """How many cards have room whichever they are."""
        longest_why = len(escape('"')) * WHY_LENGTH
        heaviest = self._card_size + self._line_size + self._heading_size + longest_why
        room = self.room - ALSO * self._line_size
        self.always_fit = room // (heaviest + 2 * len(TOKEN_LIKE))

    def _heading(self, topic: int) -> int:
        """Bytes of what stands over the topic's lines and cards."""
        if topic not in self.topics:
            return 0
        return self.headings[topic].size + self.sections[topic].size

    def reason(self, choice: Choice) -> Fragment:
        """What a card says of why it is in a digest."""
        followed, why = choice.followed, choice.why
        if not followed or len(followed) + len(BETWEEN_REASONS) + len(why) > WHY_LENGTH:
            return self._said(choice.reason)
        # What somebody follows is their own; why else the paper is there, many readers are told.
        own = _own_reason(followed)[self.markup is HTML]
        return own.joined(_BETWEEN, self._said(why)) if why else own

    def _said(self, why: str) -> Fragment:
        said = self.reasons.get(why)
        if said is None:
            if len(self.reasons) >= MOST_REASONS:
                self.reasons.clear()
            text = self.markup.escaped(shorten(plain(why), WHY_LENGTH))
            said = self.reasons[why] = Fragment.of(text)
        return said

    def fitted(self, order: Order) -> Order:
        """`order`, or as many of its best papers as `HTML_LIMIT` has room for."""
        if len(order.choices) <= self.always_fit and not order.fallen:
            return order
        room = self.room - ALSO * self._line_size
        if order.fallen:
            room -= self.fallen.size + sum(line.size for line in self._told(order))
        headed: set[int] = set()
        for at, choice in enumerate(order.choices):
            room -= self.lines[choice.place.id].size
            if order.is_whole or at < IN_FULL:
                card = self.cards[choice.place.id]
                room -= card.size + len(card.holes) * len(TOKEN_LIKE)
                room -= self.reason(choice).size
            if order.by_topic and (heading := heading_of(choice)) not in headed:
                headed.add(heading)
                room -= self._heading(heading)
            if room < 0:
                left_out = len(order.choices) - at
                return order._replace(choices=order.choices[:at], left_out=left_out)
        return order

    def values(self, order: Order) -> Values:
        """What goes into the shell's holes."""
        values: Values = dict(order.tokens)
        values["lines"] = self._lines(order)
        values["cards"] = self._cards(order)
        values["count"] = (self._counted(len(order.choices) + order.left_out),)
        named = len(order.topics)
        if named > TOPICS_NAMED + 1:  # never "and 1 more"
            named = TOPICS_NAMED
        values["topics"] = self._listed([self.topics[topic] for topic in order.topics[:named]])
        if further := len(order.topics) - named:
            values["topics"] = [*values["topics"], self._further(further)]
        ahead = order.choices[1:4] or order.choices[:1]
        values["preheader"] = self._listed([self.titles[choice.place.id] for choice in ahead])
        values["also"] = values["more"] = values["fallen"] = values["waiting"] = ()
        if order.waiting:
            values["waiting"] = self._waits(order.waiting)
        if order.fallen:
            values["fallen"] = self.fallen.fill({"fallenline": self._told(order)})
        if order.also:
            values["also"] = self._also(tuple(order.also))
        if order.left_out:
            left = (self._counted(order.left_out),)
            values["more"] = self.more.fill({**order.tokens, "left": left})
        return values

    def _lines(self, order: Order) -> list[Fragment]:
        if not order.by_topic:
            return [self.lines[choice.place.id] for choice in order.choices]
        lines: list[Fragment] = []
        for topic, choices in order.groups(order.choices):
            of_group = self.lines
            if topic in self.sections:
                lines.append(self.sections[topic])
                of_group = self.lines_in_group
            lines += [of_group[choice.place.id] for choice in choices]
        return lines

    def _cards(self, order: Order) -> list[Fragment]:
        token = order.tokens["feedback"][0]
        by_topic = order.by_topic and order.is_whole
        groups = order.groups(order.in_full) if by_topic else [(0, order.in_full)]
        patterns = self.patterns[by_topic]
        cards: list[Fragment] = []
        for topic, choices in groups:
            if topic in self.headings:
                cards.append(self.headings[topic])
            for choice in choices:
                pattern = patterns.get(choice.place.id)
                if pattern is None:
                    pattern = self._pattern(choice.place.id, by_topic)
                card = pattern.parts.copy()
                why = self.reason(choice)
                for at in pattern.reasons:
                    card[at] = why
                for at in pattern.tokens:
                    card[at] = token
                cards += card
        return cards

    def _pattern(self, place: int, by_topic: bool) -> Pattern:
        """The card with what is the same for all readers joined: each fragment less is one less to
        go through for every reader.
        """
        level = LEVELS[by_topic]
        parts: list[Fragment] = []
        holes: dict[str, list[int]] = {"why": [], "feedback": []}
        run: list[Fragment] = []
        for part in self.cards[place].parts:
            if isinstance(part, Fragment):
                run.append(part)
            elif part == "level":
                run.append(level)
            else:
                if run:
                    parts.append(run[0].joined(*run[1:]))
                    run = []
                holes[part].append(len(parts))
                parts.append(level)  # anything
        if run:
            parts.append(run[0].joined(*run[1:]))
        pattern = Pattern(parts, tuple(holes["why"]), tuple(holes["feedback"]))
        self.patterns[by_topic][place] = pattern
        return pattern

    def _also(self, places: tuple[int, ...]) -> list[Fragment]:
        """The papers outside a reader's topics: the same few for very many readers."""
        also = self._outside.get(places)
        if also is None:
            if len(self._outside) >= MOST_REASONS:
                self._outside.clear()
            outside = [self.lines[place] for place in places]
            also = self._outside[places] = self.also.fill({"outside": outside})
        return also

    def _told(self, order: Order) -> list[Fragment]:
        """The lines about retracted papers, which are the same for very many readers."""
        lines: list[Fragment] = []
        for one in order.fallen:
            if one not in self._fallen:
                with translation.override(self.language):
                    said = fallen_context(one)
                line, link = self.fallenline, self.fallenlink
                for name, text in said.items():
                    line = line.with_text(name, self.markup.escaped(text))
                    link = link.with_text(name, self.markup.escaped(text))
                line = line.with_text("fallenlink", link.text if one.notice else "")
                self._fallen[one] = Fragment.of(line.text)
            lines.append(self._fallen[one])
        return lines

    def _counted(self, count: int) -> Fragment:
        """ "10 papers" in the form's language."""
        words = self._counts.get((count, False))
        if words is None:
            with translation.override(self.language):
                words = self._counts[count, False] = Fragment.of(papers_in_words(count))
        return words

    def _waits(self, count: int) -> list[Fragment]:
        """So many papers that had no room."""
        waits = self._waiting.get(count)
        if waits is None:
            waits = self.waiting.fill({"waits": (self._counted(count),)})
            self._waiting[count] = waits
        return waits

    def _listed(self, items: Sequence[Listed]) -> list[Fragment]:
        listed = [later for _, later in items]
        if items:
            listed[0] = items[0][0]
        return listed

    def _further(self, count: int) -> Fragment:
        """ " and 18 more" in the form's language."""
        words = self._counts.get((count, True))
        if words is None:
            with translation.override(self.language):
                text = ngettext(" and %(number)s more", " and %(number)s more", count)
                words = self._counts[count, True] = Fragment.of(text % {"number": count})
        return words

    @property
    def sample(self) -> str:
        """All that readers may see, with something like a token in every hole."""
        templates = (
            *(self.shell, self.group, self.section, self.also, self.more, self.waiting),
            *(self.fallen, self.fallenline, self.fallenlink),
        )
        return sample_of((*templates, *self.cards.values()), self.lines.values())

    def compose(self, order: Order) -> tuple[Fragment, ...]:
        """The reader's body."""
        return tuple(self.shell.fill(self.values(order)))


def sample_of(templates: Iterable[SplitTemplate], lines: Iterable[Fragment]) -> str:
    """All that these say, with something like a token in every hole."""
    parts = [part for template in templates for part in template.parts]
    texts = [part.text if isinstance(part, Fragment) else TOKEN_LIKE for part in parts]
    return "".join([*texts, *(line.text for line in lines)])
