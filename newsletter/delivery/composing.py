"""One reader's email, chosen and made: which form of an issue a reader gets, what is the same for
all readers of a form, and what each has of it, with what they follow.

Whose turn it is, and what becomes of an email, is the worker's (`newsletter.delivery.worker`).
"""

import datetime as dt
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings
from django.utils import timezone, translation

from newsletter.delivery import planning
from newsletter.delivery.ledger import Claimed
from newsletter.digests import interests, retractions
from newsletter.digests.history import issues_holding, papers_had
from newsletter.digests.interests import MOST_WAITING, NONE_PICKED, Followed, Left, Picked
from newsletter.digests.matched import Ranking
from newsletter.digests.readers import ratings_of
from newsletter.digests.rendering import DigestPress
from newsletter.digests.selection import Choice, Reader, Shelf
from newsletter.digests.taste import Ratings
from newsletter.issues.freezing import cards_of, places_by_id, to_choose_from, week_to
from newsletter.issues.places import Place
from newsletter.mail.message import Mail
from newsletter.models import Delivery, Issue
from papers.cards import Card
from papers.models import Paper, Topic, page_version
from papers.semantics import current


@dataclass(frozen=True, slots=True)
class Wording:
    """Which of an issue's forms a reader gets."""

    is_weekly: bool
    is_welcome: bool
    language: str
    since: dt.date | None = None
    """Day of the earliest issue that it draws on as well."""
    without_machine: bool = False
    """In the authors' own words where a language model summarized them."""
    is_of_interests: bool = False
    """What the reader follows, every day."""


@dataclass(frozen=True)
class Stock:
    """The papers of an issue as its digests choose from them, whatever else differs: the welcome
    has those of the weekly one.
    """

    shelf: Shelf
    sharing: frozenset[int]
    """Ids of issues that may have given a reader papers of this shelf."""
    works: Mapping[int, int]
    """By the ids of the shelf's papers and of their aliases, the paper that stands for the work."""
    fitted: int | None
    """The number of the semantic model whose vectors the shelf has; None where it has none."""
    days: frozenset[dt.date]
    """Of the issues that it draws on."""
    place_of: dict[int, int]
    """The place of every paper of these issues, by the one that stands for the work, most trending
    first: what readers follow is looked for among all of them."""
    ranking: Ranking
    """How these papers stand."""
    followed: dict[int, Place] = field(default_factory=dict)
    """Places that are on no shelf, by their ids, as far as readers follow what they hold."""


Shelves = WeakValueDictionary[tuple[int, bool, dt.date | None, str], Stock]
"""By issue, whether it is weekly, since when it draws on others, and language."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What is the same for all readers of one issue and form: made once, kept by the worker."""

    stock: Stock
    press: DigestPress


def wording_for(
    issue: Issue, reader: Reader, since: dt.date | None = None, *, is_of_interests: bool = False
) -> Wording:
    """Which form of `issue` the reader gets: whoever it welcomes gets the week's best. A daily one
    draws on the issues from the day `since` on, and a daily email of interests on this one alone.
    """
    if is_of_interests:
        return Wording(
            is_weekly=False,
            is_welcome=False,
            language=reader.language,
            without_machine=not reader.machine_summaries,
            is_of_interests=True,
        )
    is_welcome = reader.welcomed_on == issue.day
    is_weekly = reader.is_weekly or is_welcome
    since = week_to(issue.day) if is_weekly else since
    without_machine = not reader.machine_summaries
    return Wording(is_weekly, is_welcome, reader.language, since, without_machine)


def edition_of(issue: Issue, wording: Wording, shelves: "Shelves | None" = None) -> Edition:
    """Prepare an issue for the readers of one form. A handful of queries, once per worker; the
    papers are those of `shelves` where they were arranged for another form already.
    """
    key = (issue.pk, wording.is_weekly, wording.since, wording.language)
    with translation.override(wording.language):
        stock = shelves.get(key) if shelves is not None else None
        if stock is None:
            stock = _stock_of(issue, wording)
            if shelves is not None:
                shelves[key] = stock
        names = Topic.objects.named().by_id
    return Edition(
        stock=stock,
        press=DigestPress(
            issue,
            stock.shelf.places,
            names,
            is_weekly=wording.is_weekly,
            is_welcome=wording.is_welcome,
            is_of_interests=wording.is_of_interests,
            language=wording.language,
            cards_of=_cards_without_machine if wording.without_machine else cards_of,
        ),
    )


