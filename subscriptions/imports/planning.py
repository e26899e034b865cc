"""What one record of a file asks for. Nothing here looks into the database but for the topics."""

import csv
import datetime as dt
import json
import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from papers.models import Topic
from subscriptions.addresses import BadAddress, address_hashes, checked, key_of
from subscriptions.imports.files import Record, UnreadableFile
from subscriptions.imports.options import Options
from subscriptions.imports.profiles import (
    COLUMNS,
    FLAGS,
    NEVER,
    NO,
    TIMES_OF_NO,
    WHOLE_FILES_OF_NO,
    WORDS,
    YES,
    Profile,
    Said,
)

_EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
_DAY_FIRST = re.compile(r"(\d\d?)[-/.](\d\d?)[-/.](\d{4})(.*)", re.DOTALL)
_ZONE_WORDS = re.compile(r"\s*(?:UTC|GMT)$")
_SPACE_BEFORE_OFFSET = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")
_TOO_FINE = re.compile(r"(\.\d{6})\d+")


@dataclass(slots=True)
class Plan:
    """What a record asks for: an address with what is said of it, or why there is none."""

    line: int
    email: str = ""
    key: str = ""
    hashes: tuple[str, ...] = ()
    said: Said = Said.UNKNOWN
    given_at: dt.datetime | None = None
    topics: frozenset[int] = frozenset()
    problem: str = ""
    no_at: dt.datetime | None = None
    """When the reader said no, where the file says so."""
    cells: dict[str, str] | None = None
    """The whole record of an export of our own."""


class Planner:
    """Reads records under one heading.

    Raises `UnreadableFile` where the heading holds no address, or nothing that says who may be
    emailed in an export that must.
    """

    def __init__(
        self, heading: list[str], profile: Profile, options: Options, now: dt.datetime
    ) -> None:
        self._names = [name.casefold() for name in heading]
        self._profile, self._now = profile, now
        self._zone = zoneinfo.ZoneInfo(options.date_zone)
        self.is_ours = profile.key == "broadsheet"
        named = {what: self._column(what, name) for what, name in options.columns.items()}
        self.email = named.get("email", self._find("email"))
        if self.email is None:
            shown = ", ".join(f"“{name[:40]}”" for name in heading[:12])
            raise UnreadableFile(
                f"No column holds email addresses. The headings are {shown}. "
                "Name the column, such as email = Contact."
            )
        if profile.needs_state and not set(profile.needs_state) & set(self._names):
            wanted = " or ".join(name.upper() for name in profile.needs_state)
            raise UnreadableFile(
                f"This is not a whole export of {profile.label}: without a column {wanted} nobody "
                "can tell who may be emailed. Export again, or choose another profile."
            )
        state = next((n for n, meant in profile.columns.items() if meant == "state"), "")
        self.state = named.get("state", self._find("state", state))
        self.topics = named.get("topics", self._find("topics"))
        dates = (
            [named["given_at"]]
            if "given_at" in named
            else [self._names.index(name) for name in COLUMNS["given_at"] if name in self._names]
        )
        self.dates = dates
        self._times_of_no = [
            (at, TIMES_OF_NO[name]) for at, name in enumerate(self._names) if name in TIMES_OF_NO
        ]
        self._flags = [(at, FLAGS[name]) for at, name in enumerate(self._names) if name in FLAGS]
        self._whole = next(
            (TIMES_OF_NO[name] for name in WHOLE_FILES_OF_NO if name in self._names), None
        )
        self._by_tag = _topics_by_tag(options)
        self._default_topics = frozenset(
            Topic.objects.filter(slug__in=options.default_topics).values_list("pk", flat=True)
        )

    def columns(self) -> dict[str, str]:
        """Which column is taken for what, to show before the start."""
        found = {"email": self.email, "state": self.state, "topics": self.topics}
        shown = {what: self._names[at] for what, at in found.items() if at is not None}
        if self.dates:
            shown["given_at"] = self._names[self.dates[0]]
        return shown

    def plan(self, record: Record) -> Plan:
        """What the record asks for."""
        if record.problem:
            return Plan(record.line, problem=record.problem)
        cells = record.cells
        text = self._cell(cells, self.email).strip()
        if self.is_ours:
            return self._ours(record, text)
        try:
            email = checked(text)
        except BadAddress as error:
            return Plan(record.line, problem=str(error))
        plan = Plan(record.line, email, key_of(email), tuple(address_hashes(email)))
        plan.said, plan.no_at = self._said(cells)
        if plan.said in NEVER or plan.said is Said.UNKNOWN:
            return plan
        for at in self.dates:
            if found := self._date(self._cell(cells, at)):
                plan.given_at = found
                break
        tags = _tags(self._cell(cells, self.topics))
        plan.topics = self._topics(tags) or self._default_topics
        return plan

    def _ours(self, record: Record, text: str) -> Plan:
        cells = dict(zip(self._names, map(unescaped, record.cells), strict=False))
        email = unescaped(text).strip()
        try:
            email = checked(email)
        except BadAddress as error:
            return Plan(record.line, problem=str(error))
        plan = Plan(record.line, email, key_of(email), tuple(address_hashes(email)), cells=cells)
        # What is said here is only whether the row may be there at all; its status is in the cells.
        plan.said = Said.CONFIRMED
        plan.topics = self._topics(tuple(cells.get("topics", "").split()))
        return plan

    def _topics(self, tags: Iterable[str]) -> frozenset[int]:
        found = (self._by_tag.get(tag.casefold()) for tag in tags)
        return frozenset(pk for pk in found if pk is not None)

    def _said(self, cells: list[str]) -> tuple[Said, dt.datetime | None]:
        """The gravest thing that any column says; a moment only where it is said by one."""
        at_all: list[Said] = []
        no_at = None
        if self._whole:
            at_all.append(self._whole)
        for at, said in self._times_of_no:
            if text := self._cell(cells, at).strip():
                at_all.append(said)
                no_at = no_at or self._date(text)
        for at, (yes, no) in self._flags:
            word = self._cell(cells, at).strip().casefold()
            at_all.append(yes if word in YES else no if word in NO else Said.UNKNOWN)
        if self.state is not None:
            word = self._cell(cells, self.state).strip().casefold()
            at_all.append(WORDS.get(word, Said.UNKNOWN))
        for grave in (Said.COMPLAINED, Said.BOUNCED, Said.UNSUBSCRIBED):
            if grave in at_all:
                return grave, no_at
        for doubtful in (Said.UNKNOWN, Said.PENDING):
            if doubtful in at_all:
                return doubtful, None
        return Said.CONFIRMED, None

    def _cell(self, cells: list[str], at: int | None) -> str:
        return cells[at] if at is not None and at < len(cells) else ""

    def _column(self, what: str, name: str) -> int:
        try:
            return self._names.index(name.strip().casefold())
        except ValueError:
            raise UnreadableFile(
                f"There is no column “{name[:60]}”, which was named for {what}."
            ) from None

    def _find(self, what: str, *first: str) -> int | None:
        for name in (*first, *COLUMNS[what]):
            if name and name in self._names:
                return self._names.index(name)
        return None

    def _date(self, text: str) -> dt.datetime | None:
        """The moment, in UTC; None for what is no date, lies in the future or before email."""
        found = parsed_date(text, self._zone, day_first=self._profile.day_first)
        return found if found and _EARLIEST <= found <= self._now else None


