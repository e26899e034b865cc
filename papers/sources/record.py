"""What a source says of a paper: the record, its parts, and how it is cleaned.

A source fills a `Draft` with whatever its service gave; `Draft.clean` makes a `PaperRecord` of it,
in which every field has its type and its limits. What is malformed is left out and named, and only
a record without an identifier or a title is none.
"""

import datetime as dt
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from papers.identifiers import UnknownIdentifier, identifier
from papers.models import Paper
from papers.text import cleaning, person_names

MOST_AUTHORS = 20_000
"""The longest list of authors that is read; papers of five thousand authors exist."""
MOST_AFFILIATIONS = 20
MOST_IDS = 20
MOST_NAMES = 20
MOST_CITED = 500
MOST_RELATIONS = 50
MOST_KEYWORDS = 30
MOST_CATEGORIES = 20

MOST_COUNTED = 100_000_000
"""A count above this is a mistake, and would not fit the database far beyond it."""

FIRST_YEAR = 1950
"""Papers said to be older, or from after next year, have no date that we believe."""

IS_PREPRINT_OF: Final = "is-preprint-of"
HAS_PREPRINT: Final = "has-preprint"
IS_VERSION_OF: Final = "is-version-of"
HAS_VERSION: Final = "has-version"
IS_IDENTICAL_TO: Final = "is-identical-to"
IS_REVIEW_OF: Final = "is-review-of"
IS_CORRECTION_OF: Final = "is-correction-of"
IS_COMMENT_ON: Final = "is-comment-on"
IS_SUPPLEMENT_TO: Final = "is-supplement-to"
IS_TRANSLATION_OF: Final = "is-translation-of"
IS_PART_OF: Final = "is-part-of"
IS_RETRACTION_OF: Final = "is-retraction-of"
IS_RETRACTED_BY: Final = "is-retracted-by"

JOINING: Final = frozenset(
    {IS_PREPRINT_OF, HAS_PREPRINT, IS_VERSION_OF, HAS_VERSION, IS_IDENTICAL_TO}
)
"""Relations between two names of one work. All others are between two works."""

RELATIONS: Final = JOINING | {
    IS_REVIEW_OF,
    IS_CORRECTION_OF,
    IS_COMMENT_ON,
    IS_SUPPLEMENT_TO,
    IS_TRANSLATION_OF,
    IS_PART_OF,
    IS_RETRACTION_OF,
    IS_RETRACTED_BY,
}

KINDS: Final = frozenset(
    {"article", "preprint", "proceedings", "review", "correction", "retraction", "other"}
)
STATUSES: Final = frozenset({"", "withdrawn", "retracted", "corrected"})

LISTED: Final = "listed"
"""List it on the day."""
NEW_TO_SITE: Final = "new to site"
"""List it only if no stored paper is this work."""
NEW_TO_SOURCE: Final = "new to source"
"""List it only if this row of a source never gave it before."""
NOT_LISTED: Final = "not listed"
"""Facts only."""
LISTINGS: Final = frozenset({LISTED, NEW_TO_SITE, NEW_TO_SOURCE, NOT_LISTED})


class BadRecord(ValueError):
    """One record is no paper; the message says why."""


@dataclass(frozen=True, slots=True)
class Affiliation:
    """Where an author works, as printed, and its ROR identifier (`03yrm5c26`) where given."""

    name: str
    ror: str = ""


