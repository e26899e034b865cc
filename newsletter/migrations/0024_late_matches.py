"""Says what waiting papers hold that matched only later; no table changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0023_words_of_fields"),
    ]

    operations = [
        migrations.AlterField(
            model_name="waitingpaper",
            name="day",
            field=models.DateField(
                help_text="The day of the issue that it was in, or whose email had no room for it."
            ),
        ),
        migrations.AlterField(
            model_name="waitingpaper",
            name="left_by",
            field=models.BigIntegerField(
                help_text="The delivery that had no room for it; 0 if it matched only later."
            ),
        ),
    ]
