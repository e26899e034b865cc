"""How often papers are cited. The version before does not look at the column."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0027_topic_packs"),
    ]

    operations = [
        migrations.AddField(
            model_name="paper",
            name="citations",
            field=models.PositiveIntegerField(
                blank=True,
                editable=False,
                help_text="How often it is cited: the highest count that a service gives.",
                null=True,
            ),
        ),
    ]
