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

    help = "Summarize the last days' papers that have no summary yet, by the model of SUMMARY_URL."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--limit` and `--dry-run`."""
        parser.add_argument(
            "--limit",
            type=int,
            default=making.MOST,
            metavar="N",
            help=f"summarize N papers at most (default: {making.MOST})",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what is due, ask nobody, store nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """List what is due, or have it summarized."""
        if not 1 <= options["limit"] <= MOST:
            raise CommandError(f"--limit takes a number from 1 to {MOST}.")
        if not making.is_wanted():
            raise CommandError(
                "SUMMARY_URL and SUMMARY_MODEL name no model: this site has no summaries made."
            )
        now = timezone.now()
        left = making.left_today(now)
        if options["dry_run"]:
            waiting = making.due(now, options["limit"])
            for paper in waiting:
                self.stdout.write(f"{paper.identifier}  {shorten(paper.title, 100)}")
            self.stdout.write(
                f"would ask {settings.SUMMARY_MODEL} at {asking.address()} for "
                f"{min(len(waiting), left)} of {len(waiting)} summaries; "
                f"{left} of {settings.SUMMARIES_PER_DAY} questions are left today"
            )
            return
        if not left:
            raise CommandError(
                f"Today's {settings.SUMMARIES_PER_DAY} questions (SUMMARIES_PER_DAY) are used up; "
                "the next ones are allowed after midnight UTC."
            )

        def tell(identifier: str) -> None:
            self.stderr.write(identifier)

        made = making.make_due(now, most=options["limit"], longest=float("inf"), progress=tell)
        self.stdout.write(str(made))
