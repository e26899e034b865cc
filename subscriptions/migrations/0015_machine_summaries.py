"""Readers may turn off summaries that a language model made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds a column with a default in the database; the version before goes on writing rows."""

    dependencies = [
        ("subscriptions", "0014_saved_papers"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscriber",
            name="machine_summaries",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Show summaries that a language model made of abstracts, where there are any.",
            ),
        ),
    ]
