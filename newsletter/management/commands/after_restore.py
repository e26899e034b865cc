"""`manage.py after_restore`: say what was sent since the backup, and let emails go out again."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from newsletter.operations import restores


class Command(BaseCommand):
    """Say what went out; without arguments, say where things stand."""

    help = (
        "After a restore, nothing is sent until it's known what was sent since the backup. Tell "
        "it in one or more of these ways, then use --resume. Without arguments: show the "
        "current state."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The ways to say it, and `--resume`."""
        parser.add_argument(
            "--from-journal",
            nargs="*",
            type=Path,
            metavar="DIR",
            help="read the logs in these directories (default: JOURNAL_DIR); give a copy from "
            "every machine that runs workers",
        )
        parser.add_argument(
            "--addresses",
            type=Path,
            metavar="FILE",
            help="the provider's list of addresses it emailed today, one per line",
        )
        parser.add_argument(
            "--skip-before",
            metavar="T",
            help="count everything due before T as sent (T is now or, for example, "
            "2026-06-11T09:00+02:00)",
        )
        parser.add_argument("--resume", action="store_true", help="start sending again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Keep what is said, then resume."""
        now = timezone.now()
        current = restores.current()
        if current.held_since is None:
            self.stdout.write("Nothing is held back: emails are being sent.")
            return
        self.stdout.write(f"{current.held_because} Held since {current.held_since:%c} UTC.")
        try:
            self._say(options, now)
        except restores.Unsaid as error:
            raise CommandError(str(error)) from None
        if options["resume"]:
            restores.release(settings.JOURNAL_DIR)
            self.stdout.write("Sending has resumed.")
        else:
            self.stdout.write("Nothing is sent until you run this with --resume.")

    def _say(self, options: dict[str, Any], now: dt.datetime) -> None:
        if options["from_journal"] is not None:
            directories = options["from_journal"] or [settings.JOURNAL_DIR]
            if missing := [str(one) for one in directories if not one.is_dir()]:
                raise CommandError(f"No such directory: {', '.join(missing)}.")
            sent = restores.sent_by_log(directories)
            count = restores.mark_sent(sent, now)
            self.stdout.write(f"The logs name {len(sent)} digests; {count} rows updated.")
        if options["addresses"]:
            try:
                lines = options["addresses"].read_text().splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"Can't read {options['addresses']}: {error}.") from None
            sent = restores.sent_to(lines, now)
            count = restores.mark_sent(sent, now)
            self.stdout.write(f"{len(sent)} readers have these addresses; {count} rows updated.")
        if options["skip_before"]:
            count = restores.skip_before(self._moment(options["skip_before"], now), now)
            self.stdout.write(f"{count} digests now count as sent.")

    def _moment(self, said: str, now: dt.datetime) -> dt.datetime:
        if said == "now":
            return now
        try:
            found = parse_datetime(said)
        except ValueError:
            found = None
        if found is None:
            raise CommandError(
                f"--skip-before {said!r} isn't a time such as now or 2026-06-11T07:00Z."
            )
        return found if timezone.is_aware(found) else found.replace(tzinfo=dt.UTC)