def _stock_of(issue: Issue, wording: Wording) -> Stock:
    places, place_of = to_choose_from(issue, wording.since, is_weekly=wording.is_weekly)
    paper_ids = {place.paper_id for place in places}
    fitted = current.number_in_use()
    vectors = current.vectors_of(paper_ids, fitted) if fitted else None
    works = Paper.objects.works_of(paper_ids)
    return Stock(
        shelf=Shelf(places, vectors, is_weekly=wording.is_weekly),
        sharing=frozenset(issues_holding(works)),
        works=works,
        fitted=fitted,
        days=frozenset(_days_of(issue, wording.since)),
        place_of=place_of,
        ranking=Ranking(place_of),
    )


def _days_of(issue: Issue, since: dt.date | None) -> Iterator[dt.date]:
    """The days from `since` to that of the issue."""
    first = min(since or issue.day, issue.day)
    for ahead in range((issue.day - first).days + 1):
        yield first + dt.timedelta(days=ahead)


def draft_for(
    stock: Stock,
    reader: Reader,
    followed: Followed | None,
    had: Collection[int],
    ratings: Ratings | None,
    *,
    is_of_interests: bool = False,
) -> tuple[Reader, list[Choice], Picked]:
    """The reader's papers by topic, and what they follow: up to half of the places, and all that
    the topics leave free. A daily email of interests has nothing but these. What the reader muted
    is nowhere.
    """
    if followed is None:
        if is_of_interests:
            return reader, [], NONE_PICKED
        return reader, stock.shelf.select(reader, had, ratings), NONE_PICKED
    if followed.muted:
        reader = reader._replace(disliked=reader.disliked | followed.muted)
    choices = [] if is_of_interests else stock.shelf.select(reader, had, ratings)
    if not followed.interests:
        return reader, choices, NONE_PICKED
    wanted = reader.papers_wanted
    room = max(wanted // 2, 1, wanted - len(choices))
    unwanted = reader.disliked.union(had) if had else reader.disliked
    picked = interests.pick(
        followed, stock.ranking, stock.place_of, unwanted, room, daily_only=is_of_interests
    )
    return reader, choices, picked


def with_picks(
    stock: Stock,
    reader: Reader,
    choices: Sequence[Choice],
    picked: Picked,
    places: Mapping[int, Place],
) -> tuple[Reader, list[Choice]]:
    """The whole digest, what is followed first; and its reader, who is told what had no room."""
    found = stock.shelf.with_followed(
        choices,
        [
            (places[pk], followings, reason)
            for _, pk, followings, reason in picked.picks
            if pk in places
        ],
        reader,
    )
    left = picked.left
    if left:
        # Some may be here for one of their topics.
        there = [work for choice in found if (work := choice.place.work) in left]
        reader = reader._replace(left=frozenset(left).difference(there) if there else left)
    return reader, found


class KeptInterests:
    """What a batch's emails have for being followed, gathered to be written at once."""

    def __init__(self) -> None:
        #: By delivery what its papers are followed for, as the ledger stores it.
        self.chosen: dict[int, str] = {}
        self._left: list[Left] = []
        self._offered: dict[int, int] = {}

    def add(
        self,
        one: Claimed,
        day: dt.date,
        reader: Reader,
        choices: Sequence[Choice],
        picked: Picked,
        stock: Stock,
    ) -> None:
        """Note what one delivery has, and what it had no room for."""
        if picked.offered:
            self._offered |= dict.fromkeys(picked.offered, one.id)
        if picked.picks:
            self.chosen[one.id] = interests.stored_form(choices)
        if reader.left and one.subscriber_id is not None:
            place_of, left = stock.place_of, reader.left
            places = [
                (following, place_of[work]) for work, following in picked.first_left if work in left
            ]
            waiting = tuple(places[:MOST_WAITING])
            self._left.append(Left(one.id, one.subscriber_id, day, waiting))

    def write(self) -> None:
        """Write what waits and what was offered, and begin anew."""
        interests.record(self._left, self._offered)
        self.chosen, self._left, self._offered = {}, [], {}


def _cards_without_machine(place_ids: Sequence[int]) -> dict[int, Card]:
    return {pk: card.without_machine for pk, card in cards_of(place_ids).items()}


class KeptEdition:
    """The edition that was asked for last, as long as nothing in it has changed: whoever looks at a
    digest looks at it as several readers, in several widths, and each picture is asked for twice.
    Where pages are not kept (`PAGE_CACHE_SECONDS=0`), neither is this.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made_of: tuple[Any, ...] = ()
        self._edition: Edition | None = None

    @contextmanager
    def of(self, issue: Issue, wording: Wording) -> Iterator[Edition]:
        """The edition, for one thread at a time. Two queries where it is kept."""
        if not settings.PAGE_CACHE_SECONDS:
            yield edition_of(issue, wording)
            return
        others = Issue.objects.filter(day__range=(wording.since or issue.day, issue.day))
        made_of = (
            page_version.current(),
            wording,
            [getattr(issue, each.attname) for each in Issue._meta.concrete_fields],
            sorted(others.order_by().values_list("pk", "state")),
        )
        with self._lock:
            if self._edition is None or self._made_of != made_of:
                self._edition = None  # what is no longer shown makes room first
                self._edition = edition_of(issue, wording)
                self._made_of = made_of
            yield self._edition


previewed = KeptEdition()
"""What the admin's previews have in common."""


def compose_for(
    issue: Issue,
    reader: Reader,
    *,
    is_of_interests: bool = False,
    followed: Followed | None = None,
    kept: KeptEdition | None = None,
) -> tuple[Mail | None, list[Choice]]:
    """The digest of `issue` that `reader` would get now, or their daily email of interests, unsent;
    (None, []) if it were empty. With `followed` as one who follows just that, and with `kept` from
    the edition that is kept there.
    """
    row = Delivery.objects.filter(issue=issue, subscriber=reader.id).first()
    since = row.since if row else planning.draws_since(issue, reader.id, timezone.now())
    wording = wording_for(issue, reader, since, is_of_interests=is_of_interests)
    with kept.of(issue, wording) if kept else nullcontext(edition_of(issue, wording)) as edition:
        return _composed(edition, issue, reader, followed, is_of_interests=is_of_interests)


def _composed(
    edition: Edition,
    issue: Issue,
    reader: Reader,
    followed: Followed | None,
    *,
    is_of_interests: bool,
) -> tuple[Mail | None, list[Choice]]:
    stock = edition.stock
    if followed is None:
        languages = {reader.id: reader.language}
        found = interests.followed_by([reader.id], stock.days, stock.works, languages)
        followed = found.get(reader.id)
    had = papers_had(
        [reader.id],
        stock.sharing - {issue.pk},
        works=stock.works,
        daily=[reader.id],
    )
    ratings = ratings_of([reader], stock.fitted).get(reader.id)
    reader, choices, picked = draft_for(
        stock,
        reader,
        followed,
        had.get(reader.id, ()),
        ratings,
        is_of_interests=is_of_interests,
    )
    if picked.picks or picked.left:
        wanted = [pk for _, pk, _, _ in picked.picks]
        places = {pk: place for pk in wanted if (place := stock.shelf.by_id.get(pk))}
        if missing := [pk for pk in wanted if pk not in places]:
            places |= places_by_id(missing)
        reader, choices = with_picks(stock, reader, choices, picked, places)
        edition.press.know([choice.place for choice in choices])
    if not choices:
        return None, []
    alerts = retractions.alerts_for([reader.id])
    reader = reader._replace(fallen=tuple(alerts.get(reader.id, {}).values()))
    return edition.press.render(reader, choices, None), choices
