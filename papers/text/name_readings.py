"""How a printed name can be read: which of its words are the family's and which are given, and how
else each is spelled.

Accents, particles, hyphens, initials, transcriptions, and the order and script of Chinese,
Japanese, Korean and Vietnamese names are spellings of one name. Where a name can be read in several
ways there are several readings. Whether two names are one person's is for
`papers.text.same_person`.
"""

import enum
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from anyascii import anyascii

from papers.text.person_names import PARTICLES, parts_of

TABLES = json.loads((Path(__file__).parent.parent / "data" / "names.json").read_bytes())
_EAST_ASIAN = frozenset(" ".join(TABLES["east_asian_families"]).split())
"""Family names in the Latin spellings of Chinese, Korean, Vietnamese and common Japanese ones."""
COMMON = frozenset(" ".join(TABLES["common_families"]).split())
"""Family names so frequent that initials in the same category say nothing."""
_HANGUL_FAMILIES: dict[str, str] = TABLES["hangul_families"]
_TWO_CHARACTER_FAMILIES = tuple(TABLES["two_character_families"])
LONG_FORMS = {short: long.split() for short, long in TABLES["long_forms"].items()}
TRANSCRIBED = {
    spelling: group.split()[0] for group in TABLES["transcriptions"] for spelling in group.split()
}
"""Arabic and Slavic given names by one of their spellings."""
_GIVEN_NAMES = frozenset(
    {*" ".join(TABLES["common_given"]).split(), *LONG_FORMS, *TRANSCRIBED}
    | {one for longer in LONG_FORMS.values() for one in longer}
).difference(COMMON)
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


class Level(enum.IntEnum):
    """How far two names agree."""

    NONE = 0
    UNKNOWN = 1
    INITIAL = 2
    SOFT = 3
    FULL = 4


