"""Tens of thousands of rows by their ids, in one statement that finds each through an index.

A month of large days has so many papers. Where a condition says `IN`, PostgreSQL reckons that
reading all that is stored costs less than looking up so many, which with a million papers is not
so, and Django gives each id a parameter of its own, of which there may be only so many. Here the
ids are one parameter, and the database is told to begin with them.
"""

import json
from collections.abc import Collection
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL


def rows_by_ids(
    model: type[models.Model],
    column: str,
    ids: Collection[int],
    columns: Collection[str],
    condition: str = "true",
    params: Collection[str] = (),
) -> list[tuple[Any, ...]]:
    """These columns of the rows whose `column`, an indexed one, holds one of `ids`, and that meet
    the condition. One query. The names and the condition must be of our own, and the condition
    names columns of `model` without a table.
    """
    if not ids:
        return []
    name = connection.ops.quote_name
    table, wanted = name(model._meta.db_table), json.dumps(list(ids))
    if connection.vendor == "postgresql":
        # A subquery with an OFFSET is made for each id in turn: that is the order wanted.
        shown = ", ".join(map(name, columns))
        sql = (
            f"SELECT found.* FROM unnest(%s::bigint[]) AS wanted(key) CROSS JOIN LATERAL "  # noqa: S608
            f"(SELECT {shown} FROM {table} WHERE {name(column)} = wanted.key AND ({condition}) "
            "OFFSET 0) AS found"
        )
        wanted = "{" + wanted[1:-1] + "}"
    else:
        # SQLite never turns a CROSS JOIN around.
        shown = ", ".join(f"{table}.{name(each)}" for each in columns)
        sql = (
            f"SELECT {shown} FROM json_each(%s) AS wanted CROSS JOIN {table} "  # noqa: S608
            f"WHERE {table}.{name(column)} = wanted.value AND ({condition})"
        )
    with connection.cursor() as cursor:
        cursor.execute(sql, [wanted, *params])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def among(ids: Collection[int]) -> RawSQL:
    """These ids as one parameter, for a condition such as `pk__in`: hundreds of parameters take
    longer to put together than the database takes to find the rows.
    """
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", (as_parameter(ids),))
    return RawSQL("SELECT value FROM json_each(%s)", (as_parameter(ids),))


def as_parameter(ids: Collection[int] | Collection[str]) -> str:
    """These ids as `among` gives them to the database."""
    wanted = json.dumps(list(ids))
    return "{" + wanted[1:-1] + "}" if connection.vendor == "postgresql" else wanted
