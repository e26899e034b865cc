"""Statistics that PostgreSQL plans queries by, renewed at once where a table grew at one stroke.

Autovacuum does so, a minute late. Until then a table that a first fetch filled with thousands of
rows is planned for as if it were empty, and a join that should take milliseconds takes a minute.
"""

from django.db import connection, models

GROWTH = 1.1
"""A table that has as many times the pages that its statistics know is worth reading again; from
the same share on autovacuum does, by its default setting."""

LEAST = 64
"""Pages, of 8 KiB, below which any plan will do."""

_GROWN = """
SELECT relname FROM pg_class
WHERE oid = ANY(%s::regclass[])
  AND pg_relation_size(oid) >= 8192 * greatest(%s, relpages * %s)
"""


def renew_grown(*tables: type[models.Model]) -> list[str]:
    """Renew the statistics of those of these models' tables that grew; the names of these. Does
    nothing on SQLite, whose plans don't depend on how many rows there are.
    """
    if connection.vendor != "postgresql":
        return []
    names = [connection.ops.quote_name(table._meta.db_table) for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(_GROWN, [names, LEAST, GROWTH])
        grown = sorted(name for (name,) in cursor.fetchall())
        if grown:
            cursor.execute(f"ANALYZE {', '.join(map(connection.ops.quote_name, grown))}")
    return grown
