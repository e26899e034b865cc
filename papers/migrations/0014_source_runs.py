"""The fetch log, and beside each listing the source's own day."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a table and a nullable column; the version before writes neither and goes on working."""

    dependencies = [
        ("papers", "0013_long_identifiers"),
    ]

    operations = [
        migrations.AddField(
            model_name="feature",
            name="source_day",
            field=models.DateField(
                blank=True,
                help_text="The source's own day for it, such as a Saturday; empty where none is known.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="feature",
            name="day",
            field=models.DateField(db_index=True, help_text="The issue day that it stands on."),
        ),
        migrations.CreateModel(
            name="SourceRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(help_text="The day that the source was asked for.")),
                ("started_at", models.DateTimeField(db_index=True)),
                (
                    "duration_ms",
                    models.PositiveIntegerField(
                        help_text="From the question until all was stored.",
                        verbose_name="duration in milliseconds",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("ok", "answered"), ("failed", "failed")], max_length=10
                    ),
                ),
                (
                    "is_complete",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Whether the source said that its list of the day will not grow any more.",
                    ),
                ),
                (
                    "counts",
                    models.JSONField(
                        default=dict,
                        help_text="Papers, new and updated ones, observations, problems.",
                    ),
                ),
                (
                    "left_out",
                    models.JSONField(
                        default=dict,
                        help_text="How many items the source's own rules left out, by reason.",
                    ),
                ),
                (
                    "notes",
                    models.JSONField(
                        default=list, help_text="What the source says to the operator."
                    ),
                ),
                (
                    "problems",
                    models.JSONField(
                        default=list, help_text="The first 20 sentences about bad records."
                    ),
                ),
                (
                    "error",
                    models.CharField(
                        blank=True, help_text="Why it could not be read.", max_length=300
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runs",
                        to="papers.source",
                    ),
                ),
            ],
            options={
                "ordering": ("-started_at", "-pk"),
                "indexes": [
                    models.Index(fields=["source", "-started_at"], name="source_runs"),
                    models.Index(fields=["day", "source"], name="source_runs_of_day"),
                ],
            },
        ),
    ]
