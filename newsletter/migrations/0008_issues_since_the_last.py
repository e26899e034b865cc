"""A digest draws on the issues since its reader's last one, and says when there was no new one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns that stay empty for what the version before writes."""

    dependencies = [("newsletter", "0007_events_of_notices")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="since",
            field=models.DateField(
                editable=False,
                help_text="Day of the earliest issue that it draws on as well, because the reader had none of it; empty where that is its own issue.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="no_new_issue_at",
            field=models.JSONField(
                editable=False,
                help_text="When the reader's rhythm asked again, and this issue was still the newest one.",
                null=True,
            ),
        ),
    ]
