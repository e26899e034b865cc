"""What a reader typed, as words to look for.

Both databases index folded text: lower case, without diacritics, cut at whatever is neither letter
nor digit. A query is folded here in the same way, so that what reaches a database's search syntax
is letters and digits only, and no query can be a wrong one.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from papers.text import spellings

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
_QUOTES = re.compile('["\u201c\u201d\u201e]')
_VOWELS = frozenset("aeiouy")
_FOLDED_LETTERS = str.maketrans(dict(LETTERS))

# Only words that carry nothing at all: "all you need" must find what it says.
_FUNCTION_WORDS = """
a an and are as at be by can do does for from has have how in into is it its of on or our so than
that the their these this those to via was we were what when where which who why will with you your
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


Phrase = tuple[str, ...]
"""Words that stand together, in this order."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a paper must hold, and what counts as it."""

    phrase: Phrase
    """As typed: one word, or several in quotes."""
    also: tuple[Phrase, ...] = ()
    """Other spellings of it: British, joined, taken apart, of an umlaut."""
    is_exact: bool = False
    """In quotes: only this very phrase."""

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """Every phrase that counts, each once, the typed one first."""
        return tuple(dict.fromkeys((self.phrase, *self.also)))

    def or_else(self, *phrases: Phrase) -> "Term":
        """The term with more spellings."""
        return self if self.is_exact else replace(self, also=(*self.also, *phrases))


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; made by `parse`."""

    phrase: Phrase
    """All words, in their order."""
    terms: tuple[Term, ...]
    """Those that count, each once: function words are left out where others remain."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the terms as typed, each once."""
        return tuple(dict.fromkeys(word for term in self.terms for word in term.phrase))


def cleaned(text: str) -> str:
    """`text` on one line, without control characters, at most `LONGEST` characters."""
    plain = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text[:1000])
    return " ".join(plain.split())[:LONGEST].strip()


def folded(text: str) -> str:
    """`text` in lower case, without diacritics, with a space for whatever is no letter or digit."""
    if text.isascii():
        return _SIGNS.sub(" ", text.lower()).strip()
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text.lower()))
    return _SIGNS.sub(" ", unicodedata.normalize("NFC", bare)).translate(_FOLDED_LETTERS).strip()


def holds(text: str, words: Collection[str]) -> bool:
    """Whether all of these folded `words` are words of `text`."""
    if text.isascii():  # most texts are, and most don't hold them
        lower = text.lower()
        if not all(word in lower for word in words):
            return False
    return set(words) <= set(folded(text).split())


def parse(text: str) -> Query:
    """The words of `text`; none where it has none. Words in straight or curly double quotes are one
    exact phrase. Never raises.
    """
    phrase: list[str] = []
    terms: list[Term] = []
    parts = _QUOTES.split(cleaned(text))
    for number, part in enumerate(parts):
        typed = [
            (word, raw) for raw in part.split() for word in folded(raw).split()
        ]  # one of many words, such as "zero-shot", gives several
        typed = typed[: MOST_WORDS - len(phrase)]
        words = tuple(word for word, _ in typed)
        phrase += words
        if number % 2 and number < len(parts) - 1 and words:  # what is never closed is no quote
            terms.append(Term(words, is_exact=True))
            continue
        terms += [_term(words, at, raw) for at, (_, raw) in enumerate(typed)]
    content = [term for term in terms if term.is_exact or term.phrase[0] not in FUNCTION_WORDS]
    return Query(tuple(phrase), _each_once(content or terms))


def _term(words: Phrase, at: int, raw: str) -> Term:
    """The term of the word at `at` with its spellings, as far as no look into the store is needed.

    Two words typed may be one in a paper ("zero shot", "zeroshot"), so that either of them is
    there where that one is.
    """
    word = words[at]
    also: list[Phrase] = [(other,) for other in spellings.variants(word)]
    also += spellings.taken_apart(word)
    if (german := folded(spellings.of_umlauts(raw))) and " " not in german:
        also.append((german,))
    also += [(joined,) for joined in _joined(words, at)]
    also += [(other,) for other in (singular(word), plural(word)) if other]
    return Term((word,), tuple(phrase for phrase in dict.fromkeys(also) if phrase != (word,)))


