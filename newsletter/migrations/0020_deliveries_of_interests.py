"""Daily emails of interests in the ledger, and papers that wait for the next digest.

They have a column of their own instead of `issue`: the version before claims only what has one.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0019_drafts_and_approval"),
        ("subscriptions", "0022_interests"),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitingPaper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "day",
                    models.DateField(
                        help_text="The day of the issue whose email had no room for it."
                    ),
                ),
                (
                    "left_by",
                    models.BigIntegerField(help_text="The delivery that had no room for it."),
                ),
                (
                    "offered_in",
                    models.BigIntegerField(
                        help_text="The delivery that it waited for; later ones don’t have it.",
                        null=True,
                    ),
                ),
                (
                    "following",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waiting_papers",
                        to="subscriptions.following",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        db_constraint=False,
                        help_text="The paper, in the issue that it was in.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="newsletter.issuepaper",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waiting_papers",
                        to="subscriptions.subscriber",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.AddField(
            model_name="delivery",
            name="interests",
            field=models.JSONField(
                editable=False,
                help_text="By place: numbers of what the reader follows, for which the paper was chosen.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="interests_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Of a daily email of interests: the issue whose papers it draws on.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="interest_deliveries",
                to="newsletter.issue",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="issue",
            field=models.ForeignKey(
                db_index=False,
                help_text="The issue whose digest it is.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="newsletter.issue",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("interests_of__isnull", False)),
                fields=("interests_of", "subscriber"),
                name="delivery_of_interests_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="waitingpaper",
            constraint=models.UniqueConstraint(
                fields=("following", "place"), name="waiting_paper_once"
            ),
        ),
    ]
