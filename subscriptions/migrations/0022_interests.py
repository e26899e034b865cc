"""Interests that readers follow beside topics, and what matched them.

The column that is added to readers is empty: the version before goes on writing rows.
"""

import django.db.models.deletion
from django.db import migrations, models

import subscriptions.models.interest


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0031_american_spelling"),
        ("subscriptions", "0021_sources_and_reasons"),
    ]

    operations = [
        migrations.CreateModel(
            name="Interest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("words", "words"),
                            ("author", "author"),
                            ("organization", "organization"),
                            ("venue", "journal, venue, category or source"),
                            ("likeness", "papers like these"),
                            ("citing", "papers that cite this one"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="Digest of what is asked for; equal for equal ones.",
                        max_length=32,
                        unique=True,
                    ),
                ),
                (
                    "spec",
                    models.JSONField(
                        help_text="What is asked for; see papers.matching.interests.specs."
                    ),
                ),
                (
                    "vector",
                    models.BinaryField(
                        help_text="Of papers like these: the vector that they share.", null=True
                    ),
                ),
                (
                    "fitted",
                    models.BigIntegerField(
                        editable=False,
                        help_text="The model of meaning that the vector belongs to.",
                        null=True,
                    ),
                ),
                (
                    "is_new",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Not matched yet with the days that were matched before it came.",
                    ),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("id",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_new", True)), fields=["id"], name="interest_new"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Following",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(help_text="What the reader calls it.", max_length=120)),
                (
                    "token",
                    models.CharField(
                        default=subscriptions.models.interest.new_token,
                        help_text="In the addresses of its page and feed. Renewed, the earlier ones stop working.",
                        max_length=32,
                        unique=True,
                    ),
                ),
                (
                    "rhythm",
                    models.CharField(
                        choices=[("digest", "with the digest"), ("daily", "every day")],
                        default="digest",
                        help_text="Every day means something to weekly readers only.",
                        max_length=6,
                    ),
                ),
                (
                    "most_papers",
                    models.PositiveSmallIntegerField(
                        default=10, help_text="At most so many of its papers in one mail."
                    ),
                ),
                (
                    "takes_maybe",
                    models.BooleanField(
                        default=False,
                        help_text="Also send papers that may be meant, such as a namesake's.",
                    ),
                ),
                ("is_paused", models.BooleanField(default=False)),
                (
                    "is_waiting",
                    models.BooleanField(
                        default=False, help_text="Until the reader confirms the address."
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="followings",
                        to="subscriptions.subscriber",
                    ),
                ),
                (
                    "interest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followings",
                        to="subscriptions.interest",
                    ),
                ),
            ],
            options={
                "verbose_name": "followed interest",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="InterestMatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(help_text="The day of the issue that has the paper.")),
                (
                    "is_certain",
                    models.BooleanField(help_text="Otherwise it may be meant, and may be not."),
                ),
                (
                    "score",
                    models.FloatField(
                        help_text="How well it matches, to compare papers of one interest."
                    ),
                ),
                ("evidence", models.JSONField(default=list, help_text="Why, as with topics.")),
                (
                    "interest",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="matches",
                        to="subscriptions.interest",
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="interest_matches",
                        to="papers.paper",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "matches of interests",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="InterestRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(unique=True)),
                (
                    "position",
                    models.BigIntegerField(default=0, help_text="ID of the last interest matched."),
                ),
                (
                    "interests",
                    models.PositiveIntegerField(default=0, help_text="How many were matched."),
                ),
                (
                    "matches",
                    models.PositiveIntegerField(
                        default=0, help_text="How many matches were stored."
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
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
            ],
            options={
                "verbose_name": "matching of interests",
                "verbose_name_plural": "matchings of interests",
                "ordering": ("-day",),
            },
        ),
        migrations.CreateModel(
            name="Muted",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(help_text="What the reader reads.", max_length=120)),
                ("created_at", models.DateTimeField()),
                (
                    "interest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mutes",
                        to="subscriptions.interest",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="muted",
                        to="subscriptions.subscriber",
                    ),
                ),
            ],
            options={
                "verbose_name": "mute",
                "ordering": ("id",),
            },
        ),
        migrations.AddField(
            model_name="subscriber",
            name="next_interests_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the next daily email of interests is due; empty if none is.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                condition=models.Q(("next_interests_at__isnull", False), ("status", "active")),
                fields=["next_interests_at", "id"],
                name="subscriber_interests_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="following",
            constraint=models.UniqueConstraint(
                fields=("subscriber", "interest"), name="following_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="interestmatch",
            constraint=models.UniqueConstraint(
                fields=("day", "interest", "paper"), name="interest_match_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="muted",
            constraint=models.UniqueConstraint(
                fields=("subscriber", "interest"), name="muted_once"
            ),
        ),
    ]
