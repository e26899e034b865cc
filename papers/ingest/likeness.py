"""How alike two works' titles, authors and abstracts are: what `identity.judge` weighs.

Titles are compared folded (`facts.folded_title`), so none of this depends on case, accents and
punctuation.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import product, takewhile
from typing import Final

from rapidfuzz import fuzz

from papers.ingest.facts import TITLE_WORDS, solid

SHORTEST_ABSTRACT: Final = 200
"""Characters of an abstract that say which work it is."""

MOST_COMPARED: Final = 3_000
"""Characters of an abstract that are compared."""

WORDS_IN_A_ROW: Final = 4
"""Words of one shingle. Of 8,592 pairs of recorded arXiv papers with half of their authors in
common, one pair of two works shares a third of these, and all others less than a fifth; by single
words, three such pairs are as alike as two versions of one abstract."""

WORDS_ALIKE: Final = 70
"""Of 100, by `rapidfuzz.fuzz.ratio`: two words of which one may be a slip of the pen."""

NAMES_ALIKE: Final = 85
"""Of 100: two long family names of which one may be a slip of the pen."""

LONG_NAME: Final = 6
MOST_SLIPS: Final = 2
"""Words in which two titles of one work may differ by a slip."""

MOST_ADDED: Final = 2
"""Words that one of two titles of one work may have more than the other, anywhere."""

FEWEST_SHARED: Final = 4
"""Telling words that two titles of one work by the same authors share if they differ in words."""

MANY_SHARED: Final = 6
"""Telling words in common beside which another one may stand in the place of one."""

_SMALL = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "is", "it", "its", "of"}
    | {"on", "over", "the", "their", "to", "under", "using", "via", "with"}
)
_SWAPPED = frozenset("".join(sorted(word)) for word in _SMALL if len(word) > 3)
_NOTES = frozenset(
    {"abstract", "abstracts", "available", "experience", "extended", "industrial"}
    | {"invited", "keynote", "only", "panel", "paper", "session", "short", "slides", "talk"}
    | {"tutorial"}
)
"""Words by which one register notes what another does not: "(panel session)", "(invited talk)"."""

_GENERIC = frozenset(
    {"application", "applications", "approach", "approaches", "framework", "method", "methods"}
    | {"model", "project", "report", "study", "system", "systems", "technical", "technique"}
    | {"techniques", "tool"}
)
"""Words that say of what sort a work is and not which."""

_OTHERS = frozenset(
    {"appendix", "book", "comment", "comments", "commentary", "correction", "corrigendum"}
    | {"demo", "demonstration", "discussion", "editorial", "epilogue", "erratum", "foreword"}
    | {"interview", "poster", "preface", "rejoinder", "reply", "response"}
    | {"review", "supplement", "supplementary", "translation"}
)
"""Words that only one of two titles has if they are of two works."""

_LATER = frozenset({"continued", "reconsidered", "revisited", "update"})
"""Words that a later work has more than the one that it goes on from."""

_ORDINALS = {
    word: f"{at}{'st' if at == 1 else 'nd' if at == 2 else 'rd' if at == 3 else 'th'}"
    for at, word in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"), 1
    )
}

_NUMBER = re.compile(r"v?\d+(?:st|nd|rd|th)?")
_ROMAN = re.compile(r"(?:x{0,2}(?:ix|iv|v?i{1,3}|v)|x{1,2})\b")
_PART = re.compile(
    r"\b(?:part|volume|vol|chapter|section|episode) (?!(?:and|for|from|in|of|on|the|to)\b)(\w+)"
)
_HEAD = re.compile(
    r"(?:an? )?(?:"
    r"(?:comments?|commentary|remarks?|discussion|review) (?:on|of)\b"
    r"|(?:repl(?:y|ies)|responses?) to\b|rejoinder\b|(?:corrections?|retraction) (?:to|of|for)\b"
    r"|(?:errat(?:um|a)|corrigend(?:um|a)|addend(?:um|a))\b|translation of\b"
    r"|(?:supplement(?:ary|al)?|supporting|additional) (?:to|material|information|data|files?)\b"
    r"|(?:replication )?(?:data|code|dataset) (?:for|from|of|presented)\b)"
)
"""How the folded title of something begins that is about a work."""


# --- Titles ---------------------------------------------------------------------------------------


def equal(ours: Iterable[str], theirs: Iterable[str]) -> set[str]:
    """The folded titles that both have, wherever their words are parted."""
    known = set(map(solid, theirs))
    return {title for title in ours if solid(title) in known}


def may_be_one(ours: Iterable[str], theirs: Iterable[str]) -> bool:
    """Whether two works' folded titles have a pair that is not of two parts of a series, nor of a
    work and what was written about it.
    """
    mine = {(_parts(title), bool(_HEAD.match(title))) for title in ours}
    return not mine.isdisjoint((_parts(title), bool(_HEAD.match(title))) for title in theirs)


def _parts(title: str) -> frozenset[str]:
    """Which part of a series a folded title says that it is, in Roman or other numerals."""
    roman = (word for word in title.split() if word != "x" and _ROMAN.fullmatch(word))
    return frozenset(roman) | frozenset(_PART.findall(title))


def nearly_equal(ours: Iterable[str], theirs: Iterable[str]) -> bool:
    """Whether two telling titles differ in nothing but small words, in notes such as "(panel
    session)" and in a slip or two within words.
    """
    for mine, yours in product(ours, theirs):
        seen = _compare(mine, yours)
        if not seen.mine and not seen.yours and seen.shared + seen.slips >= TITLE_WORDS:
            return True
    return False


def agree(
    ours: Iterable[str],
    theirs: Iterable[str],
    years: Collection[int] = (),
    fewest: int = FEWEST_SHARED,
) -> bool:
    """Whether titles that are not equal may be one work's, if it has the same authors and one
    names the other: they differ by slips, by a word or two, or one lacks the subtitle of the other;
    never by a number, unless it is one of the `years` in which the two came out or one beside
    these, and never by a word that marks another work, such as "poster" or "reply". Where they
    differ in whole words, they share the `fewest` telling ones.
    """
    near = {str(year + more) for year in years for more in (-1, 0, 1)}
    return any(_agree(mine, yours, near, fewest) for mine, yours in product(ours, theirs))


def _agree(mine: str, yours: str, years: Collection[str], fewest: int) -> bool:
    seen = _compare(mine, yours)
    alone = {*seen.mine, *seen.yours}
    if alone & _OTHERS:
        return False
    numbers = [word for word in alone if _has_digit(word) and word not in years]
    if not alone:
        return bool(seen.shared) if not seen.slips else seen.shared >= FEWEST_SHARED - 1
    if not seen.mine or not seen.yours:
        if alone & _LATER:
            return False
        if not numbers and _is_beginning(mine, yours):
            return True
        if seen.shared + seen.slips < fewest:
            return False
        more = [*seen.mine, *seen.yours]
        if len(more) <= MOST_ADDED and seen.slips <= 1 and not numbers:
            return True
        return not seen.slips and _is_subtitled(mine, yours, more, numbers)
    if numbers or seen.shared < fewest:
        return False
    replaced = [[word for word in side if word not in _GENERIC] for side in (seen.mine, seen.yours)]
    if not any(replaced):
        return max(len(seen.mine), len(seen.yours)) == 1 and seen.slips <= 1
    return max(map(len, replaced)) <= 1 and seen.shared >= MANY_SHARED


def _is_beginning(mine: str, yours: str) -> bool:
    """Whether one title is telling, and the other goes on from it."""
    short, long = sorted((mine.split(), yours.split()), key=len)
    return len(short) >= TITLE_WORDS and long[: len(short)] == short


def _is_subtitled(mine: str, yours: str, more: list[str], numbers: list[str]) -> bool:
    """Whether the longer title begins as the shorter does and has all of it, and goes on with
    words rather than with the number of a version.
    """
    short, long = sorted((_telling(mine), _telling(yours)), key=len)
    words = [word for word in more if not _has_digit(word)]
    is_numbered = any(_NUMBER.fullmatch(word) for word in numbers)
    return (
        long[:FEWEST_SHARED] == short[:FEWEST_SHARED]
        and set(short) <= set(long)
        and (not is_numbered or len(words) >= FEWEST_SHARED)
    )


@dataclass(slots=True)
class _Compared:
    """Two titles, word by word, small words and notes left aside."""

    mine: list[str]
    """Words that only the first has."""
    yours: list[str]
    shared: int
    """Words in common that say something."""
    slips: int


def _compare(mine: str, yours: str) -> _Compared:
    ours, theirs = Counter(_telling(mine)), Counter(_telling(yours))
    both = ours & theirs
    shared = sum(
        times
        for word, times in both.items()
        if word not in _GENERIC and not _NUMBER.fullmatch(word)
    )
    seen = _Compared(_alone(ours - theirs), _alone(theirs - ours), shared, slips=0)
    _pair_compounds(seen, seen.mine, seen.yours)
    _pair_compounds(seen, seen.yours, seen.mine)
    for word in list(seen.mine):
        ordinal = _ORDINALS.get(word, word)
        near = max(
            seen.yours,
            key=lambda other: (
                fuzz.ratio(word, other) + 100 * (ordinal == _ORDINALS.get(other, other))
            ),
            default="",
        )
        if near and _is_slip(word, near, in_long=shared >= FEWEST_SHARED):
            seen.mine.remove(word)
            seen.yours.remove(near)
            seen.slips += 1
    return seen


def _alone(words: Counter[str]) -> list[str]:
    """Without notes, and without small words whose letters were swapped."""
    return [
        word
        for word in words.elements()
        if word not in _NOTES and "".join(sorted(word)) not in _SWAPPED
    ]


def _pair_compounds(seen: _Compared, whole: list[str], parted: list[str]) -> None:
    """Take out words that one title writes as two: "data base" and "database"."""
    for word in list(whole):
        for at in range(len(parted) - 1):
            joined = parted[at] + parted[at + 1]
            if joined == word or fuzz.ratio(joined, word) >= NAMES_ALIKE:
                whole.remove(word)
                del parted[at : at + 2]
                seen.shared += joined == word
                seen.slips += joined != word
                break


def _is_slip(one: str, other: str, *, in_long: bool) -> bool:
    """Whether two words are one: misspelled, inflected or, in a long title, shortened."""
    if _has_digit(one) or _has_digit(other):
        return other in (_ORDINALS.get(one), one) or one == _ORDINALS.get(other)
    if fuzz.ratio(one, other) >= WORDS_ALIKE - 5 * in_long or sorted(one) == sorted(other):
        return True
    short, long = sorted((one, other), key=len)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    if same == len(short) >= (2 if in_long else 4):
        return True
    return same >= 3 and len(long) - same <= 3


def _telling(title: str) -> list[str]:
    return [word for word in title.split() if word not in _SMALL]


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


# --- Authors and abstracts ------------------------------------------------------------------------


def names_in_common(ours: Collection[str], theirs: Collection[str]) -> int:
    """How many folded family names two works share, long ones also with a slip."""
    known, others = set(ours), set(theirs)
    common = len(known & others)
    left = sorted(name for name in others - known if len(name) >= LONG_NAME)
    for name in sorted(known - others):
        near = max(left, key=lambda other: fuzz.ratio(name, other), default="")
        if len(name) >= LONG_NAME and near and fuzz.ratio(name, near) >= NAMES_ALIKE:
            left.remove(near)
            common += 1
    return common


def overlap(one: str, other: str) -> int | None:
    """How much of the shorter of two folded abstracts stands word by word in the other, of 100;
    None where one of them is too short to tell.
    """
    if min(len(one), len(other)) < SHORTEST_ABSTRACT:
        return None
    ours, theirs = _shingles(one[:MOST_COMPARED]), _shingles(other[:MOST_COMPARED])
    fewer = min(len(ours), len(theirs))
    return round(100 * len(ours & theirs) / fewer) if fewer else None


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    rows = range(len(words) - WORDS_IN_A_ROW + 1)
    return {tuple(words[at : at + WORDS_IN_A_ROW]) for at in rows}
