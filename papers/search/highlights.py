"""Why a paper was found, as a reader sees it: the sentence that says it, with the words marked."""

import re
from collections.abc import Collection
from functools import lru_cache

import snowballstemmer
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from papers.models import Paper
from papers.search.hits import Kind
from papers.search.query import Query, folded

AROUND = 70
"""Characters shown before and behind the first word that was found."""

LONGEST = 240
"""Characters of an excerpt, about."""

_WORD = re.compile(r"[^\W_]+")
_STEMMER = snowballstemmer.stemmer("english")


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """What the databases make of a word, nearly: SQLite has the older of Porter's two stemmers."""
    plain = folded(word)
    stem: str = _STEMMER.stemWord(plain) if plain.isascii() else plain
    return stem


class Highlighter:
    """Marks the words of one query wherever they stand, in any spelling that counts."""

    def __init__(self, query: Query) -> None:
        self.words = query.words
        self.phrases: dict[tuple[str, ...], str] = {}
        for term in query.terms:
            for phrase in term.phrases:
                self.phrases.setdefault(tuple(map(_stem, phrase)), term.phrase[0])
        self._longest = max(map(len, self.phrases), default=0)

    def places(self, text: str) -> list[tuple[int, int, str]]:
        """Where `text` has a word of the query, or a phrase that counts as it: start, end and the
        word, in order.
        """
        found = [(word.start(), word.end(), _stem(word[0])) for word in _WORD.finditer(text)]
        stems = [stem for _, _, stem in found]
        places = []
        at = 0
        while at < len(found):
            for length in range(self._longest, 0, -1):
                word = self.phrases.get(tuple(stems[at : at + length]))
                if word is not None:
                    last = found[min(at + length, len(found)) - 1]
                    places.append((found[at][0], last[1], word))
                    at += length - 1
                    break
            at += 1
        return places

    def found_in(self, text: str) -> set[str]:
        """The words of the query that `text` has, in whatever inflection or spelling."""
        return {word for _, _, word in self.places(text)}

    def marked(self, text: str) -> SafeString:
        """`text` as HTML, escaped, with the words in <mark>."""
        parts: list[str] = []
        at = 0
        for start, end, _word in self.places(text):
            parts += (conditional_escape(text[at:start]), "<mark>")
            parts += (conditional_escape(text[start:end]), "</mark>")
            at = end
        parts.append(conditional_escape(text[at:]))
        return mark_safe("".join(parts).replace("</mark> <mark>", " "))  # noqa: S308 (all escaped)

    def excerpt(self, text: str, wanted: Collection[str]) -> SafeString:
        """The part of `text` with the most of the words `wanted`, all words of the query marked.

        Empty where it has none of them.
        """
        at = [(start, word) for start, _end, word in self.places(text) if word in wanted]
        if not at:
            return SafeString("")

        def found_at(start: int) -> int:
            return len({word for place, word in at if start <= place < start + LONGEST - AROUND})

        start = max((place for place, _word in at), key=lambda place: (found_at(place), -place))
        left = max(0, start - AROUND)
        left = text.find(" ", left, start) + 1 if left else 0
        right = left + LONGEST
        if right < len(text):
            right = max(text.rfind(" ", left, right), start + 1)
        return format_html(
            "{}{}{}",
            "… " if left else "",
            self.marked(text[left:right]),
            " …" if right < len(text) else "",
        )

    def reason(self, paper: Paper, kind: Kind, *, seen: str) -> SafeString:
        """Why `paper` was found, as HTML; empty where `seen`, the text beside it, shows it."""
        if kind == Kind.MEANING:
            return conditional_escape(_("No exact match, but close in meaning."))
        names = [*filter(_is_text, paper.authors), paper.organization]
        found = self.found_in(" ".join((paper.title, paper.abstract, paper.summary, *names)))
        new = found - self.found_in(seen)
        parts: list[str] = []
        if kind == Kind.SOME and (missing := [word for word in self.words if word not in found]):
            parts.append(format_html(_("Without “{}”."), ", ".join(missing)))
        if new:
            parts += [self.marked(name) for name in names if new & self.found_in(name)][:3]
            parts.append(
                self.excerpt(paper.shown_abstract, new) or self.excerpt(paper.summary, new)
            )
        return format_html_join(" ", "{}", ((part,) for part in parts if part))


def _is_text(value: object) -> bool:
    return isinstance(value, str)
