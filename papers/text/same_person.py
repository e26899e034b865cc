"""Whether a printed author is the person, or the group, that somebody follows by name.

Names are compared as names: accents, particles, hyphens, initials, and the order and script of
Chinese, Japanese, Korean and Vietnamese names are spellings of one name; a full given name that
contradicts is another person. What a name alone cannot tell is "maybe", and so are initials
without anything else in common.
"""

import enum
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from anyascii import anyascii

from papers.text.person_names import PARTICLES, is_group_name, parts_of


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

_TABLES = json.loads((Path(__file__).parent.parent / "data" / "names.json").read_bytes())
_EAST_ASIAN = frozenset(" ".join(_TABLES["east_asian_families"]).split())
"""Family names in the Latin spellings of Chinese, Korean, Vietnamese and common Japanese ones."""
_COMMON = frozenset(" ".join(_TABLES["common_families"]).split())
"""Family names so frequent that initials in the same category say nothing."""
_HANGUL_FAMILIES: dict[str, str] = _TABLES["hangul_families"]
_TWO_CHARACTER_FAMILIES = tuple(_TABLES["two_character_families"])
_LONG_FORMS = {short: long.split() for short, long in _TABLES["long_forms"].items()}
_TRANSCRIBED = {
    spelling: group.split()[0] for group in _TABLES["transcriptions"] for spelling in group.split()
}
"""Arabic and Slavic given names by one of their spellings."""
_GIVEN_NAMES = frozenset(
    {*" ".join(_TABLES["common_given"]).split(), *_LONG_FORMS, *_TRANSCRIBED}
    | {one for longer in _LONG_FORMS.values() for one in longer}
).difference(_COMMON)
"""Names that are hardly ever a family's, as far as the tables go."""
_MOHAMMAD = frozenset({"md", "mohd", "muhd", "mhd"})
"""How Mohammad is abbreviated before another name, chiefly in Bangladesh and Malaysia."""
_SUFFIXES = {
    **dict.fromkeys(("jr", "junior", "filho"), "jr"),
    **dict.fromkeys(("sr", "senior"), "sr"),
    **dict.fromkeys(("ii", "2nd"), "ii"),
    **dict.fromkeys(("iii", "3rd"), "iii"),
    **dict.fromkeys(("iv", "4th"), "iv"),
}
_TITLES = frozenset({"phd", "md", "dr", "prof", "msc", "mph", "mbbs", "frcp", "rn", "dphil", "dsc"})
_NATIVE = re.compile(r"[㐀-鿿豈-﫿぀-ヿ가-힣々〆]+(?:[\s·・]*[㐀-鿿豈-﫿぀-ヿ가-힣々〆]+)*")
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "ß": "ss", "đ": "dj"}
)
_LONG_VOWELS = (("ō", "oh"), ("ō", "ou"), ("ū", "uu"))
_LOOSE = (
    ("ae", "a"), ("oe", "o"), ("ue", "u"), ("ks", "x"), ("ph", "f"), ("kh", "h"), ("ck", "k"),
    ("ou", "o"), ("oh", "o"), ("tz", "z"), ("ts", "z"), ("w", "v"), ("y", "i"), ("j", "i"),
)  # fmt: skip
_GROUP_NOISE = frozenset(
    {"the", "of", "for", "on", "behalf", "and", "team", "group", "study", "working", "network"}
    | {"collaboration", "collaborations", "consortium", "consortia", "initiative", "et", "al"}
    | {"investigators"}
)


class _Level(enum.IntEnum):
    """How far two names agree."""

    NONE = 0
    UNKNOWN = 1
    INITIAL = 2
    SOFT = 3
    FULL = 4


@dataclass(frozen=True, slots=True)
class _Given:
    """One word of a given name: its spellings, and whether it is only its beginning."""

    spellings: frozenset[str]
    is_initial: bool
    parts: int = 1
    first_part: str = ""

    @property
    def text(self) -> str:
        return min(self.spellings, key=len)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a name: spellings of the family name, and the given names."""

    families: frozenset[str]
    halves: frozenset[str]
    given: tuple[_Given, ...]
    suffix: str
    is_east_asian: bool
    most: _Level = _Level.FULL


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
    readings: tuple[_Reading, ...]
    turned: str
    """A bare name of two words, as none says which is the family's: "smith john"; else empty."""
    middle: tuple[_Given, _Given, str] | None
    """The parts of a name of three full words."""


