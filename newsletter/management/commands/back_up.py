"""`manage.py back_up`: the database in one file, while everything runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter.operations import backups


class Command(BaseCommand):
    """Write a backup."""

    help = "Write the database, and on demand the keys, to one file that only its owner may read."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and `--with-keys`."""
        parser.add_argument("file", type=Path, help="where to write; must not exist")
        parser.add_argument(
            "--with-keys",
            action="store_true",
            help="put SECRET_KEY and ADDRESS_HASH_KEY into it as well",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, and say what is in it."""
        path: Path = options["file"]
        try:
            backups.back_up(path, timezone.now(), with_keys=options["with_keys"])
        except backups.BackupFailed as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{path}: {path.stat().st_size / 1e6:,.1f} MB, for its owner alone.")
        if options["with_keys"]:
            self.stdout.write("SECRET_KEY and ADDRESS_HASH_KEY are in it: whoever has it has both.")
        else:
            self.stdout.write(
                "SECRET_KEY and ADDRESS_HASH_KEY are not in it. Keep them elsewhere: without them "
                "the links in all emails no longer work, and erased addresses are not recognized."
            )