@dataclass(frozen=True, slots=True)
class Author:
    """One author at one position of a paper's list: a person, or a group such as a collaboration.

    `family` and `given` are empty where the source does not part them; `ids` are pairs of a scheme
    and a value besides the ORCID iD (`0000-0002-1825-0097`).
    """

    name: str
    family: str = ""
    given: str = ""
    orcid: str = ""
    ids: tuple[tuple[str, str], ...] = ()
    affiliations: tuple[Affiliation, ...] = ()
    is_group: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def family_name(self) -> str:
        """The family name as the source has it, or as the printed name lets guess; a group's is
        its whole name.
        """
        return self.family or (self.name if self.is_group else person_names.parts_of(self.name)[0])

    def as_json(self) -> dict[str, Any]:
        """What is stored: only the fields that say something."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, known: Any) -> "Author":
        """The author of `as_json`, or of a bare name as older rows hold them."""
        if not isinstance(known, dict):
            return cls(str(known))
        return cls(
            name=known.get("name", ""),
            family=known.get("family", ""),
            given=known.get("given", ""),
            orcid=known.get("orcid", ""),
            ids=tuple((scheme, value) for scheme, value in known.get("ids", ())),
            affiliations=tuple(
                Affiliation(at.get("name", ""), at.get("ror", ""))
                for at in known.get("affiliations", ())
            ),
            is_group=known.get("is_group", False),
        )


@dataclass(frozen=True, slots=True)
class Relation:
    """What a record says of another work: one of `RELATIONS`, and that work's identifier."""

    kind: str
    identifier: str


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """What one source says of one paper, cleaned. Empty or None where it says nothing."""

    identifier: str
    title: str
    abstract: str = ""
    summary: str = ""
    authors: tuple[Author, ...] = ()
    organization: str = ""
    categories: tuple[str, ...] = ()
    """With their scheme outside arXiv: "biorxiv:neuroscience", "issn:1476-4687"."""
    keywords: tuple[str, ...] = ()
    published_on: dt.date | None = None
    code_url: str = ""
    project_url: str = ""
    thumbnail_url: str = ""
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    submitted_by: str = ""
    submitted_at: dt.datetime | None = None
    names: tuple[str, ...] = ()
    """Further identifiers of the same work."""
    relations: tuple[Relation, ...] = ()
    version: int | None = None
    kind: str = "article"
    """One of `KINDS`."""
    venue: str = ""
    """The journal or conference as printed."""
    issns: tuple[str, ...] = ()
    license: str = ""
    """As a short id such as `cc-by`, or as a URL."""
    free_url: str = ""
    """Where a free copy is."""
    citations: int | None = None
    """How often it is cited, as the service counts."""
    cites: tuple[str, ...] = ()
    """Identifiers of the works that it cites, as the service names them."""
    status: str = ""
    """One of `STATUSES`."""
    source_day: dt.date | None = None
    """The source's own day for it, where that differs from the day asked for."""
    listing: str = LISTED
    """One of `LISTINGS`."""

    @property
    def is_counted(self) -> bool:
        """Whether the source counted anything."""
        return not (self.upvotes is None and self.comments is None and self.stars is None)


