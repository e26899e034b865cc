"""Counts that outlive the rows they were made of."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0015_plainer_words"),
    ]

    operations = [
        migrations.CreateModel(
            name="CountedDay",
            fields=[
                ("day", models.DateField(help_text="UTC.", primary_key=True, serialize=False)),
                (
                    "counted_at",
                    models.DateTimeField(
                        help_text="When it was counted last. What came in late is added for a while."
                    ),
                ),
            ],
            options={
                "ordering": ("day",),
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DailyCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(help_text="UTC.")),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("readers", "active readers"),
                            ("asked", "asked to subscribe"),
                            ("confirmed", "confirmed"),
                            ("imported", "came with a file"),
                            ("left", "unsubscribed"),
                            ("paused", "paused because emails bounced"),
                            ("sent", "digests delivered"),
                            ("received", "accepted by the receiver"),
                            ("failed", "failed"),
                            ("unknown", "in doubt"),
                            ("skipped", "nothing to send"),
                            ("expired", "too late"),
                            ("bounced", "bounced"),
                            ("complained", "complained"),
                            ("opened", "opened"),
                            ("clicked", "clicked"),
                            ("liked", "liked"),
                            ("disliked", "disliked"),
                            ("saved", "saved for later"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "dimension",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "all"),
                            ("topic", "topic"),
                            ("source", "source of the sign-up"),
                            ("channel", "way of delivery"),
                            ("way", "way of leaving"),
                            ("reason", "reason given"),
                            ("hour", "hour"),
                            ("severity", "kind of bounce"),
                            ("paper", "paper"),
                        ],
                        max_length=8,
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=60)),
                ("count", models.PositiveBigIntegerField()),
            ],
            options={
                "ordering": ("day", "measure", "dimension", "key"),
                "permissions": [
                    ("view_statistics", "Can see statistics"),
                    ("export_statistics", "Can export statistics"),
                ],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dimension", "measure", "day", "key"), name="daily_count_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IssueCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("readers", "active readers"),
                            ("asked", "asked to subscribe"),
                            ("confirmed", "confirmed"),
                            ("imported", "came with a file"),
                            ("left", "unsubscribed"),
                            ("paused", "paused because emails bounced"),
                            ("sent", "digests delivered"),
                            ("received", "accepted by the receiver"),
                            ("failed", "failed"),
                            ("unknown", "in doubt"),
                            ("skipped", "nothing to send"),
                            ("expired", "too late"),
                            ("bounced", "bounced"),
                            ("complained", "complained"),
                            ("opened", "opened"),
                            ("clicked", "clicked"),
                            ("liked", "liked"),
                            ("disliked", "disliked"),
                            ("saved", "saved for later"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "dimension",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "all"),
                            ("topic", "topic"),
                            ("source", "source of the sign-up"),
                            ("channel", "way of delivery"),
                            ("way", "way of leaving"),
                            ("reason", "reason given"),
                            ("hour", "hour"),
                            ("severity", "kind of bounce"),
                            ("paper", "paper"),
                        ],
                        max_length=8,
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=60)),
                ("count", models.PositiveBigIntegerField()),
                (
                    "issue",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="counts",
                        to="newsletter.issue",
                    ),
                ),
            ],
            options={
                "ordering": ("issue", "measure", "dimension", "key"),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("issue", "dimension", "measure", "key"), name="issue_count_once"
                    )
                ],
            },
        ),
    ]
