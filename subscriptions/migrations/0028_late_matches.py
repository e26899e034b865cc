"""Marks matches that were found after their day, until readers’ next emails offer them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0037_words_of_fields"),
        ("subscriptions", "0027_words_of_fields"),
    ]

    operations = [
        migrations.AddField(
            model_name="interestmatch",
            name="is_late",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether it was found after its day, and readers’ next email is yet to offer it.",
            ),
        ),
        migrations.AddIndex(
            model_name="interestmatch",
            index=models.Index(
                condition=models.Q(("is_late", True)), fields=["id"], name="interest_match_late"
            ),
        ),
    ]
