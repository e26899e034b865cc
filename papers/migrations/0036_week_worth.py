"""What papers are worth for a week's attention, beside the upvotes that they gained."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column, empty for the weeks that were counted before."""

    dependencies = [("papers", "0035_actions_by_people")]

    operations = [
        migrations.AddField(
            model_name="weekofattention",
            name="worth",
            field=models.JSONField(
                help_text="The score for what came within the week, by paper id.", null=True
            ),
        ),
    ]
