"""Counts of readers, places in trending lists, and what scores are measured by."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0024_authors_of_papers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Measurement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "measured_at",
                    models.DateTimeField(
                        help_text="When the papers of the last weeks were ranked."
                    ),
                ),
                ("data", models.JSONField(help_text="As papers.matching.yardsticks writes it.")),
            ],
            options={
                "verbose_name": "measurement of attention",
                "verbose_name_plural": "measurements of attention",
            },
        ),
        migrations.AddField(
            model_name="observation",
            name="clicks",
            field=models.PositiveIntegerField(
                help_text="Readers who followed its links; only where clicks are tracked.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="observation",
            name="saves",
            field=models.PositiveIntegerField(
                help_text="Readers who saved it for later; this site's own count.", null=True
            ),
        ),
        migrations.CreateModel(
            name="TrendingPlace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(help_text="The day (UTC) on which the list was seen.")),
                (
                    "position",
                    models.PositiveSmallIntegerField(help_text="1 is first; the best of the day."),
                ),
                (
                    "length",
                    models.PositiveSmallIntegerField(help_text="How many papers the list had."),
                ),
                (
                    "seen_at",
                    models.DateTimeField(help_text="When the list last showed it on that day."),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trending_places",
                        to="papers.paper",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trending_places",
                        to="papers.source",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "paper", "day"), name="trending_place_once"
                    )
                ],
            },
        ),
    ]
