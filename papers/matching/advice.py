"""Help with a topic's words: what each keyword brings, what else could be one, what says nothing.

An editor's keywords say more of a topic than any method does, so the form shows what they do while
they are written: how many recent papers have each, how many of these are sent and how many an
editor vetoed; other forms of its words, which are keywords of their own; phrases of the
description, of papers that were pinned or are sent, and of what readers follow, which other papers
hardly have; keywords that are everywhere, and categories that do not exist.

Everything here is a pure function of its arguments.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from papers.categories import canonical
from papers.matching.followed import Followed
from papers.matching.texts import PaperText, TopicSpec
from papers.text.inflections import inflectionless
from papers.text.phrases import PhraseTable
from papers.text.words import STOP_WORDS, stem, without_notices, words, words_and_pauses

COMMON = 0.1
"""Share of all papers above which a keyword tells topics hardly apart."""

SELDOM_SENT = 0.1
"""Share of the papers with a keyword that are sent, below which it says little of the topic."""

FEWEST_TO_JUDGE = 20
"""Papers with a keyword below which nothing is said against it."""

LONGEST = 3
"""Words of a suggestion."""

MOST_SUGGESTED = 15

MOST_CANDIDATES = 400

PINNED_COUNTS = 3
"""A pinned paper's phrases count as those of so many that are sent."""

READERS_COUNT = 10
"""A phrase that so many readers follow counts as one of a pinned paper."""

FEWEST_OWN = 0.2
"""Share of the papers with a followed phrase that must be the topic's: what readers follow is about
any subject."""

_LETTERS = 3

_Base = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that could be a keyword, and how many of the papers looked at have them."""

    words: str
    papers: int
    readers: int = 0
    """About how many readers follow it; 0 for few or none."""


@dataclass(frozen=True, slots=True)
class KeywordAdvice:
    """What one keyword does."""

    keyword: str
    papers: int
    """Papers that have it, of those looked at."""
    sent: int
    """Of these, those that would be sent for the topic."""
    vetoed: int
    """Papers with it that an editor vetoed for the topic, whenever that was."""
    warning: str
    """Why it should be reconsidered, as a sentence; else empty."""
    forms: tuple[Phrase, ...]
    """Other forms of its words, which are no keywords yet."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Help with the words of one topic."""

    papers: int
    """How many papers were looked at."""
    keywords: tuple[KeywordAdvice, ...]
    suggestions: tuple[Phrase, ...]
    """Phrases that may be keywords, the best first."""
    warnings: tuple[str, ...]
    """What is wrong with the categories, a sentence each."""


def advise(
    topic: TopicSpec,
    papers: Sequence[PaperText],
    sent: Collection[int | str],
    pinned: Sequence[PaperText] = (),
    vetoed: Sequence[PaperText] = (),
    categories: Collection[str] = (),
    followed: Iterable[Followed] = (),
) -> Advice:
    """Return help with the words of ``topic``.

    ``papers`` are recent ones, and ``sent`` the ids of those that would be sent for it; ``pinned``
    and ``vetoed`` are what editors said of any papers; ``categories`` are those that exist;
    ``followed`` are phrases that readers follow, of any subject, with their rounded numbers.
    """
    read = [_Read.of(paper) for paper in papers]
    own = [one for one, paper in zip(read, papers, strict=True) if paper.id in sent]
    against = [_Read.of(paper) for paper in vetoed]
    bases = {keyword: _base(keyword) for keyword in topic.phrases}
    table = PhraseTable(topic.phrases)
    having = Counter(number for one in read for number in one.keywords(table))
    having_sent = Counter(number for one in own for number in one.keywords(table))
    having_vetoed = Counter(number for one in against for number in one.keywords(table))
    forms = _forms(bases, read)
    keywords = tuple(
        KeywordAdvice(
            keyword,
            having[at],
            having_sent[at],
            having_vetoed[at],
            _warning(keyword, having[at], having_sent[at], len(papers)),
            forms.get(keyword, ()),
        )
        for at, keyword in enumerate(topic.phrases)
    )
    known = set(bases.values())
    suggested = _suggestions(
        topic, [_Read.of(paper) for paper in pinned], own, against, read, known, followed
    )
    return Advice(len(papers), keywords, suggested, _category_warnings(topic, papers, categories))


