"""Titles are found by new keys: Greek letters by name, "&" as "and", and without register's notes."""

import hashlib
import re
import unicodedata
from typing import Any

from django.db import migrations

TITLE_WORDS = 5
BATCH = 1_000
NOTES = re.compile(
    r"[\[(]\s*(?:version \d+|v\d+|preprint|peer review)\b[^\])]{0,200}[\])]", re.IGNORECASE
)
GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "sigma tau upsilon phi chi psi omega"
)
LETTERS = str.maketrans(
    {chr(0x3B1 + at): name for at, name in enumerate(GREEK.split())}
    | {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
    | {"\u2206": "delta", "\u03d5": "phi", "\u03d1": "theta", "\u03f5": "epsilon"}
)


def folded(text: str) -> list[str]:
    """The words of a title as the rules fold it at the time of this migration."""
    bare = NOTES.sub(" ", text).replace("&", " and ")
    spelled = unicodedata.normalize("NFKC", bare).casefold().translate(LETTERS)
    plain = unicodedata.normalize("NFKD", spelled).casefold()
    kept = (char for char in plain if not unicodedata.combining(char))
    return "".join(char if char.isalnum() else " " for char in kept).split()


def find_as_others_spell(apps: Any, schema_editor: Any) -> None:
    """Put the new key on records of long titles that hold something spelled in two ways. Short
    titles get theirs when they come again.
    """
    rows = apps.get_model("papers", "SourceRecord").objects.exclude(title_key="")
    last = 0
    while batch := list(rows.filter(pk__gt=last).only("facts", "title_key").order_by("pk")[:BATCH]):
        last = batch[-1].pk
        changed = []
        for row in batch:
            words = folded(row.facts.get("title", ""))
            while len(words) > 1 and words[0] in {"withdrawn", "retracted", "retraction"}:
                words = words[1:]
            if len(words) < TITLE_WORDS:
                continue
            key = hashlib.blake2b("".join(words).encode(), digest_size=16).hexdigest()
            if key != row.title_key:
                row.title_key = key
                changed.append(row)
        rows.model.objects.bulk_update(changed, ["title_key"], batch_size=200)


class Migration(migrations.Migration):
    """New keys; nothing else changes, and what the earlier version stores gets its own when it comes
    again.
    """

    dependencies = [("papers", "0032_newest_of_topics")]

    operations = [
        migrations.RunPython(find_as_others_spell, migrations.RunPython.noop, elidable=True)
    ]
