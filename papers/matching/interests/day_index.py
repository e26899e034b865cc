"""The papers of a day, indexed so that hundreds of thousands of interests can be looked up.

Topics are few and papers are many, so topics are compiled and papers walked. With interests it is
the other way round: every run of one to `LONGEST_PHRASE` words of a day's titles and abstracts is
kept as a 64-bit hash with the places where it stands, sorted, and the phrases of a page of
interests are looked up all at once. What is found is a candidate; `stands` then compares word by
word under the rule of `papers.text.phrases`, so that an interest matches exactly as a topic's
keyword does.

Authors stand under the keys of `papers.text.same_person`, with their names read; organizations,
venues and cited works under exact keys.

A run is hashed as its words without inflection, written together: "fine-tuning", "fine tuning" and
"finetuning" are one. Where writing together changes what the inflection rules do ("trans formers",
"transformers") the text is hashed in both ways, so that a phrase needs one look-up, or few.

The hash is a polynomial modulo 2^64 (Karp and Rabin, "Efficient randomized pattern-matching
algorithms", 1987), which lets runs be put together from words by numpy: H(ab) = H(a)·B^|b| + H(b).
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from papers.categories import canonical
from papers.matching.interests.specs import LONGEST_PHRASE
from papers.semantics.lsa import Floats
from papers.sources.record import Author
from papers.text.folding import folded
from papers.text.inflections import inflectionless
from papers.text.phrases import SHORTEST_COMPOUND, forms_of, held_to, is_shouted, is_written
from papers.text.same_person import (
    Person,
    ReadPerson,
    Surroundings,
    keys_of,
    orcid_key,
    read_person,
)
from papers.text.words import words, words_and_pauses

Hashes = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Spans = tuple[tuple[int, int], ...]
"""Where entries of the sorted hashes begin and end."""

_BASE = 0x9E3779B97F4A7C15 | 1
_MASK = (1 << 64) - 1
_SYLLABLE = re.compile("[aeiouy]")

PREPRINTS = "type:preprint"
"""The key of all preprints, as if they were a venue."""

PREPRINT_SCHEMES = frozenset({"arxiv", "biorxiv", "medrxiv", "chemrxiv", "openreview", "ssrn"})


@dataclass(frozen=True, slots=True)
class DayPaper:
    """What interests are matched with of a paper."""

    id: int
    title: str
    abstract: str = ""
    authors: tuple[Author, ...] = ()
    organization: str = ""
    venue: str = ""
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """Slugs of the sources that listed it."""
    is_preprint: bool = False
    topics: tuple[str, ...] = ()
    """Slugs of the topics that it matches."""
    has_code: bool = False
    days: tuple[str, ...] = ()
    """When sources listed it, as 2026-06-10."""
    cites: tuple[str, ...] = ()
    """Identifiers of works that it cites, where a service says so."""

    @property
    def organizations(self) -> set[str]:
        """Keys of its organizations: folded names, and `ror:` with the id's last part."""
        keys = {folded(part) for part in (self.organization, *self.organization.split(";"))}
        for author in self.authors:
            for at in author.affiliations:
                keys |= {folded(name) for name in (at.name, *at.name.split(","))}
                if at.ror:
                    keys.add(ror_key(at.ror))
        return keys - {""}

    @property
    def venues(self) -> set[str]:
        """Keys of where it came out: the folded name, `category:` and `source:` keys, and
        `PREPRINTS`.
        """
        keys = {f"category:{canonical(one)}" for one in self.categories}
        keys |= {f"source:{slug}" for slug in self.sources}
        if name := folded(self.venue):
            keys.add(name)
        if self.is_preprint:
            keys.add(PREPRINTS)
        return keys

    def around(self, at: int) -> Surroundings:
        """What stands beside the author at this position."""
        return Surroundings(
            coauthors=frozenset(one.name for i, one in enumerate(self.authors) if i != at),
            categories=frozenset(map(canonical, self.categories)),
            affiliations=frozenset(place.name for place in self.authors[at].affiliations)
            | ({self.organization} if self.organization else set()),
        )


def ror_key(ror: str) -> str:
    """The key of a ROR id, in whatever spelling: `ror:02mhbdp94`."""
    return f"ror:{ror.strip().rstrip('/').rsplit('/', 1)[-1].removeprefix('ror:').lower()}"


def person_of(author: Author) -> Person:
    """An author of a record as names are compared: the ids are in their one form."""
    ids = {f"{scheme}:{value}" for scheme, value in author.ids if scheme and value}
    ids.add(orcid_key(author.orcid))
    return Person(author.name, author.family, author.given, frozenset(ids - {""}), author.is_group)


@lru_cache(maxsize=400_000)
def _hashed(word: str) -> tuple[int, int]:
    """A word's hash, and B to the power of its length."""
    value, power = 0, 1
    for char in word:
        value = (value * _BASE + ord(char) + 1) & _MASK
        power = (power * _BASE) & _MASK
    return value, power


