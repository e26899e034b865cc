"""Says labels and help texts in plainer words. No statement runs, and the version before goes on
working.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0020_repeated_listings"),
    ]

    operations = [
        migrations.AlterField(
            model_name="match",
            name="evidence",
            field=models.JSONField(
                default=list,
                help_text="Why: where each keyword is found, the category, how close in meaning.",
            ),
        ),
        migrations.AlterField(
            model_name="sourcerun",
            name="is_complete",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether the source said that its list of the day will not grow anymore.",
            ),
        ),
        migrations.AlterField(
            model_name="topic",
            name="group",
            field=models.CharField(
                help_text="The heading it is listed under on forms.", max_length=60
            ),
        ),
    ]
