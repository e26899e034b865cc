"""Titles are found without regard to spaces, and short ones by their authors, too."""

import hashlib
import unicodedata
from typing import Any

from django.db import migrations, models

TITLE_WORDS = 5
BATCH = 1_000


def folded(text: str) -> str:
    """As the rules fold a text at the time of this migration."""
    bare = unicodedata.normalize("NFKD", text).casefold()
    kept = (char for char in bare if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in kept).split())


def find_without_spaces(apps: Any, schema_editor: Any) -> None:
    """Put the new key on records that have one. Short titles get theirs when they come again."""
    rows = apps.get_model("papers", "SourceRecord").objects.exclude(title_key="")
    last = 0
    while batch := list(rows.filter(pk__gt=last).only("facts").order_by("pk")[:BATCH]):
        for row in batch:
            words = folded(row.facts.get("title", "")).split()
            while len(words) > 1 and words[0] in {"withdrawn", "retracted", "retraction"}:
                words = words[1:]
            text = "".join(words) if len(words) >= TITLE_WORDS else ""
            key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest() if text else ""
            row.title_key = key
        rows.model.objects.bulk_update(batch, ["title_key"], batch_size=200)
        last = batch[-1].pk


class Migration(migrations.Migration):
    """New keys; nothing else changes."""

    dependencies = [("papers", "0022_keywords_in_number_and_spelling")]

    operations = [
        migrations.AlterField(
            model_name="sourcerecord",
            name="title_key",
            field=models.CharField(
                blank=True,
                db_index=True,
                help_text="Digest of the folded title, of a short one with the family names.",
                max_length=32,
            ),
        ),
        migrations.RunPython(find_without_spaces, migrations.RunPython.noop, elidable=True),
    ]
