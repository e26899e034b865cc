"""`manage.py forget`: delete what readers left behind and the settings do not keep any longer."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from newsletter.operations.retention import delete_expired


class Command(BaseCommand):
    """Does what beat does every night."""

    help = (
        "Delete subscribers who never confirmed or unsubscribed long ago, old events and "
        "logins, and who received old deliveries. KEEP_UNCONFIRMED_DAYS, KEEP_LEFT_DAYS, "
        "KEEP_EVENTS_DAYS and KEEP_DELIVERIES_DAYS set the limits. Beat does this every night."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to do it, and how to say it."""
        parser.add_argument("--dry-run", action="store_true", help="only count, delete nothing")
        parser.add_argument("--json", action="store_true", help="print the numbers as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Forget, and say how much."""
        done = delete_expired(timezone.now(), dry_run=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done)))
            return
        verb = "Would delete" if options["dry_run"] else "Forgot"
        self.stdout.write(f"{verb} {done}.")
