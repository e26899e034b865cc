"""arXiv by category: what the daily announcement lists, from the feeds and, where those fall short,
from OAI-PMH or, where that does not answer either, from the query API.

`GET /rss/cs.CL+cs.LG` answers with one announcement (https://info.arxiv.org/help/rss.html): a feed
is made at midnight US Eastern, which is its date, and holds what was announced the evening before.
Saturdays, Sundays and the holidays of arXiv have empty feeds. An item says whether it is `new`,
`cross` (in another category before, or there as well), `replace` or `replace-cross` (a later
version). There is no paging and no past: a feed holds at most 2,000 items, and the next one takes
its place.

So archives are asked for one at a time, a feed with 2,000 items counts as cut, and a cut or missed
day is made good from OAI-PMH. There, a paper is new when it has one version only and this site does
not know it; when it was submitted says nothing, for a moderator may have held it for weeks. One of
several versions is new, too, if its first one came in too late to be announced before the days that
were missed: so it was announced and replaced within them. What was cross-listed on a day cannot be
told from what merely changed, so those are lost, and the run says so. The query API knows when a
paper was submitted and not when it was announced: it is asked for the days before as well, as far
back as this row has read every list, for there what is unknown was held.
"""

import copy
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx
from django.conf import settings

from papers.sources import (
    arxiv,
    arxiv_announcement,
    arxiv_oai,
    arxiv_query,
    arxiv_taxonomy,
    http,
    xml,
)
from papers.sources.arxiv_announcement import (
    CROSS,
    EASTERN,
    NEW,
    REPLACED,
    Feed,
    Item,
    announcements,
    may_be_empty,
)
from papers.sources.base import FetchFailed, LeftOut, PaperSource
from papers.sources.record import (
    IS_PREPRINT_OF,
    LISTED,
    NEW_TO_SITE,
    NEW_TO_SOURCE,
    NOT_LISTED,
    Draft,
    Relation,
)
from papers.sources.settings import SourceSettings, setting

MOST_ITEMS = 2_000
"""Of one feed; arXiv cuts longer ones without a word."""

DAYS_KEPT = 40
"""Days of which a row remembers that they were read."""

LONGEST_GAP = dt.timedelta(days=31)
"""How far back missed days are made good."""

OLDEST = 12
"""Months between a paper's identifier, which says when arXiv took it in, and its datestamp. Beyond
that a record was stamped anew, as happens to many at once, and its paper is not new."""

LONGEST_HELD = dt.timedelta(days=21)
"""How long before a missed day the query API is asked for papers that a moderator may have held."""

REPLACED_WITHIN = dt.timedelta(days=7)
"""How long after a past day its papers are looked for under the datestamp of a later version."""

OAI, QUERY = "OAI-PMH", "the query API"


@dataclass(frozen=True, slots=True)
class ArxivSettings(SourceSettings):
    """Which archives and categories."""

    categories: tuple[str, ...] = setting(
        (),
        f"Whole archives or single categories. “{arxiv_taxonomy.ALL_OF_PHYSICS}” stands for the "
        f"whole group of physics, which is {', '.join(arxiv_taxonomy.physics())}; “physics” "
        "alone for the archive of that name.",
        label="Archives and categories",
        is_required=True,
        choices=arxiv_taxonomy.choices(),
    )
    with_cross_lists: bool = setting(
        True,
        "Also list papers from other categories that are cross-listed in these, each once.",
        label="Include cross-lists",
    )
    most_papers: int = setting(
        10_000,
        (
            "How many papers to take per day: new ones first, then cross-lists, then updates "
            "of replaced ones."
        ),
        label="Papers per day, at most",
        least=1,
        most=20_000,
    )


