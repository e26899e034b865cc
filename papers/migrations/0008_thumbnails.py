"""Papers' thumbnails, fetched once from where a source has them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a table; what runs already does not know of it."""

    dependencies = [
        ("papers", "0007_encoder_of_models"),
    ]

    operations = [
        migrations.CreateModel(
            name="Thumbnail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source_url",
                    models.URLField(help_text="Where it was last asked for.", max_length=500),
                ),
                (
                    "image",
                    models.BinaryField(help_text="A JPEG; empty while there is none.", null=True),
                ),
                (
                    "small",
                    models.BinaryField(
                        help_text="The same in small, for lists; empty while there is none.",
                        null=True,
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        blank=True,
                        help_text="Of the image, for its address; empty without one.",
                        max_length=8,
                    ),
                ),
                ("width", models.PositiveSmallIntegerField(help_text="In pixels.", null=True)),
                ("height", models.PositiveSmallIntegerField(help_text="In pixels.", null=True)),
                (
                    "fetched_at",
                    models.DateTimeField(help_text="When the image came.", null=True),
                ),
                (
                    "failed",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Attempts that brought none, including one under way."
                    ),
                ),
                (
                    "next_try_at",
                    models.DateTimeField(
                        help_text="When to ask again; empty: there is an image, or no hope of one.",
                        null=True,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        help_text="Why the last attempt brought none.",
                        max_length=300,
                    ),
                ),
                (
                    "paper",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="thumbnail",
                        to="papers.paper",
                    ),
                ),
            ],
        ),
    ]
