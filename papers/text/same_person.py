"""Whether a printed author is the person, or the group, that somebody follows by name.

Names are compared as names: accents, particles, hyphens, initials, and the order and script of
Chinese, Japanese, Korean and Vietnamese names are spellings of one name; a full given name that
contradicts is another person. What a name alone cannot tell is "maybe", and so are initials
without anything else in common.
"""

import enum
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from papers.text.name_readings import (
    COMMON,
    LONG_FORMS,
    TRANSCRIBED,
    Given,
    Level,
    Reading,
    given_names,
    in_ascii,
    looks_like_initials,
    loose,
    native_of,
    readings_of,
    starts_of,
    without_suffix,
    words,
)
from papers.text.person_names import PARTICLES, is_group_name


class Verdict(enum.Enum):
    """Whether it is the one that is followed."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class Person:
    """An author as printed or typed. `family` and `given` only where a source parts them; `ids`
    are "scheme:value", such as "orcid:0000-0002-1825-0097" or "openreview:~Alice_Ash1".
    """

    name: str
    family: str = ""
    given: str = ""
    ids: frozenset[str] = frozenset()
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands beside a name: the names of co-authors, categories, affiliations."""

    coauthors: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    affiliations: frozenset[str] = frozenset()


NOTHING = Surroundings()

_ORCID = re.compile(r"(\d{4})[-\s‐‑–]?(\d{4})[-\s‐‑–]?(\d{4})[-\s‐‑–]?(\d{3}[\dX])$", re.IGNORECASE)

_TELLING_APART = ("orcid:", "openreview:")
"""Ids of which a person has one: two of them are two persons. OpenAlex splits persons."""
_GROUP_NOISE = frozenset(
    {"the", "of", "for", "on", "behalf", "and", "team", "group", "study", "working", "network"}
    | {"collaboration", "collaborations", "consortium", "consortia", "initiative", "et", "al"}
    | {"investigators"}
)


def orcid_key(orcid: str) -> str:
    """The id of an ORCID iD, in whatever spelling or link: "orcid:0000-0002-1825-0097"; empty for
    what is none.
    """
    found = _ORCID.search(orcid.strip().rstrip("/"))
    return f"orcid:{'-'.join(found.groups()).upper()}" if found else ""


@dataclass(frozen=True, slots=True)
class ReadPerson:
    """A person whose name is read, to be compared with many; see `read_person`."""

    person: Person
    groups: frozenset[str] | None
    """Of a group: its name in all its forms. None for a person."""
    native: str
    """What of the name is in Chinese, Japanese or Korean characters."""
    readings: tuple[Reading, ...]
    turned: str
    """A bare name of two words, as none says which is the family's: "smith john"; else empty."""
    middle: tuple[Given, Given, str] | None
    """The parts of a name of three full words."""


def read_person(person: Person) -> ReadPerson:
    """Read a person's name: what comparing does first, and what costs most of it."""
    if person.is_group or is_group_name(person.name):
        return ReadPerson(person, frozenset(_groups(person.name)), "", (), "", None)
    native = native_of(person.name)
    readings = readings_of(person.name, person.family, person.given)
    is_bare = not (person.family or native or "," in person.name)
    turned = _turned_key(person.name) if is_bare else ""
    middle = _middle(person.name) if is_bare else None
    return ReadPerson(person, None, native, readings, turned, middle)


