"""Backups: one file with the database, and on demand the keys; and putting it back.

The file is a tar archive: `manifest.json` says what it is, `database` is a dump in PostgreSQL's
custom format or a SQLite database, `keys.json` holds the keys where they were asked for. It holds
every reader's address, so it is made with mode 0600.

A restored database does not know what was sent since its backup. So it comes back with the hold
on (see `newsletter.delivery.continuity`), in one step with the data: there is no moment in which a
worker could claim from it.
"""

import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection

from newsletter import VERSION, bulk_sql
from newsletter.delivery import continuity
from newsletter.models import Continuity

KEYS = ("SECRET_KEY", "ADDRESS_HASH_KEY")


class BackupFailed(Exception):
    """A backup could not be made, read or put back; the text says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is."""

    made_at: str
    """ISO 8601."""
    vendor: str
    """postgresql or sqlite."""
    version: str
    batches: int
    """How many batches the database knew when the backup was begun."""
    has_keys: bool


def back_up(path: Path, now: dt.datetime, *, with_keys: bool = False) -> Manifest:
    """Write a backup to `path`, which must not exist, while everything runs. Raises `BackupFailed`.

    It appears under its name only when it is whole.
    """
    if path.exists():
        raise BackupFailed(f"{path} already exists. Choose another name.")
    manifest = Manifest(
        now.isoformat(), connection.vendor, VERSION, continuity.row().batches, with_keys
    )
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _room(path.parent) as room:
            _dump(room / "database")
            file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "wb") as out, tarfile.open(fileobj=out, mode="w") as archive:
                _add(archive, room, "manifest.json", json.dumps(asdict(manifest)).encode())
                if with_keys:
                    keys = {name: getattr(settings, name) for name in KEYS}
                    _add(archive, room, "keys.json", json.dumps(keys).encode())
                archive.add(room / "database", arcname="database")
        draft.rename(path)
    except OSError as error:
        raise BackupFailed(f"{path} can't be written: {error.strerror or error}.") from None
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def read_manifest(path: Path) -> Manifest:
    """What the backup at `path` is. Raises `BackupFailed`."""
    with _archive(path) as archive:
        return _manifest(archive, path)


def restore(path: Path, now: dt.datetime) -> Manifest:
    """Put the backup at `path` in the database's place, with the hold on. Raises `BackupFailed`,
    and then the database is as it was.
    """
    with _archive(path) as archive, _room(path.parent) as room:
        manifest = _manifest(archive, path)
        if manifest.vendor != connection.vendor:
            raise BackupFailed(
                f"{path} is a backup of {manifest.vendor}, but DATABASE_URL names a database of "
                f"{connection.vendor}."
            )
        with _member(archive, "database", path) as found, (room / "database").open("wb") as out:
            shutil.copyfileobj(found, out)
        why = f"The database was restored from a backup of {manifest.made_at[:16]}."
        connection.close()
        if connection.vendor == "postgresql":
            _restore_postgresql(room, why, manifest, now)
        else:
            _restore_sqlite(room / "database", why, manifest, now)
    return manifest


# --- The file ------------------------------------------------------------------------------------


@contextmanager
def _room(parent: Path) -> Iterator[Path]:
    """A directory for nobody else, beside the backup: there is space for another copy."""
    with tempfile.TemporaryDirectory(prefix=".broadsheet-", dir=parent) as room:
        yield Path(room)


@contextmanager
def _archive(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, mode="r:") as archive:
            yield archive
    except OSError as error:
        raise BackupFailed(f"{path} can't be read: {error.strerror or error}.") from None
    except tarfile.TarError:
        raise BackupFailed(f"{path} isn't a backup made by manage.py back_up.") from None


def _manifest(archive: tarfile.TarFile, path: Path) -> Manifest:
    with _member(archive, "manifest.json", path) as file:
        try:
            return Manifest(**json.load(file))
        except (ValueError, TypeError):
            raise BackupFailed(
                f"{path} is a backup in a format that this version can't read."
            ) from None


