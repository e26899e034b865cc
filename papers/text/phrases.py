"""Find many keywords in many texts at once.

The keywords of every topic are compiled once into one tree of words, which all words of many texts
walk down together, however many topics there are. What counts as the same keyword:

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

import numpy as np

from papers.text.inflections import inflectionless
from papers.text.tokens import Mask, Numbers, Positions, Tokens
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
class Hits:
    """The keywords found in many texts, text by text in order of appearance. One entry is one
    keyword in one text.
    """

    text: Positions
    keyword: Positions
    count: Positions


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
        self.bases: list[tuple[str, ...]] = []
        """The words of each keyword, without inflection."""
        self.stems: list[tuple[str, ...]] = []
        """Their stems, which a whole family of words shares."""
        self._words: dict[str, int] = {}  # the words of all forms
        self._asked: tuple[Sequence[str], Positions] | None = None
        # A tree of the forms: from the root, 0, each word leads on to another node.
        tree: dict[tuple[int, int], int] = {}
        ending: dict[int, list[_Form]] = {}
        for number, keyword in enumerate(keywords):
            parts = words(keyword)
            self.bases.append(tuple(inflectionless(word) for word in parts))
            self.stems.append(tuple(stem(word) for word in parts))
            capitals = held_to(keyword)
            for form in forms_of(keyword):
                node = 0
                for word in form:
                    step = node, self._words.setdefault(word, len(self._words))
                    node = tree.setdefault(step, len(tree) + 1)
                ending.setdefault(node, []).append(_Form(number, capitals))
        self._forms = [form for node in sorted(ending) for form in ending[node]]
        of_node = [len(ending.get(node, ())) for node in range(len(tree) + 1)]
        self._ends = np.concatenate(([0], np.cumsum(of_node)))  # of each node's forms
        steps = np.array([node * len(self._words) + word for node, word in tree], np.int64)
        order = np.argsort(steps)
        self._steps = steps[order]
        self._next = np.array(list(tree.values()), np.int64)[order]

    def find(self, text: str | Sequence[str]) -> list[Hit]:
        """Return the keywords that ``text`` (or its `words_and_pauses`) contains, in order of
        appearance.
        """
        parts = words_and_pauses(text) if isinstance(text, str) else text
        found = self.find_in(Tokens.cut([parts]))
        pairs = zip(found.keyword.tolist(), found.count.tolist(), strict=True)
        return [Hit(keyword, count) for keyword, count in pairs]

    def find_in(self, texts: Tokens) -> Hits:
        """Return the keywords that each of ``texts`` contains."""
        keys = self._keys_of(texts.distinct)[texts.numbers]
        starts = np.flatnonzero(keys >= 0)
        places: list[Positions] = []
        forms: list[Positions] = []
        nodes = np.zeros(len(starts), np.int64)
        length = 0
        while len(starts):
            nodes, starts = self._follow(nodes, keys[starts + length], starts)
            length += 1
            counts = self._ends[nodes + 1] - self._ends[nodes]
            places.append(np.repeat(starts, counts))
            forms.append(_ranges(self._ends[nodes], counts))
            going_on = starts + length < texts.bounds[texts.text_of[starts] + 1]
            nodes, starts = nodes[going_on], starts[going_on]
        at = np.concatenate((*places, np.zeros(0, np.int64)))
        form = np.concatenate((*forms, np.zeros(0, np.int64)))
        kept = self._held_to_capitals(texts, at, form)
        keyword = np.array([one.keyword for one in self._forms], np.int64)[form[kept]]
        return _counted(texts.text_of[at[kept]], keyword, at[kept], len(self.bases))

    def _keys_of(self, distinct: Sequence[str]) -> Positions:
        """Return the number here of each word, -1 for one that no keyword has. Texts that were cut
        together share their words, which are asked about once.
        """
        if self._asked is None or self._asked[0] is not distinct:
            known = (self._words.get(inflectionless(word), -1) for word in distinct)
            self._asked = distinct, np.fromiter(known, np.int64, len(distinct))
        return self._asked[1]

    def _follow(
        self, nodes: Positions, keys: Positions, starts: Positions
    ) -> tuple[Positions, Positions]:
        """Return where the next words lead from ``nodes``, and which of the ``starts`` are left."""
        steps = nodes * len(self._words) + keys
        at = np.minimum(np.searchsorted(self._steps, steps), len(self._steps) - 1)
        leads_on = (keys >= 0) & (self._steps[at] == steps)
        return self._next[at[leads_on]], starts[leads_on]

    def _held_to_capitals(self, texts: Tokens, at: Positions, form: Positions) -> Mask:
        """Return which forms found ``at`` these words are written with the right capitals."""
        kept = np.ones(len(at), np.bool_)
        if not any(one.acronym is not None for one in self._forms):
            return kept
        is_held = np.array([one.acronym is not None for one in self._forms], np.bool_)[form]
        wrong: dict[tuple[int, int], bool] = {}
        shouted = _shouted(texts)
        for entry in np.flatnonzero(is_held).tolist():
            pair = int(form[entry]), int(texts.numbers[at[entry]])
            if pair not in wrong:
                acronym = self._forms[pair[0]].acronym or ""
                wrong[pair] = not is_written(acronym, texts.distinct[pair[1]])
            kept[entry] = not wrong[pair] and not shouted[texts.text_of[at[entry]]]
        return kept


def _ranges(starts: Positions, counts: Positions) -> Positions:
    """Return, for each start, as many numbers from there on as its count says."""
    before = np.concatenate(([0], np.cumsum(counts)))
    ranges: Positions = np.arange(before[-1]) + np.repeat(starts - before[:-1], counts)
    return ranges


def _counted(text: Numbers, keyword: Positions, at: Positions, keywords: int) -> Hits:
    """Put what was found ``at`` these words together, keyword by keyword of each text."""
    order = np.argsort(at, kind="stable")
    cells = (text.astype(np.int64) * max(keywords, 1) + keyword)[order]
    different, first, count = np.unique(cells, return_index=True, return_counts=True)
    appearing = np.argsort(first)
    cell = different[appearing]
    return Hits(cell // max(keywords, 1), cell % max(keywords, 1), count[appearing])


def is_shouted(parts: Sequence[str]) -> bool:
    """Whether a text is set in capitals, so that its capitals mark no acronyms."""
    return bool(_shouted(Tokens.cut([parts]))[0])


def _shouted(texts: Tokens) -> Mask:
    """Return which texts are set in capitals: those with at least three words of four letters and
    more, nearly all of which are capitals.
    """
    long_words = texts.which(lambda word: len(word) >= 4 and word.isalpha())
    capitals = long_words & texts.which(str.isupper)
    long_ones = texts.sums(long_words[texts.numbers])
    shouted: Mask = (long_ones >= 3) & (texts.sums(capitals[texts.numbers]) >= 0.8 * long_ones)
    return shouted


def contains(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    """Whether ``shorter`` stands, word for word, inside the different keyword ``longer``."""
    size = len(shorter)
    return size < len(longer) and any(
        longer[at : at + size] == shorter for at in range(len(longer) - size + 1)
    )
