"""A number that rises with every batch, by which a restored database is noticed."""

from django.db import migrations, models

import newsletter.models.continuity


class Migration(migrations.Migration):
    """A table of its own, which the version before does not know."""

    dependencies = [("newsletter", "0010_troubles")]

    operations = [
        migrations.CreateModel(
            name="Continuity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "identity",
                    models.CharField(
                        default=newsletter.models.continuity.new_identity,
                        help_text="Tells this database from another new one.",
                        max_length=16,
                    ),
                ),
                (
                    "batches",
                    models.BigIntegerField(default=0, help_text="Batches that were ever begun."),
                ),
                (
                    "held_since",
                    models.DateTimeField(
                        help_text="Since when nothing goes out; empty where mail does.", null=True
                    ),
                ),
                (
                    "held_because",
                    models.CharField(
                        blank=True, db_default="", default="", help_text="Why.", max_length=300
                    ),
                ),
                (
                    "backed_up_at",
                    models.DateTimeField(
                        help_text="When the backup was made that this database was restored from.",
                        null=True,
                    ),
                ),
            ],
            options={"verbose_name_plural": "continuity"},
        ),
    ]
