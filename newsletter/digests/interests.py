"""What readers follow, in their emails: which papers come first, why, what waits, what is muted.

Read for a batch of readers at a time, and chosen by pure functions. Reasons are made of what a
reader follows at the moment that they are read: the ledger keeps numbers (`Delivery.interests`), so
that words which a reader deleted stand nowhere anymore.
"""

import datetime as dt
import json
from collections import ChainMap
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import takewhile, zip_longest
from operator import attrgetter
from typing import NamedTuple

from django.db import connection
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import translation
from django.utils.translation import gettext

from newsletter import bulk_sql
from newsletter.digests.matched import NOTHING_MATCHED, PER_SCORE, Batch, Matched, Ranking
from newsletter.digests.selection import BETWEEN_REASONS, Choice
from newsletter.models import Delivery, WaitingPaper
from papers.matching.interests.specs import Kind
from subscriptions.models import Following, Interest, InterestMatch, Muted

ORDER = {
    Kind.AUTHOR.value: 0,
    Kind.ORGANIZATION.value: 1,
    Kind.VENUE.value: 2,
    Kind.WORDS.value: 3,
    Kind.LIKENESS.value: 4,
    Kind.CITING.value: 5,
}
"""In which order kinds take turns."""


class FollowedPapers(NamedTuple):
    """The papers that one interest of a reader may bring."""

    following: int
    kind: str
    reason: str
    """In the reader's language."""
    most: int
    """In one email."""
    papers: Matched
    """By the ids of the papers that stand for works."""
    waiting: Mapping[int, int]
    """Of papers that found no place last time, by the id of the work, the place in their issue."""
    is_daily: bool = False
    """Weekly readers get them every day."""


class Followed(NamedTuple):
    """What a reader follows and never wants, as far as papers of these days are concerned."""

    interests: tuple[FollowedPapers, ...] = ()
    muted: frozenset[int] = frozenset()
    """Ids of the papers that stand for works."""


MOST_WAITING = 10
"""Papers on what one reader follows that wait for the next email, at most: the best ones."""

Pick = tuple[int, int, tuple[int, ...], str]
"""A paper that comes for being followed: its work, the id of its place, the numbers of what it is
followed for (the first reason first), and that in words.
"""


class Picked(NamedTuple):
    """What a reader's interests bring into one email."""

    picks: tuple[Pick, ...] = ()
    left: Collection[int] = frozenset()
    """The works that found no place."""
    first_left: tuple[tuple[int, int], ...] = ()
    """The best of these, as many as may wait: each with the first of what it's followed for."""
    offered: tuple[int, ...] = ()
    """The numbers of what is followed whose papers had waited for this email."""


def reason_of(kind: str, name: str) -> str:
    """Why a reader gets a paper, in the active language, such as "You follow Alice Adams"."""
    if kind == Kind.WORDS.value:
        return gettext("Your words: %(words)s") % {"words": name}
    if kind == Kind.LIKENESS.value:
        return gettext("Like what you follow: %(name)s") % {"name": name}
    if kind == Kind.CITING.value:
        return gettext("Cites what you follow: %(name)s") % {"name": name}
    return gettext("You follow %(name)s") % {"name": name}


@lru_cache(maxsize=256)
def _pattern(kind: str, language: str) -> str:
    with translation.override(language):
        return reason_of(kind, _NAME)


def in_words(kind: str, name: str, language: str) -> str:
    """`reason_of` in a language, without asking the catalog each time."""
    return _pattern(kind, language).replace(_NAME, name)


_NAME = "\0"


def followed_by(
    subscriber_ids: Sequence[int],
    days: Collection[dt.date],
    works: Mapping[int, int],
    languages: Mapping[int, str],
    delivery_ids: Collection[int] = (),
) -> dict[int, Followed]:
    """What subscribers follow and muted, by their ids, with the papers of these days; whoever
    follows and muted nothing is left out. Four queries, and none after the first two where nobody
    does.

    `works`: by a paper's id, that of the one that stands for its work. `languages`: by subscriber,
    for the reasons; who isn't there is left out. What waits for another email
    than one of `delivery_ids` isn't offered again.
    """
    if not subscriber_ids:
        return {}
    rows = _for_followings(connection.vendor, frozenset(days)).rows(subscriber_ids)
    muted = _for_muted(connection.vendor).rows(subscriber_ids)
    if not rows and not muted:
        return {}
    certain, maybe, batch = _matches(
        {row[2] for row in rows} | {one for _, one in muted}, days, works
    )
    waiting = _waiting({row[1] for row in rows}, delivery_ids)
    interests: dict[int, list[FollowedPapers]] = {}
    for pk, subscriber, interest, kind, name, most, takes_maybe, rhythm in rows:
        number = certain.get(interest)
        papers = NOTHING_MATCHED if number is None else Matched(batch, number)
        if takes_maybe and interest in maybe:
            also = maybe[interest]
            papers = Matched(batch, also) if number is None else batch.with_both(number, also)
        waits = waiting.get(pk, _NO_PLACES)
        if (papers is NOTHING_MATCHED and not waits) or subscriber not in languages:
            continue
        reason = in_words(kind, name, languages[subscriber])
        one = FollowedPapers(pk, kind, reason, most, papers, waits, rhythm == _DAILY)
        if subscriber in interests:
            interests[subscriber].append(one)
        else:
            interests[subscriber] = [one]
    never: dict[int, set[int]] = {}
    for subscriber, interest in muted:
        if interest in certain:
            never.setdefault(subscriber, set()).update(batch.works_of(certain[interest]))
    return {
        subscriber: Followed(
            tuple(sorted(mine, key=_by_kind) if len(mine) > 1 else mine),
            frozenset(never[subscriber]) if subscriber in never else _NOBODY,
        )
        for subscriber in interests.keys() | never.keys()
        for mine in [interests.get(subscriber, ())]
    }


