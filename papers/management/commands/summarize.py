"""`manage.py summarize`: have a language model summarize the papers that have no summary yet."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from papers.summaries import asking, making
from papers.text.cleaning import shorten

MOST = 1_000


class Command(BaseCommand):
    """Make what is due, as the workers do every ten minutes; run twice, nothing is asked twice."""

    help = "Summarize recent papers that have no summary yet, using the model at SUMMARY_URL."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--limit` and `--dry-run`."""
        parser.add_argument(
            "--limit",
            type=int,
            default=making.MOST,
            metavar="N",
            help=f"summarize at most N papers (default: {making.MOST})",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show what's due, but fetch and store nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """List what is due, or have it summarized."""
        if not 1 <= options["limit"] <= MOST:
            raise CommandError(f"--limit must be a number from 1 to {MOST}.")
        if not making.is_wanted():
            raise CommandError(
                "SUMMARY_URL and SUMMARY_MODEL aren't set, so this site doesn't make summaries."
            )
        now = timezone.now()
        left = making.left_today(now)
        if options["dry_run"]:
            waiting = making.due(now, options["limit"])
            for paper in waiting:
                self.stdout.write(f"{paper.identifier}  {shorten(paper.title, 100)}")
            self.stdout.write(
                f"would ask {settings.SUMMARY_MODEL} at {asking.address()} for "
                f"{min(len(waiting), left)} of {len(waiting)} summaries; {left} of "
                f"{settings.SUMMARIES_PER_DAY} requests are left today"
            )
            return
        if not left:
            raise CommandError(
                f"Today's {settings.SUMMARIES_PER_DAY} requests (SUMMARIES_PER_DAY) are used up. "
                "There will be new ones after midnight UTC."
            )

        def tell(identifier: str) -> None:
            self.stderr.write(identifier)

        made = making.make_due(now, most=options["limit"], longest=float("inf"), progress=tell)
        self.stdout.write(str(made))
