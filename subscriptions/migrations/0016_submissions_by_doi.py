"""Submissions by DOI, which may be longer than arXiv's identifiers.

The column only grows, so the version before goes on working: it writes shorter identifiers.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0015_machine_summaries")]

    operations = [
        migrations.AlterField(
            model_name="submission",
            name="identifier",
            field=models.CharField(
                help_text="Scheme and identifier, such as arxiv:2605.13779.",
                max_length=500,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="facts",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What is said of the paper where it was looked up, cleaned.",
            ),
        ),
        migrations.AlterField(
            model_name="submission",
            name="state",
            field=models.CharField(
                choices=[
                    ("checking", "being looked up"),
                    ("missing", "unknown where it was looked up"),
                    ("waiting", "waiting for an editor"),
                    ("accepted", "accepted"),
                    ("declined", "declined"),
                ],
                default="checking",
                max_length=8,
            ),
        ),
    ]
