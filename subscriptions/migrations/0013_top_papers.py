"""Adds whether a reader wants the day's most trending papers; no reader there is now does. The
version before goes on working: the column has a default in the database.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0012_every_paper_in_full"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscriber",
            name="top_papers",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Send the day's most trending papers, whatever their topic.",
            ),
        ),
        migrations.AlterField(
            model_name="subscriber",
            name="in_full",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Show every paper in full, not only the first three.",
            ),
        ),
    ]
