"""An abstract in two pieces: what is shown at once, and what unfolds."""

import re

SHOWN = 320
"""Characters that are shown at once, at most."""

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