@dataclass(frozen=True, slots=True)
class Given:
    """One word of a given name: its spellings, and whether it is only its beginning."""

    spellings: frozenset[str]
    is_initial: bool
    parts: int = 1
    first_part: str = ""

    @property
    def text(self) -> str:
        """The shortest spelling."""
        return min(self.spellings, key=len)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a name: spellings of the family name, and the given names."""

    families: frozenset[str]
    halves: frozenset[str]
    given: tuple[Given, ...]
    suffix: str
    is_east_asian: bool
    most: Level = Level.FULL


@lru_cache(maxsize=1 << 14)
def words(text: str) -> str:
    """Lower case in ASCII, with one space for whatever is no letter or digit."""
    return " ".join(re.findall(r"[a-z0-9]+", in_ascii(text)))


def starts_of(given: Given) -> set[str]:
    """The first two letters of a given name in all that it is compared as."""
    found = set()
    for spelling in given.spellings:
        found.add(spelling[:2])
        if not given.is_initial:
            found |= {long[:2] for long in LONG_FORMS.get(spelling, ())}
            found.add(TRANSCRIBED.get(spelling, spelling)[:2])
            found.add(loose(spelling)[:2] or spelling[:2])
    return found


@lru_cache(maxsize=1 << 15)
def loose(word: str) -> str:
    """A word with the differences of transcription taken out: "aleksandr" is "alexandr"."""
    for before, after in _LOOSE:
        word = word.replace(before, after)
    return re.sub(r"(.)\1+", r"\1", word)


def in_ascii(text: str) -> str:
    """The text transcribed to ASCII, without case."""
    return anyascii(unicodedata.normalize("NFC", text)).casefold()


def _spellings(word: str) -> frozenset[str]:
    """A word without accents, hyphens and apostrophes, also as German, Nordic and Japanese
    names spell it out.
    """
    plain = unicodedata.normalize("NFC", word).casefold()
    both = {in_ascii(plain), in_ascii(plain.translate(_UMLAUTS))}
    both |= {in_ascii(plain.replace(vowel, long)) for vowel, long in _LONG_VOWELS if vowel in plain}
    return frozenset(bare for one in both if (bare := re.sub(r"[^a-z0-9]", "", one)))


def native_of(name: str) -> str:
    """What of a name is in Chinese, Japanese or Korean characters, without spaces."""
    found = _NATIVE.search(name)
    return re.sub(r"[\s·・]", "", found.group()) if found else ""


@lru_cache(maxsize=1 << 14)
def readings_of(name: str, family: str, given: str) -> tuple[Reading, ...]:
    """The ways to read a name, the likeliest first."""
    native = native_of(name)
    latin = _NATIVE.sub(" ", name)
    latin = re.sub(r"[()（）\[\]]", " ", latin).strip(" ,")
    if native and not re.search(r"\w", latin):
        return _of_native(native)
    words_, suffix = without_suffix(latin)
    if not words_:
        return ()
    if family and not _NATIVE.search(family):
        families, other_suffix = without_suffix(family)
        givens, third = without_suffix(_NATIVE.sub(" ", given))
        reading = _reading(families, givens, suffix or other_suffix or third)
        found = [reading] if reading else []
        if reading and len(givens) == 1 and len(families) == 1 and _is_east_asian(givens):
            # sources swap the parts of such names; then the printed order decides less
            turned = _reading(givens, families, suffix)
            if turned and not reading.is_east_asian:
                found.append(turned)
        return tuple(found)
    return tuple(_unparted(latin, words_, suffix))


def _unparted(latin: str, words_: list[str], suffix: str) -> list[Reading]:
    found: list[Reading | None] = []
    parted = [kept for part in latin.split(",") if (kept := without_suffix(f"- {part}")[0])]
    if len(parted) > 1:
        reading = _reading(parted[0], [word for part in parted[1:] for word in part], suffix)
        return [reading] if reading else []
    if len(words_) == 1:
        reading = _reading(words_, [], suffix)
        return [reading] if reading else []
    first, last = words_[0], words_[-1]
    is_shouted = all(word.isupper() for word in words_ if len(word) > 1)
    last_is_initials = looks_like_initials(last) and not is_shouted
    if last_is_initials and not looks_like_initials(first):
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
    if len(words_) <= 3 and _is_east_asian([first]) and not looks_like_initials(first):
        both = _is_east_asian([last])
        most = Level.SOFT if both else Level.FULL
        found.append(_reading(words_[:1], words_[1:], suffix, most))
    elif len(words_) == 2 and words(first) in COMMON and words(last) in _GIVEN_NAMES:
        found.append(_reading([first], [last], suffix))  # "Smith John": hardly the family of John
    elif len(words_) == 3 and len(family.split()) == 1 and not looks_like_initials(words_[1]):
        # two family names, as in Spanish and Portuguese
        found.append(_reading(words_[1:], words_[:1], suffix, Level.SOFT))
    return [one for one in found if one]


def _reading(
    families: list[str], givens: list[str], suffix: str, most: Level = Level.FULL
) -> Reading | None:
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
    given = given_names(givens, is_east_asian=is_east_asian)
    return Reading(spelled, halves, given, suffix, is_east_asian, most)


def given_names(givens: list[str], *, is_east_asian: bool) -> tuple[Given, ...]:
    """The words of given names, each with its spellings; initials written together are parted."""
    found: list[Given] = []
    many = [piece for word in givens for piece in _pieces(word)]
    skip = False
    for at, word in enumerate(many):
        if skip:
            skip = False
            continue
        lower = words(word).replace(" ", "")
        following = many[at + 1] if at + 1 < len(many) else ""
        if lower in {"abd", "abdul", "abdel", "abdol"} and len(words(following)) > 2:
            found.append(Given(frozenset({_abd(lower, words(following))}), is_initial=False))
            skip = True
            continue
        if lower in _MOHAMMAD:
            found.append(Given(frozenset({"mohammad"}), is_initial=False))
            continue
        if lower in PARTICLES and len(lower) > 1 and found and not is_east_asian:
            continue
        if looks_like_initials(word):
            letters = re.findall(r"[^\W\d_]", word)
            if word.endswith(".") and len(letters) in {2, 3} and word[1:2].islower():
                found.append(Given(_spellings(word), is_initial=True))
            else:
                found += [
                    Given(spelled, is_initial=True)
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
            found.append(Given(spelled, False, len(hyphened), head))
    return tuple(found)


def _abd(article: str, rest: str) -> str:
    """ "Abdul Rahman", "Abd al-Rahman" and "Abdelrahman" in one spelling."""
    rest = re.sub(r"^(?:al|el|ar|er|ur|as|es|az) ?(?=[a-z]{4})", "", rest).replace(" ", "")
    return TRANSCRIBED.get(f"abdul{rest}", f"abdul{rest}") if article else rest


def _first_letters(letter: str) -> frozenset[str]:
    return frozenset(one[:1] for one in _spellings(letter))


def _pieces(word: str) -> list[str]:
    """A word of a given name as its parts: "J.A." is two, "Yu." and "Xiao-Ming" one."""
    if "." in word.rstrip("."):
        return [piece for piece in re.findall(r"[^.\s]+\.?", word) if words(piece)]
    return [word] if words(word) else []


def looks_like_initials(word: str) -> bool:
    """ "J.", "J", "JA", "J.-P." and "Yu." are; "Jo" and "Li" are not."""
    letters = re.sub(r"[^\w]|\d|_", "", word)
    if not letters:
        return False
    if len(letters) == 1:
        return True
    if len(letters) <= 3 and word.endswith(".") and letters[0].isupper():
        return True
    return len(letters) <= 3 and letters.isupper()


def without_suffix(name: str) -> tuple[list[str], str]:
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


def _of_native(native: str) -> tuple[Reading, ...]:
    """How a name in Chinese or Korean characters may be printed in Latin ones: never certain."""
    at = 2 if native.startswith(_TWO_CHARACTER_FAMILIES) and len(native) > 2 else 1
    family, given = native[:at], native[at:]
    families = _HANGUL_FAMILIES.get(family, in_ascii(family)).split()
    spelled = Given(frozenset({re.sub(r"[^a-z]", "", in_ascii(given))}), is_initial=False)
    if not families or not given or not spelled.text:
        return (Reading(_spellings(native), frozenset(), (), "", is_east_asian=True),)
    return (
        Reading(
            frozenset(families), frozenset(), (spelled,), "", is_east_asian=True, most=Level.SOFT
        ),
    )