@lru_cache(maxsize=64)
def _for_followings(vendor: str, days: frozenset[dt.date]) -> bulk_sql.Statement:
    """What readers follow that may bring something: most interests match nothing on a day."""
    matched = InterestMatch.objects.filter(day__in=days, interest=OuterRef("interest_id"))
    waiting = WaitingPaper.objects.filter(following=OuterRef("pk"))
    # Subqueries of one row each. By a join, or by EXISTS, a database that knows little of its
    # tables would read all interests, or all matches of a day.
    found = [
        Subquery(rows.order_by().annotate(one=Value(1)).values("one")[:1])
        for rows in (matched, waiting)
    ]
    return bulk_sql.Statement.of(
        Following.objects.running()
        .alias(found=Coalesce(*found))
        .filter(found__isnull=False)
        .filter(bulk_sql.among(Following, "subscriber_id", ()))
        .order_by("id")
        .values_list(
            "pk",
            "subscriber_id",
            "interest_id",
            Subquery(Interest.objects.filter(pk=OuterRef("interest_id")).values("kind")[:1]),
            "name",
            "most_papers",
            "takes_maybe",
            "rhythm",
        )
    )


@cache
def _for_muted(vendor: str) -> bulk_sql.Statement:
    return bulk_sql.Statement.of(
        Muted.objects.filter(bulk_sql.among(Muted, "subscriber_id", ()))
        .order_by()
        .values_list("subscriber_id", "interest_id")
    )


_DAILY = Following.Rhythm.DAILY.value
_NOBODY: frozenset[int] = frozenset()
_NO_PLACES: dict[int, int] = {}


def _by_kind(one: FollowedPapers) -> tuple[int, int]:
    return ORDER.get(one.kind, 9), one.following


def _matches(
    interest_ids: Collection[int], days: Collection[dt.date], works: Mapping[int, int]
) -> tuple[dict[int, int], dict[int, int], Batch]:
    """By interest the numbers, in the batch that comes with them, of what it certainly matches and
    of what it may mean. A row for each interest, not for each match: making values of rows is what
    such a query costs.
    """
    rows = _for_matches(connection.vendor, tuple(sorted(days))).rows(interest_ids)
    aliases = {pk: work for pk, work in works.items() if pk != work}
    batch = Batch.read([row[2] for row in rows], [row[3] for row in rows], aliases)
    certain = {row[0]: number for number, row in enumerate(rows) if row[1]}
    maybe = {row[0]: number for number, row in enumerate(rows) if not row[1]}
    return certain, maybe, batch


@lru_cache(maxsize=64)
def _for_matches(vendor: str, days: tuple[dt.date, ...]) -> bulk_sql.Statement:
    # Both lists read the rows of a group in one order.
    papers, scores = (
        (
            "string_agg(m.paper_id::text, ',')",
            f"string_agg(round(m.score * {PER_SCORE})::bigint::text, ',')",
        )
        if vendor == "postgresql"
        else (
            "group_concat(m.paper_id)",
            f"group_concat(CAST(round(m.score * {PER_SCORE}) AS INTEGER))",
        )
    )
    return bulk_sql.Statement.for_each(
        f"i.id, m.is_certain, {papers}, {scores}",
        f"{bulk_sql.table(InterestMatch)} m",
        f"m.interest_id = i.id AND m.day IN ({bulk_sql.placeholders(days)})",
        days,
        group_by="m.is_certain",
    )


