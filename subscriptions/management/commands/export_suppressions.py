"""`manage.py export_suppressions`: the addresses never to be emailed again, as CSV of hashes."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subscriptions.readers.suppression_files import write_suppressions


class Command(BaseCommand):
    """Writes to a file, or to standard output."""

    help = "Write all suppressions as CSV: hash, reason, time. The file contains no addresses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to."""
        parser.add_argument("file", nargs="?", help="The file to write (default: standard output).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, and say on standard error how many there were."""
        if options["file"] is None:
            count = write_suppressions(self.stdout)  # type: ignore[arg-type]
        else:
            try:
                with Path(options["file"]).open("w", encoding="utf-8", newline="") as file:
                    count = write_suppressions(file)
            except OSError as error:
                raise CommandError(f"Can't write {options['file']}: {error.strerror}.") from None
        self.stderr.write(f"{count} suppressions written.")
