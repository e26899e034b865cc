"""An event may be about a notice instead of a delivery."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0006_missing_sources"),
        ("subscriptions", "0008_notices"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="notice",
            field=models.ForeignKey(
                db_constraint=False,
                help_text="In place of a delivery, the notice that it is about.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="events",
                to="subscriptions.notice",
            ),
        ),
    ]