def _waiting(
    subscriber_ids: Collection[int], delivery_ids: Collection[int]
) -> dict[int, dict[int, int]]:
    """By following, the works that wait for the next email with their places."""
    if not subscriber_ids:
        return {}
    found: dict[int, dict[int, int]] = {}
    rows = _for_waiting(connection.vendor).rows(subscriber_ids)
    mine = set(delivery_ids)
    for following, place, paper, alias_of, left_by, offered_in in rows:
        if left_by not in mine and (offered_in is None or offered_in in mine):
            found.setdefault(following, {})[alias_of or paper] = place
    return found


@cache
def _for_waiting(vendor: str) -> bulk_sql.Statement:
    return bulk_sql.Statement.of(
        WaitingPaper.objects.filter(bulk_sql.among(WaitingPaper, "subscriber_id", ()))
        .order_by("id")
        .values_list(
            "following_id",
            "place_id",
            "place__paper_id",
            "place__paper__merged_into_id",
            "left_by",
            "offered_in",
        )
    )


def pick(
    followed: Followed,
    ranking: Ranking,
    place_of: dict[int, int],
    unwanted: Collection[int],
    room: int,
    *,
    daily_only: bool = False,
) -> Picked:
    """What the interests of a reader bring, in turns: authors, organizations, venues, words, each
    its best first, at most `room` papers and each interest at most its own number.

    `ranking`: how papers stand; by work `place_of` them. `unwanted`: works that the reader had
    or never wants. A paper that several interests bring counts for the first one that has its
    turn, and is given for all. Papers that wait come with those of the day, after them.
    """
    queues: list[_Queue] = []
    waited: dict[int, int] = {}
    offered: list[int] = []
    for one in followed.interests:
        if daily_only and not one.is_daily:
            continue
        today = one.papers.ranked(ranking)
        if unwanted:
            today = [work for work in today if work not in unwanted]
        candidates = today
        if one.waiting:
            offered.append(one.following)
            waits = [w for w in one.waiting if w not in unwanted and w not in today]
            last = len(ranking)
            waits.sort(key=lambda work: (ranking.get(work, last), work))
            waited |= one.waiting
            candidates = today + waits
        if candidates:
            queues.append((one, candidates, len(today)))
    if not queues:
        return Picked(offered=tuple(offered)) if offered else NONE_PICKED
    places = ChainMap(place_of, waited) if waited else place_of
    # All of this email may be such that are left, for their topics; half of it is room at least.
    first_left = MOST_WAITING + 2 * room + 1
    if len(queues) == 1:  # as for most readers
        found = _from_one(queues[0], places, room, first_left)
    else:
        found = _from_several(queues, places, room, first_left, some_waited=bool(waited))
    return found._replace(offered=tuple(offered)) if offered else found


_Queue = tuple[FollowedPapers, list[int], int]
"""The papers of one interest to choose from: the interest, the works, and how many of these, the
first ones, are of the day; the others waited.
"""


def _from_one(queue: _Queue, places: Mapping[int, int], room: int, first_left: int) -> Picked:
    one, candidates, of_today = queue
    most = min(room, one.most)
    owner, reason = (one.following,), one.reason
    picks = tuple([(work, places[work], owner, reason) for work in candidates[:most]])
    if of_today <= most:
        return Picked(picks)
    first = candidates[most : min(of_today, most + first_left)]
    return Picked(
        picks,
        frozenset(candidates[most:of_today]),
        tuple([(work, one.following) for work in first]),
    )


def _from_several(
    queues: Sequence[_Queue],
    places: Mapping[int, int],
    room: int,
    first_left: int,
    *,
    some_waited: bool,
) -> Picked:
    together = frozenset().union(*[candidates for _, candidates, _ in queues])
    several = len(together)
    if (
        several <= room
        and several == sum([len(candidates) for _, candidates, _ in queues])
        and all(len(candidates) <= one.most for one, candidates, _ in queues)
    ):
        # As for nearly all others: there is room for everything, and nothing is there twice.
        owners = [((one.following,), one.reason) for one, _, _ in queues]
        turns = zip_longest(*[candidates for _, candidates, _ in queues])
        return Picked(
            tuple(
                [
                    (work, places[work], followings, reason)
                    for turn in turns
                    for (followings, reason), work in zip(owners, turn, strict=True)
                    if work is not None
                ]
            )
        )
    chosen = _in_turns(queues, room)
    owned = [(one, chosen.keys() & candidates) for one, candidates, _ in queues]
    picks = tuple(
        [
            _picked(work, places[work], [one for one, mine in owned if work in mine])
            for work in chosen
        ]
    )
    if len(chosen) == several:
        return Picked(picks)
    if some_waited:
        together = frozenset().union(*[works[:of_today] for _, works, of_today in queues])
    left = together.difference(chosen)
    first: dict[int, int] = {}
    for one, candidates, of_today in queues:
        for work in candidates[:of_today]:
            if len(first) >= first_left:
                break
            if work in left and work not in first:
                first[work] = one.following
    return Picked(picks, left, tuple(first.items()))


