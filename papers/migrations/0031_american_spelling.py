"""The topics that we ship are spelled as Americans spell, on sites that have them already as well."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

WORDS = {
    "behaviour": "behavior",
    "generalisation": "generalization",
    "modelling": "modeling",
    "optimisation": "optimization",
    "optimisers": "optimizers",
    "personalisation": "personalization",
    "quantisation": "quantization",
    "tokenisers": "tokenizers",
}
SLUGS = (
    "language-models",
    "image-generation",
    "reinforcement-learning",
    "alignment",
    "training-optimisation",
    "efficient-inference",
)
"""The topics whose name or description had one of the words."""


def respell(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Change these words, and nothing else that an editor may have written."""
    topics = apps.get_model("papers", "Topic").objects
    for topic in topics.filter(slug__in=SLUGS):
        name = topic.name
        for british, american in WORDS.items():
            name = name.replace(british, american)
            topic.description = topic.description.replace(british, american)
        if not topics.filter(name=name).exists():  # names are unique
            topic.name = name
        topic.save(update_fields=["name", "description"])


class Migration(migrations.Migration):
    dependencies = [("papers", "0030_plainer_words")]

    operations = [migrations.RunPython(respell, migrations.RunPython.noop, elidable=True)]
