"""Tens of thousands of rows by their ids, in one statement that finds each through an index.

A month of large days has so many papers. Where a condition says `IN`, PostgreSQL reckons that
reading all that is stored costs less than looking up so many, which with a million papers is not
so, and Django gives each id a parameter of its own, of which there may be only so many. Here the
ids are one parameter, and the database is told to begin with them.

The same goes for few ids where another part of the condition seems to hold for fewer rows still: of
a day or an issue that was filled just now, a million perhaps, statistics say that it has none.
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
    table = name(model._meta.db_table)
    shown = ", ".join(f"{table}.{name(each)}" for each in columns)
    sql = for_each_id(shown, table, f"{table}.{name(column)} = i.id AND ({condition})")
    with connection.cursor() as cursor:
        cursor.execute(sql, [as_parameter(ids), *params])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def for_each_id(columns: str, source: str, condition: str, group_by: str = "") -> str:
    """A statement for `columns` of the rows of `source` that `condition` holds for, those of each
    id looked for by themselves. In all of these, which are SQL of our own, `i.id` is the id. The
    ids are its first parameter, see `as_parameter`.
    """
    if connection.vendor == "postgresql":
        groups = f" GROUP BY {group_by}" if group_by else ""
        # A subquery with an OFFSET is made for each id in turn: that is the order wanted.
        return (
            "SELECT f.* FROM unnest(%s::bigint[]) AS i(id) CROSS JOIN LATERAL "  # noqa: S608
            f"(SELECT {columns} FROM {source} WHERE {condition}{groups} OFFSET 0) AS f"
        )
    groups = f" GROUP BY i.id, {group_by}" if group_by else ""
    # SQLite never turns a CROSS JOIN around.
    return (
        f"SELECT {columns} FROM (SELECT value AS id FROM json_each(%s)) AS i "  # noqa: S608
        f"CROSS JOIN {source} WHERE {condition}{groups}"
    )


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