def read_person(person: Person) -> ReadPerson:
    """Read a person's name: what comparing does first, and what costs most of it."""
    if person.is_group or is_group_name(person.name):
        return ReadPerson(person, frozenset(_groups(person.name)), "", (), "", None)
    native = _native(person.name)
    readings = _readings(person.name, person.family, person.given)
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
    if level is _Level.FULL:
        return Verdict.YES
    if level is _Level.NONE:
        return Verdict.NO
    beside = around if isinstance(around, Surroundings) else around()
    close = in_common(known, beside)
    if level is _Level.UNKNOWN:
        return Verdict.MAYBE if close else Verdict.NO
    if close or (level is _Level.INITIAL and _same_subject(one, known, beside)):
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
        for start in _starts(given):
            keys.add(f"{family} {start[0]}*")
            keys.add(f"{family} {start[0]}." if given.is_initial else f"{family} {start}")
    return frozenset(keys)


def probes_of(person: Person | ReadPerson) -> frozenset[str]:
    """The keys under which an index by `keys_of` has everybody who isn't `NO` to this person."""
    one = read_person(person) if isinstance(person, Person) else person
    keys = _other_keys(one)
    for family, given in _families_and_givens(one):
        keys.add(f"{family} ")
        for start in _starts(given) if given is not None else ():
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


def _families_and_givens(one: ReadPerson) -> Iterator[tuple[str, _Given | None]]:
    """Family names as loosely as they are compared, each with the first two given names."""
    for reading in one.readings:
        for family in {_loose(name) for name in (*reading.families, *reading.halves)}:
            for given in reading.given[:2] or (None,):
                yield family, given


@lru_cache(maxsize=1 << 14)
def plain_key(name: str) -> str:
    """A person's name in one spelling for sets of co-authors: family name and first initial. Empty
    where there is no given name.
    """
    for reading in _readings(name, "", "")[:1]:
        if reading.given:
            return f"{min(reading.families, key=len)} {reading.given[0].text[0]}"
    return ""


@lru_cache(maxsize=1 << 14)
def words(text: str) -> str:
    """Lower case in ASCII, with one space for whatever is no letter or digit."""
    return " ".join(re.findall(r"[a-z0-9]+", _ascii(text)))


def _contradict(one: frozenset[str], other: frozenset[str], scheme: str) -> bool:
    mine = {known for known in one if known.startswith(scheme)}
    theirs = {known for known in other if known.startswith(scheme)}
    return bool(mine and theirs and not mine & theirs)


def _same_subject(followed: ReadPerson, known: Surroundings, around: Surroundings) -> bool:
    if not known.categories & around.categories:
        return False
    return not any(reading.families & _COMMON for reading in followed.readings)


def _groups(name: str) -> set[str]:
    whole = _ascii(re.sub(r"\(.*?\)", " ", name))
    each = re.split(r",|;|&|\band\b|\bon behalf of\b", whole)
    found = set()
    for part in (whole, *each):
        kept = [word for word in re.findall(r"[a-z0-9]+", part) if word not in _GROUP_NOISE]
        if kept:
            found.add(" ".join(kept))
    return found


def _level(one: ReadPerson, other: ReadPerson) -> _Level:
    mine, theirs = one.native, other.native
    if mine and theirs:
        if mine == theirs:
            return _Level.FULL
        if _ascii(mine) != _ascii(theirs):
            return _Level.NONE
    if one.middle is not None and other.middle is not None and _differ(one.middle, other.middle):
        return _Level.NONE
    best = _Level.NONE
    for left in one.readings:
        for right in other.readings:
            best = max(best, _agree(left, right))
            if best is _Level.FULL:
                break
    if best is _Level.NONE and one.turned and other.turned and one.turned != other.turned:
        is_turned = sorted(one.turned.split()) == sorted(other.turned.split())
        return _Level.SOFT if is_turned else _Level.NONE
    return min(best, _Level.SOFT) if mine and theirs else best


