"""`manage.py back_up`: the database in one file, while everything runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter.operations import backups


class Command(BaseCommand):
    """Write a backup."""

    help = "Write the database, and optionally the keys, to one file that only its owner can read."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and `--with-keys`."""
        parser.add_argument("file", type=Path, help="the file to write; it must not exist yet")
        parser.add_argument(
            "--with-keys",
            action="store_true",
            help="include SECRET_KEY and ADDRESS_HASH_KEY",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, and say what is in it."""
        path: Path = options["file"]
        try:
            backups.back_up(path, timezone.now(), with_keys=options["with_keys"])
        except backups.BackupFailed as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{path}: {path.stat().st_size / 1e6:,.1f} MB, readable only by its owner."
        )
        if options["with_keys"]:
            self.stdout.write("It contains SECRET_KEY and ADDRESS_HASH_KEY, so keep it safe.")
        else:
            self.stdout.write(
                "It doesn't contain SECRET_KEY and ADDRESS_HASH_KEY. Keep them somewhere else: "
                "without them, links in emails stop working and suppressed addresses aren't "
                "recognized."
            )
