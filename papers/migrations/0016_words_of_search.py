"""Words and acronyms that search learns from papers."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0015_one_work_many_names"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchVocabulary",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "last_paper_id",
                    models.BigIntegerField(
                        default=0, help_text="Papers up to this number were read."
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "word",
                    models.CharField(
                        help_text="Lower case, without diacritics, letters only.",
                        max_length=30,
                        unique=True,
                    ),
                ),
                (
                    "papers",
                    models.PositiveIntegerField(
                        help_text="Papers that held it when they came; a hint, which edits don't change."
                    ),
                ),
                (
                    "is_suggested",
                    models.BooleanField(
                        default=False, help_text="Whether misspelled words are corrected to it."
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Acronym",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("short", models.CharField(help_text="Folded, such as vlm.", max_length=12)),
                (
                    "stems",
                    models.CharField(
                        db_index=True,
                        help_text="The stems of the long form, by which its inflections are known.",
                        max_length=120,
                    ),
                ),
                (
                    "long",
                    models.CharField(
                        help_text="Folded, such as vision language model; the form seen first.",
                        max_length=120,
                    ),
                ),
                (
                    "papers",
                    models.PositiveIntegerField(
                        db_default=0,
                        default=0,
                        help_text="Papers that introduce it; 0 where an editor added it.",
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "As papers use it"),
                            ("always", "Always"),
                            ("never", "Never"),
                        ],
                        db_default="",
                        default="",
                        help_text="What an editor says: search uses it always, or never, whatever papers do.",
                        max_length=6,
                    ),
                ),
            ],
            options={
                "ordering": ("short", "-papers"),
                "constraints": [
                    models.UniqueConstraint(fields=("short", "stems"), name="acronym_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="WordDeletion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.BigIntegerField(help_text="A hash of the letters that are left.")),
                (
                    "word",
                    models.ForeignKey(
                        db_index=False,
                        help_text="The whole word.",
                        on_delete=django.db.models.deletion.CASCADE,
                        to="papers.searchword",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["key", "word"], name="word_deletion")],
            },
        ),
    ]
