"""`manage.py erase_subscriber EMAIL`: delete all that is held about a reader who asked for it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subscriptions.models import Subscriber, Suppression
from subscriptions.readers import personal_data


class Command(BaseCommand):
    """The same as the button on the reader's own page."""

    help = "Delete a subscriber and all their data. If the address is suppressed, its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and whether in earnest."""
        parser.add_argument("email")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Show what would happen without changing anything.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase, and say what went and what stays."""
        subscriber = Subscriber.objects.with_email(options["email"]).first()
        if subscriber is None:
            raise CommandError("No subscriber has this address. Check the spelling.")
        rows = {
            name: len(value)
            for name, value in personal_data.export(subscriber).items()
            if isinstance(value, list) and value
        }
        stays = Suppression.objects.covers(subscriber.email)
        if not options["dry_run"]:
            personal_data.erase(subscriber)
        done = "Would delete" if options["dry_run"] else "Erased"
        counts = ", ".join(f"{count} {name}" for name, count in sorted(rows.items()))
        self.stdout.write(f"{done} the subscriber; stored with it: {counts or 'nothing'}.")
        if stays:
            self.stdout.write("The address stays suppressed: its hash is kept.")
