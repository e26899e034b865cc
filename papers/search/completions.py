"""What a reader may mean by what is typed so far: topics, authors and papers."""

from collections import Counter
from dataclasses import dataclass

from papers.models import Paper, Topic, in_order
from papers.search import index
from papers.search.query import cleaned, folded

SHORTEST = 2
"""Letters of the word being typed from which on it is completed."""

MOST_OF_A_KIND = 4
"""Topics, authors and papers that are suggested while one types, of each."""

READ = 40
"""Papers that are read for the names of their authors."""


@dataclass(frozen=True, slots=True)
class Completions:
    """What may be meant by what was typed so far."""

    topics: tuple[Topic, ...] = ()
    authors: tuple[str, ...] = ()
    """Names as papers print them, the commonest first."""
    titles: tuple[Paper, ...] = ()
    """The newest papers with these words in their titles."""


def completions(text: str) -> Completions:
    """Topics, authors and papers with all words of `text`, the last of which may be unfinished.

    None for less than `SHORTEST` letters of it. At most four queries; never raises.
    """
    words = folded(cleaned(text)).split()
    if not words or len(words[-1]) < SHORTEST:
        return Completions()
    *whole, prefix = words
    topics = [
        topic for topic in in_order(Topic.objects.active()) if _begins(topic.label, whole, prefix)
    ]
    titles, names = index.beginning(tuple(whole), prefix, READ)
    papers = Paper.objects.shown().in_bulk({*titles, *names})
    authors = Counter(
        name
        for pk in names
        if pk in papers
        for name in map(str, papers[pk].authors)
        if _begins(name, whole, prefix)
    )
    return Completions(
        tuple(topics[:MOST_OF_A_KIND]),
        tuple(name for name, _ in authors.most_common(MOST_OF_A_KIND)),
        tuple([papers[pk] for pk in titles if pk in papers][:MOST_OF_A_KIND]),
    )


def _begins(text: str, whole: list[str], prefix: str) -> bool:
    held = folded(text).split()
    return set(whole) <= set(held) and any(word.startswith(prefix) for word in held)
