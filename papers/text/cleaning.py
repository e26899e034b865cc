"""Cleaning of what strangers wrote: titles, abstracts, names and links, as plain text in one line.

What comes out holds no control character, no half of a surrogate pair and no direction override
that could spill into the text around it; whitespace is single spaces. Nothing is escaped here:
`<b>` and `{{ }}` are ordinary characters, and templates escape what they print. `papers.text.latex`
makes LaTeX readable.
"""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from papers.models import Paper
from papers.text.latex import readable

NAME_LENGTH = 120
"""The longest name of a person or a keyword, in characters."""

URL_LENGTH = 500
"""The longest link that is kept; a longer one is worth nothing when cut."""

_RAW_SHARE = 2
"""How much longer than its limit a text may be before it is read at all; LaTeX shrinks."""

# Overrides, embeddings and isolates (a left-to-right or right-to-left *mark* is harmless and
# stays), zero-width space and joiner of words, soft hyphen, byte order mark, interlinear
# annotation, invisible operators and tags, and code points that are no characters.
_UNSEEN = re.compile(
    "[\u202a-\u202e\u2066-\u206f\u200b\u2060-\u2065\u00ad\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_MARKS_IN_A_ROW = 4


def plain(value: Any) -> str:
    """`value` in one line without control characters; empty for what is not a string."""
    if not isinstance(value, str):
        return ""
    if value.isascii() and value.isprintable() and "  " not in value:  # as most texts
        return value.strip()
    text = _UNSEEN.sub("", _CONTROL.sub("", value))
    return " ".join(_composed(text).split())


def shorten(text: str, limit: int) -> str:
    """`text`, or its beginning and an ellipsis, in at most `limit` characters.

    Cuts between words where there is a space in the last fifth, and never between a letter and
    its accent or inside a joined emoji.
    """
    if len(text) <= limit:
        return text
    end = limit - 1
    space = text.rfind(" ", end - limit // 5, end + 1)
    if space > 0:
        end = space
    while end > 1 and (_is_joined(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end].rstrip(" ,;:") + "…"


def title(value: Any) -> str:
    """A title: readable, one line, at most `Paper.TITLE_LENGTH` characters."""
    return _cleaned(value, Paper.TITLE_LENGTH)


def abstract(value: Any) -> str:
    """An abstract or summary: readable, one line, at most `Paper.ABSTRACT_LENGTH` characters."""
    return _cleaned(value, Paper.ABSTRACT_LENGTH)


def name(value: Any, limit: int = NAME_LENGTH) -> str:
    """A person's or an organisation's name, or a keyword, in at most `limit` characters."""
    return _cleaned(value, limit)


def names(values: Any, most: int, limit: int = NAME_LENGTH) -> tuple[str, ...]:
    """The first `most` different names of a list; what is no list has none."""
    if not isinstance(values, list | tuple):
        return ()
    cleaned = (name(value, limit) for value in values[: most * 2])
    return tuple(dict.fromkeys(filter(None, cleaned)))[:most]


def safe_url(value: Any) -> str:
    """An absolute http(s) link of at most `URL_LENGTH` characters, or the empty string.

    A link with whitespace, control characters, quotes, angle brackets, backslashes or a
    user's name in it is no link that we would print.
    """
    if not isinstance(value, str):
        return ""
    link = value.strip()
    if not link or len(link) > URL_LENGTH or link != plain(link) or re.search(r'[\s<>"\\]', link):
        return ""
    try:
        parts = urlsplit(link)
        _ = parts.port  # a malformed port raises here
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return ""
    return link


def is_safe_url(value: Any) -> bool:
    """Whether `value` can stand in a link exactly as it is."""
    return bool(value) and safe_url(value) == value


def _cleaned(value: Any, limit: int) -> str:
    if not isinstance(value, str):
        return ""
    text = plain(readable(plain(value[: limit * _RAW_SHARE])))
    if text and len(value) > limit * _RAW_SHARE:
        text += "…"  # not read to its end, so shown as cut even if little is left
    return shorten(text, limit)


def _composed(text: str) -> str:
    """NFC, with no more accents on one letter than any language has."""
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(char)
    return "".join(kept)


def _is_joined(char: str) -> bool:
    return bool(unicodedata.combining(char)) or char in "\u200d\ufe0e\ufe0f"
