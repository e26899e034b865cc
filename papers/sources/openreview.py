"""OpenReview by venue: https://docs.openreview.net.

`GET /notes?content.venueid=ICLR.cc/2026/Conference&limit=1000&offset=0` answers with `notes`, a
page of papers that were accepted there; those of `…/Submission` are under review, and there are
`…/Withdrawn_Submission`, `…/Rejected_Submission` and `…/Desk_Rejected_Submission`. Each field of
a note's `content` is an object with a `value`; authors are a list of names or of objects. `pdate`
says when a note was published, which may be long before its `cdate`, the day on which OpenReview
got it. Venues of earlier years are answered by the older service, api.openreview.net, without the
objects around the values.

The service lists a venue, not a day: what is listed on a day is what it had not given before. From
a venue that is asked for the first time only what was published in the last days is listed. It may
be asked about a hundred times in half an hour.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from django.conf import settings

from papers.sources import http, polite
from papers.sources.base import FetchFailed, LeftOut, PaperSource
from papers.sources.record import (
    IS_IDENTICAL_TO,
    NEW_TO_SOURCE,
    NOT_LISTED,
    Author,
    BadRecord,
    Draft,
    Relation,
)
from papers.sources.settings import SourceSettings, setting

PAGE = 1_000

MOST_NOTES = 10_000
"""Of one venue: the service counts no further."""

RECENT = dt.timedelta(days=3)
"""How old a paper may be to be listed when its venue is asked for the first time."""

SITE = "https://openreview.net"

DOOR = polite.Door("OpenReview", "papers.openreview", least=30 * 60, longest=6 * 3600, pause=2)

SUBMITTED, WITHDRAWN = "/Submission", "/Withdrawn_Submission"


@dataclass(frozen=True, slots=True)
class OpenReviewSettings(SourceSettings):
    """Which venues, and whether what is under review is listed too."""

    venues: tuple[str, ...] = setting(
        (),
        "Venue IDs, one per line, such as ICLR.cc/2026/Conference or TMLR. The ID is in the "
        "address of the venue's page: https://openreview.net/group?id=ICLR.cc/2026/Conference.",
        is_required=True,
        most=20,
    )
    with_submissions: bool = setting(
        False,
        "Also list papers that are under review, where the venue shows them.",
        label="Include submissions",
    )
    every_minutes: int = setting(
        360,
        "Minutes between two fetches. OpenReview refuses frequent requests.",
        label="Fetched every",
        least=0,
        most=24 * 60,
    )


@dataclass(frozen=True, slots=True)
class Note:
    """One note, the venue that was asked for, and whether that was for the first time."""

    data: Any
    venue: str
    is_first: bool


class OpenReview(PaperSource[OpenReviewSettings]):
    """Reads the notes of venues at `OPENREVIEW_URL`."""

    kind = "openreview"
    label = "OpenReview venue"
    Settings = OpenReviewSettings
    answers_for_past = False

    def items(self, day: dt.date) -> Iterable[Note]:
        """The notes of all venues; `day` does not matter. A venue that cannot be read costs only
        itself, unless it is the only one.
        """
        known = self.state.setdefault("venues", {})
        if not isinstance(known, dict):
            known = self.state["venues"] = {}
        notes: list[Note] = []
        failures: list[FetchFailed] = []
        with http.client("application/json") as client:
            for venue in self.settings.venues:
                try:
                    found = list(self._of_venue(client, venue))
                except FetchFailed as error:
                    failures.append(error)
                    continue
                notes += (Note(note, venue, venue not in known) for note in found)
                if found:
                    known.setdefault(venue, self.now.date().isoformat())
                else:
                    self.notes.append(f"{venue} has no papers, or the ID is misspelled.")
        if failures and len(failures) == len(self.settings.venues):
            raise failures[0]
        self.notes += (f"{error} The next fetch will try again." for error in failures)
        return notes

    def draft(self, item: Note) -> Draft:
        """The facts of a note. Raises `LeftOut` for what is not of the venue, `BadRecord`."""
        note = item.data
        content = note.get("content") if isinstance(note, dict) else None
        if not isinstance(content, dict):
            raise BadRecord("it has no content")
        state = str(_value(content, "venueid") or "").removeprefix(item.venue)
        is_withdrawn = state == WITHDRAWN
        if state in {"/Rejected_Submission", "/Desk_Rejected_Submission"}:
            raise LeftOut("rejected")
        if state == SUBMITTED and not self.settings.with_submissions:
            raise LeftOut("under review")
        if state not in {"", SUBMITTED, WITHDRAWN}:
            raise LeftOut("of other venues")
        readers = note.get("readers")
        if isinstance(readers, list) and readers and "everyone" not in readers:
            raise LeftOut("not public")
        if not isinstance(note.get("id"), str):
            raise BadRecord("it has no identifier")
        created = _day(note.get("cdate")) or _day(note.get("tcdate"))
        published = _day(note.get("pdate")) or _day(note.get("odate")) or created
        listing = NEW_TO_SOURCE
        if is_withdrawn or (item.is_first and not self._is_recent(published)):
            listing = NOT_LISTED
        return Draft(
            id=f"openreview:{note.get('forum') or note['id']}",
            title=_value(content, "title"),
            abstract=_value(content, "abstract"),
            summary=_value(content, "TLDR") or _value(content, "TL;DR"),
            authors=_authors(_value(content, "authors"), _value(content, "authorids")),
            keywords=_value(content, "keywords"),
            categories=[f"openreview:{item.venue}"],
            published_on=published.isoformat() if published else None,
            relations=tuple(
                Relation(IS_IDENTICAL_TO, name.lower())
                for name in note.get("externalIds") or ()
                if isinstance(name, str) and name.lower().startswith("doi:10.")
            ),
            kind="preprint" if state == SUBMITTED else "proceedings",
            venue=_value(content, "venue") or item.venue,
            license=note.get("license"),
            free_url=_pdf(_value(content, "pdf"), note),
            status="withdrawn" if is_withdrawn else "",
            source_day=published,
            listing=listing,
        )

    def _is_recent(self, day: dt.date | None) -> bool:
        return day is not None and self.now.date() - day <= RECENT

    def _of_venue(self, client: httpx.Client, venue: str) -> Iterator[Any]:
        states = ["", SUBMITTED, WITHDRAWN] if self.settings.with_submissions else [""]
        for state in states:
            found = 0
            for base in _bases():
                for note in self._pages(client, base, venue + state):
                    found += 1
                    yield note
                if found:
                    break

    def _pages(self, client: httpx.Client, base: str, venueid: str) -> Iterator[Any]:
        offset = 0
        while offset < MOST_NOTES:
            DOOR.check(self.now)
            query = {"content.venueid": venueid, "limit": str(PAGE), "offset": str(offset)}
            try:
                count, notes = http.ask(
                    client,
                    self.name,
                    f"{base}/notes",
                    query,
                    read,
                    for_what=f"{venueid}, from note {offset}",
                    attempts=2,
                    turn=DOOR.turn,
                )
            except http.Busy as error:
                DOOR.close(error.wait or 0, self.now)
                raise
            DOOR.reopen()
            yield from notes
            offset += len(notes)
            if not notes or offset >= count:
                return
        self.notes.append(f"{venueid} has more than the {MOST_NOTES:,} notes that can be read.")


def read(body: bytes) -> tuple[int, list[Any]]:
    """How many notes there are, as far as the service counts, and those of a page. Raises
    `TryAgain`.
    """
    data = http.json_object(body)
    notes, count = data.get("notes"), data.get("count")
    if not isinstance(notes, list):
        raise http.TryAgain(f"answers without notes ({str(data.get('message', ''))[:100]})")
    return count if isinstance(count, int) else len(notes), notes


def _bases() -> tuple[str, ...]:
    """The service, and the older one beside it where it is OpenReview's own."""
    base = str(settings.OPENREVIEW_URL).rstrip("/")
    parts = urlsplit(base)
    if not parts.netloc.startswith("api2."):
        return (base,)
    return base, urlunsplit(parts._replace(netloc=parts.netloc.replace("api2.", "api.", 1)))