@dataclass(slots=True)
class Draft:
    """A record as the service gave it, any field of any type; `clean` makes a record of it.

    Authors are a list of names, of `Author`s or of dicts with the fields of an author (`name`, or
    `family` and `given`, `orcid`, `ids` as pairs, `affiliations` as names or as dicts with `name`
    and `ror`, `is_group`).
    Relations are `Relation`s or pairs of kind and identifier in any spelling.
    """

    id: Any = None
    title: Any = None
    abstract: Any = None
    summary: Any = None
    authors: Any = None
    organization: Any = None
    categories: Any = None
    keywords: Any = None
    published_on: Any = None
    code_url: Any = None
    project_url: Any = None
    thumbnail_url: Any = None
    upvotes: Any = None
    comments: Any = None
    stars: Any = None
    submitted_by: Any = None
    submitted_at: Any = None
    names: Any = None
    relations: Any = None
    version: Any = None
    kind: Any = "article"
    venue: Any = None
    issns: Any = None
    license: Any = None
    free_url: Any = None
    citations: Any = None
    cites: Any = None
    status: Any = ""
    source_day: Any = None
    listing: str = LISTED
    problems: list[str] = field(default_factory=list)
    """Filled by `clean` with what was left out of the record."""

    def clean(self) -> PaperRecord:
        """The record. Raises `BadRecord` without an identifier or a title."""
        if not isinstance(self.id, str) or not self.id.strip():
            raise BadRecord("it has no identifier")
        try:
            known_as = identifier(self.id)
        except UnknownIdentifier as error:
            raise BadRecord(str(error)) from None
        title = cleaning.title(self.title)
        if not title:
            raise BadRecord("it has no title")
        return PaperRecord(
            identifier=known_as,
            title=title,
            abstract=cleaning.abstract(self.abstract),
            summary=cleaning.abstract(self.summary),
            authors=authors(self.authors),
            organization=cleaning.name(
                self.organization, Paper._meta.get_field("organization").max_length or 200
            ),
            categories=cleaning.names(self.categories, MOST_CATEGORIES, 80),
            keywords=cleaning.names(self.keywords, MOST_KEYWORDS, 80),
            published_on=self._day(self.published_on),
            code_url=self._link("code_url"),
            project_url=self._link("project_url"),
            thumbnail_url=self._link("thumbnail_url"),
            upvotes=self._count("upvotes"),
            comments=self._count("comments"),
            stars=self._count("stars"),
            submitted_by=cleaning.name(self.submitted_by),
            submitted_at=moment(self.submitted_at),
            names=self._names(known_as),
            relations=self._relations(known_as),
            version=self._count("version"),
            kind=self._one_of("kind", KINDS, "other"),
            venue=cleaning.name(self.venue, 200),
            issns=issns(self.issns),
            license=license_id(self.license),
            free_url=self._link("free_url"),
            citations=self._count("citations"),
            cites=self._cites(),
            status=self._one_of("status", STATUSES, ""),
            source_day=self._day(self.source_day),
            listing=self._one_of("listing", LISTINGS, LISTED),
        )

    def _count(self, what: str) -> int | None:
        """A count, or None where there is none; a missing count is not a zero."""
        value = getattr(self, what)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_COUNTED:
            self.problems.append(f"its {what} are {str(value)[:40]!r}, which isn't a count")
            return None
        return value

    def _link(self, what: str) -> str:
        value = getattr(self, what)
        link = cleaning.safe_url(value)
        if value and not link:
            self.problems.append(f"its {what} isn't a web address: {str(value)[:80]!r}")
        return link

    def _one_of(self, what: str, allowed: frozenset[str], otherwise: str) -> str:
        value = getattr(self, what)
        if value in (None, "") and "" in allowed:
            return ""
        if isinstance(value, str) and value in allowed:
            return value
        self.problems.append(f"its {what} is {str(value)[:40]!r}, which isn't a known value")
        return otherwise

    def _names(self, main: str) -> tuple[str, ...]:
        found = []
        for text in _texts(self.names)[:MOST_NAMES]:
            try:
                found.append(identifier(text))
            except UnknownIdentifier:
                self.problems.append(f"one of its identifiers isn't valid: {text[:80]!r}")
        return tuple(name for name in dict.fromkeys(found) if name != main)

    def _cites(self) -> tuple[str, ...]:
        found = []
        listed = self.cites if isinstance(self.cites, list | tuple) else ()
        for text in _texts(listed)[:MOST_CITED]:
            with suppress(UnknownIdentifier):  # services list works that they can't name
                found.append(identifier(text))
        return tuple(dict.fromkeys(found))

    def _relations(self, main: str) -> tuple[Relation, ...]:
        found = []
        listed = self.relations if isinstance(self.relations, list | tuple) else ()
        for item in listed[:MOST_RELATIONS]:
            kind, text = (item.kind, item.identifier) if isinstance(item, Relation) else item
            if kind not in RELATIONS:
                self.problems.append(f"one of its relations is {str(kind)[:40]!r}")
                continue
            try:
                other = identifier(text) if isinstance(text, str) else main
            except UnknownIdentifier:
                continue  # services relate works to anything, such as a data set's address
            if other != main:
                found.append(Relation(kind, other))
        return tuple(dict.fromkeys(found))

    @staticmethod
    def _day(value: Any) -> dt.date | None:
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            value = value.isoformat()
        at = moment(value)
        return at.date() if at else None


def people_of(paper: Paper) -> list[Author]:
    """The authors of a stored paper with all that is known of each, in their order."""
    return [Author.from_json(known) for known in paper.author_records or paper.authors]


def authors(value: Any) -> tuple[Author, ...]:
    """The authors of a list, cleaned, in their order; anything else has none, a string too: how it
    is split its source must say, see `papers.sources.author_strings`.
    """
    if isinstance(value, list | tuple):
        given = value[:MOST_AUTHORS]
    else:
        return ()
    return tuple(filter(None, map(_author, given)))