class ArxivListing(PaperSource[ArxivSettings]):
    """Reads the feeds at `ARXIV_RSS_URL`, records at `ARXIV_OAI_URL`, queries at `ARXIV_URL`."""

    kind = "arxiv"
    label = "arXiv by category"
    Settings = ArxivSettings
    acknowledgment = "Thank you to arXiv for use of its open access interoperability."

    def items(self, day: dt.date) -> Iterable[Item]:
        """What was announced on `day`, and what of earlier days had been missed: new papers first,
        then cross-lists, then what was replaced.
        """
        units = arxiv_taxonomy.by_archive(self.settings.categories)
        found: dict[str, Item] = {}
        failures: list[FetchFailed] = []
        complete: list[bool] = []
        with http.client("application/rss+xml, application/atom+xml, application/xml") as client:
            for archive, wanted in units.items():
                before = copy.deepcopy(self.state)
                try:
                    items, is_complete = self._announced(client, day, archive, wanted)
                except FetchFailed as error:
                    self.state = before
                    failures.append(error)
                    continue
                complete.append(is_complete)
                for item in items:
                    found[item.arxiv_id] = _stronger(found.get(item.arxiv_id), item)
        if failures and not complete:
            raise failures[0]
        self.notes += (f"{error} The next fetch will try again." for error in failures)
        self.is_complete = bool(complete) and all(complete) and not failures
        return sorted(found.values(), key=_order)

    def draft(self, item: Any) -> Draft:
        """The item's facts; those of a withdrawal are that the paper is withdrawn."""
        if item.announced_as == CROSS and not self.settings.with_cross_lists:
            raise LeftOut("cross-listed")
        is_gone = arxiv_oai.is_withdrawn(item.abstract, item.comments)
        return Draft(
            id=item.arxiv_id,
            title=item.title,
            abstract="" if is_gone and arxiv_oai.is_withdrawn(item.abstract) else item.abstract,
            authors=item.authors,
            categories=list(item.categories),
            published_on=item.published_on,
            relations=(Relation(IS_PREPRINT_OF, f"doi:{item.doi}"),) if item.doi else (),
            version=item.version,
            kind="preprint",
            license=item.license,
            free_url=f"https://arxiv.org/abs/{item.arxiv_id}",
            status="withdrawn" if is_gone else "",
            source_day=item.day,
            listing=NOT_LISTED if is_gone else item.listing,
        )

    # --- One archive ---------------------------------------------------------------------------

    def _announced(
        self, client: httpx.Client, day: dt.date, archive: str, wanted: Sequence[str]
    ) -> tuple[list[Item], bool]:
        """What the archive announced on `day`, with what was missed before; and whether that is
        all there will be.
        """
        kept = self._kept(wanted)
        known = _date(kept.get("day"))
        if day.isoformat() in _done(kept):  # an announcement does not change any more
            if day != known:
                return [], True
            self.notes.append(f"{_named(wanted)}: already read.")
            return self._missed(client, archive, wanted, kept, day, ()), "missed_from" not in kept
        feed = self._feed(client, wanted, kept)
        at = known if feed is None else feed.day
        if at is None:
            self.notes.append(
                f"The feed for {_named(wanted)} has no date, so it's taken to be for {day}."
            )
            at = day
        if at > day:
            return self._past(client, archive, wanted, kept, day), True
        is_out = at == day
        if feed is None:  # it is the one that was read last, and the next is not out
            return self._missed(client, archive, wanted, kept, at, ()), False
        items = list(feed.items) if is_out or known is None or known < at else []
        if not is_out:
            # An earlier day's feed that still stands: what it lists is late, but not lost.
            items = [replace(one, listing=_late(one.listing)) for one in items]
        if feed.size >= MOST_ITEMS and items:
            self.notes.append(
                f"The feed of {_named(wanted)} of {at} has {feed.size:,} items, so it was cut "
                "off. It was completed from OAI-PMH, except for cross-lists."
            )
            have = {one.arxiv_id for one in items}
            items += (
                one
                for one in self._from_records(client, archive, wanted, at, at, say=False)
                if one.arxiv_id not in have
            )
        if is_out and not feed.items and not may_be_empty(at):
            self.notes.append(
                f"The feed of {_named(wanted)} of {at} is empty, though we know of no arXiv "
                "holiday. It will be requested again."
            )
            return [], False
        items += self._missed(client, archive, wanted, kept, at, items)
        kept["day"], kept["etag"] = at.isoformat(), feed.etag
        _finish(kept, at)
        return items, is_out and "missed_from" not in kept

    def _past(
        self,
        client: httpx.Client,
        archive: str,
        wanted: Sequence[str],
        kept: dict[str, Any],
        day: dt.date,
    ) -> list[Item]:
        """What was announced on a day whose feed is gone."""
        items: list[Item] = []
        if day.weekday() < 5:
            items = self._from_records(client, archive, wanted, day, day)
        known = _date(kept.get("day"))
        is_next = known is not None and not list(announcements(known + dt.timedelta(days=1), day))
        if known and known < day and is_next:
            kept["day"] = day.isoformat()
        _finish(kept, day)
        return items

    def _missed(
        self,
        client: httpx.Client,
        archive: str,
        wanted: Sequence[str],
        kept: dict[str, Any],
        at: dt.date,
        have: Sequence[Item],
    ) -> list[Item]:
        """What was announced between the last feed that was read and that of the day `at`. Where
        it cannot be had now, the next fetch asks again.
        """
        known = _date(kept.get("day"))
        first = _date(kept.get("missed_from"))
        if first is None and known and known < at:
            first = next(iter(announcements(known + dt.timedelta(days=1), at)), None)
        if first is None:
            return []
        if at - first > LONGEST_GAP:
            self.notes.append(
                f"{_named(wanted)} wasn't read from {first} on. Days before {at - LONGEST_GAP} "
                "won't be recovered."
            )
            first = at - LONGEST_GAP
        try:
            records = self._from_records(client, archive, wanted, first, None)
        except FetchFailed as error:
            kept["missed_from"] = first.isoformat()
            self.notes.append(
                f"{_named(wanted)} wasn't read from {first} on. The next fetch will try again. "
                f"{error}"
            )
            return []
        kept.pop("missed_from", None)
        for day in announcements(first, at):
            _finish(kept, day)
        taken = {one.arxiv_id for one in have}
        return [one for one in records if one.arxiv_id not in taken]

    def _from_records(
        self,
        client: httpx.Client,
        archive: str,
        wanted: Sequence[str],
        first: dt.date,
        last: dt.date | None,
        *,
        say: bool = True,
    ) -> list[Item]:
        """The papers that were announced from `first` to `last`, or until now, as far as records
        tell: those of one version are new if this site does not know them, and so are those of
        several of which the first cannot have been announced before. Other versions bring facts,
        and what has its primary category elsewhere may or may not have been a cross-list.
        """
        records, held_from, door = self._records(client, archive, wanted, first, last)
        items: list[Item] = []
        for record in records:
            if not record.categories:
                continue
            if not any(arxiv_taxonomy.is_in(category, wanted) for category in record.categories):
                continue
            at = record.submitted
            possible = arxiv_query.first_possible(at) if at else None
            if last and possible and possible > last:
                continue  # announced after these days: not theirs
            is_within = possible is not None and possible >= first
            if door == QUERY:
                is_new = is_within or (record.versions == 1 and held_from is not None)
                day = max(first, possible or first)
            else:
                is_of_one = record.versions == 1 and not _is_stamped_anew(record)
                is_late = last is not None and record.datestamp > last
                # One version with a later datestamp was held, and is listed on that day.
                is_new = (is_of_one and not is_late) or (is_within and record.versions > 1)
                day = (possible if is_within else None) or record.datestamp
                if is_late and not is_new:
                    continue  # of a later day
            if is_new and not arxiv_taxonomy.is_in(record.categories[0], wanted):
                self.left_out["cross-listed on a missed day, perhaps"] += 1
                continue
            if not is_new and record.versions == 1:
                self.left_out["an old record with a new date"] += 1
                continue
            items.append(_of_record(record, NEW_TO_SITE if is_new else NOT_LISTED, day))
        if say:
            until = f" to {last}" if last and last != first else "" if last else " on"
            self.notes.append(
                f"{_named(wanted)} from {first}{until} was recovered from {door}. What was only "
                "cross-listed on a missed day cannot be recovered."
            )
        return items

    def _records(
        self,
        client: httpx.Client,
        archive: str,
        wanted: Sequence[str],
        first: dt.date,
        last: dt.date | None,
    ) -> tuple[list[arxiv_oai.Harvested], dt.date | None, str]:
        """What was announced or changed from `first` to `last`, or until now; of the query API,
        the first day from which it may tell of papers that were held; and who said all that.
        """
        one = arxiv_taxonomy.archives()[archive]
        oai_set = one.oai_set
        if len(wanted) == 1 and "." in wanted[0]:
            oai_set += ":" + wanted[0].partition(".")[2]
        until = min(last + REPLACED_WITHIN, max(last, self.now.date())) if last else None
        said: list[str] = []
        try:
            harvested = list(
                arxiv_oai.harvest(client, oai_set, first, until, notes=said, now=self.now)
            )
            self.notes += said
            return harvested, None, OAI
        except http.Busy:
            raise  # all doors of arXiv are closed then
        except FetchFailed as error:
            failed = error
        held_from = self._read_since(wanted, first)
        start = held_from or first - dt.timedelta(days=5)  # over a weekend and a holiday
        end = self.now
        if last:
            end = min(end, dt.datetime.combine(last, dt.time(), EASTERN))
        said = []
        try:
            found = list(
                arxiv_query.search(
                    client,
                    wanted,
                    dt.datetime.combine(start, dt.time(), EASTERN),
                    end,
                    notes=said,
                    now=self.now,
                )
            )
        except FetchFailed as error:
            raise FetchFailed(f"{failed} Nor did the query API help: {error}") from error
        self.notes += said
        lost = f"before {held_from}" if held_from else "earlier"
        self.notes.append(
            f"OAI-PMH did not answer, so {_named(wanted)} was asked of the query API, which does "
            f"not say when a paper was announced: what was submitted {lost} and held by moderators "
            f"until then cannot be recovered. {failed}"
        )
        return found, held_from, QUERY

    def _read_since(self, wanted: Sequence[str], first: dt.date) -> dt.date | None:
        """The first of the days up to `first` on which this row read every list, at most
        `LONGEST_HELD` before: what was announced since then is known. None where it missed the
        last one before.
        """
        done = set(_done(self._kept(wanted)))
        since, day = None, first - dt.timedelta(days=1)
        while first - day <= LONGEST_HELD:
            if day.isoformat() in done:
                since = day
            elif not may_be_empty(day):
                break
            day -= dt.timedelta(days=1)
        return since

    # --- Feeds ---------------------------------------------------------------------------------

    def _kept(self, wanted: Sequence[str]) -> dict[str, Any]:
        """What the row keeps of the feed of these categories; to be changed in place."""
        feeds = self.state.setdefault("feeds", {})
        if not isinstance(feeds, dict):
            feeds = self.state["feeds"] = {}
        kept = feeds.setdefault("+".join(wanted), {})
        if not isinstance(kept, dict):
            kept = feeds["+".join(wanted)] = {}
        return kept

    def _feed(
        self, client: httpx.Client, wanted: Sequence[str], kept: dict[str, Any]
    ) -> Feed | None:
        """The feed of these categories; None where it is the one that was read last.

        RSS, or Atom where that has a fault of its own. Where the categories together are refused,
        which one bad name does to all of them, they are asked for one by one.
        """
        joined = "+".join(wanted)
        try:
            return self._either(client, joined, kept)
        except http.Refused as error:
            if len(wanted) == 1:
                raise
            feeds: list[Feed] = []
            for category in wanted:
                try:
                    feed = self._either(client, category, {})
                except http.Refused as refused:
                    self.notes.append(f"{category} was refused: {refused}")
                    continue
                if feed:
                    feeds.append(feed)
            if not feeds:
                raise error from None
            days = [feed.day for feed in feeds if feed.day]
            day = max(days) if days else None
            current = [feed for feed in feeds if feed.day in {day, None}]
            return Feed(
                day,
                tuple(item for feed in current for item in feed.items),
                max(feed.size for feed in current),
            )

    def _either(self, client: httpx.Client, path: str, kept: dict[str, Any]) -> Feed | None:
        try:
            return self._one(client, "rss", path, kept)
        except FetchFailed as error:
            is_gone = isinstance(error, http.Refused) and error.status in {404, 410}
            if not is_gone and not isinstance(error.__cause__, xml.Unreadable):
                raise
            try:
                return self._one(client, "atom", path, {})
            except FetchFailed:
                raise error from None

    def _one(self, client: httpx.Client, form: str, path: str, kept: dict[str, Any]) -> Feed | None:
        """One feed, asked for under the condition that it is another than the one kept."""
        etag = kept.get("etag")
        condition = {"If-None-Match": etag} if isinstance(etag, str) and etag else {}
        said: list[str] = []
        try:
            feed = arxiv.ask(
                client,
                f"{str(settings.ARXIV_RSS_URL).rstrip('/')}/{form}/{path}",
                {},
                lambda body: arxiv_announcement.read(body, self.now),
                for_what=f"/{form}/{path}",
                patience=arxiv_oai.PATIENCE,
                headers=condition,
                on_headers=lambda headers: said.append(headers.get("etag", "")[:200]),
                now=self.now,
            )
        except http.Refused as error:
            if error.status == 304 and condition:
                return None
            raise
        return replace(feed, etag=said[-1])