def hashes_of(phrase: str) -> list[int]:
    """The hashes under which a day's index may have the phrase: one, and another for each of its
    words that, written as two, says something else.
    """
    parts = words(phrase)
    bases = [inflectionless(part) for part in parts]
    found = [_run(bases)]
    for at, part in enumerate(parts):
        found += [_run([*bases[:at], apart, *bases[at + 1 :]]) for apart in _in_two(part)]
    return found


def _run(bases: Iterable[str]) -> int:
    value = 0
    for base in bases:
        mine, power = _hashed(base)
        value = (value * power + mine) & _MASK
    return value


@lru_cache(maxsize=100_000)
def _in_two(word: str) -> tuple[str, ...]:
    """What a word is, written as two of which each loses its own inflection; only where that is
    another string.
    """
    if len(word) < SHORTEST_COMPOUND or not word.isalpha():
        return ()
    whole = word.lower()
    plain = inflectionless(word)
    found = {
        _bare(whole[:cut]) + _bare(whole[cut:])
        for cut in range(3, len(whole) - 2)
        if _SYLLABLE.search(whole, 0, cut) and _SYLLABLE.search(whole, cut)
    }
    return tuple(found - {plain})


def _in_one(one: str, other: str) -> str:
    """What two neighbors are, written as one word; empty where that is what their own forms say."""
    joined = one.lower() + other.lower()
    if len(joined) < SHORTEST_COMPOUND or not joined.isalpha():
        return ""
    whole = _bare(joined)
    return "" if whole == inflectionless(one) + inflectionless(other) else whole


_bare = inflectionless.__wrapped__
"""`inflectionless` of what is hardly ever asked for twice: not worth being remembered."""