def compare(
    followed: Person | ReadPerson,
    printed: Person | ReadPerson,
    *,
    known: Surroundings = NOTHING,
    around: Surroundings | Callable[[], Surroundings] = NOTHING,
) -> Verdict:
    """Whether `printed`, an author of a paper, is the one that is followed.

    `known` is what is known of the followed one, `around` what stands beside the printed name, or
    what says so: it's asked where the names leave it open.
    """
    one = read_person(followed) if isinstance(followed, Person) else followed
    other = read_person(printed) if isinstance(printed, Person) else printed
    ids, others = one.person.ids, other.person.ids
    if ids and others:
        if ids & others:
            return Verdict.YES
        if any(_contradict(ids, others, scheme) for scheme in _TELLING_APART):
            return Verdict.NO
    if one.groups is not None or other.groups is not None:
        wanted = _groups(one.person.name) if one.groups is None else one.groups
        listed = _groups(other.person.name) if other.groups is None else other.groups
        return Verdict.YES if wanted & listed else Verdict.NO
    level = _level(one, other)
    if level is Level.FULL:
        return Verdict.YES
    if level is Level.NONE:
        return Verdict.NO
    beside = around if isinstance(around, Surroundings) else around()
    close = in_common(known, beside)
    if level is Level.UNKNOWN:
        return Verdict.MAYBE if close else Verdict.NO
    if close or (level is Level.INITIAL and _same_subject(one, known, beside)):
        return Verdict.YES
    return Verdict.MAYBE


def in_common(known: Surroundings, around: Surroundings) -> bool:
    """Whether two names have a co-author or an affiliation in common."""
    if known.affiliations and around.affiliations:
        theirs = {words(one) for one in around.affiliations} - {""}
        if any(words(one) in theirs for one in known.affiliations):
            return True
    if not (known.coauthors and around.coauthors):
        return False
    theirs = {plain_key(one) for one in around.coauthors} - {""}
    return any(plain_key(one) in theirs for one in known.coauthors)


def keys_of(person: Person | ReadPerson) -> frozenset[str]:
    """Keys for an index of printed authors, to be looked up by `probes_of`. Ids aren't among them.

    A name has the beginning of its given name where that is written out, else its initial with a
    dot, and each time its first letter with a star.
    """
    one = read_person(person) if isinstance(person, Person) else person
    keys = _other_keys(one)
    for family, given in _families_and_givens(one):
        if given is None:
            keys.add(f"{family} ")
            continue
        for start in starts_of(given):
            keys.add(f"{family} {start[0]}*")
            keys.add(f"{family} {start[0]}." if given.is_initial else f"{family} {start}")
    return frozenset(keys)


def probes_of(person: Person | ReadPerson) -> frozenset[str]:
    """The keys under which an index by `keys_of` has everybody who isn't `NO` to this person."""
    one = read_person(person) if isinstance(person, Person) else person
    keys = _other_keys(one)
    for family, given in _families_and_givens(one):
        keys.add(f"{family} ")
        for start in starts_of(given) if given is not None else ():
            if given is not None and given.is_initial:
                keys.add(f"{family} {start[0]}*")
            else:
                keys |= {f"{family} {start}", f"{family} {start[0]}."}
    return frozenset(keys)


def _other_keys(one: ReadPerson) -> set[str]:
    keys = {f"group {name}" for name in one.groups or ()}
    if one.native:
        keys.add(f"native {one.native}")
    if one.turned:
        keys.add(" ".join(sorted(one.turned.split())))
    return keys


def _families_and_givens(one: ReadPerson) -> Iterator[tuple[str, Given | None]]:
    """Family names as loosely as they are compared, each with the first two given names."""
    for reading in one.readings:
        for family in {loose(name) for name in (*reading.families, *reading.halves)}:
            for given in reading.given[:2] or (None,):
                yield family, given


@lru_cache(maxsize=1 << 14)
def plain_key(name: str) -> str:
    """A person's name in one spelling for sets of co-authors: family name and first initial. Empty
    where there is no given name.
    """
    for reading in readings_of(name, "", "")[:1]:
        if reading.given:
            return f"{min(reading.families, key=len)} {reading.given[0].text[0]}"
    return ""


def _contradict(one: frozenset[str], other: frozenset[str], scheme: str) -> bool:
    mine = {known for known in one if known.startswith(scheme)}
    theirs = {known for known in other if known.startswith(scheme)}
    return bool(mine and theirs and not mine & theirs)


def _same_subject(followed: ReadPerson, known: Surroundings, around: Surroundings) -> bool:
    if not known.categories & around.categories:
        return False
    return not any(reading.families & COMMON for reading in followed.readings)


