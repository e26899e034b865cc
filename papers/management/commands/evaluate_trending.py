"""`manage.py evaluate_trending`: does the trending score foresee a site's own order?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from papers.evaluation.mixed_day import FIRST, VOTED, Fairness, fairness
from papers.evaluation.recordings import (
    RecordingError,
    read_observations,
    read_orders,
    read_papers,
)
from papers.evaluation.trending import DEPTH, compare, days_of, halves


class Command(BaseCommand):
    """Reads observations and recorded orders; prints how well each formula ranks."""

    help = (
        "Rank each recorded day's known papers by our trending score and by the published formulas "
        "of Hacker News, Reddit and ResearchHub, and compare with the site's own trending order on "
        "the following days. Constants were chosen on the first half of the days only."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the files."""
        parser.add_argument(
            "--observations",
            type=Path,
            required=True,
            metavar="FILE",
            help="attention over time, as JSON lines",
        )
        parser.add_argument(
            "--orders",
            type=Path,
            required=True,
            metavar="FILE",
            help="the site's own order on each day, as JSON",
        )
        parser.add_argument(
            "--horizon", type=int, default=3, help="days that follow (default: %(default)s)"
        )
        parser.add_argument(
            "--papers",
            type=Path,
            metavar="FILE",
            help="records with categories and authors, lines of JSON: judge a day of many fields",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, rank, print; a file that cannot be read ends with a sentence."""
        try:
            seen = read_observations(options["observations"])
            orders = read_orders(options["orders"])
            papers = read_papers(options["papers"]) if options["papers"] else None
        except RecordingError as error:
            raise CommandError(str(error)) from error
        days = days_of(seen, orders, options["horizon"])
        if len(days) < 2:
            raise CommandError("The files cover fewer than two days that can be judged.")
        first, second = halves(days)
        parts = {"first half": first, "second half, held out": second}
        results = {name: compare(part) for name, part in parts.items()}
        fair = fairness(seen, papers) if papers is not None else None
        if options["json"]:
            report: dict[str, Any] = {
                name: {
                    "from": parts[name][0].day.isoformat(),
                    "to": parts[name][-1].day.isoformat(),
                    "days": len(parts[name]),
                    "formulas": {formula: asdict(quality) for formula, quality in result.items()},
                }
                for name, result in results.items()
            }
            if fair is not None:
                report["mixed day"] = asdict(fair) | {"is_fair": fair.is_fair}
            self.stdout.write(json.dumps(report))
            return
        for name, result in results.items():
            part = parts[name]
            self.stdout.write(f"{name}: {len(part)} days, {part[0].day} to {part[-1].day}")
            self.stdout.write(f"{'':<32}{f'NDCG@{DEPTH}':>9}{'MAP':>8}{'P@10':>8}")
            for formula, quality in result.items():
                self.stdout.write(
                    f"{formula:<32}{quality.ndcg:>9.3f}{quality.average_precision:>8.3f}"
                    f"{quality.precision_at_10:>8.3f}"
                )
            self.stdout.write("")
        if fair is not None:
            self._print_mixed_day(fair)

    def _print_mixed_day(self, fair: Fairness) -> None:
        if not fair.days:
            self.stdout.write(f"no recorded day has {VOTED} papers with votes")
            return
        self.stdout.write(
            f"mixed day: {fair.papers:,} papers, {VOTED} of them with the votes of each of "
            f"{fair.days} recorded days"
        )
        if fair.repeated:
            self.stdout.write(f"({fair.repeated} papers are records taken once more)")
        self.stdout.write(f"{'':<32}{'papers':>9}{f'first {FIRST}':>10}{'lowest':>8}{'highest':>9}")
        for name, (low, mean, high) in fair.first.items():
            self.stdout.write(
                f"{name:<32}{fair.shares[name]:>9.1%}{mean:>10.1%}{low:>8.1%}{high:>9.1%}"
            )
        self.stdout.write(
            f"{fair.noticed:,} papers with more votes than 95 % of their field, "
            f"{fair.behind:,} of them behind one that nobody counted"
        )
