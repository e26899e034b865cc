"""The beginning of an abstract, and what is left of it."""

import re

SHOWN = 320
"""Characters that are shown at once, at most."""

BRIEF = 420
"""Characters of a brief excerpt, at most."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“\"(])")


def split(text: str, shown: int = SHOWN) -> tuple[str, str]:
    """The beginning of `text` and the rest of it.

    The beginning is as many whole sentences as fit into `shown` characters; where not even the
    first one fits, it is cut at a word and ends with "…", as the rest then begins with it. A rest
    of a few words is not worth unfolding and stays with the beginning.
    """
    text = text.strip()
    if len(text) <= shown + 60:
        return text, ""
    sentences = _SENTENCE_END.split(text)
    beginning = sentences[0]
    taken = 1
    while taken < len(sentences) and len(beginning) + 1 + len(sentences[taken]) <= shown:
        beginning = f"{beginning} {sentences[taken]}"
        taken += 1
    if len(beginning) <= shown + 60:
        return beginning, " ".join(sentences[taken:])
    cut = text[:shown].rsplit(" ", 1)[0] if " " in text[:shown] else text[:shown]
    return f"{cut.rstrip(' ,;:')}…", f"…{text[len(cut) :].lstrip()}"


def first_sentences(text: str, length: int = BRIEF) -> tuple[str, bool]:
    """The first two sentences of `text`, at most `length` characters, and whether more follows."""
    sentences = _SENTENCE_END.split(text.strip(), maxsplit=2)
    short = " ".join(sentences[:2])
    if len(short) > length:
        short = short[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
        return short, True
    return short, len(sentences) > 2