def _value(content: Mapping[str, Any], name: str) -> Any:
    """A field's value, in the object of today's service or bare."""
    value = content.get(name)
    return value.get("value") if isinstance(value, dict) else value


def _authors(names: Any, ids: Any) -> tuple[Author, ...]:
    """The authors, from a list of names or of objects, with the profiles where they have some."""
    if not isinstance(names, list):
        return ()
    profiles = ids if isinstance(ids, list) and len(ids) == len(names) else [None] * len(names)
    found = []
    for one, profile in zip(names, profiles, strict=True):
        if isinstance(one, dict):
            name, profile = one.get("fullname") or one.get("name"), one.get("username")
        else:
            name = one
        if not isinstance(name, str) or not name.strip():
            continue
        has_profile = isinstance(profile, str) and profile.startswith("~")
        found.append(
            Author(
                name=" ".join(name.split()),
                ids=(("openreview", profile),) if has_profile else (),
            )
        )
    return tuple(found)


def _pdf(value: Any, note: Mapping[str, Any]) -> str:
    """Where the paper can be read: its PDF, absolute or on the site, else its page."""
    if isinstance(value, str) and value.startswith("/"):
        return SITE + value
    if isinstance(value, str) and value.startswith("https://"):
        return value
    return f"{SITE}/forum?id={note.get('forum') or note['id']}"


def _day(value: Any) -> dt.date | None:
    """The day of a moment in milliseconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        day = dt.datetime.fromtimestamp(value / 1000, dt.UTC).date()
    except (OverflowError, OSError, ValueError):
        return None
    return day if 1950 <= day.year <= 2100 else None
