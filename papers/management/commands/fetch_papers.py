"""`manage.py fetch_papers`: fetch, rank and match the papers that the sources list on a day."""

import datetime as dt
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from papers import days
from papers.ingest.fetching import fetch_day
from papers.ingest.issue_days import first_open
from papers.ingest.records import Summary
from papers.matching.ranking import rank_and_match
from papers.models import Source
from papers.search import vocabulary
from papers.semantics.fitting import is_due
from papers.sources.base import FetchFailed
from papers.sources.registry import KINDS, active_sources, answers_for, reader_of

MOST_DAYS = 366


class Command(BaseCommand):
    """Fetch, rank and match; run twice, nothing doubles and the counts of both times are kept."""

    help = "Fetch the papers that sources list on a day (or several), then rank and match them."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--day`, `--days`, `--source` and `--dry-run`."""
        parser.add_argument(
            "--day",
            type=dt.date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="the day to fetch (default: the one in today's digests, or the current day for "
            "sources that only list what's new). Its papers are listed on that day, or on "
            "the next one whose issue isn't frozen yet",
        )
        parser.add_argument(
            "--days",
            type=int,
            default=1,
            metavar="N",
            help="fetch N feature days, Monday to Friday, ending with that day",
        )
        parser.add_argument(
            "--source", metavar="SLUG", help="fetch this source only (default: all active ones)"
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="ask the sources and show the result, but store nothing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Fetch each day from each source, then rank and match the day."""
        now = timezone.now()
        last = options["day"] or days.feature_day(now)
        if not 1 <= options["days"] <= MOST_DAYS:
            raise CommandError(f"--days must be a number from 1 to {MOST_DAYS}.")
        wanted = [last] if options["days"] == 1 else days.feature_days(last, options["days"])
        sources = _sources(options["source"])
        total = Summary()
        lines = []
        asked = dict.fromkeys(wanted, sources)
        if options["day"] is None:
            asked = _by_day(sources, wanted, now)
        with _progress(sum(map(len, asked.values()))) as step:
            for day, of_these in asked.items():
                of_day = Summary()
                for source in of_these:
                    step(f"{day} from {source.name}")
                    of_day += (
                        _look(source, day, now)
                        if options["dry_run"]
                        else fetch_day(day, now, source)
                    )
                if not options["dry_run"] and of_day.papers:
                    for listed_on in sorted({day, first_open(day)}):
                        rank_and_match(now=now, day=listed_on)
                if of_day.papers or not of_day.failures:
                    would = "would store " if options["dry_run"] else ""
                    lines.append(f"{day}: {would}{of_day}")
                total += of_day
        if not options["dry_run"]:
            vocabulary.learn()
        for line in lines:  # after the bar, which would else be written over
            self.stdout.write(line)
        for problem in total.problems:
            self.stdout.write(self.style.WARNING(f"  {problem}"))
        if len(wanted) > 1:
            self.stdout.write(f"All {len(wanted)} days: {total}")
        if not options["dry_run"] and is_due(now):
            self.stdout.write(
                "A new semantic model is due. Beat will fit it within the hour; to do it now, "
                "run manage.py fit_model"
            )
        if total.failures:
            raise CommandError("\n".join(dict.fromkeys(total.failures)))


def _sources(slug: str | None) -> list[Source]:
    if slug is None:
        found = list(active_sources())
        if not found:
            raise CommandError("No source is active. Activate one in the admin, under Sources.")
        return found
    try:
        return [Source.objects.get(slug=slug, kind__in=KINDS)]
    except Source.DoesNotExist:
        fetched = Source.objects.filter(kind__in=KINDS).order_by("slug")
        known = ", ".join(fetched.values_list("slug", flat=True))
        raise CommandError(f"There is no source {slug!r}. Choose one of: {known}.") from None


def _by_day(
    sources: list[Source], wanted: list[dt.date], now: dt.datetime
) -> dict[dt.date, list[Source]]:
    """Which sources to ask for each day, where nobody named a day: those that list only what is
    new now are asked for that.
    """
    asked = {day: [one for one in sources if answers_for(one, day, now)] for day in wanted}
    current = days.listing_day(now)
    others = [one for one in sources if not any(one in of_day for of_day in asked.values())]
    if others:
        asked[current] = asked.get(current, []) + others
    return {day: of_day for day, of_day in asked.items() if of_day}


def _look(source: Source, day: dt.date, now: dt.datetime) -> Summary:
    """What a fetch would find, with nothing stored; papers count as unchanged."""
    if not answers_for(source, day, now):
        return Summary(
            problems=(
                (f"{source.name} only lists what's new now, so it can't be asked for {day}."),
            )
        )
    try:
        fetched = reader_of(source).fetch(day)
    except FetchFailed as error:
        return Summary(failures=(str(error),))
    return Summary(unchanged=len(fetched.records), problems=fetched.problems)


@contextmanager
def _progress(steps: int) -> Iterator[Any]:
    """Yield a function that says what comes next; a bar shows it where a person watches."""
    if not sys.stderr.isatty():
        yield lambda what: None
        return
    chatter = logging.getLogger("papers")
    level = chatter.level
    chatter.setLevel(logging.WARNING)  # the bar and the summary say the same, in less space
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=steps)
            started = False

            def step(what: str) -> None:
                nonlocal started
                bar.update(task, description=what, advance=1 if started else 0)
                started = True

            yield step
    finally:
        chatter.setLevel(level)
