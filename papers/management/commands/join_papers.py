"""`manage.py join_papers`: look for works of many names among papers that older versions stored."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from papers.ingest import stored


class Command(BaseCommand):
    """Lists what it would do with --dry-run. Cut short, it goes on where it was."""

    help = "Join papers stored by earlier versions that are one work; each join can be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether in earnest."""
        parser.add_argument("--dry-run", action="store_true", help="Change nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take up all papers that no record is kept of, and say what came of it."""
        found = stored.pairs()
        for pair in found:
            self.stdout.write(
                f"{pair.one.identifier} and {pair.other.identifier} "
                f"{'are one work' if pair.is_joined else 'are a question for an editor'}: "
                f"{pair.one.title[:80]}"
            )
        waiting = stored.waiting().count()
        if not options["dry_run"]:
            stored.take_up_all(self._progress)
        joined = sum(pair.is_joined for pair in found)
        self.stdout.write(
            f"{waiting:,} papers {'would be' if options['dry_run'] else 'were'} looked at: "
            f"{joined:,} pairs are one work, {len(found) - joined:,} are questions."
        )

    def _progress(self, done: int, total: int) -> None:
        self.stderr.write(f"{done:,} of {total:,} papers")
