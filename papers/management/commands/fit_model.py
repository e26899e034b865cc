"""`manage.py fit_model`: fit the semantic model on the newest papers and bring it into use."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from papers.matching.learned import learn_with
from papers.matching.ranking import rank_and_match
from papers.models import FittedModel, Paper
from papers.semantics import fitting
from papers.semantics.fitting import fit_now, is_due


class Command(BaseCommand):
    """Does what beat does every hour when a model is due; with `--force`, whether due or not."""

    help = (
        "Fit the semantic model, which is used to match, recommend and search papers, on the "
        "newest papers; embed all papers with it; and match recent papers again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--force` and `--dry-run`."""
        parser.add_argument("--force", action="store_true", help="fit even if none is due")
        parser.add_argument("--dry-run", action="store_true", help="show what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fit if it is due or was asked for."""
        now = timezone.now()
        papers = Paper.objects.count()
        last = FittedModel.objects.ready().first()
        if last:
            self.stdout.write(
                f"In use: model {last}, fitted on {last.fitted_on} papers, ready since "
                f"{last.ready_at:%Y-%m-%d %H:%M} UTC."
            )
        if papers < fitting.FEWEST:
            raise CommandError(
                f"There are {papers} papers, but a model needs {fitting.FEWEST}. Fetch more "
                "with: manage.py fetch_papers --days 30"
            )
        if not options["force"] and not is_due(now):
            self.stdout.write("No new model is due. Use --force to fit one anyway.")
            return
        if options["dry_run"]:
            background = min(papers, fitting.BACKGROUND)
            self.stdout.write(f"Would fit on {background} papers and embed {papers}.")
            return
        with _progress() as report:
            row = fit_now(now, report, learn_with)
        if row is None:
            raise CommandError(
                "This hour's model already exists, or another machine is fitting it. There's "
                "one model per hour; try again in the next hour."
            )
        ranked = rank_and_match(now=now)
        self.stdout.write(
            f"Model {row}: fitted on {row.fitted_on} papers, {row.dimensions} dimensions, "
            f"{row.vectors.count()} papers embedded, {row.topics.count()} topics taught. "
            f"{ranked.written} matches added or changed, {ranked.dropped} removed."
        )


@contextmanager
def _progress() -> Iterator[fitting.Progress]:
    """Yield what shows how far the fit is; a bar where a person watches, else nothing."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total if done else None)

        yield report
