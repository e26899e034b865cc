"""`manage.py import_papers FILE --source SLUG`: papers from a file of JSON lines."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from papers.ingest import pushing
from papers.matching.ranking import rank_and_match
from papers.models import Source
from papers.search import vocabulary
from papers.sources.pushed import MOST_LINE, MOST_LINES, Pushed

MOST_BYTES = MOST_LINE * MOST_LINES // 4


class Command(BaseCommand):
    """Store the papers of a file; run twice, nothing doubles."""

    help = "Store papers from a file of JSON lines, as described in docs/sources.md."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, `--source`, `--new-token` and `--dry-run`."""
        parser.add_argument("file", nargs="?", help="the file, or - for standard input")
        parser.add_argument(
            "--source", metavar="SLUG", required=True, help="the source that lists them"
        )
        parser.add_argument(
            "--new-token",
            action="store_true",
            help="print a new token for the source, so that scripts can send papers; the "
            "previous token stops working",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check the file, but store nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Store them, and say what is wrong with which line."""
        source = _source(options["source"])
        if options["new_token"] and not options["dry_run"]:
            self.stdout.write(pushing.new_token(source))
            self.stderr.write("Save it now: it won't be shown again.")
        if options["file"] is None:
            if options["new_token"]:
                return
            raise CommandError("Give a file, or - for standard input.")
        now = timezone.now()
        taken = pushing.take(source, _body(options["file"]), now, dry_run=options["dry_run"])
        for line, why in taken.problems:
            self.stdout.write(self.style.WARNING(f"Line {line} was left out: {why}."))
        for line, what in taken.notes:
            self.stdout.write(f"Line {line}: {what}.")
        would = "would store " if options["dry_run"] else ""
        left_out = f"{len(taken.problems)} line{'' if len(taken.problems) == 1 else 's'} left out"
        self.stdout.write(f"{would}{taken.summary}; {left_out}")
        if not options["dry_run"] and taken.summary.papers:
            rank_and_match(now=now)
            vocabulary.learn()
        if taken.problems and not taken.summary.papers:
            raise CommandError("No line contains a paper.")


def _source(slug: str) -> Source:
    try:
        return Source.objects.get(slug=slug, kind=Pushed.kind)
    except Source.DoesNotExist:
        known = ", ".join(Source.objects.filter(kind=Pushed.kind).values_list("slug", flat=True))
        raise CommandError(
            f"There is no source {slug!r} of the kind {Pushed.label!r}; there "
            f"{'are: ' + known if known else 'are none. Add one in the admin, under Sources'}."
        ) from None


def _body(name: str) -> bytes:
    try:
        if name == "-":
            body = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                body = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{name} can't be read: {error.strerror}.") from None
    if len(body) > MOST_BYTES:
        raise CommandError(
            f"{name} is larger than {MOST_BYTES:,} bytes. Split it into several files."
        )
    return body