def _differ(mine: tuple[_Given, _Given, str], theirs: tuple[_Given, _Given, str]) -> bool:
    """Whether two names of three words agree in the first and the last, and not in the one between:
    that one is then no family name which the other leaves out.
    """
    return (
        mine[2] == theirs[2]
        and _same_word(mine[0], theirs[0]) is _Level.FULL
        and _same_word(mine[1], theirs[1]) is _Level.NONE
    )


def _middle(name: str) -> tuple[_Given, _Given, str] | None:
    """The parts of a name of three full words; None for any other, and with particles."""
    if name.count(" ") < 2:
        return None
    listed, _ = _without_suffix(name)
    if len(listed) != 3:
        return None
    middle = words(listed[1])
    if middle in PARTICLES or middle.startswith("abd"):
        return None
    given = _given_names(listed[:2], is_east_asian=False)
    if len(given) != 2 or any(one.is_initial for one in given):
        return None
    return given[0], given[1], words(listed[2])


def _turned_key(name: str) -> str:
    listed = name.split()
    if len(listed) != 2 or any(_looks_like_initials(word) for word in listed):
        return ""
    spelled = words(name)
    return spelled if spelled.count(" ") == 1 else ""


def _agree(one: _Reading, other: _Reading) -> _Level:
    if one.suffix != other.suffix and (one.suffix or other.suffix):
        return _Level.NONE
    most = min(one.most, other.most)
    if not one.families & other.families:
        shared = (one.halves & (other.families | other.halves)) | (other.halves & one.families)
        if not shared and not _nearly(one.families, other.families):
            return _Level.NONE
        most = min(most, _Level.SOFT)
    is_east_asian = one.is_east_asian and other.is_east_asian
    level = _given_agree(one.given, other.given, is_east_asian=is_east_asian)
    if most < _Level.FULL and level is _Level.INITIAL:
        return _Level.UNKNOWN
    return min(level, most)


def _given_agree(
    one: tuple[_Given, ...], other: tuple[_Given, ...], *, is_east_asian: bool
) -> _Level:
    """How far the given names agree: the first that contradicts ends it."""
    if not one or not other:
        return _Level.FULL if not one and not other else _Level.UNKNOWN
    if _whole(one) & _whole(other):
        return _Level.FULL
    level = _in_order(one, other, is_east_asian=is_east_asian)
    if level is not _Level.NONE:
        return level
    for left, right in ((one, other), (other, one)):
        rest = left[1:]
        if rest and not rest[0].is_initial and not right[0].is_initial:
            later = _in_order(rest, right, is_east_asian=is_east_asian)
            if later >= _Level.SOFT:
                is_left_out = left[0].is_initial or left[0].spellings == {"mohammad"}
                return later if is_left_out else _Level.SOFT
    if is_east_asian and len(one) == len(other) > 1 and not any(x.is_initial for x in one + other):
        spelled = sorted(given.text for given in one)
        return _Level.SOFT if spelled == sorted(given.text for given in other) else _Level.NONE
    return _Level.NONE


def _whole(given: tuple[_Given, ...]) -> set[str]:
    """All given names as one word, where none is abbreviated: "Xiao-Ming" is "Xiaoming"."""
    if any(part.is_initial for part in given):
        return set()
    found = {""}
    for part in given:
        found = {before + spelling for before in found for spelling in part.spellings}
    return found


def _in_order(one: tuple[_Given, ...], other: tuple[_Given, ...], *, is_east_asian: bool) -> _Level:
    level = _Level.INITIAL
    has_full = False
    at = there = 0
    while at < len(one) and there < len(other):
        left, right = one[at], other[there]
        if left.is_initial or right.is_initial:
            short, long = (left, right) if left.is_initial else (right, left)
            if not _begins(long, short):
                return _Level.NONE
            rest = (one if left.is_initial else other)[(at if left.is_initial else there) + 1 :]
            others = (other if left.is_initial else one)[(there if left.is_initial else at) + 1 :]
            if not long.is_initial and rest and not others and is_east_asian:
                # "X.-M." for "Xiaoming": the second letter begins a later syllable
                if not all(_inside(long, letter) for letter in rest if letter.is_initial):
                    return _Level.NONE
                if all(letter.is_initial for letter in rest):
                    return level
        else:
            same = _same_word(left, right)
            if same is _Level.NONE:
                joined = _join(one, at, other, there)
                if joined is None:
                    return _Level.NONE
                at, there = joined
                has_full = True
                continue
            if same is _Level.SOFT:
                level = _Level.SOFT
            else:
                has_full = True
        at, there = at + 1, there + 1
    left_over = one[at:] or other[there:]
    if has_full and level is not _Level.SOFT:
        level = _Level.FULL
        whole = not any(given.is_initial for given in (*one, *other))
        if left_over and whole and is_east_asian and max(len(one), len(other)) == 2:
            hyphened = any(given.parts > 1 for given in (*one, *other))
            return _Level.NONE if hyphened else _Level.SOFT
        if left_over and whole and left_over[0].parts > 1:
            return _Level.SOFT
    return level


