"""Finding papers by what a reader types."""

import json
import unicodedata

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from papers.models import Paper, PaperQuerySet

MOST_WORDS = 8
"""Words of a query that are looked at."""

LONGEST = 200
"""Characters of a query that are looked at."""


def cleaned(text: str) -> str:
    """`text` on one line, without control characters, at most `LONGEST` characters."""
    plain = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text[:1000])
    return " ".join(plain.split())[:LONGEST].strip()


def search(text: str) -> PaperQuerySet:
    """Papers that hold every word of `text` in title, abstract, authors or organisation.

    Best trending score first; none for a text without words. Never raises.
    """
    words = cleaned(text).split()[:MOST_WORDS]
    if not words:
        return Paper.objects.none()
    found = Paper.objects.shown().alias(names=Cast("authors", TextField()))
    for word in words:
        held = (
            Q(title__icontains=word) | Q(abstract__icontains=word) | Q(organization__icontains=word)
        )
        if word.strip('"[],\\') == word:  # else it could find JSON's own punctuation
            # SQLite keeps JSON as it was written, with letters beyond ASCII escaped.
            held |= Q(names__icontains=word) | Q(names__icontains=json.dumps(word)[1:-1])
        found = found.filter(held)
    return found.by_trend()
