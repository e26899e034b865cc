"""The store's own words: which there are, which a misspelled one may be, what acronyms stand for.

Papers are read once, when they come, and counted; what is edited or deleted later is not counted
anew, since the numbers only say which words are common. `manage.py learn_words --anew` does.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from rapidfuzz.distance import OSA

from papers.models import Acronym, Paper, SearchVocabulary, SearchWord, WordDeletion
from papers.search import acronyms
from papers.search.query import (
    FUNCTION_WORDS,
    Phrase,
    Query,
    folded,
    singular,
    written_as_one,
)
from papers.text.words import stem

BATCH = 500
"""Papers read in one transaction."""

CHUNK = 1_000
"""Rows written by one statement."""

SHORTEST = 5
"""Letters of a word that is meant."""

SHORTEST_TYPED = 4
"""Letters of a word that is corrected: one may be missing."""

KNOWN = 3
"""Papers from which on a typed word is believed."""

COMMON = 2
"""Papers from which on a word that stands in no title is suggested."""

MOST_CORRECTIONS = 5
"""Words tried for one misspelled word."""

MOST_SPLITS = 3
"""Ways tried to take one word apart."""

PARTS_SHARE = 0.1
"""Of the papers that hold a word, how many must hold each of two words that it may be made of."""

LEARNED = 2
"""Papers that must introduce an acronym before search believes it."""

SHARE = 0.1
"""Of the papers that introduce a short form, those that must mean the same by it."""

MOST_MEANINGS = 3
"""Long forms looked for in place of one short form, the commonest."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store knows of the words of one query."""

    papers: dict[str, int]
    """Word typed -> papers that hold it, 0 for an unknown one."""
    corrections: dict[str, tuple[str, ...]]
    """Misspelled word -> words that it may be, the commonest first."""
    splits: dict[str, tuple[Phrase, ...]]
    """Word typed -> two words that it may be."""
    long_forms: dict[str, tuple[Phrase, ...]]
    """Short form typed -> what it stands for."""
    short_forms: dict[Phrase, tuple[str, ...]]
    """Words typed that stand together -> their short forms."""
    unwritten: frozenset[str]
    """What two words typed would be as one, where no paper writes them so."""


def facts_of(query: Query) -> Facts:
    """Ask the store about the words of `query`. One statement."""
    typed = [term.phrase[0] for term in query.terms if not term.is_exact]
    wanted = {word for word in typed if _is_correctable(word, SHORTEST_TYPED)}
    halves = {word: _halves(word) for word in typed if word.isalpha()}
    keys = {key for word in wanted for key in _keys(word)}
    spelled = {
        query.phrase[at:end]
        for at in range(len(query.phrase))
        for end in range(at + 2, min(len(query.phrase), at + acronyms.MOST_WORDS) + 1)
        if acronyms.is_long(query.phrase[at:end])
    }
    stems = {words: acronyms.long_key(words) for words in spelled}
    together = {word: _inflected(word) for word in written_as_one(query.phrase) if _counts(word)}
    looked_up = {
        *typed,
        *(part for pairs in halves.values() for pair in pairs for part in pair),
        *(form for forms in together.values() for form in forms),
    }
    rows = _ask(
        [word for word in looked_up if len(word) <= SearchWord.LENGTH],
        list(keys),
        [
            form
            for word in typed
            for form in (word, singular(word))
            if form and len(form) <= acronyms.LONGEST_SHORT
        ],
        list({*stems.values()}),
    )
    known = {word: papers for kind, word, papers, _, _ in rows if kind == "word"}
    near = {word: papers for kind, word, papers, _, _ in rows if kind == "near"}
    short = [(a, b, c, d) for kind, a, b, c, d in rows if kind == "short"]
    return Facts(
        papers={word: known.get(word, 0) for word in typed},
        corrections={
            word: found
            for word in wanted
            if known.get(word, 0) < KNOWN and (found := _corrections(word, near))
        },
        splits={
            word: two for word, pairs in halves.items() if (two := _splits(word, pairs, known))
        },
        long_forms=_long_forms(typed, short),
        short_forms=_short_forms(stems, short),
        # Where no word is known, none were learned yet.
        unwritten=frozenset(
            word for word, forms in together.items() if known.keys().isdisjoint(forms)
        )
        if known
        else frozenset(),
    )


def _counts(word: str) -> bool:
    """Whether a paper that holds the word is counted for it."""
    return 2 <= len(word) <= SearchWord.LENGTH and word.isalpha() and word not in FUNCTION_WORDS


def _inflected(word: str) -> set[str]:
    """The word with the endings that most words have: the full text finds them all by its stem."""
    root = word[:-1] if word.endswith("e") else word
    return {word, word.removesuffix("s"), f"{word}s", f"{root}ed", f"{root}ing"}


def _is_correctable(word: str, shortest: int = SHORTEST) -> bool:
    return shortest <= len(word) <= SearchWord.LENGTH and word.isalpha()


