"""Says in plainer words what some fields hold; no table changes."""

import datetime

from django.db import migrations, models

import papers.models.topic


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0036_week_worth"),
    ]

    operations = [
        migrations.AlterField(
            model_name="match",
            name="listed",
            field=models.DateField(
                db_default=datetime.date(1970, 1, 1),
                default=datetime.date(1970, 1, 1),
                editable=False,
                help_text="When the paper was last listed, under any identifier; 1970 if it never was.",
            ),
        ),
        migrations.AlterField(
            model_name="matchedpaper",
            name="rules",
            field=models.CharField(help_text="Hash of the model and the rules.", max_length=32),
        ),
        migrations.AlterField(
            model_name="matchedpaper",
            name="text_hash",
            field=models.CharField(
                help_text="Hash of what matching reads of the paper.", max_length=32
            ),
        ),
        migrations.AlterField(
            model_name="matchedpaper",
            name="topics",
            field=models.CharField(help_text="Hash of the topics.", max_length=32),
        ),
        migrations.AlterField(
            model_name="matchedtopics",
            name="key",
            field=models.CharField(
                help_text="Hash of all of them.", max_length=32, primary_key=True, serialize=False
            ),
        ),
        migrations.AlterField(
            model_name="measurement",
            name="data",
            field=models.JSONField(help_text="In the format of papers.matching.yardsticks."),
        ),
        migrations.AlterField(
            model_name="topic",
            name="field",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="The field it’s listed under. Empty: decided by its categories.",
                max_length=20,
                validators=[papers.models.topic.known_field],
            ),
        ),
        migrations.AlterField(
            model_name="topic",
            name="names",
            field=models.JSONField(
                blank=True,
                help_text='Its name and its group in other languages, such as {"de": {"name": "Robotik", "group": "Maschinen"}}. Where there’s none, English is used.',
                null=True,
                validators=[papers.models.topic.names_by_language],
            ),
        ),
        migrations.AlterField(
            model_name="topic",
            name="shipped",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Hash of what the pack said. If it differs from the topic’s own, an editor changed the topic.",
                max_length=16,
            ),
        ),
    ]
