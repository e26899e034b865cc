"""Summaries of abstracts by a language model, and how often it was asked on a day."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds two tables; the version before goes on without them."""

    dependencies = [
        ("papers", "0018_names_of_topics"),
    ]

    operations = [
        migrations.CreateModel(
            name="SummaryDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(unique=True)),
                ("asked", models.PositiveIntegerField(default=0)),
                (
                    "not_before",
                    models.DateTimeField(
                        help_text="Until then the service wants to be left alone.", null=True
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MachineSummary",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "model",
                    models.CharField(
                        help_text="The model's name, as it is asked for.", max_length=200
                    ),
                ),
                (
                    "text_hash",
                    models.CharField(
                        help_text="Of the abstract that was summarized.", max_length=32
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        blank=True, help_text="One or two sentences; empty while there are none."
                    ),
                ),
                ("made_at", models.DateTimeField(help_text="When the summary came.", null=True)),
                (
                    "failed",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Attempts that brought none, including one under way."
                    ),
                ),
                (
                    "next_try_at",
                    models.DateTimeField(
                        help_text="When to ask again; empty: there is a summary, or no hope of one.",
                        null=True,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Why the last attempt brought none.", max_length=300
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="machine_summaries",
                        to="papers.paper",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("paper", "model", "text_hash"), name="one_summary_of_a_text"
                    )
                ],
            },
        ),
    ]
