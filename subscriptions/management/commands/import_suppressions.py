"""`manage.py import_suppressions FILE`: suppress the addresses of a CSV file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from subscriptions.readers.suppression_files import UnreadableFile, read_suppressions


class Command(BaseCommand):
    """Takes what `export_suppressions` wrote, and other programs' lists of addresses."""

    help = "Suppress the addresses in a CSV file that has a column email or address_hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where from, and whether in earnest."""
        parser.add_argument("file", help="The CSV file, in UTF-8.")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Show what would happen without changing anything.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what became of the lines."""
        try:
            with Path(options["file"]).open(encoding="utf-8-sig", newline="") as file:
                result = read_suppressions(file, timezone.now(), dry_run=options["dry_run"])
        except OSError as error:
            raise CommandError(f"Can't read {options['file']}: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise CommandError(
                f"{options['file']} isn't UTF-8 text. Save it as UTF-8 and try again."
            ) from None
        except UnreadableFile as error:
            raise CommandError(str(error)) from None
        for problem in result.problems:
            self.stderr.write(problem)
        more = result.invalid - len(result.problems)
        if more > 0:
            self.stderr.write(f"... and {more} more invalid lines.")
        would = "would be suppressed" if options["dry_run"] else "suppressed"
        self.stdout.write(
            f"{result.added} {would}, {result.known} known already, {result.invalid} wrong."
        )