def _join(
    one: tuple[_Given, ...], at: int, other: tuple[_Given, ...], there: int
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


def _same_word(one: _Given, other: _Given) -> _Level:
    if one.spellings & other.spellings:
        return _Level.FULL
    mine, theirs = one.text, other.text
    if _TRANSCRIBED.get(mine, mine) == _TRANSCRIBED.get(theirs, theirs):
        return _Level.FULL
    if min(len(mine), len(theirs)) >= 5 and _loose(mine) == _loose(theirs):
        return _Level.FULL
    if theirs in _LONG_FORMS.get(mine, ()) or mine in _LONG_FORMS.get(theirs, ()):
        return _Level.SOFT
    if one.first_part in other.spellings or other.first_part in one.spellings:
        return _Level.SOFT  # Jean for Jean-Pierre
    return _Level.NONE


def _begins(full: _Given, initial: _Given) -> bool:
    return any(
        spelling.startswith(start) or (start.startswith(spelling) and full.is_initial)
        for spelling in full.spellings
        for start in initial.spellings
    ) or any(
        long.startswith(start)
        for spelling in full.spellings
        for long in _LONG_FORMS.get(spelling, ())
        for start in initial.spellings
    )


def _inside(full: _Given, initial: _Given) -> bool:
    return any(start in spelling[1:] for spelling in full.spellings for start in initial.spellings)


def _starts(given: _Given) -> set[str]:
    """The first two letters of a given name in all that it is compared as."""
    found = set()
    for spelling in given.spellings:
        found.add(spelling[:2])
        if not given.is_initial:
            found |= {long[:2] for long in _LONG_FORMS.get(spelling, ())}
            found.add(_TRANSCRIBED.get(spelling, spelling)[:2])
            found.add(_loose(spelling)[:2] or spelling[:2])
    return found


def _nearly(one: Iterable[str], other: Iterable[str]) -> bool:
    mine = {_loose(family) for family in one if len(family) >= 5}
    return bool(mine & {_loose(family) for family in other if len(family) >= 5})


@lru_cache(maxsize=1 << 15)
def _loose(word: str) -> str:
    """A word with the differences of transcription taken out: "aleksandr" is "alexandr"."""
    for before, after in _LOOSE:
        word = word.replace(before, after)
    return re.sub(r"(.)\1+", r"\1", word)


def _ascii(text: str) -> str:
    return anyascii(unicodedata.normalize("NFC", text)).casefold()


def _spellings(word: str) -> frozenset[str]:
    """A word without accents, hyphens and apostrophes, also as German, Nordic and Japanese
    names spell it out.
    """
    plain = unicodedata.normalize("NFC", word).casefold()
    both = {_ascii(plain), _ascii(plain.translate(_UMLAUTS))}
    both |= {_ascii(plain.replace(vowel, long)) for vowel, long in _LONG_VOWELS if vowel in plain}
    return frozenset(bare for one in both if (bare := re.sub(r"[^a-z0-9]", "", one)))


def _native(name: str) -> str:
    """What of a name is in Chinese, Japanese or Korean characters, without spaces."""
    found = _NATIVE.search(name)
    return re.sub(r"[\s·・]", "", found.group()) if found else ""


@lru_cache(maxsize=1 << 14)
def _readings(name: str, family: str, given: str) -> tuple[_Reading, ...]:
    """The ways to read a name, the likeliest first."""
    native = _native(name)
    latin = _NATIVE.sub(" ", name)
    latin = re.sub(r"[()（）\[\]]", " ", latin).strip(" ,")
    if native and not re.search(r"\w", latin):
        return _of_native(native)
    words_, suffix = _without_suffix(latin)
    if not words_:
        return ()
    if family and not _NATIVE.search(family):
        families, other_suffix = _without_suffix(family)
        givens, third = _without_suffix(_NATIVE.sub(" ", given))
        reading = _reading(families, givens, suffix or other_suffix or third)
        found = [reading] if reading else []
        if reading and len(givens) == 1 and len(families) == 1 and _is_east_asian(givens):
            # sources swap the parts of such names; then the printed order decides less
            turned = _reading(givens, families, suffix)
            if turned and not reading.is_east_asian:
                found.append(turned)
        return tuple(found)
    return tuple(_unparted(latin, words_, suffix))


def _unparted(latin: str, words_: list[str], suffix: str) -> list[_Reading]:
    found: list[_Reading | None] = []
    parted = [kept for part in latin.split(",") if (kept := _without_suffix(f"- {part}")[0])]
    if len(parted) > 1:
        reading = _reading(parted[0], [word for part in parted[1:] for word in part], suffix)
        return [reading] if reading else []
    if len(words_) == 1:
        reading = _reading(words_, [], suffix)
        return [reading] if reading else []
    first, last = words_[0], words_[-1]
    is_shouted = all(word.isupper() for word in words_ if len(word) > 1)
    last_is_initials = _looks_like_initials(last) and not is_shouted
    if last_is_initials and not _looks_like_initials(first):
        found.append(_reading(words_[:-1], [last], suffix))
        if "." in last or len(last) == 1 or words(last) not in _EAST_ASIAN:
            return [one for one in found if one]
    if first.isupper() and len(first) > 2 and not is_shouted and "." not in first:
        found.append(_reading(words_[:1], words_[1:], suffix))
        return [one for one in found if one]
    family, given = parts_of(" ".join(words_))
    usual = _reading(family.split(), given.split(), suffix)
    found.append(usual)
    if len(family.split()) > 1 and _is_east_asian([last]):
        found.append(_reading([last], words_[:-1], suffix))  # "Xi Le Zhao" has no particle
    if len(words_) <= 3 and _is_east_asian([first]) and not _looks_like_initials(first):
        both = _is_east_asian([last])
        most = _Level.SOFT if both else _Level.FULL
        found.append(_reading(words_[:1], words_[1:], suffix, most))
    elif len(words_) == 2 and words(first) in _COMMON and words(last) in _GIVEN_NAMES:
        found.append(_reading([first], [last], suffix))  # "Smith John": hardly the family of John
    elif len(words_) == 3 and len(family.split()) == 1 and not _looks_like_initials(words_[1]):
        # two family names, as in Spanish and Portuguese
        found.append(_reading(words_[1:], words_[:1], suffix, _Level.SOFT))
    return [one for one in found if one]


def _reading(
    families: list[str], givens: list[str], suffix: str, most: _Level = _Level.FULL
) -> _Reading | None:
    bare = [word for word in families if word.casefold().rstrip(".") not in PARTICLES] or families
    spelled = _spellings("".join(families)) | _spellings("".join(bare))
    joined = re.sub(r"^(?:al|el)[-\s'’]", "", " ".join(bare), flags=re.IGNORECASE)
    spelled |= _spellings(joined)
    if not spelled:
        return None
    parts = [part for word in bare for part in re.split(r"[-‐‑–]", word) if len(part) > 2]
    halves: frozenset[str] = frozenset()
    if len(parts) > 1:
        halves = frozenset().union(*map(_spellings, parts)) - spelled
    is_east_asian = bool(spelled & _EAST_ASIAN)
    given = _given_names(givens, is_east_asian=is_east_asian)
    return _Reading(spelled, halves, given, suffix, is_east_asian, most)


def _given_names(givens: list[str], *, is_east_asian: bool) -> tuple[_Given, ...]:
    found: list[_Given] = []
    many = [piece for word in givens for piece in _pieces(word)]
    skip = False
    for at, word in enumerate(many):
        if skip:
            skip = False
            continue
        lower = words(word).replace(" ", "")
        following = many[at + 1] if at + 1 < len(many) else ""
        if lower in {"abd", "abdul", "abdel", "abdol"} and len(words(following)) > 2:
            found.append(_Given(frozenset({_abd(lower, words(following))}), is_initial=False))
            skip = True
            continue
        if lower in _MOHAMMAD:
            found.append(_Given(frozenset({"mohammad"}), is_initial=False))
            continue
        if lower in PARTICLES and len(lower) > 1 and found and not is_east_asian:
            continue
        if _looks_like_initials(word):
            letters = re.findall(r"[^\W\d_]", word)
            if word.endswith(".") and len(letters) in {2, 3} and word[1:2].islower():
                found.append(_Given(_spellings(word), is_initial=True))
            else:
                found += [
                    _Given(spelled, is_initial=True)
                    for letter in letters
                    if (spelled := _first_letters(letter))
                ]
            continue
        spelled = _spellings(word)
        if spelled:
            hyphened = [part for part in re.split(r"[-‐‑–]", word) if words(part)]
            if lower.startswith(("abdul", "abdel", "abdol")) and len(lower) > 6:
                spelled = frozenset({_abd(lower[:5], lower[5:])})
            head = words(hyphened[0]) if len(hyphened) > 1 and not is_east_asian else ""
            found.append(_Given(spelled, False, len(hyphened), head))
    return tuple(found)


def _abd(article: str, rest: str) -> str:
    """ "Abdul Rahman", "Abd al-Rahman" and "Abdelrahman" in one spelling."""
    rest = re.sub(r"^(?:al|el|ar|er|ur|as|es|az) ?(?=[a-z]{4})", "", rest).replace(" ", "")
    return _TRANSCRIBED.get(f"abdul{rest}", f"abdul{rest}") if article else rest


def _first_letters(letter: str) -> frozenset[str]:
    return frozenset(one[:1] for one in _spellings(letter))


def _pieces(word: str) -> list[str]:
    """A word of a given name as its parts: "J.A." is two, "Yu." and "Xiao-Ming" one."""
    if "." in word.rstrip("."):
        return [piece for piece in re.findall(r"[^.\s]+\.?", word) if words(piece)]
    return [word] if words(word) else []


def _looks_like_initials(word: str) -> bool:
    """ "J.", "J", "JA", "J.-P." and "Yu." are; "Jo" and "Li" are not."""
    letters = re.sub(r"[^\w]|\d|_", "", word)
    if not letters:
        return False
    if len(letters) == 1:
        return True
    if len(letters) <= 3 and word.endswith(".") and letters[0].isupper():
        return True
    return len(letters) <= 3 and letters.isupper()


def _without_suffix(name: str) -> tuple[list[str], str]:
    """The words of a name without what distinguishes a generation, and that; without titles."""
    suffix = ""
    kept = []
    listed = name.replace(",", " ").split()
    for at, word in enumerate(listed):
        bare = word.rstrip(".").replace(".", "").casefold()
        if at and bare in _SUFFIXES and (bare not in {"filho", "junior"} or at > 1):
            suffix = _SUFFIXES[bare]
        elif bare in _TITLES and (at or len(listed) > 2) and not (bare == "md" and at == 0):
            continue
        elif words(word):
            kept.append(word)
    return kept, suffix


def _is_east_asian(words_: list[str]) -> bool:
    return bool(_spellings("".join(words_)) & _EAST_ASIAN)


def _of_native(native: str) -> tuple[_Reading, ...]:
    """How a name in Chinese or Korean characters may be printed in Latin ones: never certain."""
    at = 2 if native.startswith(_TWO_CHARACTER_FAMILIES) and len(native) > 2 else 1
    family, given = native[:at], native[at:]
    families = _HANGUL_FAMILIES.get(family, _ascii(family)).split()
    spelled = _Given(frozenset({re.sub(r"[^a-z]", "", _ascii(given))}), is_initial=False)
    if not families or not given or not spelled.text:
        return (_Reading(_spellings(native), frozenset(), (), "", is_east_asian=True),)
    return (
        _Reading(
            frozenset(families), frozenset(), (spelled,), "", is_east_asian=True, most=_Level.SOFT
        ),
    )
