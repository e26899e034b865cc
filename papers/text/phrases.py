"""Find many keywords in one pass over a text.

The keywords of every topic are compiled once into one table, keyed by sequences of words; a text
is then walked word by word and each position costs one dictionary look-up, however many topics
there are. What counts as the same keyword:

* singular and plural ("policy", "policies"), British and American ("quantisation"), see
  `papers.text.inflections`. Other members of the family are other words: "adaptive" is no
  adapter, and what is written with -ing or -ed is found only so ("prompting", not "prompts");
* hyphen, space or neither ("fine-tuning", "fine tuning", "finetuning"), but not across a comma or
  from one sentence to the next ("images, segmentations" is no image segmentation);
* any case, except for acronyms: a keyword of one word with two or more capitals and at most six
  letters is held to its capitals, so that RAG is not a rag, SAM is not Sam and LoRA is not the
  radio protocol LoRa. Plurals (LLMs) and, for mixed case, all capitals (LORA) still count. A text
  shouted in capitals has no acronyms to go by, and finds none. In a longer keyword ("KV cache")
  the other words already say what is meant, and case does not matter.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from papers.text.inflections import inflectionless
from papers.text.words import stem, words, words_and_pauses

SHORTEST_COMPOUND = 7
"""Letters a keyword needs before "finetuning" may also be found as "fine tuning"."""

LONGEST_ACRONYM = 6
"""Letters up to which capitals are taken for an acronym and not for a name like DeepSeek."""


_SYLLABLE = re.compile("[aeiouy]")


@dataclass(frozen=True, slots=True)
class Hit:
    """One keyword found in one text: which, and how often."""

    keyword: int
    count: int


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to write a keyword, and the capitals that it is held to."""

    keyword: int
    acronym: str | None


def acronym(word: str) -> str | None:
    """Return ``word`` without a plural s when it is an acronym held to its capitals, else None."""
    singular = word[:-1] if word.endswith("s") and not word.isupper() else word
    capitals = sum(letter.isupper() for letter in singular)
    letters = sum(letter.isalpha() for letter in singular)
    return singular if capitals >= 2 and letters <= LONGEST_ACRONYM else None


def held_to(keyword: str) -> str | None:
    """The capitals that a keyword is held to: one of a single word that is an acronym is."""
    parts = words(keyword)
    return acronym(parts[0]) if len(parts) == 1 else None


def is_written(acronym: str, word: str) -> bool:
    """Whether ``word``, as it stands in a text, is that acronym: its plural or shouted too."""
    if word.endswith("s") and len(word) == len(acronym) + 1:
        word = word[:-1]
    return word in (acronym, acronym.upper())


@lru_cache(maxsize=50_000)
def forms_of(keyword: str) -> tuple[tuple[str, ...], ...]:
    """Return every sequence of words, without inflection, that writes ``keyword``."""
    parts = words(keyword)
    if not parts:
        return ()
    spellings = [parts]
    # Neighbours written as one word: "pre training" as "pretraining". Not across a number, and
    # never to something too short to be sure of.
    for at in range(len(parts) - 1):
        joined = parts[at].lower() + parts[at + 1].lower()
        if len(joined) >= SHORTEST_COMPOUND and joined.isalpha():
            spellings.append([*parts[:at], joined, *parts[at + 2 :]])
    # One word written as two: "pretraining" as "pre-training". Splits that are no words do no
    # harm, since no text contains them.
    for at, part in enumerate(parts):
        if len(part) >= SHORTEST_COMPOUND and part.isalpha():
            whole = part.lower()
            spellings += [
                [*parts[:at], whole[:cut], whole[cut:], *parts[at + 1 :]]
                for cut in range(3, len(whole) - 2)
                if _SYLLABLE.search(whole, 0, cut) and _SYLLABLE.search(whole, cut)
            ]
    return tuple(
        dict.fromkeys(tuple(inflectionless(word) for word in spelling) for spelling in spellings)
    )


class PhraseTable:
    """The keywords of many topics, compiled once, to be looked for in many texts."""

    def __init__(self, keywords: Iterable[str]) -> None:
        """Compile ``keywords``; they are known by their position from here on."""
        self._forms: dict[tuple[str, ...], list[_Form]] = {}
        lengths: dict[str, set[int]] = {}
        self.bases: list[tuple[str, ...]] = []
        """The words of each keyword, without inflection."""
        self.stems: list[tuple[str, ...]] = []
        """Their stems, which a whole family of words shares."""
        for number, keyword in enumerate(keywords):
            parts = words(keyword)
            self.bases.append(tuple(inflectionless(word) for word in parts))
            self.stems.append(tuple(stem(word) for word in parts))
            capitals = held_to(keyword)
            for key in forms_of(keyword):
                self._forms.setdefault(key, []).append(_Form(number, capitals))
                lengths.setdefault(key[0], set()).add(len(key))
        self._lengths = {first: sorted(found) for first, found in lengths.items()}

    def find(self, text: str | Sequence[str]) -> list[Hit]:
        """Return the keywords that ``text`` (or its `words_and_pauses`) contains, in order of
        appearance.
        """
        parts = words_and_pauses(text) if isinstance(text, str) else text
        keys = [inflectionless(part) for part in parts]
        counts: dict[int, int] = {}
        shouted: bool | None = None
        for at, first in enumerate(keys):
            for length in self._lengths.get(first, ()):
                for form in self._forms.get(tuple(keys[at : at + length]), ()):
                    if form.acronym is not None:
                        if shouted is None:
                            shouted = is_shouted(parts)
                        if shouted or not is_written(form.acronym, parts[at]):
                            continue
                    counts[form.keyword] = counts.get(form.keyword, 0) + 1
        return [Hit(keyword, count) for keyword, count in counts.items()]


def is_shouted(parts: Sequence[str]) -> bool:
    """Whether a text is set in capitals, so that its capitals mark no acronyms.

    True when it has at least three words of four letters and more, and nearly all are capitals.
    """
    long_words = [part for part in parts if len(part) >= 4 and part.isalpha()]
    return len(long_words) >= 3 and sum(part.isupper() for part in long_words) >= 0.8 * len(
        long_words
    )


def contains(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    """Whether ``shorter`` stands, word for word, inside the different keyword ``longer``."""
    size = len(shorter)
    return size < len(longer) and any(
        longer[at : at + size] == shorter for at in range(len(longer) - size + 1)
    )