def _member(archive: tarfile.TarFile, name: str, path: Path) -> IO[bytes]:
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise BackupFailed(f"{path} isn't a backup made by manage.py back_up: it has no {name}.")
    return file


def _add(archive: tarfile.TarFile, room: Path, name: str, content: bytes) -> None:
    part = room / name
    part.touch(mode=0o600)
    part.write_bytes(content)
    archive.add(part, arcname=name)


# --- The database --------------------------------------------------------------------------------


def _dump(path: Path) -> None:
    if connection.vendor == "postgresql":
        _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={path}"])
        return
    # A connection of its own, since Django's may be in a transaction; a plain copy could be torn.
    with (
        closing(sqlite3.connect(_sqlite_path(), timeout=60)) as source,
        closing(sqlite3.connect(path)) as target,
    ):
        source.backup(target)


def _sqlite_path() -> str:
    return str(connection.settings_dict["NAME"])


def _restore_sqlite(copy: Path, why: str, manifest: Manifest, now: dt.datetime) -> None:
    table = Continuity._meta.db_table
    try:
        with closing(sqlite3.connect(copy)) as source:
            source.execute(
                f"UPDATE {table} SET held_since = ?, held_because = ?, backed_up_at = ?",  # noqa: S608
                (bulk_sql.timestamp_text(now), why, bulk_sql.timestamp_text(_moment(manifest))),
            )
            source.commit()
            # Page by page into the file that all processes have open, as one transaction.
            with closing(sqlite3.connect(_sqlite_path(), timeout=60)) as target:
                source.backup(target)
    except sqlite3.Error as error:
        raise BackupFailed(f"Couldn't restore the database: {error}.") from None


def _restore_postgresql(room: Path, why: str, manifest: Manifest, now: dt.datetime) -> None:
    """As one transaction: whatever fails, the database is as it was."""
    script = room / "script.sql"
    _run(["pg_restore", "--no-owner", "--no-privileges", f"--file={script}"], room)
    # The dump makes the schema's objects; those that are there now, of whatever version, go first.
    head = "DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n"
    table = Continuity._meta.db_table
    said = ", ".join(
        f"{name} = '{value}'"
        for name, value in (
            ("held_since", now.isoformat()),
            ("held_because", why.replace("'", "''")),
            ("backed_up_at", _moment(manifest).isoformat()),
        )
    )
    tail = f"\nUPDATE public.{table} SET {said};\n"
    whole = room / "whole.sql"
    with whole.open("w") as out:
        out.write(head)
        with script.open() as lines:
            # Dumps make the schema themselves where it was changed once.
            out.writelines(one for one in lines if one.strip() != "CREATE SCHEMA public;")
        out.write(tail)
    _run(
        [
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            f"--file={whole}",
        ]
    )


def _moment(manifest: Manifest) -> dt.datetime:
    return dt.datetime.fromisoformat(manifest.made_at)


def _run(command: list[str], room: Path | None = None) -> None:
    """Run one of PostgreSQL's programs on our database, or on the dump in `room`. The password goes
    through the environment, where no list of processes shows it.
    """
    config: dict[str, Any] = connection.settings_dict
    environment = dict(os.environ)
    for name, key in (("PGHOST", "HOST"), ("PGPORT", "PORT"), ("PGUSER", "USER")):
        if config.get(key):
            environment[name] = str(config[key])
    if config.get("PASSWORD"):
        environment["PGPASSWORD"] = str(config["PASSWORD"])
    environment["PGDATABASE"] = str(config["NAME"])
    if room is not None:
        command = [*command, str(room / "database")]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BackupFailed(
            f"{command[0]} isn't installed. It comes with the PostgreSQL client programs."
        ) from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no output"]
        raise BackupFailed(f"{command[0]} failed: {lines[-1] if len(lines) < 2 else lines[0]}")