def _author(value: Any) -> Author | None:
    if isinstance(value, str):
        name = cleaning.name(value)
        return Author(name, is_group=person_names.is_group_name(name)) if name else None
    known = asdict(value) if isinstance(value, Author) else value
    if not isinstance(known, dict):
        return None
    family, given = cleaning.name(known.get("family")), cleaning.name(known.get("given"))
    name = cleaning.name(known.get("name")) or f"{given} {family}".strip()
    if not name:
        return None
    places = known.get("affiliations")
    affiliations = [
        Affiliation(cleaning.name(at.get("name"), 300), _ror(at.get("ror")))
        if isinstance(at, dict)
        else Affiliation(cleaning.name(at, 300))
        for at in (places if isinstance(places, list | tuple) else ())[:MOST_AFFILIATIONS]
    ]
    ids = known.get("ids")
    pairs = [
        (cleaning.name(pair[0], 20), cleaning.name(pair[1], 100))
        for pair in (ids if isinstance(ids, list | tuple) else ())[:MOST_IDS]
        if isinstance(pair, list | tuple) and len(pair) == 2
    ]
    is_group = known.get("is_group") is True
    return Author(
        name=name,
        family=family,
        given=given,
        orcid=orcid(known.get("orcid")),
        ids=tuple(dict.fromkeys(pair for pair in pairs if all(pair))),
        affiliations=tuple(dict.fromkeys(at for at in affiliations if at.name or at.ror)),
        is_group=is_group or (not family and person_names.is_group_name(name)),
    )


def orcid(value: Any) -> str:
    """An ORCID iD in its short form, if its check digit holds (ISO 7064 MOD 11-2); else empty."""
    text = value if isinstance(value, str) else ""
    found = re.search(r"(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])/?$", text.strip())
    if not found:
        return ""
    digits = "".join(found.groups()).upper()
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return "-".join(found.groups()).upper() if digits[-1] == "0123456789X"[check] else ""


def _ror(value: Any) -> str:
    """A ROR identifier without its address, such as `03yrm5c26`; empty for anything else."""
    text = value.strip().lower() if isinstance(value, str) else ""
    found = re.fullmatch(r"(?:(?:https?://)?ror\.org/)?(0[a-hj-km-np-tv-z0-9]{6}\d{2})/?", text)
    return found[1] if found else ""


def issns(value: Any) -> tuple[str, ...]:
    """ISSNs as `1476-4687`, each once; what has another shape is left out."""
    found = []
    for text in _texts(value):
        parts = re.fullmatch(r"\s*(\d{4})-?(\d{3}[\dXx])\s*", text)
        if parts:
            found.append(f"{parts[1]}-{parts[2].upper()}")
    return tuple(dict.fromkeys(found))


_CC = re.compile(
    r"(?:https?://)?(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/"
    r"(?P<id>[a-z-]+)(?:/.*)?",
    re.IGNORECASE,
)


def license_id(value: Any) -> str:
    """A license as a short id (`cc-by`, `cc-by-nc-nd`, `cc0`) or, where it has none, as its URL."""
    text = cleaning.plain(value)[:200]
    if not text:
        return ""
    link = _CC.fullmatch(text)
    if link:
        name = link["id"].lower()
        return "cc0" if name in {"zero", "mark"} else f"cc-{name}"
    if text.startswith(("http://", "https://")):
        return cleaning.safe_url(text)
    short = re.sub(r"[\s_]+", "-", text.lower())
    short = re.sub(r"^(cc-?(?:by|0)(?:-[a-z]+)*?)(?:-\d.*)?$", r"\1", short)
    short = re.sub(r"^cc(by|0)", r"cc-\1", short).replace("cc-0", "cc0")
    return {"cc0-ng": "cc0", "public-domain": "cc0"}.get(short, short)[:60]


def moment(value: Any) -> dt.datetime | None:
    """An aware time in UTC from ISO 8601; None for anything else, and for years we don't believe.

    A day alone is its midnight; a time without an offset is taken for UTC.
    """
    if isinstance(value, dt.datetime):
        value = value.isoformat()
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = dt.datetime.fromisoformat(value)
        at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return at if FIRST_YEAR <= at.year <= dt.datetime.now(dt.UTC).year + 1 else None


def _texts(value: Any) -> list[str]:
    listed = [value] if isinstance(value, str) else value
    return [text for text in listed if isinstance(text, str)] if listed is not None else []
