"""`manage.py import_opml FILE`: a source for each feed that a feed reader exported."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from papers.ingest.feed_lists import bring_in
from papers.sources.opml import MOST_BYTES, BadOpml


class Command(BaseCommand):
    """Add the feeds of an OPML file; run twice, nothing doubles."""

    help = "Add a source for each feed in an OPML file, as feed readers export them."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, `--active` and `--dry-run`."""
        parser.add_argument("file", type=Path, help="the OPML file")
        parser.add_argument(
            "--active",
            action=argparse.BooleanOptionalAction,
            default=False,
            help=(
                "start fetching them now (default: they stay inactive until an editor "
                "activates them)"
            ),
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would be added, but add nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Add them, and say which."""
        try:
            with options["file"].open("rb") as file:
                body = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{options['file']} can't be read: {error.strerror}.") from None
        try:
            brought = bring_in(body, is_active=options["active"], dry_run=options["dry_run"])
        except BadOpml as error:
            raise CommandError(str(error)) from None
        verb = "Would add" if options["dry_run"] else "Added"
        for source in brought.added:
            address = (source.settings or {})["address"]
            self.stdout.write(f"{verb} {source.name} ({source.slug}): {address}")
        for feed in brought.known:
            self.stdout.write(f"Already exists: {feed.name}: {feed.address}")
        for problem in brought.problems:
            self.stdout.write(self.style.WARNING(problem))
        self.stdout.write(
            f"{verb} {len(brought.added)} feeds; {len(brought.known)} already existed, "
            f"{len(brought.problems)} problems."
        )
        if brought.added and not options["active"] and not options["dry_run"]:
            self.stdout.write(
                "They won't be fetched until you activate them, under Sources in the admin."
            )
