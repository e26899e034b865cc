"""The tables that tests find, made once and copied from then on, and emptied where that is needed.

All migrations in a row take some ten seconds of a processor, more than most single tests that
somebody waits for. So the tables of a test run on SQLite are kept in pytest's cache, under the
hash of all that they come from, and the next run starts with a copy. What is new since then is
migrated on the copy, as on a site. PostgreSQL and a run without pytest's cache make them anew.

After a test with transactions of its own Django truncates every table, a hundred of them, and makes
all permissions again. On PostgreSQL that takes two seconds, longer than most such tests. So only
what holds rows is emptied, and what no test writes stays.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

ROOT = Path(__file__).resolve().parent.parent

ORIGINS = (
    "*/migrations/*.py",
    "*/models/*.py",
    "papers/data/**/*.json",
    "papers/search/*.py",
    "subscriptions/addresses.py",
    "requirements.txt",
)
"""What the tables and the rows that migrations make come from."""


def _kept(config: pytest.Config) -> Path | None:
    """Where a copy of the tables is kept, or would be; None where none is."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3") or not hasattr(config, "cache"):
        return None
    known = hashlib.sha256(django.__version__.encode())
    for path in sorted(path for pattern in ORIGINS for path in ROOT.glob(pattern)):
        known.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    assert config.cache is not None
    return Path(config.cache.mkdir("tables")) / f"{known.hexdigest()}.sqlite3"


@pytest.fixture(scope="session")
def django_db_keepdb(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_keepdb: bool
) -> bool:
    """Whether the database is there already: a copy of the kept tables is."""
    kept = _kept(request.config)
    if kept is None or django_db_keepdb or not kept.exists():
        return django_db_keepdb
    shutil.copy(kept, settings.DATABASES["default"]["TEST"]["NAME"])
    return True


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Keep the tables for the next run, where they aren't kept yet."""
    kept = _kept(request.config)
    if kept is None or kept.exists():
        return
    with django_db_blocker.unblock():
        if not connection.introspection.table_names():
            return  # no test of this run asks for the database
        own = kept.with_suffix(f".{os.getpid()}")
        connection.cursor().execute("VACUUM INTO %s", [str(own)])
    for old in kept.parent.glob("*.sqlite3"):
        old.unlink(missing_ok=True)
    own.replace(kept)


STAYS = frozenset({"django_content_type", "auth_permission"})
"""Made after each migration, and the same ever since."""


@pytest.fixture(scope="session", autouse=True)
def only_what_holds_rows_is_emptied() -> Iterator[None]:
    """After a test with transactions of its own."""
    operations: Any = type(connection.ops)
    by_django = operations.sql_flush

    def sql_flush(
        own: Any,
        style: Any,
        tables: Sequence[str],
        *,
        reset_sequences: bool = False,
        allow_cascade: bool = False,
    ) -> list[str]:
        if reset_sequences:
            again: list[str] = by_django(
                own, style, tables, reset_sequences=True, allow_cascade=allow_cascade
            )
            return again
        names = {table: own.quote_name(table) for table in sorted(set(tables) - STAYS)}
        holding = (
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {name})" for table, name in names.items()
        )
        with own.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(holding))
            # References are looked at when all are gone.
            return [f"DELETE FROM {names[table]}" for (table,) in cursor.fetchall()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", sql_flush)
        yield
