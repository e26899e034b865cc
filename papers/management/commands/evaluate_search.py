"""`manage.py evaluate_search`: does search find a paper that the reader knows?"""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress

from papers.evaluation.search import DEPTH, KINDS, evaluate


class Command(BaseCommand):
    """Searches for papers by three words of their titles; prints at which ranks they stood."""

    help = (
        "Known-item test: search for a random sample of the stored papers by three random content "
        "words of their titles, and print how many are found at rank 1 to 10, and the mean "
        "reciprocal rank. Another seed draws other papers and words."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the size and the seed of the sample."""
        parser.add_argument("--papers", type=int, default=1000, help="default: %(default)s")
        parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
        parser.add_argument(
            "--kind",
            choices=KINDS,
            default="words",
            help="What is typed: "
            + "; ".join(f"{name}, {kind.about}" for name, kind in KINDS.items())
            + ". Default: %(default)s",
        )
        parser.add_argument(
            "--any-words",
            action="store_true",
            help="search by words that other titles have, too, which can't tell the paper",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw, search, print; without papers it ends with a sentence."""
        bar = Progress(console=Console(stderr=True), transient=True, disable=options["json"])
        with bar:
            task = bar.add_task("searching", total=options["papers"])
            try:
                quality = evaluate(
                    options["papers"],
                    options["seed"],
                    kind=options["kind"],
                    only_telling=not options["any_words"],
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
            except ValueError as error:
                raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(quality)))
            return
        self.stdout.write(f"{quality.papers} of {quality.stored} papers searched for")
        self.stdout.write(f"at rank 1               {quality.first:7.1%}")
        self.stdout.write(f"at rank 1 to {DEPTH:<10} {quality.found:7.1%}")
        self.stdout.write(f"at any rank             {quality.anywhere:7.1%}")
        self.stdout.write(f"mean reciprocal rank    {quality.mean_reciprocal_rank:7.3f}")
        self.stdout.write(f"median time             {quality.milliseconds:7.1f} ms")
        for query, title in quality.missed if options["verbosity"] > 1 else ():
            self.stdout.write(f"missed: {query!r}: {title}")