def singular(word: str) -> str:
    """An acronym without vowels that stands in the plural, such as "llms", in the singular; "" for
    all else, of which the databases know the stem: PostgreSQL takes no s from a word without
    vowels.
    """
    is_plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if is_plural and _is_unpronounceable(word) else ""


def plural(word: str) -> str:
    """An acronym without vowels, such as "llm", in the plural; "" for all else."""
    return f"{word}s" if _is_unpronounceable(word) and not word.endswith("s") else ""


def _is_unpronounceable(word: str) -> bool:
    return len(word) > 2 and word.isascii() and word.isalpha() and not _VOWELS & set(word)


def _joined(words: Phrase, at: int) -> Iterator[str]:
    """What the word at `at` is part of where it was written as one with its neighbors; initials
    and last names are indexed so as well.
    """
    for start in (at - 1, at):
        if 0 <= start < len(words) - 1:
            yield words[start] + words[start + 1]
            if len(words[start + 1]) == 1:  # an initial behind the name
                yield words[start + 1] + words[start]
    for start in (at - 2, at - 1, at):
        if 0 <= start < len(words) - 2:
            first, middle, last = words[start : start + 3]
            middle = spellings.DIGITS.get(middle, middle)
            if middle.isdigit():
                yield first + middle + last


def initials_and_lasts(words: Phrase) -> dict[str, frozenset[str]]:
    """What may be an initial and a last name among `words`, "y lecun", and the words it is."""
    found = {}
    for one, other in pairwise(words):
        for initial, last in ((one, other), (other, one)):
            if len(initial) == 1 < len(last):
                found[f"{initial} {last}"] = frozenset((initial, last))
    return found


def written_as_one(words: Phrase) -> set[str]:
    """Every two of the `words` that stand side by side as the one word they may be written as. Not
    initials with last names, which only the full text holds so.
    """
    return {one + other for one, other in pairwise(words) if len(one) > 1 and len(other) > 1}


def without(query: Query, words: Collection[str]) -> Query:
    """`query` where none of these words counts as another that was typed."""
    if not words:
        return query
    terms = tuple(
        replace(term, also=tuple(one for one in term.also if len(one) > 1 or one[0] not in words))
        for term in query.terms
    )
    return replace(query, terms=terms)


def in_words(query: Query) -> list[list[str]]:
    """For each term of `query` all that counts as it, without the ending of a plural."""
    return [[" ".join(phrase).removesuffix("s") for phrase in term.phrases] for term in query.terms]


def in_title(title: str, wanted: list[list[str]]) -> bool:
    """Whether `title` holds one of each list of folded words, with whatever endings. Of titles in
    ASCII only hyphens are folded, which is quicker.
    """
    plain = title.lower().replace("-", " ") if title.isascii() else folded(title)
    return all(any(words in plain for words in some) for some in wanted)


def with_phrases(query: Query, more: Mapping[str, Sequence[Phrase]]) -> Query:
    """`query` where each word among `more` is also there as one of these phrases."""
    terms = tuple(term.or_else(*more.get(term.phrase[0], ())) for term in query.terms)
    return replace(query, terms=terms)


def _each_once(terms: Sequence[Term]) -> tuple[Term, ...]:
    found: dict[Phrase, Term] = {}
    for term in terms:
        known = found.get(term.phrase)
        found[term.phrase] = known.or_else(*term.also) if known else term
    return tuple(found.values())


def fewer(terms: tuple[Term, ...]) -> list[tuple[Term, ...]]:
    """`terms` without one of them, for each of them that is not exact."""
    return [terms[:at] + terms[at + 1 :] for at, term in enumerate(terms) if not term.is_exact]


def pairs(title: str) -> list[tuple[Term, ...]]:
    """Every two of the `TELLING` longest words of a title; its only word where there is but one."""
    words = sorted(dict.fromkeys(folded(title).split()), key=lambda word: (-len(word), word))
    telling = [word for word in words if word not in FUNCTION_WORDS][:TELLING]
    terms = [Term((word,)) for word in telling]
    return list(combinations(terms, 2)) or [(term,) for term in terms]