def unescaped(cell: str) -> str:
    """A cell of an export of our own, without the apostrophe that keeps it from being a formula."""
    return cell[1:] if cell.startswith("'") else cell


def _topics_by_tag(options: Options) -> dict[str, int]:
    """Tags, case folded, to topics: by slug, by name, and as the operator says."""
    by_slug = {topic.slug: topic for topic in Topic.objects.all()}
    found = {topic.name.casefold(): topic.pk for topic in by_slug.values()}
    found |= {slug.casefold(): topic.pk for slug, topic in by_slug.items()}
    for tag, slug in options.topics.items():
        if slug in by_slug:
            found[tag.casefold()] = by_slug[slug].pk
    return found


@lru_cache(maxsize=4096)
def _tags(text: str) -> tuple[str, ...]:
    """The tags of a cell: JSON, or names between commas, semicolons or bars, each maybe quoted."""
    text = text.strip()
    if not text:
        return ()
    if text[0] in "{[":
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return ()
        if isinstance(value, dict):
            value = value.get("topics") or value.get("tags") or []
        value = value if isinstance(value, list) else [value]
        return tuple(one.strip() for one in value if isinstance(one, str))
    separator = next((one for one in ",;|" if one in text), ",")
    try:
        cells = next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return ()
    return tuple(filter(None, (cell.strip().strip('"').strip() for cell in cells)))


@lru_cache(maxsize=4096)
def parsed_date(
    text: str, zone: zoneinfo.ZoneInfo, *, day_first: bool = False
) -> dt.datetime | None:
    """A moment as programs write it, in UTC: ISO 8601, with a space, with `UTC` or `+0000 UTC`
    behind it, or day first where the profile says so. Where it names no zone, in `zone`.
    """
    text = text.strip()[:60]
    if not text:
        return None
    if day_first and (split := _DAY_FIRST.fullmatch(text)):
        day, month, year, rest = split.groups()
        text = f"{year}-{month:0>2}-{day:0>2}{rest}"
    is_utc = bool(_ZONE_WORDS.search(text))
    text = _SPACE_BEFORE_OFFSET.sub("", _ZONE_WORDS.sub("", text))
    try:
        moment = dt.datetime.fromisoformat(_TOO_FINE.sub(r"\1", text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC if is_utc else zone)
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