@dataclass(frozen=True, slots=True)
class _Read:
    """A paper's words, title and abstract apart, as they stand there."""

    parts: tuple[list[str], list[str]]

    @classmethod
    def of(cls, paper: PaperText) -> "_Read":
        title, abstract = paper.title, without_notices(paper.abstract)
        return cls((words_and_pauses(title), words_and_pauses(abstract)))

    def keywords(self, table: PhraseTable) -> set[int]:
        return {hit.keyword for part in self.parts for hit in table.find(part)}

    def runs(self, longest: int) -> Iterator[tuple[str, ...]]:
        for part in self.parts:
            for at in range(len(part)):
                for size in range(1, min(longest, len(part) - at) + 1):
                    yield tuple(part[at : at + size])


def _base(phrase: str) -> _Base:
    return tuple(inflectionless(word) for word in words(phrase))


def _warning(keyword: str, papers: int, sent: int, looked_at: int) -> str:
    if all(word.lower() in STOP_WORDS for word in words(keyword)):
        return "Every paper has these words; they say nothing of a topic."
    if papers < FEWEST_TO_JUDGE:
        return ""
    if papers > COMMON * looked_at:
        return f"{papers} of {looked_at} papers have it; it tells topics hardly apart."
    if sent < SELDOM_SENT * papers:
        return f"Of {papers} papers with it, {sent} are sent; it says little of this topic."
    return ""


def _forms(bases: Mapping[str, _Base], read: Iterable[_Read]) -> dict[str, tuple[Phrase, ...]]:
    """Other forms of each keyword's words in the papers, by keyword, the most frequent first."""
    by_stems: dict[_Base, str] = {}
    for keyword in bases:
        by_stems.setdefault(tuple(stem(word) for word in words(keyword)), keyword)
    longest = max((len(key) for key in by_stems), default=0)
    known = set(bases.values())
    found: dict[str, Counter[_Base]] = defaultdict(Counter)
    written: dict[_Base, Counter[str]] = defaultdict(Counter)
    firsts = {key[0] for key in by_stems}
    for one in read:
        seen: set[tuple[str, _Base]] = set()
        for part in one.parts:
            stems = [stem(word) for word in part]
            for at, first in enumerate(stems):
                if first not in firsts:
                    continue
                for size in range(1, min(longest, len(part) - at) + 1):
                    key = tuple(stems[at : at + size])
                    if key not in by_stems:
                        continue
                    base = tuple(inflectionless(word) for word in part[at : at + size])
                    if base not in known:
                        seen.add((by_stems[key], base))
                        written[base][" ".join(part[at : at + size]).lower()] += 1
        for keyword, base in seen:
            found[keyword][base] += 1
    return {
        keyword: tuple(
            Phrase(written[base].most_common(1)[0][0], papers)
            for base, papers in counts.most_common(4)
        )
        for keyword, counts in found.items()
    }


