"""`manage.py export_readers DIRECTORY`: readers and all that belongs to them as CSV."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subscriptions.exports.tables import TABLES, lines


class Command(BaseCommand):
    """Writes a file for each table, readable by its owner alone."""

    help = "Write readers, consents, subscriptions, suppressions and statistics as CSV files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and what."""
        parser.add_argument("directory", help="The directory to write to; it’s created if needed.")
        parser.add_argument(
            "--only", choices=list(TABLES), action="append", help="Only this table; repeatable."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, and say how much."""
        directory = Path(options["directory"])
        try:
            directory.mkdir(parents=True, exist_ok=True)
            for table in options["only"] or TABLES:
                path = directory / f"{table}.csv"
                path.touch(mode=0o600)
                with path.open("w", encoding="utf-8", newline="") as file:
                    for text in lines(table, f"the command, as {getpass.getuser()}"):
                        file.write(text)
                self.stdout.write(f"{path}: {path.stat().st_size} bytes")
        except OSError as error:
            raise CommandError(f"Cannot write {error.filename}: {error.strerror}.") from None
