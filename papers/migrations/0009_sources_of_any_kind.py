"""Sources of any kind, several of one kind, each with its settings and its own deadline."""

import django.core.validators
from django.db import migrations, models


def make_names_unique(apps, schema_editor):
    """Number the sources that an editor gave the same name, all but the first."""
    taken = set()
    for source in apps.get_model("papers", "Source").objects.order_by("pk"):
        name, number = source.name, 1
        while name in taken:
            number += 1
            end = f" ({number})"
            name = source.name[: 80 - len(end)] + end
        taken.add(name)
        if name != source.name:
            source.name = name
            source.save(update_fields=["name"])


class Migration(migrations.Migration):
    """Adds columns that are nullable or have a default in the database, so that what runs already
    can go on writing; the kinds are no choices of the database's.
    """

    dependencies = [("papers", "0008_thumbnails")]
    operations = [
        migrations.RunPython(make_names_unique, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="source",
            name="name",
            field=models.CharField(max_length=80, unique=True),
        ),
        migrations.AlterField(
            model_name="source",
            name="slug",
            field=models.SlugField(help_text="What commands call it.", unique=True),
        ),
        migrations.AlterField(
            model_name="source",
            name="kind",
            field=models.CharField(
                help_text="Which module of papers.sources reads it; never changes.", max_length=20
            ),
        ),
        migrations.AlterField(
            model_name="source",
            name="last_fetched_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When it last answered for the day that digests carried then.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="settings",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="As the kind declares them. What is missing has its default.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="wait_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=180,
                default=180,
                help_text="How long after a day's end its issue waits for this source to answer "
                "once more. At most 360: readers wait no longer for the issue. Kinds that cannot "
                "be asked for a day that is over are not waited for.",
                validators=[django.core.validators.MaxValueValidator(360)],
                verbose_name="waited for, in minutes",
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="last_run",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="The last fetch, of whatever day: when, which day, what came of it.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="answered",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="Day to when it last answered for it, the latest days only.",
                null=True,
            ),
        ),
    ]
