"""`manage.py preview_email`: write an email to files instead of sending it."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter.operations.previews import NAMES, NoPreview, preview


class Command(BaseCommand):
    """Write an email as HTML, text and a whole message; nothing is sent or recorded."""

    help = (
        "Write an email to files (.html, .txt, .eml), as a reader would get it, without sending it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The email's name, `--subscriber`, `--day`, `--text-only` and `--out`."""
        names = (*NAMES, "all")
        parser.add_argument("name", choices=names, metavar="NAME", help=", ".join(names))
        parser.add_argument(
            "--subscriber",
            type=int,
            metavar="ID",
            help="for this subscriber (default: an example reader who follows every topic)",
        )
        parser.add_argument(
            "--day",
            type=dt.date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="the digest of this day's issue (default: the newest)",
        )
        parser.add_argument(
            "--text-only", action="store_true", help="as sent to readers who chose plain text"
        )
        parser.add_argument(
            "--out",
            type=Path,
            metavar="DIR",
            default=settings.VAR_DIR / "previews",
            help="the directory to write to (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the email, or every one, and write it."""
        names = NAMES if options["name"] == "all" else (options["name"],)
        for name in names:
            try:
                shown = preview(
                    name,
                    timezone.now(),
                    subscriber_id=options["subscriber"],
                    day=options["day"],
                    text_only=options["text_only"],
                )
            except NoPreview as error:
                raise CommandError(str(error)) from None
            try:
                files = shown.write(options["out"])
            except OSError as error:
                raise CommandError(f"Can't write to {options['out']}: {error.strerror}.") from None
            self.stdout.write(shown.subject)
            for path in files:
                self.stdout.write(f"  {path}")
