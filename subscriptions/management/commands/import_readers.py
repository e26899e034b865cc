"""`manage.py import_readers FILE`: bring in the readers of another program, or of another site."""

import csv
import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from subscriptions.imports import runs
from subscriptions.imports.files import UnreadableFile
from subscriptions.imports.options import BadOption, Options, mapped_lines
from subscriptions.imports.profiles import PROFILES
from subscriptions.imports.storing import MEANING
from subscriptions.models import ImportReport, ImportRun

SHORTEST_DECLARATION = 20


class Command(BaseCommand):
    """Checks the file, then works through it, with its progress; goes on after an interruption."""

    help = (
        "Import readers from a CSV file. With --declaration they start as confirmed; without one, "
        "each is asked by email, IMPORT_LETTERS_PER_DAY of them a day. Try --dry-run first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, how, and whether in earnest."""
        parser.add_argument("file", nargs="?", help="The CSV file.")
        parser.add_argument("--resume", type=int, metavar="NUMBER", help="Continue an import.")
        parser.add_argument(
            "--profile",
            default="",
            choices=["", *PROFILES],
            help="The program that wrote it; detected from its heading if left out.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Check only; nothing changes.")
        parser.add_argument(
            "--declaration",
            default="",
            help="What you declare about these readers' consent. It's kept on record.",
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=HEADING",
            help="email, state, given_at or topics, and the column with it.",
        )
        parser.add_argument(
            "--topic", action="append", default=[], metavar="TAG=SLUG", help="A tag and its topic."
        )
        parser.add_argument(
            "--default-topic",
            action="append",
            default=[],
            metavar="SLUG",
            help="For readers without a topic; without any they get the top papers.",
        )
        parser.add_argument("--date-zone", default="UTC", help="Of dates without one.")
        parser.add_argument("--rhythm", default="daily", help="daily, weekdays or weekly.")
        parser.add_argument("--hour", type=int, default=7, help="The hour of digests.")
        parser.add_argument("--timezone", default="UTC", help="Of that hour, for all.")
        parser.add_argument("--language", default="en")
        parser.add_argument("--report", help="Write the result of each line to this CSV file.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, then import."""
        if (options["file"] is None) == (options["resume"] is None):
            raise CommandError("Give a file, or --resume with the number of an import.")
        declaration = " ".join(options["declaration"].split())
        if declaration and len(declaration) < SHORTEST_DECLARATION:
            raise CommandError(
                "Declare in a full sentence that these readers agreed, and how you can prove it."
            )
        if options["resume"] is not None:
            run = ImportRun.objects.filter(pk=options["resume"]).first()
            if run is None or not run.is_at_work:
                raise CommandError("There’s no such import, or nothing is left to do.")
        else:
            run = self._made(options)
        if run.state == ImportRun.State.CHECKING:
            self._work(run)
            self._counts(run)
            if options["dry_run"] or run.state != ImportRun.State.CHECKED:
                self._end(run, is_dry=options["dry_run"])
                return
            runs.start(run, f"the command, as {getpass.getuser()}", timezone.now(), declaration)
            self.stderr.write(
                f"Import {run.pk} is running. After an interruption, a worker continues it, or: "
                f"manage.py import_readers --resume {run.pk}"
            )
        self._work(run)
        self._counts(run)
        if options["report"]:
            self._report(run, options["report"])
        self._end(run, is_dry=False)

    def _made(self, options: dict[str, Any]) -> ImportRun:
        path = Path(options["file"])
        try:
            chosen = Options(
                columns=mapped_lines(options["map"], "FIELD=HEADING"),
                topics=mapped_lines(options["topic"], "TAG=SLUG"),
                default_topics=options["default_topic"],
                date_zone=options["date_zone"],
                rhythm=options["rhythm"],
                hour=options["hour"],
                timezone=options["timezone"],
                language=options["language"],
            )
            with path.open("rb") as file:
                content = iter(lambda: file.read(1 << 20), b"")
                run = runs.make(
                    content, path.name, options["profile"], chosen, timezone.now(), claimed=True
                )
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}.") from None
        except (UnreadableFile, BadOption) as error:
            raise CommandError(str(error)) from None
        run.is_confirmed = bool(options["declaration"].strip())
        run.save(update_fields=["is_confirmed"])
        return run

    def _work(self, run: ImportRun) -> None:
        if not run.claim and not runs.claim(run, timezone.now()):
            raise CommandError(
                "A worker is busy with this import or another one. Check it in the admin, or try "
                "again in a few minutes."
            )
        runs.work_on(run, on_chunk=self._progress)
        if self.stderr.isatty():
            self.stderr.write("")

    def _progress(self, run: ImportRun) -> None:
        if self.stderr.isatty():
            of = f" of {run.total} ({run.percent} %)" if run.total else ""
            self.stderr.write(f"\r{run.get_state_display()}: {run.position}{of}", ending="")

    def _counts(self, run: ImportRun) -> None:
        self.stdout.write(f"{PROFILES[run.profile].label}, {run.encoding}:")
        for outcome, meaning in MEANING.items():
            if count := run.counts.get(outcome, 0):
                self.stdout.write(f"{count:9,}  {meaning}")
                for one in run.examples.get(outcome, ()):
                    why = f": {one['why']}" if one["why"] else ""
                    self.stdout.write(f"           line {one['line']} {one['email']}{why}")

    def _report(self, run: ImportRun, path: str) -> None:
        try:
            with Path(path).open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(("line", "outcome", "why"))
                for part in ImportReport.objects.filter(run=run).order_by("position").iterator(20):
                    writer.writerows(part.lines)
        except OSError as error:
            raise CommandError(f"Cannot write {path}: {error.strerror}.") from None

    def _end(self, run: ImportRun, *, is_dry: bool) -> None:
        error, state = run.error, run.state
        if is_dry:
            run.delete()
            self.stdout.write("Nothing was changed.")
        if state == ImportRun.State.FAILED:
            raise CommandError(error)
        if state == ImportRun.State.STOPPED:
            raise CommandError("Somebody stopped this import. Readers already imported stay.")