def _done(kept: dict[str, Any]) -> list[str]:
    """The days whose announcements were read, or made good."""
    done = kept.get("done")
    return done if isinstance(done, list) else []


def _finish(kept: dict[str, Any], day: dt.date) -> None:
    """Keep that nothing more is to be had of `day`."""
    kept["done"] = sorted({*_done(kept), day.isoformat()})[-DAYS_KEPT:]


def _of_record(record: arxiv_oai.Harvested, listing: str, day: dt.date) -> Item:
    return Item(
        arxiv_id=record.arxiv_id,
        announced_as=REPLACED if listing == NOT_LISTED else NEW,
        version=record.versions,
        title=record.title,
        abstract=record.abstract,
        authors=record.authors,
        categories=record.categories,
        doi=record.doi,
        license=record.license,
        day=day,
        published_on=None if listing == NOT_LISTED else day,  # as the feed says
        listing=listing,
        comments=record.comments,
    )


def _is_stamped_anew(record: arxiv_oai.Harvested) -> bool:
    """Whether arXiv took the paper in long before the record's datestamp."""
    number = record.arxiv_id.rpartition("/")[2]
    try:
        year, month = int(number[:2]), int(number[2:4])
    except ValueError:
        return False
    year += 1900 if year > 90 else 2000
    stamped = record.datestamp
    return (stamped.year - year) * 12 + stamped.month - month > OLDEST


def _stronger(known: Item | None, other: Item) -> Item:
    """Of one paper in two archives: new in one, or else cross-listed."""
    return other if known is None or _order(other) < _order(known) else known


def _order(item: Item) -> int:
    return [LISTED, NEW_TO_SITE, NEW_TO_SOURCE, NOT_LISTED].index(item.listing)


def _late(listing: str) -> str:
    return NEW_TO_SITE if listing == LISTED else listing


def _named(wanted: Sequence[str]) -> str:
    return ", ".join(wanted) if len(wanted) < 6 else f"{wanted[0]} and {len(wanted) - 1} more"


def _date(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
