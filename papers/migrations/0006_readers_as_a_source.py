"""The site's own readers as a source, and their upvotes beside each paper."""

from django.db import migrations, models


def add_source(apps, schema_editor):
    """Add the one source of this kind."""
    apps.get_model("papers", "Source").objects.get_or_create(
        slug="community", defaults={"kind": "community", "name": "Our readers"}
    )


class Migration(migrations.Migration):
    """Adds a column with a default in the database, so that what runs already can go on writing."""

    dependencies = [("papers", "0005_stamps")]
    operations = [
        migrations.AlterField(
            model_name="source",
            name="kind",
            field=models.CharField(
                choices=[
                    ("huggingface", "Hugging Face Daily Papers"),
                    ("sample", "Sample that ships with Broadsheet"),
                    ("community", "Readers of this site"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="paper",
            name="reader_upvotes",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="Of this site's own readers, as last counted every few minutes.",
            ),
        ),
        migrations.AddIndex(
            model_name="paper",
            index=models.Index(
                fields=["id"],
                condition=models.Q(reader_upvotes__gt=0),
                name="paper_with_reader_upvotes",
            ),
        ),
        migrations.RunPython(add_source, migrations.RunPython.noop),
    ]
