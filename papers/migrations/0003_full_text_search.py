"""An index of the papers' words, kept by the database itself, and every paper there is in it."""

from django.db import migrations

from papers.search import index


def install(apps, schema_editor):
    """Readers read on meanwhile; a writer waits, some 10 s (SQLite) or 60 s (PostgreSQL) for
    100,000 papers."""
    index.install(schema_editor.connection)


def uninstall(apps, schema_editor):
    """Papers can be written and read without it, but not searched."""
    index.uninstall(schema_editor.connection)


class Migration(migrations.Migration):
    """Adds what is no model: no code but `papers.search` knows of it."""

    dependencies = [
        ("papers", "0002_topics_and_sources"),
    ]

    operations = [migrations.RunPython(install, uninstall)]