def _groups(name: str) -> set[str]:
    whole = in_ascii(re.sub(r"\(.*?\)", " ", name))
    each = re.split(r",|;|&|\band\b|\bon behalf of\b", whole)
    found = set()
    for part in (whole, *each):
        kept = [word for word in re.findall(r"[a-z0-9]+", part) if word not in _GROUP_NOISE]
        if kept:
            found.add(" ".join(kept))
    return found


def _level(one: ReadPerson, other: ReadPerson) -> Level:
    mine, theirs = one.native, other.native
    if mine and theirs:
        if mine == theirs:
            return Level.FULL
        if in_ascii(mine) != in_ascii(theirs):
            return Level.NONE
    if one.middle is not None and other.middle is not None and _differ(one.middle, other.middle):
        return Level.NONE
    best = Level.NONE
    for left in one.readings:
        for right in other.readings:
            best = max(best, _agree(left, right))
            if best is Level.FULL:
                break
    if best is Level.NONE and one.turned and other.turned and one.turned != other.turned:
        is_turned = sorted(one.turned.split()) == sorted(other.turned.split())
        return Level.SOFT if is_turned else Level.NONE
    return min(best, Level.SOFT) if mine and theirs else best


def _differ(mine: tuple[Given, Given, str], theirs: tuple[Given, Given, str]) -> bool:
    """Whether two names of three words agree in the first and the last, and not in the one between:
    that one is then no family name which the other leaves out.
    """
    return (
        mine[2] == theirs[2]
        and _same_word(mine[0], theirs[0]) is Level.FULL
        and _same_word(mine[1], theirs[1]) is Level.NONE
    )


def _middle(name: str) -> tuple[Given, Given, str] | None:
    """The parts of a name of three full words; None for any other, and with particles."""
    if name.count(" ") < 2:
        return None
    listed, _ = without_suffix(name)
    if len(listed) != 3:
        return None
    middle = words(listed[1])
    if middle in PARTICLES or middle.startswith("abd"):
        return None
    given = given_names(listed[:2], is_east_asian=False)
    if len(given) != 2 or any(one.is_initial for one in given):
        return None
    return given[0], given[1], words(listed[2])


def _turned_key(name: str) -> str:
    listed = name.split()
    if len(listed) != 2 or any(looks_like_initials(word) for word in listed):
        return ""
    spelled = words(name)
    return spelled if spelled.count(" ") == 1 else ""


def _agree(one: Reading, other: Reading) -> Level:
    if one.suffix != other.suffix and (one.suffix or other.suffix):
        return Level.NONE
    most = min(one.most, other.most)
    if not one.families & other.families:
        shared = (one.halves & (other.families | other.halves)) | (other.halves & one.families)
        if not shared and not _nearly(one.families, other.families):
            return Level.NONE
        most = min(most, Level.SOFT)
    is_east_asian = one.is_east_asian and other.is_east_asian
    level = _given_agree(one.given, other.given, is_east_asian=is_east_asian)
    if most < Level.FULL and level is Level.INITIAL:
        return Level.UNKNOWN
    return min(level, most)


def _given_agree(one: tuple[Given, ...], other: tuple[Given, ...], *, is_east_asian: bool) -> Level:
    """How far the given names agree: the first that contradicts ends it."""
    if not one or not other:
        return Level.FULL if not one and not other else Level.UNKNOWN
    if _whole(one) & _whole(other):
        return Level.FULL
    level = _in_order(one, other, is_east_asian=is_east_asian)
    if level is not Level.NONE:
        return level
    for left, right in ((one, other), (other, one)):
        rest = left[1:]
        if rest and not rest[0].is_initial and not right[0].is_initial:
            later = _in_order(rest, right, is_east_asian=is_east_asian)
            if later >= Level.SOFT:
                is_left_out = left[0].is_initial or left[0].spellings == {"mohammad"}
                return later if is_left_out else Level.SOFT
    if is_east_asian and len(one) == len(other) > 1 and not any(x.is_initial for x in one + other):
        spelled = sorted(given.text for given in one)
        return Level.SOFT if spelled == sorted(given.text for given in other) else Level.NONE
    return Level.NONE


