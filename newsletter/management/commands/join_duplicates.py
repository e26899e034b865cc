"""`manage.py join_duplicates`: make one of readers who are there under two spellings."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from newsletter.operations import duplicates


class Command(BaseCommand):
    """Lists what it would do with --dry-run."""

    help = "Merge subscribers whose addresses are different spellings of one mailbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether in earnest."""
        parser.add_argument(
            "--dry-run", action="store_true", help="Show what would be merged, but change nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Join, mailbox by mailbox; one that is being sent to has to wait for the next time."""
        dry_run, joined, busy = options["dry_run"], 0, 0
        for found in duplicates.find():
            if not dry_run:
                try:
                    duplicates.join(found, timezone.now())
                except duplicates.BeingSent:
                    busy += 1
                    self.stderr.write(
                        f"{found.key} is being sent an email right now. Run this again later."
                    )
                    continue
            if not found.others:
                continue
            joined += len(found.others)
            stays = found.survivor
            self.stdout.write(
                f"{stays.email} (subscriber {stays.pk}, {stays.status}) "
                f"{'would take' if dry_run else 'took'} over "
                + ", ".join(f"{one.email} ({one.pk}, {one.status})" for one in found.others)
            )
        self.stdout.write(f"{joined} {'would be merged' if dry_run else 'joined'}.")
        if busy:
            raise CommandError(f"{busy} mailboxes were busy. Run this again later.")
