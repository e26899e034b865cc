"""Fitted semantic models, and the papers' vectors by them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds two tables; what runs already does not know of them."""

    dependencies = [
        ("papers", "0003_full_text_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="FittedModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "version",
                    models.CharField(
                        help_text="When its fitting began: year, month, day and hour.",
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("started_at", models.DateTimeField(help_text="When a machine set out to fit it.")),
                (
                    "ready_at",
                    models.DateTimeField(
                        help_text="When all papers had their vectors; empty until then.", null=True
                    ),
                ),
                (
                    "fitted_on",
                    models.PositiveIntegerField(default=0, help_text="Papers of its background."),
                ),
                (
                    "dimensions",
                    models.PositiveSmallIntegerField(default=0, help_text="Length of its vectors."),
                ),
                (
                    "data",
                    models.BinaryField(help_text="The fitted model, as its to_bytes makes it."),
                ),
            ],
            options={
                "ordering": ("-started_at",),
            },
        ),
        migrations.CreateModel(
            name="PaperVector",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "text_hash",
                    models.CharField(
                        help_text="Of the text that was embedded, to see that it changed.",
                        max_length=16,
                    ),
                ),
                ("vector", models.BinaryField(help_text="Little-endian half-precision numbers.")),
                (
                    "fitted",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="vectors",
                        to="papers.fittedmodel",
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="vectors",
                        to="papers.paper",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["fitted", "id"], name="paper_vector_order")],
                "constraints": [
                    models.UniqueConstraint(fields=("fitted", "paper"), name="paper_vector_once")
                ],
            },
        ),
    ]