def _suggestions(
    topic: TopicSpec,
    pinned: Sequence[_Read],
    own: Sequence[_Read],
    against: Sequence[_Read],
    read: Sequence[_Read],
    known: Collection[_Base],
    followed: Iterable[Followed],
) -> tuple[Phrase, ...]:
    """Phrases of the topic's own papers, its description and its readers that other papers hardly
    have.
    """
    described = _Read((words_and_pauses(topic.name), words_and_pauses(topic.description)))
    weight: Counter[_Base] = Counter()
    written: dict[_Base, Counter[str]] = defaultdict(Counter)
    for group, counts in ((pinned, PINNED_COUNTS), (own, 1), ([described], PINNED_COUNTS)):
        for one in group:
            seen = set()
            for run in one.runs(LONGEST):
                if _could_be_a_keyword(run):
                    base = tuple(inflectionless(word) for word in run)
                    seen.add(base)
                    written[base][" ".join(run)] += 1
            for base in seen:
                weight[base] += counts
    readers: Counter[_Base] = Counter()
    for phrase, count in _of_the_topic(followed, [*pinned, *own, described], read):
        base = _base(phrase)
        readers[base] += count
        weight[base] += round(PINNED_COUNTS * count / READERS_COUNT)
        written[base][" ".join(words(phrase))] += 1
    in_use = {word for base in known for word in (base if len(base) == 1 else ())}
    candidates = [
        base
        for base, found in weight.most_common(MOST_CANDIDATES * 4)
        if found >= 2 and base not in known and (base in readers or not in_use & set(base))
    ][:MOST_CANDIDATES]
    names = [written[base].most_common(1)[0][0] for base in candidates]
    table = PhraseTable(names)
    everywhere = Counter(number for one in read for number in one.keywords(table))
    vetoed = Counter(number for one in against for number in one.keywords(table))
    size = max(len(read), 1)
    ranked = []
    for at, base in enumerate(candidates):
        share = (everywhere[at] + 1) / (size + 1)
        if share > COMMON:
            continue
        rarity = math.log(1 / share)
        value = (weight[base] - 2 * vetoed[at]) * rarity * (1 + 0.5 * (len(base) - 1))
        # What mostly stands in papers that are not the topic's says little of it.
        value *= min(1.0, weight[base] / (everywhere[at] + 1))
        if value > 0:
            ranked.append((-value, names[at], everywhere[at], base))
    chosen: list[tuple[str, int, _Base]] = []
    for _, name, papers, base in sorted(ranked):
        if not any(set(base) <= set(other) or set(other) <= set(base) for _, _, other in chosen):
            chosen.append((name, papers, base))
        if len(chosen) == MOST_SUGGESTED:
            break
    return tuple(
        Phrase(name if _has_capitals(name) else name.lower(), papers, readers[base])
        for name, papers, base in chosen
    )


def _of_the_topic(
    followed: Iterable[Followed], own: Sequence[_Read], read: Sequence[_Read]
) -> Iterator[Followed]:
    """What of ``followed`` the topic's ``own`` papers and its description hold, and other papers
    hardly.
    """
    phrases = [(phrase, count) for phrase, count in followed if count > 0 and words(phrase)]
    table = PhraseTable(phrase for phrase, _ in phrases)
    here = Counter(number for one in own for number in one.keywords(table))
    everywhere = Counter(number for one in read for number in one.keywords(table))
    for at, found in enumerate(phrases):
        if here[at] and here[at] >= FEWEST_OWN * everywhere[at]:
            yield found


def _could_be_a_keyword(run: tuple[str, ...]) -> bool:
    """Whether its ends say something, and nothing in it is a mere number."""
    ends = (run[0], run[-1])
    return all(len(word) >= _LETTERS and word.lower() not in STOP_WORDS for word in ends) and all(
        any(letter.isalpha() for letter in word) for word in run
    )


def _has_capitals(name: str) -> bool:
    """Whether a word is an acronym or a name such as LoRA, rather than begins a sentence."""
    return any(letter.isupper() for word in name.split() for letter in word[1:])


def _category_warnings(
    topic: TopicSpec, papers: Iterable[PaperText], categories: Collection[str]
) -> tuple[str, ...]:
    known = {canonical(category) for category in categories}
    known |= {canonical(category) for paper in papers for category in paper.categories}
    return tuple(
        f"“{category}” is no category of arXiv, and no recent paper has it."
        for category in topic.categories
        if canonical(category) not in known
    )
