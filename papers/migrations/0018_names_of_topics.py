"""What topics are called in other languages: a column, filled for the topics that we ship.

It may be empty, so that the version before goes on without it. Topics are a few dozen rows. One
that an editor renamed or moved to another group gets no name from here.
"""

import json
from pathlib import Path

from django.db import migrations, models

import papers.models.topic

TOPICS = Path(__file__).resolve().parent.parent / "data" / "topics.json"


def fill(apps, schema_editor):
    """Names for the shipped topics, as far as they are as we ship them."""
    Topic = apps.get_model("papers", "Topic")
    shipped = {topic["slug"]: topic for topic in json.loads(TOPICS.read_text(encoding="utf-8"))}
    for topic in Topic.objects.filter(slug__in=shipped, names__isnull=True):
        ours = shipped[topic.slug]
        names = {}
        for language, translated in ours["names"].items():
            kept = {
                key: translated[key]
                for key in ("name", "group")
                if _spelled(getattr(topic, key)) == _spelled(ours[key])
            }
            if kept:
                names[language] = kept
        if names:
            Topic.objects.filter(pk=topic.pk).update(names=names)


def _spelled(name):
    """British and American spellings are one name: earlier releases shipped the former."""
    return name.replace("isation", "ization")


class Migration(migrations.Migration):
    dependencies = [("papers", "0017_days_that_sources_gave")]

    operations = [
        migrations.AddField(
            model_name="topic",
            name="names",
            field=models.JSONField(
                blank=True,
                help_text='Its name and its group in other languages, such as {"de": {"name": '
                '"Robotik", "group": "Maschinen"}}. English stands in for what is not given.',
                null=True,
                validators=[papers.models.topic.names_by_language],
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