def _corrections(word: str, near: dict[str, int]) -> tuple[str, ...]:
    found = [
        (other, papers)
        for other, papers in near.items()
        if other[0] == word[0] and stem(other) != stem(word) and OSA.distance(word, other) == 1
    ]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return tuple(other for other, _ in found[:MOST_CORRECTIONS])


def _halves(word: str) -> list[Phrase]:
    """Every two words that `word` may be made of."""
    if not 6 <= len(word) <= SearchWord.LENGTH:
        return []
    return [(word[:at], word[at:]) for at in range(2, len(word) - 1)]


def _splits(word: str, pairs: list[Phrase], known: dict[str, int]) -> tuple[Phrase, ...]:
    """The likeliest two words that `word` may be made of: "plugin" is "plug in", but a common word
    such as "robust" is not made of rare ones. An unknown word may be made of ones that only one
    paper has.
    """
    fewest = max(COMMON, PARTS_SHARE * known[word]) if word in known else 1
    # Nobody counts function words.
    papers_with: dict[str, float] = {**known, **dict.fromkeys(FUNCTION_WORDS, fewest)}
    rated = [(min(papers_with.get(part, 0) for part in pair), pair) for pair in pairs]
    rated.sort(key=lambda found: (-found[0], found[1]))
    return tuple(pair for papers, pair in rated[:MOST_SPLITS] if papers >= fewest)


def _long_forms(typed: Iterable[str], rows: list[tuple[Any, ...]]) -> dict[str, tuple[Phrase, ...]]:
    found: dict[str, tuple[Phrase, ...]] = {}
    for word in typed:
        mine = [row for row in rows if row[0] in (word, singular(word))]
        if forms := [tuple(row[2].split()) for row in _believed(mine)]:
            found[word] = tuple(forms[:MOST_MEANINGS])
    return found


def _short_forms(
    stems: dict[Phrase, str], rows: list[tuple[Any, ...]]
) -> dict[Phrase, tuple[str, ...]]:
    found: dict[Phrase, tuple[str, ...]] = {}
    for words, key in stems.items():
        mine = [row for row in rows if row[3].partition("\n")[0] == key]
        if forms := [row[0] for row in _believed(mine)]:
            found[words] = tuple(forms[:MOST_MEANINGS])
    return found


