"""The topics and sources that a new site starts with; what an editor changed is left alone."""

import json
from pathlib import Path

from django.db import migrations

TOPICS = Path(__file__).resolve().parent.parent / "data" / "topics.json"

SOURCES = (
    ("huggingface", "huggingface", "Hugging Face Daily Papers"),
    ("sample", "sample", "Sample that ships with Broadsheet"),
)


def add_topics_and_sources(apps, schema_editor):
    """Add what is missing, by slug."""
    Topic = apps.get_model("papers", "Topic")
    Source = apps.get_model("papers", "Source")
    for position, topic in enumerate(json.loads(TOPICS.read_text(encoding="utf-8")), start=1):
        Topic.objects.get_or_create(
            slug=topic["slug"],
            defaults={
                "name": topic["name"],
                "group": topic["group"],
                "description": topic["description"],
                "keywords": topic["keywords"],
                "categories": topic["categories"],
                "position": position * 10,
            },
        )
    for slug, kind, name in SOURCES:
        Source.objects.get_or_create(slug=slug, defaults={"kind": kind, "name": name})


class Migration(migrations.Migration):
    """Goes back without taking anything away."""

    dependencies = [("papers", "0001_initial")]
    operations = [migrations.RunPython(add_topics_and_sources, migrations.RunPython.noop)]
