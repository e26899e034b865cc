"""Papers are found by their authors: an index, filled from what the papers' rows say."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

BATCH = 500


def fill(apps: Any, schema_editor: Any) -> None:
    """Put the authors of all stored papers into the index."""
    from papers.ingest.authors import keys_of
    from papers.sources.record import Author

    papers = apps.get_model("papers", "Paper").objects.only("author_records", "authors")
    index = apps.get_model("papers", "PaperAuthor").objects
    last = 0
    while batch := list(papers.filter(pk__gt=last).order_by("pk")[:BATCH]):
        rows = [
            index.model(paper_id=paper.pk, key=key, given=given)
            for paper in batch
            for key, given in {
                pair
                for author in paper.author_records or paper.authors
                for pair in keys_of(Author.from_json(author))
            }
        ]
        index.bulk_create(rows, batch_size=2_000, ignore_conflicts=True)
        last = batch[-1].pk


class Migration(migrations.Migration):
    """A table of its own; the papers' rows stay as they are."""

    dependencies = [("papers", "0023_keys_of_titles")]

    operations = [
        migrations.CreateModel(
            name="PaperAuthor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="Scheme and value: orcid:0000-0002-1825-0097, or family: and the "
                        "folded name.",
                        max_length=160,
                    ),
                ),
                (
                    "given",
                    models.CharField(
                        blank=True,
                        help_text="The given names, folded, beside a family name; empty beside an "
                        "id.",
                        max_length=80,
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="author_keys",
                        to="papers.paper",
                    ),
                ),
            ],
            options={
                "verbose_name": "author of a paper",
                "verbose_name_plural": "authors of papers",
                "indexes": [models.Index(fields=["key", "given"], name="paper_author_key")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("paper", "key", "given"), name="paper_author_once"
                    )
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
