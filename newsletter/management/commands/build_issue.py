"""`manage.py build_issue`: freeze a day's papers into its issue."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter.issues.freezing import build_issue
from newsletter.models import Issue
from papers.days import feature_day
from papers.models import Paper
from subscriptions.interests import matching


class Command(BaseCommand):
    """Freeze a day's papers into its issue; a day that is frozen stays as it is."""

    help = "Freeze a day's papers and their order into an issue."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--day` and `--dry-run`."""
        parser.add_argument(
            "--day",
            type=dt.date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="the day (default: the one in today's digests)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would be frozen, but change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Freeze, or show."""
        now = timezone.now()
        day = options["day"] or feature_day(now)
        existed = Issue.objects.filter(day=day).exists()
        if options["dry_run"] and not existed:
            papers = Paper.objects.of_day(day)
            self.stdout.write(f"{day}: would freeze {papers.count()} papers")
            for rank, paper in enumerate(papers[:10], 1):
                self.stdout.write(f"  {rank:2}. {paper.title}")
            return
        issue = build_issue(day, now)
        if issue is None:
            raise CommandError(
                f"{day} has no papers. Fetch them first: manage.py fetch_papers --day {day}"
            )
        matching.work(now)
        what = "was already frozen" if existed else "is now frozen"
        self.stdout.write(f"{issue} {what}: {issue.places.count()} papers, {issue.state}.")
