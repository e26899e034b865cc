"""`manage.py benchmark_delivery`: how fast digests are made, sent and settled here.

What it runs lies beside the other benchmarks, in tests/, which a container image lacks.
"""

import importlib
import json
import sys
from types import ModuleType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

BENCHMARK = "tests.benchmarks.delivery"


class Command(BaseCommand):
    """Build readers in a scratch database and send each a digest with real Celery workers."""

    help = "Measure planning, composing, sending and settling with real workers."

    def add_arguments(self, parser: CommandParser) -> None:
        """Sizes, and where to send."""
        parser.add_argument("--subscribers", type=int, default=20_000, metavar="N")
        parser.add_argument("--processes", type=int, default=2, metavar="K")
        parser.add_argument(
            "--threads", type=int, default=0, metavar="T", help="threads of one process instead"
        )
        parser.add_argument("--papers", type=int, default=60, metavar="P", help="of an issue")
        parser.add_argument("--topics", type=int, default=30, metavar="T")
        parser.add_argument(
            "--rated", type=float, default=0.0, metavar="SHARE", help="of the readers rated papers"
        )
        parser.add_argument(
            "--weekly", type=float, default=0.0, metavar="SHARE", help="of the readers read weekly"
        )
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--smtp", metavar="HOST:PORT", help="an SMTP sink, such as smtp-sink")
        where.add_argument(
            "--http", metavar="URL", help="a stand-in for a provider's API: tests.benchmarks"
        )
        where.add_argument("--null", action="store_true", help="stop before the socket")
        where.add_argument("--plan-only", action="store_true", help="stop after planning")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure and print."""
        if options["subscribers"] < 1 or options["processes"] < 1:
            raise CommandError("--subscribers and --processes must be whole numbers, at least 1.")
        if options["papers"] < 20 or options["topics"] < 5:
            raise CommandError("--papers takes a number from 20, --topics one from 5.")
        if not (0 <= options["rated"] <= 1 and 0 <= options["weekly"] <= 1):
            raise CommandError("--rated and --weekly take a share from 0 to 1, such as 0.5.")
        sink = options["smtp"] or options["http"] or ("null" if options["null"] else "plan")
        if options["smtp"] and not options["smtp"].rpartition(":")[2].isdecimal():
            raise CommandError("--smtp must be HOST:PORT, such as 127.0.0.1:2525.")
        benchmark = _benchmark()
        console = Console(stderr=True)
        columns = (TextColumn("digests"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("digests", total=options["subscribers"])
            figures = benchmark.run(
                options["subscribers"],
                options["processes"],
                options["threads"],
                sink,
                console.print,
                lambda done: bar.update(task, completed=done),
                benchmark.Load(
                    papers=options["papers"],
                    topics=options["topics"],
                    rated=options["rated"],
                    weekly=options["weekly"],
                ),
            )
        if options["json"]:
            self.stdout.write(json.dumps(figures.as_dict(), indent=2))
            return
        say = self.stdout.write
        hands = (
            f"{figures.threads} threads" if figures.threads else f"{figures.processes} processes"
        )
        say(f"{figures.database}, {figures.subscribers:,} readers, {hands}")
        say(
            f"planned {figures.planned:,} in {figures.plan_seconds:.1f} s, "
            f"at most {figures.plan_peak_mb:.0f} MB"
        )
        if sink == "plan":
            return
        say(
            f"sent {figures.sent:,} digests of {figures.bytes_per_digest / 1024:.1f} KB "
            f"in {figures.seconds:.1f} s: {figures.digests_per_second:,.0f} a second"
        )
        say(
            f"{figures.cpu_microseconds_per_digest:.0f} µs CPU a digest, "
            f"largest process {figures.worker_peak_mb:.0f} MB"
        )
        shares = ", ".join(f"{name} {share:.0%}" for name, share in figures.shares.items())
        say(f"the workers' time: {shares}")


def _benchmark() -> ModuleType:
    try:
        return importlib.import_module(BENCHMARK)
    except ModuleNotFoundError as error:
        if not f"{BENCHMARK}.".startswith(f"{error.name}."):
            raise  # it is there, and misses something else
        raise CommandError(
            "The benchmark is part of tests/ in the repository, which isn't installed here. Run "
            "it in a checkout."
        ) from None
