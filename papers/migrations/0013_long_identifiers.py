"""DOIs and the names of feeds' items are longer than arXiv's numbers."""

from contextlib import contextmanager

from django.db import migrations, models


@contextmanager
def _without_trigger(schema_editor):
    """PostgreSQL alters no column that a trigger names, as that of the full text does."""
    trigger = "papers_fulltext_update"
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE tgname = %s AND tgrelid = to_regclass('papers_paper')",
            [trigger],
        )
        found = cursor.fetchone()
    if found:
        schema_editor.execute(f"DROP TRIGGER {trigger} ON papers_paper")
    yield
    if found:
        schema_editor.execute(found[0])


class AlterWhereLengthMatters(migrations.AlterField):
    """PostgreSQL widens a column in its catalog alone. SQLite keeps no lengths, and would write
    the whole table anew.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        """Widen it where the database knows a length."""
        if schema_editor.connection.vendor != "sqlite":
            with _without_trigger(schema_editor):
                super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        """Narrow it again; fails where a longer identifier was stored."""
        if schema_editor.connection.vendor != "sqlite":
            with _without_trigger(schema_editor):
                super().database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    """Widens a column; the version before goes on writing short identifiers into it."""

    dependencies = [
        ("papers", "0012_source_state"),
    ]

    operations = [
        AlterWhereLengthMatters(
            model_name="paper",
            name="identifier",
            field=models.CharField(
                help_text="Scheme and identifier, such as arxiv:2605.13779.",
                max_length=500,
                unique=True,
            ),
        ),
    ]
