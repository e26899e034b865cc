"""Topics come in packs and are listed by field; categories carry their scheme.

The topics of machine learning become those of their pack. Whether an editor changed one shows from
the fingerprint of what the file says.
"""

import hashlib
import json
import re
from pathlib import Path

from django.db import migrations, models

import papers.models.topic

TOPICS = Path(__file__).resolve().parent.parent / "data" / "topics.json"
ARXIV = re.compile(r"[a-z]+(-[a-z]+)?(\.[A-Za-z-]+)?")


def with_scheme(category):
    text = " ".join(category.split())
    return f"arxiv:{text}" if ":" not in text and ARXIV.fullmatch(text) else text


def fingerprint(topic):
    said = [
        topic["name"],
        topic["group"],
        topic["description"],
        topic["keywords"],
        [with_scheme(category) for category in topic["categories"]],
        topic["names"],
    ]
    text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def join_pack(apps, schema_editor):
    Topic = apps.get_model("papers", "Topic")
    shipped = {
        topic["slug"]: fingerprint(topic)
        for topic in json.loads(TOPICS.read_text(encoding="utf-8"))
    }
    for topic in Topic.objects.all():
        topic.categories = [with_scheme(one) for one in topic.categories]
        if topic.slug in shipped:
            topic.pack = "machine-learning"
            topic.field = "computer-science"
            topic.shipped = shipped[topic.slug]
        topic.save(update_fields=["categories", "pack", "field", "shipped"])


def leave_pack(apps, schema_editor):
    Topic = apps.get_model("papers", "Topic")
    for topic in Topic.objects.all():
        topic.categories = [one.removeprefix("arxiv:") for one in topic.categories]
        topic.save(update_fields=["categories"])


class Migration(migrations.Migration):
    """Goes back; what packs added stays."""

    dependencies = [("papers", "0026_matched_papers")]

    operations = [
        migrations.AddField(
            model_name="topic",
            name="field",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="The field it is listed under. Empty: the one that its categories tell.",
                max_length=20,
                validators=[papers.models.topic.known_field],
            ),
        ),
        migrations.AddField(
            model_name="topic",
            name="pack",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="The pack that it came with; empty for your own.",
                max_length=40,
            ),
        ),
        migrations.AddField(
            model_name="topic",
            name="shipped",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Fingerprint of what the pack said; another one than the topic’s own "
                "means that an editor changed it.",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="topic",
            name="categories",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Categories that support a match, each with its scheme, such as "
                "arxiv:cs.CL, biorxiv:neuroscience or issn:1476-4687.",
                validators=[papers.models.topic.list_of_categories],
            ),
        ),
        migrations.RunPython(join_pack, leave_pack),
    ]
