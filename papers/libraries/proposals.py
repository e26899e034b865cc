"""What a library suggests to follow: words, authors and venues that come up again and again."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from papers.libraries.entries import Entry
from papers.text.inflections import inflectionless
from papers.text.person_names import is_group_name
from papers.text.same_person import plain_key
from papers.text.words import STOP_WORDS, words

FEWEST = 3
"""Entries that must share something before it's proposed."""

MOST = 12
"""Proposals of a kind."""

MOST_TERMS = 300

_USUAL = frozenset(
    {"paper", "study", "approach", "method", "analysis", "using", "based", "new", "novel", "review"}
    | {"towards", "toward", "via", "case", "introduction", "data", "model", "system", "results"}
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing to follow, and how many entries speak for it."""

    kind: str
    """`words`, `author` or `venue`."""
    name: str
    entries: int
    coauthors: tuple[str, ...] = ()


def proposals(entries: Sequence[Entry]) -> list[Proposal]:
    """What the entries have in common, the most frequent of each kind first."""
    return [*_words(entries), *_authors(entries), *_venues(entries)]


def terms(entries: Iterable[Entry]) -> tuple[tuple[str, float], ...]:
    """The words of the entries' titles and abstracts, the most frequent first, with their weights:
    what "like these" is made of.
    """
    counts: Counter[str] = Counter()
    for entry in entries:
        said = {word.lower() for word in words(f"{entry.title}\n{entry.abstract}")}
        counts.update(said - STOP_WORDS)  # each entry once a word: none speaks for all
    known = [(word, count) for word, count in counts.most_common(2 * MOST_TERMS) if _is_term(word)]
    return tuple((word, float(count)) for word, count in known[:MOST_TERMS])


def _is_term(word: str) -> bool:
    return 2 < len(word) <= 40 and not word.isdigit()


def _words(entries: Sequence[Entry]) -> list[Proposal]:
    seen: dict[str, set[int]] = defaultdict(set)
    printed: dict[str, Counter[str]] = defaultdict(Counter)
    for at, entry in enumerate(entries):
        for text in (entry.title, *filter(_is_phrase, entry.keywords)):
            for phrase in _phrases(words(text)):
                bare = " ".join(inflectionless(word.lower()) for word in phrase)
                seen[bare].add(at)
                printed[bare][" ".join(phrase)] += 1
    often = {bare: who for bare, who in seen.items() if len(who) >= FEWEST}
    ranked = sorted(often, key=lambda bare: (-len(often[bare]) * len(bare.split()), bare))
    chosen: list[str] = []
    for bare in ranked:
        within = any(f" {bare} " in f" {other} " or f" {other} " in f" {bare} " for other in chosen)
        if not within:
            chosen.append(bare)
        if len(chosen) == MOST:
            break
    return [
        Proposal("words", _as_typed(printed[bare].most_common(1)[0][0]), len(often[bare]))
        for bare in chosen
    ]


def _is_phrase(keyword: str) -> bool:
    """Whether a keyword is words, and no category such as "physics.chem-ph" or "cond-mat"."""
    return " " in keyword.strip() and "." not in keyword


def _phrases(parts: Sequence[str]) -> Iterator[Sequence[str]]:
    for length in (2, 3):
        for at in range(len(parts) - length + 1):
            phrase = parts[at : at + length]
            if any(word.lower() in STOP_WORDS or word.isdigit() for word in phrase):
                continue
            if all(word.lower() in _USUAL for word in phrase) or min(map(len, phrase)) < 2:
                continue
            if phrase[0].lower() not in _USUAL and phrase[-1].lower() not in _USUAL:
                yield phrase


def _as_typed(phrase: str) -> str:
    return " ".join(word if word.isupper() else word.lower() for word in phrase.split())


def _authors(entries: Sequence[Entry]) -> list[Proposal]:
    seen: dict[str, set[int]] = defaultdict(set)
    printed: dict[str, Counter[str]] = defaultdict(Counter)
    for at, entry in enumerate(entries):
        if len(entry.authors) > 50:
            continue
        for name in entry.authors:
            key = plain_key(name)
            if key and not is_group_name(name):
                seen[key].add(at)
                printed[key][name] += 1
    found: list[Proposal] = []
    for key, who in sorted(seen.items(), key=lambda one: (-len(one[1]), one[0])):
        if len(who) < FEWEST or len(found) == MOST:
            break
        name = max(printed[key], key=lambda text: (len(text), text))  # with all that is known
        beside = Counter(
            other for at in who for other in entries[at].authors if plain_key(other) != key
        )
        others = tuple(other for other, _ in beside.most_common(20))
        found.append(Proposal("author", name, len(who), others))
    return found


def _venues(entries: Sequence[Entry]) -> list[Proposal]:
    seen: dict[str, set[int]] = defaultdict(set)
    printed: dict[str, Counter[str]] = defaultdict(Counter)
    for at, entry in enumerate(entries):
        if name := entry.venue.strip():
            seen[name.casefold()].add(at)
            printed[name.casefold()][name] += 1
    ranked = sorted(seen.items(), key=lambda one: (-len(one[1]), one[0]))[:MOST]
    return [
        Proposal("venue", printed[key].most_common(1)[0][0], len(who))
        for key, who in ranked
        if len(who) >= FEWEST
    ]
