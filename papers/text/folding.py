"""Texts without case, accents and punctuation: what names and titles are compared by."""

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=100_000)
def folded(text: str) -> str:
    """A text in lower case without accents, with a space for whatever is no letter or digit."""
    bare = unicodedata.normalize("NFKD", text).casefold()
    kept = (char for char in bare if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in kept).split())
