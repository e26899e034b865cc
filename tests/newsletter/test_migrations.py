"""While a new version migrates, the one before it goes on serving."""

import pytest
from django.db import connection
from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED, ManyToManyField

ADDED = [
    (f"{app}.{name}", operation)
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items())
    if app in ("newsletter", "papers", "subscriptions")
    for operation in migration.operations
    if isinstance(operation, AddField)
]


@pytest.mark.parametrize(("migration", "added"), ADDED, ids=lambda one: getattr(one, "name", one))
def test_what_runs_already_can_write_rows_without_a_new_column(migration, added):
    """Django's own defaults are of no use to code that does not know of the column."""
    field = added.field
    assert field.null or field.db_default is not NOT_PROVIDED or isinstance(field, ManyToManyField)


@pytest.mark.django_db
def test_who_subscribes_with_the_version_before_gets_mail():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO subscriptions_subscriber (email, status, rhythm, weekday, hour, timezone,"
            " papers_wanted, text_only, learns, language, link_version, created_at) VALUES"
            " ('alice@example.org', 'pending', 'daily', 0, 7, 'UTC', 10, false, true, 'en', 1,"
            " '2026-06-10 08:00:00') RETURNING receives_by, groups_by_topic, pause_reason"
        )
        means, grouped, reason = cursor.fetchone()
    assert (means, bool(grouped), reason) == ("mail", False, "")
