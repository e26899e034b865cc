"""`manage.py fetch_thumbnails`: fetch the pictures of papers that have none yet."""

import datetime as dt
import logging
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from papers.text.cleaning import shorten
from papers.thumbnails import fetching

MOST = 10_000


class Command(BaseCommand):
    """Fetch what is due, as the workers do every ten minutes; run twice, nothing is asked twice."""

    help = "Fetch the thumbnails of the last two weeks' papers that have none yet."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--limit` and `--dry-run`."""
        parser.add_argument(
            "--limit",
            type=int,
            default=fetching.MOST,
            metavar="N",
            help=f"fetch at most N (default: {fetching.MOST})",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show what's due, but fetch and store nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """List what is due, or fetch it."""
        if not 1 <= options["limit"] <= MOST:
            raise CommandError(f"--limit must be a number from 1 to {MOST}.")
        if not settings.THUMBNAILS:
            raise CommandError("THUMBNAILS is false, so this site doesn't fetch thumbnails.")
        now = timezone.now()
        if options["dry_run"]:
            waiting = fetching.due(now, options["limit"])
            for paper in waiting:
                self.stdout.write(f"{paper.identifier}  {shorten(paper.thumbnail_url, 100)}")
            self.stdout.write(f"would fetch {len(waiting)} thumbnails")
            return
        fetched = self._fetch(now, options["limit"])
        self.stdout.write(str(fetched))

    def _fetch(self, now: dt.datetime, limit: int) -> fetching.Fetched:
        """Fetch; a bar shows how far it is where a person watches."""
        longest = float("inf")  # nobody else waits for this process
        if not sys.stderr.isatty():
            return fetching.fetch_due(now, most=limit, longest=longest)
        chatter = logging.getLogger("papers")
        level = chatter.level
        chatter.setLevel(logging.WARNING)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        try:
            with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task("", total=len(fetching.due(now, limit)))

                def step(identifier: str) -> None:
                    bar.update(task, description=identifier, advance=1)

                return fetching.fetch_due(now, most=limit, longest=longest, progress=step)
        finally:
            chatter.setLevel(level)
