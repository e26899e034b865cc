"""Whose papers? From an issue, a reader's topics and what they had before to a selection.

Pure functions over plain values: no database, no clock. Everything that is the same for every
reader of an issue is prepared once, in `Shelf`; choosing for one reader then costs microseconds.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from django.utils.translation import gettext

from newsletter.digests import taste
from newsletter.digests.taste import Ratings
from newsletter.issues.places import BEST, Place, taking_part
from papers.text.cleaning import shorten
from papers.text.words import words

MOST_CHOICES = 5000
"""Choices that are kept; a place has as many as readers follow different topics of it."""

RANKED = 10
"""Ranks are named up to this one. Of a week only the first is: its papers come from seven lists."""

TITLE_NAMED = 60
"""Characters of a liked paper's title in a "why"."""

BETWEEN_REASONS = " · "

_last = itemgetter(-1)


@dataclass(frozen=True, slots=True)
class Fallen:
    """A paper that was retracted or withdrawn after a reader got, saved or liked it."""

    title: str
    path: str
    """Of its page on this site."""
    notice: str
    """Where the notice is read, by https; empty where nobody says."""
    is_retracted: bool
    """Rather than withdrawn by its authors."""


class Reader(NamedTuple):
    """What a digest depends on of one subscriber. A tuple, as `Choice` is: one is made for each
    digest, and of dataclasses that cannot be changed making one costs three times as much.
    """

    id: int
    email: str
    link_version: int
    topics: frozenset[int]
    papers_wanted: int = 10
    text_only: bool = False
    is_weekly: bool = False
    receives_by: str = "mail"
    """Which way their digests go; see `newsletter.channels.registry`."""
    grouped: bool = False
    """They want their papers under the names of their topics, not in one ranked list."""
    in_full: bool = False
    """They want every paper in full, not the first ones alone."""
    welcomed_on: dt.date | None = None
    """The day of the issue that welcomed them."""
    disliked: frozenset[int] = frozenset()
    """Ids of papers they want less like; they do not get these again."""
    rated: Mapping[int, int] = MappingProxyType({})
    """What they said by paper id, 1 or -1, the latest last; empty where learning is off."""
    language: str = "en"
    top_papers: bool = False
    """They want the most trending papers as well, whatever these are about."""
    machine_summaries: bool = True
    """They take summaries that a language model made of abstracts."""
    fallen: tuple[Fallen, ...] = ()
    """What this digest tells them of; see `newsletter.digests.retractions`."""
    left: Collection[int] = frozenset()
    """The works on what they follow that had no room in this digest."""


class Choice(NamedTuple):
    """A paper chosen for a reader, the reader's topics that it matches (closest first), and why.

    It matches none where the reader asked for top papers.
    """

    place: Place
    topics: tuple[int, ...]
    why: str
    """Such as "Matches Agents · trending #3", "Most upvoted today", "Because you liked “…”"."""
    followings: tuple[int, ...] = ()
    """The numbers of what the reader follows that it was chosen for."""
    followed: str = ""
    """That in words, such as "You follow Alice Adams"; it isn't kept in the ledger."""

    @property
    def reason(self) -> str:
        """All that the reader is told."""
        if not self.followed:
            return self.why
        return f"{self.followed}{BETWEEN_REASONS}{self.why}" if self.why else self.followed


