"""What an interest asks for, as data that is checked, and the key under which equal ones are one.

A spec is a frozen dataclass, one for all kinds; fields that a kind doesn't use stay empty. It is
stored as the JSON of `as_json` and read with `from_json`, which checks everything: the same form
comes from files that readers bring along, so it is never trusted.

Two readers who ask for the same thing share one spec, by its `key`: words are compared without
inflection, names without case and accents, and order doesn't count.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, cast

from papers.categories import canonical
from papers.fields import FIELDS
from papers.text.folding import folded
from papers.text.inflections import inflectionless
from papers.text.phrases import acronym
from papers.text.same_person import orcid_key
from papers.text.words import STOP_WORDS, words

LONGEST_PHRASE = 6
"""Words of a phrase: the index of a day holds runs of up to so many."""

MOST_PHRASES = 20
MOST_LEFT_OUT = 50
MOST_NAMES = 200
MOST_LIMITS = 50
MOST_TERMS = 300
MOST_PAPERS = 200
LONGEST = 160
"""Characters of a phrase, a name or an id."""

_ID = re.compile(r"[a-z][a-z0-9_-]{1,19}:\S.{0,138}")


class Kind(StrEnum):
    """What an interest is in."""

    WORDS = "words"
    AUTHOR = "author"
    ORGANIZATION = "organization"
    VENUE = "venue"
    """A journal, a conference, a category or a source."""
    LIKENESS = "likeness"
    CITING = "citing"


class BadSpec(ValueError):
    """The spec can't be followed. `code` says why, for a form to put into words; the message is
    English.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class InterestSpec:
    """What an interest asks for.

    Make one with `spec_of`, which cleans and checks, or `from_json`.
    """

    kind: Kind
    phrases: tuple[str, ...] = ()
    """Words: each of up to `LONGEST_PHRASE` words, as typed. Matched like a topic's keywords."""
    any_of: bool = False
    """Words: one of the phrases is enough; otherwise all must be there."""
    title_only: bool = False
    """Words: only the title counts."""
    name: str = ""
    """Author and organization: as it was met. Venue: a journal or conference as printed."""
    names: tuple[str, ...] = ()
    """Author and organization: other names that are the same."""
    ids: tuple[str, ...] = ()
    """Author: `orcid:0000-0002-1825-0097`, `openreview:~Ada_Lovelace1`. Organization: `ror:…`.
    Venue: `category:arxiv:cs.CL`, `category:issn:1476-4687` or `source:` and its slug.
    Citing: the identifier of the cited paper, `arxiv:2605.13779`."""
    coauthors: tuple[str, ...] = ()
    """Author: names of known co-authors, which tell namesakes apart."""
    is_person: bool = False
    """Author: only the person with these co-authors, and not the name; for mutes."""
    affiliations: tuple[str, ...] = ()
    """Author: known organizations."""
    fields: tuple[str, ...] = ()
    """Author: known categories."""
    papers: tuple[int, ...] = ()
    """Likeness: ids of stored papers that the wanted ones should be like."""
    terms: tuple[tuple[str, float], ...] = ()
    """Likeness: the words of papers that aren't stored, with weights: one vector for all."""
    without: tuple[str, ...] = ()
    """Any kind: phrases that no paper may have, in title or abstract."""
    sources: tuple[str, ...] = ()
    """Any kind: only papers that one of these sources (slugs) listed."""
    categories: tuple[str, ...] = ()
    """Any kind: only papers with one of these, in the spelling of `papers.categories`."""
    venues: tuple[str, ...] = ()
    """Any kind: only papers that came out in one of these."""
    no_preprints: bool = False
    """Any kind: only papers that are no preprints, or came out in a journal since."""
    not_sources: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    not_venues: tuple[str, ...] = ()
    """Any kind: none of these."""
    topics: tuple[str, ...] = ()
    """Any kind: only papers that match one of these topics (slugs)."""
    only_fields: tuple[str, ...] = ()
    """Any kind: only papers of one of these, by their names in `papers.fields.FIELDS`."""
    authors: tuple[str, ...] = ()
    """Any kind: only papers with an author whose name has all words of one of these."""
    has_code: bool = False
    """Any kind: only papers whose code is known."""
    since: str = ""
    until: str = ""
    """Any kind: only papers listed from or up to that day, as 2026-06-10."""
    primary_only: bool = False
    """Any kind: of categories only the first one of a paper counts ("cs.CL new only")."""

    def as_json(self) -> dict[str, Any]:
        """For a JSON column or a file: the fields that say something."""
        return {key: value for key, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, data: Any) -> "InterestSpec":
        """Read what `as_json` wrote. Raises `BadSpec` for anything else, and for a kind, field or
        size that isn't known.
        """
        return spec_of(**_checked(data))

    @classmethod
    def trusted(cls, data: Mapping[str, Any]) -> "InterestSpec":
        """Read what our own database holds, without checking it again."""
        spec: Any = object.__new__(cls)
        put = object.__setattr__  # for hundreds of thousands of them
        for name, default in _DEFAULTS.items():
            value = data.get(name, default)
            if value.__class__ is list:
                value = tuple(map(tuple, value)) if name == "terms" else tuple(value)
            put(spec, name, value)
        put(spec, "kind", _KINDS[data["kind"]])
        return cast(InterestSpec, spec)

    @property
    def key(self) -> str:
        """Stands for all that matching reads of it: equal for specs that match the same papers."""
        data = self.as_json()
        for name in ("phrases", "without"):
            if name in data:
                data[name] = sorted({_bare(phrase) for phrase in data[name]})
        for name in ("name",):
            if name in data:
                data[name] = folded(data[name])
        for name in ("names", "coauthors", "affiliations", "venues", "not_venues", "authors"):
            if name in data:
                data[name] = sorted(set(map(folded, data[name])))
        for name, value in data.items():
            if isinstance(value, tuple):
                data[name] = sorted(value)
        if len(data.get("phrases", ())) == 1:
            data.pop("any_of", None)
        text = json.dumps(data, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def has_limits(self) -> bool:
        """Whether papers are left out that have what it asks for."""
        return bool(
            self.without
            or self.no_preprints
            or self.sources
            or self.not_sources
            or self.categories
            or self.not_categories
            or self.venues
            or self.not_venues
            or self.topics
            or self.only_fields
            or self.authors
            or self.has_code
            or self.since
            or self.until
        )

    @property
    def title(self) -> str:
        """What it is called unless its reader names it: the words or the name, in one line."""
        if self.kind is Kind.WORDS:
            return (", " if self.any_of else " + ").join(self.phrases)
        return self.name or ", ".join(one.partition(":")[2] for one in self.ids[:3])


_FIELDS = {field.name for field in fields(InterestSpec)}
_DEFAULTS: dict[str, Any] = {
    field.name: field.default for field in fields(InterestSpec) if field.name != "kind"
}
_KINDS = {kind.value: kind for kind in Kind}
_FLAGS = {"any_of", "title_only", "is_person", "no_preprints", "primary_only", "has_code"}
_DAYS = {"since", "until"}


def _checked(data: Any) -> dict[str, Any]:
    """The fields of a JSON object, with their types. Raises `BadSpec`."""
    if not isinstance(data, Mapping) or not data.keys() <= _FIELDS:
        raise BadSpec("form", "This isn't an interest: it has a field that isn't known.")
    for name, value in data.items():
        if name in {"kind", "name", *_DAYS}:
            is_right = isinstance(value, str)
        elif name in _FLAGS:
            is_right = isinstance(value, bool)
        elif name == "papers":
            is_right = _is_list(value) and all(type(one) is int and one > 0 for one in value)
        elif name == "terms":
            is_right = _is_list(value) and all(
                _is_list(one)
                and len(one) == 2
                and isinstance(one[0], str)
                and isinstance(one[1], int | float)
                and 0 < one[1] < 1e6
                for one in value
            )
        else:
            is_right = _is_list(value) and all(isinstance(one, str) for one in value)
        if not is_right:
            raise BadSpec("form", f"This isn't an interest: its “{name}” is malformed.")
    return dict(data)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def spec_of(kind: str, **given: Any) -> InterestSpec:
    """A spec of what was typed or met, cleaned: spaces, repetitions and empty entries are gone.

    Raises `BadSpec` where nothing is asked for, a phrase has too many words or says nothing, or
    there is more of something than is allowed.
    """
    try:
        values: dict[str, Any] = {"kind": Kind(kind)}
    except ValueError as error:
        raise BadSpec("form", "There is no such kind of interest.") from error
    for name, value in given.items():
        if name in _FLAGS:
            values[name] = bool(value)
        elif name == "name":
            values[name] = _line(value)
        elif name in _DAYS:
            values[name] = _day(value)
        elif name == "papers":
            values[name] = tuple(dict.fromkeys(int(one) for one in value))
        elif name == "terms":
            values[name] = tuple((_line(word), float(weight)) for word, weight in value)
        elif name == "ids":
            values[name] = _unique(map(_id, value))
        elif name in {"categories", "not_categories", "fields"}:
            values[name] = _unique(canonical(_line(one)) for one in value)
        elif name in _FIELDS:
            values[name] = _unique(map(_line, value))
        else:
            raise BadSpec("form", f"An interest has no field “{name[:40]}”.")
    spec = InterestSpec(**values)
    _check(spec)
    return spec


def _line(text: str) -> str:
    """One line of printable characters, without “·”, which parts the reasons in a digest."""
    clean = "".join(char if char.isprintable() else " " for char in text).replace("·", " ")
    line = " ".join(clean.split())
    if len(line) > LONGEST:
        raise BadSpec("long", f"Use at most {LONGEST} characters for each phrase or name.")
    return line


def _id(text: str) -> str:
    """An id in its one form, an ORCID iD also from a link."""
    line = _line(text)
    return (orcid_key(line) or line) if line.lower().startswith("orcid:") else line


def _day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise BadSpec("day", f"“{text[:40]}” isn't a day, such as 2026-06-10.") from error


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


def _check(spec: InterestSpec) -> None:
    most = {"phrases": MOST_PHRASES, "without": MOST_LEFT_OUT, "terms": MOST_TERMS}
    most |= {"papers": MOST_PAPERS, "coauthors": MOST_NAMES, "names": MOST_NAMES}
    for name in _FIELDS:
        value = getattr(spec, name)
        if isinstance(value, tuple) and len(value) > most.get(name, MOST_LIMITS):
            number = most.get(name, MOST_LIMITS)
            raise BadSpec("many", f"An interest has at most {number} entries of a kind.")
    for phrase in (*spec.phrases, *spec.without):
        parts = words(phrase)
        if not parts or all(part.lower() in STOP_WORDS for part in parts):
            raise BadSpec("empty", f"“{phrase}” has no word to look for.")
        if len(parts) > LONGEST_PHRASE:
            raise BadSpec(
                "words", f"A phrase has at most {LONGEST_PHRASE} words; “{phrase}” has more."
            )
    for one in spec.only_fields:
        if one not in FIELDS:
            raise BadSpec("form", f"There is no field “{one[:40]}”.")
    for one in spec.ids:
        if not _ID.fullmatch(one):
            raise BadSpec("id", f"“{one}” isn't an id: write its scheme, a colon and the id.")
    asked: dict[Kind, Any] = {
        Kind.WORDS: spec.phrases,
        Kind.AUTHOR: folded(spec.name) or spec.ids,
        Kind.ORGANIZATION: folded(spec.name) or spec.ids,
        Kind.VENUE: folded(spec.name) or spec.ids,
        Kind.LIKENESS: spec.papers or spec.terms,
        Kind.CITING: spec.ids,
    }
    if not asked[spec.kind]:
        raise BadSpec("empty", "Enter what you want to follow.")


def _bare(phrase: str) -> str:
    """A phrase as matching sees it: without inflection, but with the capitals of an acronym."""
    parts = words(phrase)
    held = acronym(parts[0]) if len(parts) == 1 else None
    return held or " ".join(inflectionless(part) for part in parts)
