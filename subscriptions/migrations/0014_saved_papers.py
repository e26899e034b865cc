"""A table of papers that readers saved for later, and the version of the address of each list's feed.

The table is new and the column has a default in the database, so that the version before goes on
working. No row is rewritten.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0012_source_state"),
        ("subscriptions", "0013_top_papers"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscriber",
            name="reading_list_feed_version",
            field=models.PositiveIntegerField(
                db_default=1,
                default=1,
                editable=False,
                help_text="Raised to give the feed of the reading list a new address.",
            ),
        ),
        migrations.CreateModel(
            name="SavedPaper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(help_text="When the reader saved it.")),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saves",
                        to="papers.paper",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_papers",
                        to="subscriptions.subscriber",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("subscriber", "paper"), name="saved_once")
                ],
            },
        ),
    ]
