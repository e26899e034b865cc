"""Holds what people do to many rows at once, and the rows that wait for it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0037_words_of_fields"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "claim",
                    models.CharField(
                        blank=True, help_text="The process at work on it.", max_length=64
                    ),
                ),
                (
                    "lease_until",
                    models.DateTimeField(help_text="When the claim expires.", null=True),
                ),
                ("kind", models.CharField(help_text="What is done, by its key.", max_length=60)),
                (
                    "words",
                    models.CharField(
                        help_text="What is done, in words.", max_length=200, verbose_name="action"
                    ),
                ),
                (
                    "model",
                    models.CharField(
                        help_text="To what kind of thing, as app.model.", max_length=100
                    ),
                ),
                (
                    "filter",
                    models.CharField(
                        blank=True,
                        help_text="How the list was narrowed down that it is done to.",
                        max_length=500,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Why, as the person said.", max_length=500
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("stopped", "stopped"),
                        ],
                        default="running",
                        max_length=7,
                    ),
                ),
                (
                    "position",
                    models.PositiveBigIntegerField(
                        default=0,
                        help_text="Rows worked off: where it continues after an interruption.",
                    ),
                ),
                (
                    "total",
                    models.PositiveBigIntegerField(
                        default=0, help_text="How many rows it is done to."
                    ),
                ),
                (
                    "changed",
                    models.PositiveBigIntegerField(
                        default=0, help_text="Rows that it changed; the others were so already."
                    ),
                ),
                (
                    "result",
                    models.CharField(blank=True, help_text="What became of it.", max_length=300),
                ),
                (
                    "problems",
                    models.JSONField(default=list, help_text="What went wrong with single rows."),
                ),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        help_text="Who does it; empty once the account is deleted.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "action on many rows",
                "verbose_name_plural": "actions on many rows",
                "ordering": ("-id",),
                "default_permissions": ("view", "change"),
            },
        ),
        migrations.CreateModel(
            name="BulkPiece",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("keys", models.JSONField(help_text="Of the rows, in order.")),
                (
                    "action",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pieces",
                        to="papers.bulkaction",
                    ),
                ),
            ],
            options={
                "ordering": ("action", "number"),
            },
        ),
        migrations.AddIndex(
            model_name="bulkaction",
            index=models.Index(
                condition=models.Q(("state", "running")), fields=["id"], name="bulk_action_running"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkpiece",
            constraint=models.UniqueConstraint(fields=("action", "number"), name="bulk_piece_once"),
        ),
    ]