def _whole(given: tuple[Given, ...]) -> set[str]:
    """All given names as one word, where none is abbreviated: "Xiao-Ming" is "Xiaoming"."""
    if any(part.is_initial for part in given):
        return set()
    found = {""}
    for part in given:
        found = {before + spelling for before in found for spelling in part.spellings}
    return found


def _in_order(one: tuple[Given, ...], other: tuple[Given, ...], *, is_east_asian: bool) -> Level:
    level = Level.INITIAL
    has_full = False
    at = there = 0
    while at < len(one) and there < len(other):
        left, right = one[at], other[there]
        if left.is_initial or right.is_initial:
            short, long = (left, right) if left.is_initial else (right, left)
            if not _begins(long, short):
                return Level.NONE
            rest = (one if left.is_initial else other)[(at if left.is_initial else there) + 1 :]
            others = (other if left.is_initial else one)[(there if left.is_initial else at) + 1 :]
            if not long.is_initial and rest and not others and is_east_asian:
                # "X.-M." for "Xiaoming": the second letter begins a later syllable
                if not all(_inside(long, letter) for letter in rest if letter.is_initial):
                    return Level.NONE
                if all(letter.is_initial for letter in rest):
                    return level
        else:
            same = _same_word(left, right)
            if same is Level.NONE:
                joined = _join(one, at, other, there)
                if joined is None:
                    return Level.NONE
                at, there = joined
                has_full = True
                continue
            if same is Level.SOFT:
                level = Level.SOFT
            else:
                has_full = True
        at, there = at + 1, there + 1
    left_over = one[at:] or other[there:]
    if has_full and level is not Level.SOFT:
        level = Level.FULL
        whole = not any(given.is_initial for given in (*one, *other))
        if left_over and whole and is_east_asian and max(len(one), len(other)) == 2:
            hyphened = any(given.parts > 1 for given in (*one, *other))
            return Level.NONE if hyphened else Level.SOFT
        if left_over and whole and left_over[0].parts > 1:
            return Level.SOFT
    return level


def _join(
    one: tuple[Given, ...], at: int, other: tuple[Given, ...], there: int
) -> tuple[int, int] | None:
    """Where two words on one side are one on the other: "Xiao Ming" and "Xiaoming"."""
    for left, i, right, j, swapped in (
        (one, at, other, there, False),
        (other, there, one, at, True),
    ):
        if i + 1 < len(left) and not left[i + 1].is_initial:
            joined = {a + b for a in left[i].spellings for b in left[i + 1].spellings}
            if joined & right[j].spellings:
                return (j + 1, i + 2) if swapped else (i + 2, j + 1)
    return None


def _same_word(one: Given, other: Given) -> Level:
    if one.spellings & other.spellings:
        return Level.FULL
    mine, theirs = one.text, other.text
    if TRANSCRIBED.get(mine, mine) == TRANSCRIBED.get(theirs, theirs):
        return Level.FULL
    if min(len(mine), len(theirs)) >= 5 and loose(mine) == loose(theirs):
        return Level.FULL
    if theirs in LONG_FORMS.get(mine, ()) or mine in LONG_FORMS.get(theirs, ()):
        return Level.SOFT
    if one.first_part in other.spellings or other.first_part in one.spellings:
        return Level.SOFT  # Jean for Jean-Pierre
    return Level.NONE


def _begins(full: Given, initial: Given) -> bool:
    return any(
        spelling.startswith(start) or (start.startswith(spelling) and full.is_initial)
        for spelling in full.spellings
        for start in initial.spellings
    ) or any(
        long.startswith(start)
        for spelling in full.spellings
        for long in LONG_FORMS.get(spelling, ())
        for start in initial.spellings
    )


def _inside(full: Given, initial: Given) -> bool:
    return any(start in spelling[1:] for spelling in full.spellings for start in initial.spellings)


def _nearly(one: Iterable[str], other: Iterable[str]) -> bool:
    mine = {loose(family) for family in one if len(family) >= 5}
    return bool(mine & {loose(family) for family in other if len(family) >= 5})
