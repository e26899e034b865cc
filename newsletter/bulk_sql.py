"""Rows handed to the database as one JSON value, so that a statement over many rows is one
statement with one parameter, on PostgreSQL and SQLite alike.

Django has no UPDATE … FROM and no INSERT … SELECT; with these, claiming, settling and planning
cost the same number of statements for one row as for ten thousand.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

#: Column types by the name used here: PostgreSQL's. SQLite takes values as they are.
TYPES = {
    "id": "bigint",
    "integer": "integer",
    "boolean": "boolean",
    "text": "text",
    "time": "timestamptz",
    "json": "jsonb",
}


def timestamp_text(moment: dt.datetime) -> str:
    """A moment in UTC as the database takes it from JSON: in SQLite as Django writes it, because
    SQLite compares text.
    """
    text = moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=" ")
    return text if connection.vendor == "sqlite" else text + "+00"


def table(model: type[Model]) -> str:
    """The quoted name of a model's table."""
    return connection.ops.quote_name(model._meta.db_table)


def rows(columns: Mapping[str, str]) -> str:
    """A FROM item named `r` with these columns (name to a name in `TYPES`), for one parameter.

    The parameter is what `packed` makes. Names must be plain identifiers of our own.
    """
    if connection.vendor == "postgresql":
        spec = ", ".join(f"{name} {TYPES[kind]}" for name, kind in columns.items())
        return f"jsonb_to_recordset(%s::jsonb) AS r({spec})"
    spec = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
    return f"(SELECT {spec} FROM json_each(%s)) AS r"  # noqa: S608 - names of our own


def packed(values: Sequence[Mapping[str, Any]]) -> str:
    """The parameter for `rows`. Moments are formatted with `timestamp_text`."""
    return json.dumps(values, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return timestamp_text(value)
    raise TypeError(f"cannot hand a {type(value).__name__} to the database")