def _in_turns(queues: Sequence[_Queue], room: int) -> dict[int, None]:
    """At most `room` works, one of each interest in turn; as the keys, in that order."""
    chosen: dict[int, None] = {}
    taken = [0] * len(queues)
    at = [0] * len(queues)
    is_moving = True
    while is_moving and len(chosen) < room:
        is_moving = False
        for number, (one, candidates, _) in enumerate(queues):
            if len(chosen) >= room or taken[number] >= one.most:
                continue
            while at[number] < len(candidates) and candidates[at[number]] in chosen:
                at[number] += 1
            if at[number] < len(candidates):
                chosen[candidates[at[number]]] = None
                at[number] += 1
                taken[number] += 1
                is_moving = True
    return chosen


def _picked(work: int, place: int, reasons: Sequence[FollowedPapers]) -> Pick:
    return (
        work,
        place,
        tuple([one.following for one in reasons]),
        BETWEEN_REASONS.join([one.reason for one in reasons]),
    )


NONE_PICKED = Picked()


# --- The ledger --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """What a delivery had no room for: the places of papers with what they are followed for."""

    delivery: int
    subscriber: int
    day: dt.date
    places: tuple[tuple[int, int], ...]
    """Pairs of a following and a place."""


_is_followed = attrgetter("followings")


def stored_form(choices: Iterable[Choice]) -> str:
    """What `Delivery.interests` is to hold, as JSON: by place the numbers of what its paper is
    followed for.
    """
    places = [
        f'"{choice.place.id}":[{",".join(map(str, choice.followings))}]'
        for choice in takewhile(_is_followed, choices)  # they come first
    ]
    return f"{{{','.join(places)}}}"


def record(left: Iterable[Left], offered: Mapping[int, int]) -> None:
    """Keep what the emails of a batch leave for the next ones, before they are sent, and which of
    them offered what had waited (by following the delivery). A statement for each, and none where
    there is nothing.
    """
    if offered:
        table = bulk_sql.table(WaitingPaper)
        source = bulk_sql.rows({"following": "id", "delivery": "id"})
        named = [{"following": pk, "delivery": delivery} for pk, delivery in offered.items()]
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET offered_in = r.delivery FROM {source} "  # noqa: S608
                f"WHERE {table}.following_id = r.following AND {table}.offered_in IS NULL "
                f"AND {table}.left_by <> r.delivery",
                [json.dumps(named)],
            )
    # Put together as text, for all values are numbers and days of our own.
    waits = [
        f'[{one.subscriber},{one.delivery},"{one.day}",'
        f"[{','.join([f'[{following},{place}]' for following, place in one.places])}]]"
        for one in left
    ]
    if waits:
        _insert(f"[{','.join(waits)}]")


def _insert(waits: str) -> None:
    """Add papers that wait; those that do already stay as they are. One statement."""
    table = bulk_sql.table(WaitingPaper)
    columns = "(subscriber_id, left_by, day, following_id, place_id)"
    if connection.vendor == "postgresql":
        read = (
            "SELECT (v ->> 0)::bigint, (v ->> 1)::bigint, (v ->> 2)::date, (w ->> 0)::bigint,"
            " (w ->> 1)::bigint FROM jsonb_array_elements(%s::jsonb) AS r(v)"
            " CROSS JOIN jsonb_array_elements(v -> 3) AS s(w)"
        )
    else:
        fields = ", ".join(
            f"json_extract({name}.value, '$[{at}]')"
            for name, at in (("r", 0), ("r", 1), ("r", 2), ("s", 0), ("s", 1))
        )
        read = (
            f"SELECT {fields} FROM json_each(%s) AS r "  # noqa: S608 - names of our own
            "CROSS JOIN json_each(json_extract(r.value, '$[3]')) AS s WHERE true"
        )
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} {columns} {read} ON CONFLICT DO NOTHING", [waits])


def reasons_in(deliveries: Iterable[Delivery]) -> dict[int, dict[int, str]]:
    """By delivery and place, for what its reader followed and still follows the paper was chosen,
    in words. One query.
    """
    kept = {one.pk: one.interests for one in deliveries if one.interests}
    numbers = {number for places in kept.values() for mine in places.values() for number in mine}
    if not numbers:
        return {}
    rows = Following.objects.filter(pk__in=numbers).values_list("pk", "interest__kind", "name")
    names = {pk: reason_of(kind, name) for pk, kind, name in rows}
    return {
        pk: {
            int(place): " · ".join(names[number] for number in mine if number in names)
            for place, mine in places.items()
        }
        for pk, places in kept.items()
    }


def with_reason(followed: str, why: str) -> str:
    """A paper's reason: what it is followed for, and what else it was chosen for."""
    return " · ".join(filter(None, (followed, why)))
