"""What a reader typed, as words to look for.

Both databases index folded text: lower case, without diacritics, cut at whatever is neither letter
nor digit. A query is folded here in the same way, so that what reaches a database's search syntax
is letters and digits only, and no query can be a wrong one.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import combinations

LONGEST = 200
"""Characters of a query that are looked at."""

MOST_WORDS = 24
"""Words of a query that are looked at."""

TELLING = 8
"""Words of a title that are looked at to find others like it."""

LETTERS = (("ø", "o"), ("ł", "l"), ("đ", "d"), ("ı", "i"), ("ß", "ss"), ("æ", "ae"), ("œ", "oe"))
"""Letters that no decomposition of Unicode takes apart, and what is typed for them; the databases
fold them alike."""

_MARKS = re.compile("[\u0300-\u036f]+")
_SIGNS = re.compile(r"[\W_]+")
_FOLDED_LETTERS = str.maketrans(dict(LETTERS))

# Only words that carry nothing at all: "all you need" must find what it says.
_FUNCTION_WORDS = """
a an and are as at be by can do does for from has have how in into is it its of on or our so than
that the their these this those to via was we were what when where which who why will with you your
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; made by `parse`."""

    phrase: tuple[str, ...]
    """All words, in their order."""
    words: tuple[str, ...]
    """Those that count, each once: function words are left out where others remain."""


def cleaned(text: str) -> str:
    """`text` on one line, without control characters, at most `LONGEST` characters."""
    plain = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text[:1000])
    return " ".join(plain.split())[:LONGEST].strip()


def folded(text: str) -> str:
    """`text` in lower case, without diacritics, with a space for whatever is no letter or digit."""
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text.lower()))
    return _SIGNS.sub(" ", unicodedata.normalize("NFC", bare)).translate(_FOLDED_LETTERS).strip()


def parse(text: str) -> Query:
    """The words of `text`; none where it has none. Never raises."""
    phrase = tuple(folded(cleaned(text)).split()[:MOST_WORDS])
    content = [word for word in phrase if word not in FUNCTION_WORDS]
    return Query(phrase, tuple(dict.fromkeys(content or phrase)))


def fewer(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """`words` without one of them, for each of them."""
    return [words[:at] + words[at + 1 :] for at in range(len(words))]


def pairs(title: str) -> list[tuple[str, ...]]:
    """Every two of the `TELLING` longest words of a title; its only word where there is but one."""
    words = sorted(dict.fromkeys(folded(title).split()), key=lambda word: (-len(word), word))
    telling = [word for word in words if word not in FUNCTION_WORDS][:TELLING]
    return list(combinations(telling, 2)) or [(word,) for word in telling]
