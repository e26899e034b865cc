"""Tables for readers that come in from files, and what the record of consent keeps of them.

Columns that are added are empty or have a default in the database: the version before goes on
writing rows.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0019_plainer_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReaderExport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("what", models.CharField(help_text="Which table.", max_length=20)),
                (
                    "rows",
                    models.PositiveBigIntegerField(
                        help_text="How many rows; empty where it broke off, or goes on.", null=True
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        help_text="Who: a user of the admin, or the command.", max_length=150
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "export",
                "ordering": ("-id",),
                "permissions": [("export_readers", "Can export readers with their addresses")],
                "default_permissions": ("view",),
            },
        ),
        migrations.AddField(
            model_name="consent",
            name="given_at",
            field=models.DateTimeField(
                blank=True, help_text="When the reader agreed, as that file says.", null=True
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="source",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of a reader who came with a file: program, file, its hash and the line.",
                max_length=300,
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="action",
            field=models.CharField(
                choices=[
                    ("asked", "asked to subscribe"),
                    ("confirmed", "confirmed"),
                    ("changed", "changed preferences"),
                    ("moved", "changed the address"),
                    ("voided", "invalidated old links"),
                    ("left", "unsubscribed"),
                    ("paused", "paused because emails bounced"),
                    ("imported", "came with a file"),
                ],
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("confirm", "confirmation"),
                    ("already", "already subscribed"),
                    ("preferences", "preferences link"),
                    ("goodbye", "goodbye"),
                    ("move_from", "change of address, to the old address"),
                    ("move_to", "change of address, to the new address"),
                    ("moved", "address changed"),
                    ("permission", "asking whoever came with a file"),
                    ("operator", "note to the operator"),
                ],
                max_length=11,
            ),
        ),
        migrations.AlterField(
            model_name="subscriber",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "being checked"),
                            ("checked", "checked, not started"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("stopped", "stopped"),
                        ],
                        default="checking",
                        max_length=8,
                    ),
                ),
                (
                    "profile",
                    models.CharField(help_text="Which program wrote the file.", max_length=30),
                ),
                ("file_name", models.CharField(max_length=150)),
                (
                    "file_hash",
                    models.CharField(help_text="SHA-256 of the file, in hex.", max_length=64),
                ),
                ("file_size", models.PositiveBigIntegerField(help_text="Bytes.")),
                (
                    "encoding",
                    models.CharField(help_text="How the file's text is encoded.", max_length=20),
                ),
                (
                    "options",
                    models.JSONField(
                        default=dict,
                        help_text="Columns, topics, rhythm and whatever else was chosen.",
                    ),
                ),
                (
                    "is_confirmed",
                    models.BooleanField(
                        default=False,
                        help_text="Readers start without being asked again; otherwise a letter asks each.",
                    ),
                ),
                (
                    "declaration",
                    models.TextField(
                        blank=True,
                        help_text="What was declared about the consent of these readers.",
                    ),
                ),
                (
                    "declared_by",
                    models.CharField(blank=True, help_text="Who declared it.", max_length=150),
                ),
                ("declared_at", models.DateTimeField(null=True)),
                (
                    "position",
                    models.PositiveBigIntegerField(
                        default=0,
                        help_text="Records worked off: where it goes on after an interruption.",
                    ),
                ),
                (
                    "total",
                    models.PositiveBigIntegerField(default=0, help_text="Records, once counted."),
                ),
                (
                    "counts",
                    models.JSONField(default=dict, help_text="How many lines had which outcome."),
                ),
                (
                    "examples",
                    models.JSONField(
                        default=dict,
                        help_text="A few lines of each outcome, deleted with the file.",
                    ),
                ),
                ("error", models.CharField(blank=True, help_text="Why it failed.", max_length=300)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
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
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "ordering": ("-id",),
                "permissions": [("import_readers", "Can import readers from a file")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="ImportReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveBigIntegerField(help_text="Of the first record.")),
                (
                    "lines",
                    models.JSONField(help_text="For each: its number, the outcome, and why."),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="subscriptions.importrun",
                    ),
                ),
            ],
            options={
                "ordering": ("run", "position"),
                "constraints": [
                    models.UniqueConstraint(fields=("run", "position"), name="import_report_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportPiece",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pieces",
                        to="subscriptions.importrun",
                    ),
                ),
            ],
            options={
                "ordering": ("run", "number"),
                "constraints": [
                    models.UniqueConstraint(fields=("run", "number"), name="import_piece_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportedReader",
            fields=[
                (
                    "subscriber",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="imported",
                        serialize=False,
                        to="subscriptions.subscriber",
                    ),
                ),
                (
                    "starts_on",
                    models.DateField(help_text="No digest before this day (UTC).", null=True),
                ),
                (
                    "is_to_be_asked",
                    models.BooleanField(
                        default=False, help_text="A letter asks whether digests are wanted."
                    ),
                ),
                ("asked_at", models.DateTimeField(help_text="When the letter was due.", null=True)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="readers",
                        to="subscriptions.importrun",
                    ),
                ),
            ],
            options={
                "ordering": ("subscriber",),
                "indexes": [
                    models.Index(fields=["starts_on"], name="imported_starts"),
                    models.Index(
                        condition=models.Q(("asked_at", None), ("is_to_be_asked", True)),
                        fields=["subscriber"],
                        name="imported_to_ask",
                    ),
                    models.Index(
                        condition=models.Q(("asked_at__isnull", False)),
                        fields=["asked_at"],
                        name="imported_asked",
                    ),
                ],
            },
        ),
    ]
