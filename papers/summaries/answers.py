"""What of a model's answer is shown: plain English in one or two sentences, or nothing.

The abstract was written by strangers and the answer by a machine that read it, so an answer is no
more to be trusted than any other text from outside. Whatever is not clearly a summary is refused;
the paper then keeps the excerpt of its abstract.
"""

import re
import unicodedata

from papers.text.cleaning import plain
from papers.text.sentences import is_whole, sentences
from papers.text.words import stems

WORDS = 60
"""A summary has at most so many."""

CHARACTERS = 600
"""And at most so many of these."""

FEWEST_WORDS = 6

SENTENCES = 2

SHARED = 1 / 3
"""The share of a summary's own words that must stand in the paper's title or abstract: it is to
shorten them, and not to say something else."""

_MARKUP = re.compile(
    r"<\s*[a-z/!?]|&#?\w+;|\*\*|__|`|\[[^\]]*\]\(|^\s*(?:[#>*•–-]|\d+[.)])\s"
    r"|\\[a-z(\[]|\$|\{\{|\{%",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"://|\bwww\.|\S@\S"
    r"|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|ai|dev|edu|gov|info|co|app|xyz|me|de)\b",
    re.IGNORECASE,
)
_NOT_OF_THE_PAPER = re.compile(
    r"\b(?:ignore|disregard|forget) (?:\w+ ){0,3}(?:instructions?|prompts?|rules)\b"
    r"|\b(?:system|user) (?:prompt|message)\b|\bas an? (?:ai|language model|assistant)\b"
    r"|\b(?:i am|i'm|i’m|i cannot|i can't|i can’t|i will)\b|\bhere is (?:a|the|your) summary\b"
    r"|\bsubscribe\b|\bclick\b|\bvisit\b|\bbuy now\b",
    re.IGNORECASE,
)
_ENGLISH = frozenset(
    [
        *("the", "of", "and", "to", "that", "with", "for", "by", "from", "which", "are", "this"),
        *("it", "than", "their", "can", "be", "they", "how", "its", "or", "using", "into", "is"),
        *("while", "when", "these", "between", "without", "more", "such", "not", "has", "have"),
    ]
)
"""Words without which no two English sentences get by, and that few other languages have."""

_QUOTES = (('"', '"'), ("“", "”"), ("'", "'"))


class BadAnswer(ValueError):
    """This is no summary that can be shown; the text says why."""


def checked(answer: object, title: str, abstract: str) -> str:
    """The summary as it is shown. Raises `BadAnswer`."""
    if not isinstance(answer, str):
        raise BadAnswer("the answer isn't text")
    text = answer.strip()
    if len(text) > 4 * CHARACTERS:
        raise BadAnswer(f"the answer is over {CHARACTERS} characters long")
    for opening, closing in _QUOTES:
        inside = text[1:-1]
        if text[:1] == opening and text[-1:] == closing and not {opening, closing} & {*inside}:
            text = inside.strip()
    if any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Cn"} for one in text):
        raise BadAnswer("the answer contains a line break or an invisible character")
    text = plain(text)
    _check_length(text)
    for pattern, what in ((_MARKUP, "markup"), (_LINK, "a link or an address")):
        if pattern.search(text):
            raise BadAnswer(f"the answer contains {what}")
    if _NOT_OF_THE_PAPER.search(text):
        raise BadAnswer("the answer is about something other than the paper")
    if not _is_english(text):
        raise BadAnswer("the answer isn't in English")
    if _shared(text, f"{title} {abstract}") < SHARED:
        raise BadAnswer("the answer has little in common with the abstract")
    return text


def _check_length(text: str) -> None:
    count = len(text.split())
    if not text:
        raise BadAnswer("the answer is empty")
    if count > WORDS or len(text) > CHARACTERS:
        raise BadAnswer(f"the answer is over {WORDS} words long")
    if count < FEWEST_WORDS:
        raise BadAnswer("the answer is too short")
    parts = sentences(text)
    if len(parts) > SENTENCES:
        raise BadAnswer(f"the answer has more than {SENTENCES} sentences")
    if not parts or not all(is_whole(part) for part in parts) or text[-1] not in ".!?":
        raise BadAnswer("the answer doesn't end with a complete sentence")


def _is_english(text: str) -> bool:
    """By its letters and its small words."""
    letters = [one for one in text if one.isalpha()]
    if sum(one.isascii() for one in letters) < 0.9 * len(letters):
        return False
    found = [word for word in re.findall(r"[a-z]+", text.lower()) if word in _ENGLISH]
    return len(found) >= max(1, len(text.split()) // 10)


def _shared(text: str, source: str) -> float:
    """The share of the words of `text` that tell something and stand in `source`, too."""
    own = {stem for stem in stems(text) if len(stem) > 3 and stem not in _ENGLISH}
    return len(own & set(stems(source))) / len(own) if own else 0.0
