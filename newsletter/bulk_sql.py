"""Rows handed to the database as one JSON value, so that a statement over many rows is one
statement with one parameter, on PostgreSQL and SQLite alike.

Django has no UPDATE … FROM and no INSERT … SELECT; with these, claiming, settling and planning
cost the same number of statements for one row as for ten thousand.
"""

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, BooleanField, Model, QuerySet, TextField
from django.db.models.expressions import RawSQL
from django.db.models.sql.compiler import SQLCompiler

from papers.models.by_ids import as_parameter, for_each_id

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
    if moment.tzinfo is not dt.UTC:
        moment = moment.astimezone(dt.UTC)
    text = moment.isoformat(" ")
    return text.removesuffix("+00:00") if connection.vendor == "sqlite" else text


def among(
    model: type[Model], column: str, values: Collection[int] | Collection[str], kind: str = "id"
) -> RawSQL:
    """A condition for `filter`: the column of the model is one of these ids, or with the kind
    "text" of these texts. One parameter however many they are; each of its own would have to be
    checked, quoted and looked for in the statement. `column` must be a plain identifier of our own.
    """
    name = f"{table(model)}.{column}"
    if connection.vendor == "sqlite":
        found = "IN (SELECT value FROM json_each(%s))"
    elif kind == "text":
        found = "= ANY(ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)))"
    else:
        found = "= ANY(%s::bigint[])"
    value = json.dumps(list(values)) if kind == "text" else as_parameter(values)
    return RawSQL(f"{name} {found}", [value], BooleanField())  # noqa: S611 - names of our own


class Statement(NamedTuple):
    """A query for rows by ids that was put together once: for each batch anew, that takes as long
    as reading what it finds.
    """

    sql: str
    given: tuple[Any, ...]
    """The values before the ids."""
    after: tuple[Any, ...] = ()
    """And those behind them."""

    @classmethod
    def of(cls, query: QuerySet[Any, Any]) -> "Statement":
        """What `query` asks; its last condition must be `among` no ids. For this database."""
        sql, given = query.query.sql_with_params()
        return cls(sql, tuple(given[:-1]))

    @classmethod
    def for_each(
        cls, columns: str, source: str, condition: str, given: Sequence[Any], group_by: str = ""
    ) -> "Statement":
        """See `for_each_id`; `given` are the values of the condition."""
        return cls(for_each_id(columns, source, condition, group_by), (), tuple(given))

    def rows(self, ids: Collection[int]) -> list[tuple[Any, ...]]:
        """The rows with these ids, as the database has them: SQLite has numbers for booleans."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, (*self.given, as_parameter(ids), *self.after))
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


class JoinedNumbers(Aggregate):
    """The numbers of a column as one text, with commas between them."""

    function = "string_agg"
    output_field = TextField()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        """`string_agg` takes text."""
        template = "%(function)s(%(expressions)s::text, ',')"
        return super().as_sql(compiler, connection, template=template, **extra)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        """`group_concat` has commas by itself."""
        return super().as_sql(compiler, connection, function="group_concat", **extra)


def table(model: type[Model]) -> str:
    """The quoted name of a model's table."""
    return connection.ops.quote_name(model._meta.db_table)


def placeholders(values: Collection[Any]) -> str:
    """What stands for these values in `IN (…)`; nothing is in none."""
    return ", ".join(["%s"] * len(values)) or "NULL"


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
    texts: dict[dt.datetime, str] = {}  # thousands of rows have a few moments between them

    def plain(value: Any) -> str:
        if not isinstance(value, dt.datetime):
            raise TypeError(f"can't store a {type(value).__name__} in the database")
        if value.tzinfo is not dt.UTC:  # an hour that comes twice equals itself there
            return timestamp_text(value)
        text = texts.get(value)
        if text is None:
            text = texts[value] = timestamp_text(value)
        return text

    return json.dumps(values, default=plain, ensure_ascii=False)
