"""What readers add to the papers: upvotes, and papers that they submit."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds two tables; what runs already does not know of them."""

    dependencies = [
        ("papers", "0006_readers_as_a_source"),
        ("subscriptions", "0004_grouping"),
    ]

    operations = [
        migrations.CreateModel(
            name="Submission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "identifier",
                    models.CharField(
                        help_text="Scheme and identifier, such as arxiv:2605.13779.",
                        max_length=80,
                        unique=True,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "being looked up at arXiv"),
                            ("missing", "unknown to arXiv"),
                            ("waiting", "waiting for an editor"),
                            ("accepted", "accepted"),
                            ("declined", "declined"),
                        ],
                        default="checking",
                        max_length=8,
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=500)),
                (
                    "facts",
                    models.JSONField(
                        blank=True, default=dict, help_text="What arXiv says of the paper, cleaned."
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="The name to show beside the paper, if any.",
                        max_length=60,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        help_text="Why it was declined; the reader sees it.",
                        max_length=300,
                    ),
                ),
                ("submitted_at", models.DateTimeField()),
                ("check_after", models.DateTimeField(help_text="When arXiv is asked (again).")),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How often arXiv was asked in vain."
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "paper",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="submissions",
                        to="papers.paper",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        help_text="Empty once the subscriber was erased.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="submissions",
                        to="subscriptions.subscriber",
                    ),
                ),
            ],
            options={
                "ordering": ("-submitted_at", "-id"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "checking")),
                        fields=["check_after", "id"],
                        name="submission_unchecked",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Upvote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="votes",
                        to="papers.paper",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="upvotes",
                        to="subscriptions.subscriber",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("subscriber", "paper"), name="upvote_once")
                ],
            },
        ),
    ]
