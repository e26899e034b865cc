"""Which short forms stand for which words, as papers introduce them: "vision-language model (VLM)".

By Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical
text", Pacific Symposium on Biocomputing 2003: of the words before the parentheses, those whose
letters spell the short form backwards, its first letter beginning a word. The other order,
"VLM (vision-language model)", is read as well.
"""

import re
from collections.abc import Iterator

from papers.search.query import FUNCTION_WORDS, folded
from papers.text.words import stem

LONGEST_SHORT = 10
"""Letters and digits of a short form."""

MOST_WORDS = 8
"""Words of a long form."""

_PARENTHESIS = re.compile(r"\(([^()]{2,120})\)")
_SHORT = re.compile(r"[^\W_][\w+./&-]*")
_BEFORE = re.compile(r"[^.;:()!?]*$")


def introduced(text: str) -> Iterator[tuple[str, str]]:
    """Yield each short form that `text` introduces with its long form, both as printed."""
    for found in _PARENTHESIS.finditer(text):
        inner = found[1].split(",")[0].split(";")[0].strip()
        before = _BEFORE.search(text, max(0, found.start() - 200), found.start())
        if before is None or not (words := before[0].split()):
            continue
        if _is_short(inner):
            long = long_form(inner, words)
            if long:
                yield inner, long
        elif _is_short(words[-1]) and 2 <= len(inner.split()) <= MOST_WORDS:
            long = long_form(words[-1], inner.split())
            if long == inner:
                yield words[-1], long


def _is_short(text: str) -> bool:
    """Whether `text` may be a short form: one word, two capitals or a capital and a digit."""
    if not _SHORT.fullmatch(text) or not 2 <= len(text) <= LONGEST_SHORT + 3:
        return False
    return sum(map(str.isupper, text)) + any(map(str.isdigit, text)) >= 2


def long_form(short: str, words: list[str]) -> str:
    """The end of `words` that `short` is short for; "" where it is short for none."""
    letters = [c.lower() for c in singular(short) if c.isalnum()]
    if not letters:
        return ""
    text = " ".join(words[-min(len(letters) + 5, 2 * len(letters)) :])
    at = len(text) - 1
    for number in range(len(letters) - 1, -1, -1):
        while at >= 0 and not (
            text[at].lower() == letters[number]
            and (number > 0 or at == 0 or not text[at - 1].isalnum())
        ):
            at -= 1
        if at < 0:
            return ""
        at -= 1
    found = text[at + 1 :]
    parts = found.split()
    is_spelled = len(folded(found).split()) >= 2 and len(parts) <= MOST_WORDS
    return found if is_spelled and folded(short) not in folded(found).split() else ""


def singular(short: str) -> str:
    """`short` without the s of its plural, which is known by the capitals before it: LLMs."""
    return short[:-1] if short.endswith("s") and short[:-1].isupper() else short


def short_key(short: str) -> str:
    """What a short form is stored and looked for by; "" where it is none of one folded word."""
    key = folded(singular(short)).replace(" ", "")
    return key if key.isalnum() and 2 <= len(key) <= LONGEST_SHORT else ""


def long_key(words: tuple[str, ...]) -> str:
    """What a long form is looked for by: the stems of its folded `words`."""
    return " ".join(map(stem, words))


def is_long(words: tuple[str, ...]) -> bool:
    """Whether `words` may be a long form."""
    return (
        2 <= len(words) <= MOST_WORDS
        and words[0] not in FUNCTION_WORDS
        and words[-1] not in FUNCTION_WORDS
    )