class DayIndex:
    """The papers of one day, or of a few. A paper is known by its row from here on."""

    def __init__(
        self, papers: Sequence[DayPaper], vectors: Mapping[int, Floats] | None = None
    ) -> None:
        """`vectors`: what papers are about, by paper id, as unit vectors of one model."""
        self.papers = papers
        self.venues = [paper.venues for paper in papers]
        self._found: dict[str, dict[int, bool]] = {}
        self._read_texts()
        self.by_person: dict[str, list[tuple[int, int]]] = defaultdict(list)
        """By the keys of `papers.text.same_person`, and by ids: rows and positions of authors."""
        self.by_organization: dict[str, list[int]] = defaultdict(list)
        self.by_venue: dict[str, list[int]] = defaultdict(list)
        self.by_cited: dict[str, list[int]] = defaultdict(list)
        self.people: list[list[ReadPerson]] = []
        for row, paper in enumerate(papers):
            people = [read_person(person_of(author)) for author in paper.authors]
            self.people.append(people)
            for at, person in enumerate(people):
                for key in keys_of(person) | person.person.ids:
                    self.by_person[key].append((row, at))
            for key in paper.organizations:
                self.by_organization[key].append(row)
            for key in self.venues[row]:
                self.by_venue[key].append(row)
            for key in paper.cites:
                self.by_cited[key].append(row)
        known = vectors or {}
        self.rows_with_vector = [row for row, paper in enumerate(papers) if paper.id in known]
        self.vectors: Floats | None = (
            np.stack([known[papers[row].id] for row in self.rows_with_vector]).astype(np.float32)
            if self.rows_with_vector
            else None
        )

    def find(self, phrase: str, places: Spans) -> dict[int, bool]:
        """By row whether the title has the phrase, where title or abstract have it; `places` are
        those of its hashes, see `spans`.
        """
        found: dict[int, bool] = {}
        if not places:
            return found
        begin, end = places[0]
        listed: list[int] = self._places[begin:end].tolist()
        for begin, end in places[1:]:
            listed += self._places[begin:end].tolist()
        own = [inflectionless(part) for part in words(phrase)]
        size = len(own)
        capitals = held_to(phrase)
        others: tuple[tuple[str, ...], ...] | None = None
        keys, ends = self._bases, self._ends
        segments = self._segment_of[listed].tolist()
        for at, segment in zip(listed, segments, strict=True):
            last = ends[segment]
            if keys[at : at + size] != own or at + size > last:
                if others is None:  # another spelling, which few texts have
                    others = forms_of(phrase)
                if not any(
                    at + len(form) <= last and tuple(keys[at : at + len(form)]) == form
                    for form in others
                ):
                    continue
            if capitals is not None and (
                self._shouted(segment) or not is_written(capitals, self._parts[at])
            ):
                continue
            row = segment >> 1
            found[row] = not segment & 1 or found.get(row, False)
        return found

    def spans(self, phrases: Sequence[str]) -> list[Spans]:
        """For each phrase where the places of its hashes begin and end. Empty: it isn't there."""
        hashes: list[int] = []
        owner: list[int] = []
        for number, phrase in enumerate(phrases):
            mine = hashes_of(phrase)
            hashes += mine
            owner += [number] * len(mine)
        wanted = np.array(hashes, dtype=np.uint64)
        order = np.argsort(wanted)  # neighbors are near each other in memory
        begins = np.searchsorted(self._hashes, wanted[order], side="left")
        ends = np.searchsorted(self._hashes, wanted[order], side="right")
        found: list[Spans] = [()] * len(phrases)
        (there,) = np.nonzero(begins < ends)
        for number, begin, end in zip(
            order[there].tolist(), begins[there].tolist(), ends[there].tolist(), strict=True
        ):
            found[owner[number]] += ((begin, end),)
        return found

    def having(self, phrase: str) -> dict[int, bool]:
        """`find` for one phrase by itself. Remembered: many leave out the same words."""
        found = self._found.get(phrase)
        if found is None:
            (places,) = self.spans([phrase])
            found = self.find(phrase, places)
            if len(self._found) < _REMEMBERED:
                self._found[phrase] = found
        return found

    def _shouted(self, segment: int) -> bool:
        known = self._is_shouted.get(segment)
        if known is None:
            begin, end = self._begins[segment], self._ends[segment]
            known = self._is_shouted[segment] = is_shouted(self._parts[begin:end])
        return known

    def _read_texts(self) -> None:
        """Lay all words out in one row, and hash their runs. Titles and abstracts are segments, in
        turns, which no run crosses.
        """
        self._parts: list[str] = []
        self._begins: list[int] = []
        self._ends: list[int] = []
        self._is_shouted: dict[int, bool] = {}
        known: dict[str, str] = {}
        for paper in self.papers:
            for text in (paper.title, paper.abstract):
                self._begins.append(len(self._parts))
                # One string for all places where a word stands.
                self._parts += [known.setdefault(part, part) for part in words_and_pauses(text)]
                self._ends.append(len(self._parts))
        self._bases = [inflectionless(part) for part in self._parts]
        sizes = np.array(self._ends, np.int64) - np.array(self._begins, np.int64)
        self._segment_of = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        hashed = [_hashed(base) for base in self._bases]
        own = np.array([value for value, _ in hashed], dtype=np.uint64)
        power = np.array([value for _, value in hashed], dtype=np.uint64)
        del hashed
        ends = np.repeat(np.array(self._ends, np.int32), sizes)
        begins = np.repeat(np.array(self._begins, np.int32), sizes)
        places = np.arange(len(own), dtype=np.int32)
        hashes, starts = [own], [places]
        # Runs by the place where they begin, for each number of words.
        runs: list[tuple[Hashes, Hashes]] = [(own, power)]
        for size in range(2, LONGEST_PHRASE + 1):
            before, before_power = runs[-1]
            following = np.minimum(places + (size - 1), max(len(own) - 1, 0))
            run = before * power[following] + own[following]
            runs.append((run, before_power * power[following]))
            fits = places + size <= ends
            hashes.append(run[fits])
            starts.append(places[fits])
        for at, width, readings in self._variants():
            value, raised = np.array([_hashed(one) for one in readings], np.uint64).T
            for left in range(LONGEST_PHRASE):
                for right in range(LONGEST_PHRASE - left):
                    fits = (at - left >= begins[at]) & (at + width + right <= ends[at])
                    here = at[fits]
                    if not len(here):
                        continue
                    run = value[fits]
                    if left:
                        run = runs[left - 1][0][here - left] * raised[fits] + run
                    if right:
                        after, after_power = runs[right - 1]
                        run = run * after_power[here + width] + after[here + width]
                    hashes.append(run)
                    starts.append((here - left).astype(np.int32))
        del runs
        everything = np.concatenate(hashes)
        del hashes
        order = np.argsort(everything)
        self._hashes: Hashes = everything[order]
        del everything
        self._places = np.concatenate(starts)[order]

    def _variants(self) -> Iterable[tuple[Integers, int, list[str]]]:
        """Where the text has other spellings: the places, how many words each stands for there,
        and what is to be read instead.
        """
        parts = self._parts
        ends = set(self._ends)
        pairs: dict[tuple[str, str], list[int]] = {}
        singles: dict[str, list[int]] = {}
        for at, part in enumerate(parts):
            singles.setdefault(part, []).append(at)
            if at + 1 < len(parts) and at + 1 not in ends:
                pairs.setdefault((part, parts[at + 1]), []).append(at)
        joined = [
            (at, text) for pair, ats in pairs.items() if (text := _in_one(*pair)) for at in ats
        ]
        del pairs
        parted = [
            (at, text) for part, ats in singles.items() for text in _in_two(part) for at in ats
        ]
        for width, found in ((2, joined), (1, parted)):
            if found:
                yield np.array([at for at, _ in found]), width, [text for _, text in found]


_REMEMBERED = 20_000
"""Phrases that interests leave out whose papers are remembered."""


def rows_in(index: DayIndex, keys: Collection[str]) -> set[int]:
    """The rows of papers that came out in one of these venues."""
    return {row for key in keys for row in index.by_venue.get(key, ())}
