"""Who is to be told of retracted papers. The version before does not look at these tables."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0012_wording"),
        ("papers", "0021_wording"),
        ("subscriptions", "0018_addresses_as_typed"),
    ]

    operations = [
        migrations.CreateModel(
            name="Retraction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "noticed_at",
                    models.DateTimeField(help_text="When it was first seen to be retracted."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("noticed", "its readers are looked for next"),
                            ("telling", "their next digests tell them"),
                            ("done", "all of them were told"),
                        ],
                        default="noticed",
                        max_length=7,
                    ),
                ),
                (
                    "paper",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="retraction",
                        to="papers.paper",
                    ),
                ),
            ],
            options={
                "ordering": ("-noticed_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "done"), _negated=True),
                        fields=["state"],
                        name="retraction_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RetractionAlert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "told_at",
                    models.DateTimeField(
                        help_text="When that was found to have gone out.", null=True
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        help_text="The digest that tells of it, written before that is sent.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="retraction_alerts",
                        to="newsletter.delivery",
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="retraction_alerts",
                        to="papers.paper",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="retraction_alerts",
                        to="subscriptions.subscriber",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("told_at", None)),
                        fields=["subscriber"],
                        name="retraction_alert_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subscriber", "paper"), name="retraction_told_once"
                    )
                ],
            },
        ),
    ]
