"""`manage.py learn_words`: read the words and acronyms of new papers, for search."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import Progress

from papers.search import vocabulary


class Command(BaseCommand):
    """Does what a worker does after each fetch, and on request all over again."""

    help = (
        "Learn words and acronyms from papers added since the last run, to correct misspelled "
        "searches. Workers do this after each fetch. Use --anew to read all papers again, for "
        "example after many were edited or deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare whether to begin again."""
        parser.add_argument(
            "--anew",
            action="store_true",
            help="Forget all words first, except acronyms that an editor decided on.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Learn, and say how many papers were read."""
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("reading papers", total=None)
            count = vocabulary.learn(
                lambda done, total: bar.update(task, completed=done, total=total),
                anew=options["anew"],
            )
        self.stdout.write(f"{count} papers read.")
