"""Statistics that databases plan queries by, renewed at once where a table grew at one stroke.

PostgreSQL's autovacuum does so, a minute late. Until then a table that a first fetch filled with
thousands of rows is planned for as if it were empty, and a join that should take milliseconds takes
a minute.

Nothing does so on SQLite. Without statistics it takes any column with an index for one that tells
ten rows from all others, an issue's among a million deliveries, too.
"""

from django.apps import apps
from django.db import connection, models
from django.db.backends.utils import CursorWrapper

GROWTH = 1.1
"""A table that has as many times the pages or rows that its statistics know is worth reading again;
from the same share on autovacuum does, by its default setting."""

LEAST = 64
"""Pages, of 8 KiB, below which any plan will do."""

LEAST_ROWS = 1_000
"""Rows below which any plan will do on SQLite."""

_GROWN = """
SELECT relname FROM pg_class
WHERE oid = ANY(%s::regclass[])
  AND pg_relation_size(oid) >= 8192 * greatest(%s, relpages * %s)
"""


def renew_grown(*tables: type[models.Model]) -> list[str]:
    """Renew the statistics of those of these models' tables that grew; the names of these.

    On SQLite all tables are looked at, by their last row, and all statistics are renewed where one
    grew, in half a second for two million rows: where some are known and others are not, it
    begins joins with the wrong ones.
    """
    if connection.vendor == "sqlite":
        return _renew_all_of_sqlite()
    names = [connection.ops.quote_name(table._meta.db_table) for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(_GROWN, [names, LEAST, GROWTH])
        grown = sorted(name for (name,) in cursor.fetchall())
        if grown:
            cursor.execute(f"ANALYZE {', '.join(map(connection.ops.quote_name, grown))}")
    return grown


def _renew_all_of_sqlite() -> list[str]:
    every = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    with connection.cursor() as cursor:
        lasts = _each(cursor, sorted(every), "max(rowid)")
        many = [(name, last) for name, last in lasts if (last or 0) >= LEAST_ROWS]
        if not many:
            return []
        known = _rows_known(cursor)
        # Where rows were deleted, the last one's number says too much.
        may_have = [name for name, last in many if (last or 0) >= GROWTH * known.get(name, 0)]
        found = [
            name
            for name, rows in _each(cursor, may_have, "count(*)")
            if (rows or 0) >= max(LEAST_ROWS, GROWTH * known.get(name, 0))
        ]
        if found:
            cursor.execute("ANALYZE")
            # It says nothing of empty tables, which then pass for those of a million rows.
            empty = sorted(every - _rows_known(cursor).keys())
            cursor.executemany(
                "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, NULL, '1')",
                [(name,) for name in empty],
            )
            cursor.execute("ANALYZE sqlite_schema")  # which only has them read again
    return found


def _rows_known(cursor: CursorWrapper) -> dict[str, int]:
    """By table, how many rows it has by its statistics."""
    cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
    if cursor.fetchone() is None:
        return {}
    cursor.execute("SELECT tbl, max(CAST(stat AS integer)) FROM sqlite_stat1 GROUP BY tbl")
    return dict(cursor.fetchall())


def _each(
    cursor: CursorWrapper, tables: list[str], expression: str
) -> list[tuple[str, int | None]]:
    """Each table with the value of an expression over it."""
    if not tables:
        return []
    quote = connection.ops.quote_name
    selects = (
        f"SELECT '{name}', (SELECT {expression} FROM {quote(name)})"  # noqa: S608
        for name in tables
    )
    cursor.execute(" UNION ALL ".join(selects))
    return list(cursor.fetchall())