class Shelf:
    """The papers of one or more issues, arranged so that a reader's are found at once."""

    def __init__(
        self,
        places: Iterable[Place],
        vectors: Mapping[int, taste.Floats] | None = None,
        *,
        is_weekly: bool = False,
    ) -> None:
        """`vectors`: what papers are about, by paper id, as unit vectors of one model. The reasons
        are in the language that is active.
        """
        #: Most trending first; a paper that stood in several issues stands here once.
        self.places = taking_part(places)
        #: The same by their ids.
        self.by_id = {place.id: place for place in self.places}
        self._works = [place.work for place in self.places]
        self._at_place = {place.id: at for at, place in enumerate(self.places)}
        self._by_topic: dict[int, list[int]] = {}
        for at, place in enumerate(self.places):
            for topic in place.topics:
                if len(mine := self._by_topic.setdefault(topic, [])) < BEST:
                    mine.append(at)
        self._closest_first = [_closest_first(place) for place in self.places]
        #: By place and the reader's topics that it matches: without ratings all that differs.
        self._choices: dict[tuple[int, tuple[int, ...]], Choice] = {}
        self._trend = self._standings(is_weekly=is_weekly)
        self._because = gettext("Because you liked “%(title)s”")
        self._top = (
            gettext("One of the week’s top papers")
            if is_weekly
            else gettext("One of the day’s top papers")
        )
        self._prior = taste.deviations(
            np.array([0.0 if p.card.is_pick else p.score for p in self.places], np.float32)
        )
        self._is_pick = np.array([place.card.is_pick for place in self.places], np.bool_)
        self._arrange(vectors or {})

    def _standings(self, *, is_weekly: bool) -> list[str]:
        """What is said of each place's rank; nothing of all but the first few, and of papers that
        nobody counted: those stand where they stand for what is known of them, and do not trend.
        """
        ranked = 1 if is_weekly else RANKED
        ranks = range(1, len(self.places) + 1) if is_weekly else [p.rank for p in self.places]
        # Each card's count is its own day's: of a week counts what was gained in it.
        counts = [
            place.gained if is_weekly else (0 if place.card.noticed else place.card.upvotes or 0)
            for place in self.places
        ]
        most = max(counts, default=0)
        is_ahead = most > 0 and counts.count(most) == 1
        trending = gettext("trending #%(rank)d")
        first = gettext("most upvoted this week") if is_weekly else gettext("most upvoted today")
        noticed = gettext("noticed since its issue")
        return [
            noticed
            if place.card.noticed
            else ""
            if rank > ranked
            else first
            if is_ahead and count == most
            else trending % {"rank": rank}
            if place.card.is_counted
            else ""
            for place, rank, count in zip(self.places, ranks, counts, strict=True)
        ]

    def _arrange(self, vectors: Mapping[int, taste.Floats]) -> None:
        """Lay the vectors out by place, and find the papers that are too much alike."""
        self._vectors: taste.Floats | None = None
        self._landscape: taste.Landscape | None = None
        self._same: dict[int, frozenset[int]] = {}
        by_title: dict[str, set[int]] = {}
        for at, place in enumerate(self.places):
            by_title.setdefault(" ".join(words(place.card.title)).casefold(), set()).add(at)
        for title, alike in by_title.items():
            if title and len(alike) > 1:
                self._same |= {at: frozenset(alike - {at}) for at in alike}
        if vectors and self.places:
            # Of a paper without a vector nothing is known: it lies in the middle.
            middle = np.mean(list(vectors.values()), axis=0)
            rows = [vectors.get(place.paper_id, middle) for place in self.places]
            self._vectors = np.stack(rows).astype(np.float32)
            self._landscape = taste.Landscape(self._vectors)
            # One work has one subject: it is looked for among the best of each topic, and not in a
            # table of all papers by all papers.
            for among in (*self._by_topic.values(), list(range(min(BEST, len(self.places))))):
                for at, others in self._alike(among, taste.SAME).items():
                    self._same[at] = self._same.get(at, frozenset()) | others

    def _alike(self, among: Sequence[int], above: float) -> dict[int, frozenset[int]]:
        """By place, the others `among` these that lie at least this close; none without vectors."""
        if self._vectors is None or len(among) < 2:
            return {}
        found = taste.alike(self._vectors[among], above)
        return {among[at]: frozenset(among[one] for one in others) for at, others in found.items()}

    def select(
        self, reader: Reader, had: Collection[int] = (), ratings: Ratings | None = None
    ) -> list[Choice]:
        """The reader's papers, best first: of their topics, or among the top papers where they
        want these; none they `had` (paper ids) before, none they disliked, at most `papers_wanted`.

        The best are the most trending, moved by what the reader's `ratings` say of them; a pinned
        paper comes first. Half of the places are shared out evenly to the reader's topics. Of one
        work under two identifiers the better one is taken, and of two near-duplicates that cannot
        be kept apart, too.
        """
        allowed = sorted(set().union(*(self._by_topic.get(topic, ()) for topic in reader.topics)))
        unwanted = reader.disliked.union(had) if had else reader.disliked
        if unwanted:
            works = self._works
            allowed = [at for at in allowed if works[at] not in unwanted]
        top = self._top_for(reader, unwanted) if reader.top_papers else []
        if top:
            allowed = sorted({*allowed, *top})
        liking: dict[int, float] = {}
        if ratings and self._landscape is not None and allowed:
            allowed, liking = self._moved(allowed, ratings, self._landscape)
        if self._same:
            allowed = self._once(allowed)
        if len(allowed) > reader.papers_wanted:
            allowed = self._fair_share(allowed, reader, top, is_by_rank=not liking)
        alike = self._alike(allowed, taste.ALIKE)
        if alike:
            allowed = self._apart(allowed, alike)
        choices = [self._choice(at, reader.topics) for at in allowed]
        if ratings and liking:
            return self._with_liked(choices, allowed, ratings, liking)
        return choices

    def with_followed(
        self,
        choices: Sequence[Choice],
        picks: Iterable[tuple[Place, tuple[int, ...], str]],
        reader: Reader,
    ) -> list[Choice]:
        """`choices` with papers that the reader follows ahead of them, at most `papers_wanted` in
        all: each with its place, the numbers of what it is followed for, and that in words. What
        stands among the choices already stands once, with both reasons.
        """
        others = {choice.place.work: choice for choice in choices}
        first: list[Choice] = []
        for place, followings, followed in picks:
            known = others.pop(place.work, None)
            if known is None:
                topics, why = self._followed(place, reader.topics)
            else:
                place, topics, why = known.place, known.topics, known.why
            first.append(Choice(place, topics, why, followings, followed))
        return [*first, *others.values()][: reader.papers_wanted]

    def _followed(self, place: Place, topics: frozenset[int]) -> tuple[tuple[int, ...], str]:
        """The topics that a paper matches which was not chosen for them, and why it's there
        besides. Kept nowhere: there are more of these than readers who share one.
        """
        at = self._at_place.get(place.id)
        if at is None:
            closest_first, trend = _closest_first(place), ""
        else:
            closest_first, trend = self._closest_first[at], self._trend[at]
        mine = tuple(filter(topics.__contains__, closest_first))
        if not mine:
            return mine, trend
        matched = place.topics[mine[0]].why
        return mine, f"{matched}{BETWEEN_REASONS}{trend}" if matched and trend else matched or trend

    def _top_for(self, reader: Reader, unwanted: Collection[int]) -> list[int]:
        """The `papers_wanted` most trending that the reader may get, each work once. What was
        noticed since its own issue is for readers of its topics.
        """
        top: list[int] = []
        skipped: set[int] = set()
        for at, work in enumerate(self._works):
            if len(top) == reader.papers_wanted:
                break
            if at in skipped or work in unwanted:
                continue
            if self.places[at].card.noticed:
                continue
            top.append(at)
            skipped |= self._same.get(at, frozenset())
        return top

    def _moved(
        self, allowed: list[int], ratings: Ratings, landscape: taste.Landscape
    ) -> tuple[list[int], dict[int, float]]:
        """`allowed` in the order of prior and taste together, pinned papers first as they were; and
        how much the reader would like each.
        """
        rows = np.array(allowed)
        liking = landscape.taste(ratings, rows)
        worth = self._prior[rows] + np.float32(taste.trust(len(ratings))) * liking
        order = np.lexsort((rows, -worth, ~self._is_pick[rows]))
        return rows[order].tolist(), dict(zip(allowed, liking.tolist(), strict=True))

    def _once(self, allowed: list[int]) -> list[int]:
        """`allowed` without the later ones of what is one work."""
        kept: list[int] = []
        skipped: set[int] = set()
        for at in allowed:
            if at not in skipped:
                kept.append(at)
                skipped |= self._same.get(at, frozenset())
        return kept

    def _fair_share(
        self, allowed: list[int], reader: Reader, top: list[int], *, is_by_rank: bool
    ) -> list[int]:
        """`papers_wanted` of `allowed` (best first), in that order; it is the order of the places
        themselves where `is_by_rank`.

        The topics, and beside them the `top` papers where the reader wants them, take turns, each
        time with their best that is not taken yet, until half of the places are gone and each that
        has a paper has had a turn; the rest goes by rank.
        """
        wanted = reader.papers_wanted
        of_topics = [self._by_topic.get(topic, []) for topic in sorted(reader.topics)]
        # The best of each topic stands last, where it is taken from. The topic whose best paper is
        # best goes first, so that with few places the best remain.
        if is_by_rank:  # as for all who rated nothing: the topics' papers are in order already
            there = set(allowed)
            queues = [
                mine
                for places in (*of_topics, top)
                if (mine := [at for at in reversed(places) if at in there])
            ]
            queues.sort(key=_last)
        else:
            order = dict(zip(allowed, range(len(allowed)), strict=True))
            queues = [
                sorted(mine, key=order.__getitem__, reverse=True)
                for places in (*of_topics, top)
                if (mine := [at for at in places if at in order])
            ]
            queues.sort(key=lambda queue: order[queue[-1]])
        chosen: set[int] = set()
        for queue in queues:  # the first turn: a paper that another topic chose serves it, too
            if len(chosen) >= wanted:
                break
            chosen.add(queue.pop())
        while any(queues) and len(chosen) < wanted // 2:
            for queue in queues:
                if len(chosen) >= wanted:
                    break
                while queue:
                    at = queue.pop()
                    if at not in chosen:
                        chosen.add(at)
                        break
        for at in allowed:
            if len(chosen) >= wanted:
                break
            chosen.add(at)
        return [at for at in allowed if at in chosen]

    def _apart(self, allowed: list[int], alike: dict[int, frozenset[int]]) -> list[int]:
        """`allowed` with no two near-duplicates side by side: later ones move down, or, where there
        is nothing to put between, up; what cannot stand anywhere is left out.
        """
        waiting = list(allowed)
        placed: list[int] = []
        while waiting:
            last = alike.get(placed[-1], frozenset()) if placed else frozenset()
            fitting = next((at for at in waiting if at not in last), None)
            if fitting is not None:
                placed.append(fitting)
                waiting.remove(fitting)
                continue
            at = waiting.pop(0)
            unlike = alike[at]
            for gap in range(len(placed) - 1, -1, -1):
                if placed[gap] not in unlike and (gap == 0 or placed[gap - 1] not in unlike):
                    placed.insert(gap, at)
                    break
        return placed

    def _choice(self, at: int, topics: frozenset[int]) -> Choice:
        mine = tuple(filter(topics.__contains__, self._closest_first[at]))
        plain = self._choices.get((at, mine))
        if plain is None:
            place = self.places[at]
            if mine:
                why = " · ".join(filter(None, (place.topics[mine[0]].why, self._trend[at])))
            else:
                why = self._trend[at][:1].upper() + self._trend[at][1:] or self._top
            if len(self._choices) >= MOST_CHOICES:
                self._choices.clear()
            plain = self._choices[at, mine] = Choice(place, mine, why)
        return plain

    def _with_liked(
        self,
        choices: list[Choice],
        chosen: list[int],
        ratings: Ratings,
        liking: Mapping[int, float],
    ) -> list[Choice]:
        """`choices` with the paper that the reader liked as the reason, where that is why."""
        assert self._vectors is not None  # liking was made from them
        for number, at in enumerate(chosen):
            if liking[at] >= taste.STRIKING:
                liked = taste.closest_liked(ratings, self._vectors[at])
                if liked:
                    why = self._because % {"title": shorten(liked, TITLE_NAMED)}
                    choices[number] = choices[number]._replace(why=why)
        return choices


def _closest_first(place: Place) -> tuple[int, ...]:
    """The topics that the paper belongs to."""
    return tuple(sorted(place.topics, key=lambda topic: -place.topics[topic].score))