def _believed(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Those of some acronyms that enough papers use, the commonest first, and an editor's own."""
    total = sum(row[1] for row in rows)
    kept = []
    for row in rows:
        verdict = row[3].partition("\n")[2]
        is_learned = row[1] >= LEARNED and row[1] >= SHARE * total
        if verdict == "always" or (not verdict and is_learned):
            kept.append(row)
    return sorted(kept, key=lambda row: (-row[1], row[2]))


def _ask(
    words: Sequence[str], keys: Sequence[int], short: Sequence[str], stems: Sequence[str]
) -> list[tuple[str, str, int, str, str]]:
    """Rows of (what it is, word, papers, long form, stems and verdict). One statement, which is
    always the same, for SQLite takes long to prepare a new one.
    """
    postgres = connection.vendor == "postgresql"

    def given(values: Sequence[Any]) -> Any:
        return list(values) if postgres else json.dumps(values)

    with connection.cursor() as cursor:
        cursor.execute(_ASKED[postgres], [given(words), given(keys), given(short), given(stems)])
        return list(dict.fromkeys(cursor.fetchall()))


def _asking(text: str, number: str) -> str:
    """SQL for `_ask`; `text` and `number` are queries for the values of a parameter."""
    acronyms = (
        "SELECT 'short', short, papers, long, stems || '\n' || verdict "
        "FROM papers_acronym WHERE {} IN ({})"
    )
    return " UNION ALL ".join(
        (
            f"SELECT 'word', word, papers, '', '' FROM papers_searchword WHERE word IN ({text})",
            (
                "SELECT 'near', word, papers, '', '' FROM papers_searchword WHERE id IN "
                f"(SELECT word_id FROM papers_worddeletion WHERE key IN ({number}))"
            ),
            acronyms.format("short", text),
            acronyms.format("stems", text),
        )
    )


_FROM_JSON = "SELECT value FROM json_each(%s)"
_ASKED = {
    True: _asking("SELECT unnest(%s::text[])", "SELECT unnest(%s::bigint[])"),
    False: _asking(_FROM_JSON, _FROM_JSON),
}


# --- Learning -------------------------------------------------------------------------------


def learn(progress: Progress = lambda done, total: None, *, anew: bool = False) -> int:
    """Read the papers that came since the last time, or with `anew` all; how many were read.

    Each batch is a transaction of its own, so it can be stopped at any time and goes on there.
    """
    if anew:
        forget()
    last = _state(lock=False).last_paper_id
    total = Paper.objects.filter(pk__gt=last).count()
    done = 0
    while count := _learn_batch():
        done += count
        progress(done, max(total, done))
    return done


@transaction.atomic
def forget() -> None:
    """Forget all words and the acronyms that papers taught; an editor's stay."""
    state = _state(lock=True)
    WordDeletion.objects.all().delete()
    SearchWord.objects.all().delete()
    Acronym.objects.filter(verdict="").delete()
    Acronym.objects.update(papers=0)
    state.last_paper_id = 0
    state.save()


def _state(*, lock: bool) -> SearchVocabulary:
    SearchVocabulary.objects.bulk_create([SearchVocabulary(pk=1)], ignore_conflicts=True)
    rows = SearchVocabulary.objects.select_for_update() if lock else SearchVocabulary.objects
    return rows.get(pk=1)


@transaction.atomic
def _learn_batch() -> int:
    state = _state(lock=True)
    papers = list(
        Paper.objects.filter(pk__gt=state.last_paper_id)
        .order_by("pk")
        .values_list("pk", "title", "abstract", "authors")[:BATCH]
    )
    if not papers:
        return 0
    counts: Counter[str] = Counter()
    told: set[str] = set()
    found: Counter[tuple[str, str]] = Counter()
    printed: dict[tuple[str, str], str] = {}
    for _pk, title, abstract, authors in papers:
        names = " ".join(map(str, authors)) if isinstance(authors, list) else ""
        prominent = set(_words(f"{title} {names}"))
        told |= prominent
        counts.update(prominent | set(_words(abstract)))
        mine = {}
        for short, long in acronyms.introduced(f"{title}. {abstract}"):
            key, words = acronyms.short_key(short), tuple(folded(long).split())
            if key and acronyms.is_long(words):
                pair = key, acronyms.long_key(words)
                mine[pair] = " ".join(words)
        found.update(mine.keys())
        printed = mine | printed
    _count_words(counts)
    _suggest(sorted(counts), told)
    _count_acronyms(found, printed)
    state.last_paper_id = papers[-1][0]
    state.save()
    return len(papers)


def _words(text: str) -> list[str]:
    return [word for word in folded(text).split() if _counts(word)]


def _count_words(counts: Counter[str]) -> None:
    rows = sorted(counts.items())  # in one order everywhere, so that nobody waits in a circle
    with connection.cursor() as cursor:
        for at in range(0, len(rows), CHUNK):
            chunk = rows[at : at + CHUNK]
            cursor.execute(
                "INSERT INTO papers_searchword (word, papers, is_suggested) VALUES "
                + ", ".join(["(%s, %s, FALSE)"] * len(chunk))
                + " ON CONFLICT (word) DO UPDATE SET "
                "papers = papers_searchword.papers + excluded.papers",
                [value for row in chunk for value in row],
            )


def _suggest(words: Sequence[str], told: set[str]) -> None:
    """Store the deletions of those of the `words` that are suggested from now on: those `told` in a
    title or a name, and those that several papers hold.
    """
    fresh: list[tuple[int, str]] = []
    for at in range(0, len(words), CHUNK):
        rows = SearchWord.objects.filter(word__in=words[at : at + CHUNK], is_suggested=False)
        fresh += [
            (pk, word)
            for pk, word, papers in rows.values_list("pk", "word", "papers")
            if _is_correctable(word) and (word in told or papers >= COMMON)
        ]
    keys = [(key, pk) for pk, word in fresh for key in _keys(word)]
    with connection.cursor() as cursor:
        for at in range(0, len(keys), CHUNK):
            chunk = keys[at : at + CHUNK]
            cursor.execute(
                "INSERT INTO papers_worddeletion (key, word_id) VALUES "
                + ", ".join(["(%s, %s)"] * len(chunk)),
                [value for row in chunk for value in row],
            )
    ids = [pk for pk, _ in fresh]
    for at in range(0, len(ids), CHUNK):
        SearchWord.objects.filter(pk__in=ids[at : at + CHUNK]).update(is_suggested=True)


def _count_acronyms(found: Counter[tuple[str, str]], printed: dict[tuple[str, str], str]) -> None:
    rows = [
        (short, stems, printed[short, stems], papers)
        for (short, stems), papers in sorted(found.items())
        if len(stems) <= 120 and len(printed[short, stems]) <= 120
    ]
    with connection.cursor() as cursor:
        for at in range(0, len(rows), CHUNK):
            chunk = rows[at : at + CHUNK]
            cursor.execute(
                "INSERT INTO papers_acronym (short, stems, long, papers) VALUES "
                + ", ".join(["(%s, %s, %s, %s)"] * len(chunk))
                + " ON CONFLICT (short, stems) DO UPDATE SET "
                "papers = papers_acronym.papers + excluded.papers",
                [value for row in chunk for value in row],
            )


def _keys(word: str) -> set[int]:
    """The numbers of `word` and of what is left of it without one letter."""
    return {_hash(word)} | {_hash(word[:at] + word[at + 1 :]) for at in range(len(word))}


def _hash(letters: str) -> int:
    digest = hashlib.blake2b(letters.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
