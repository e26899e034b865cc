"""`manage.py read_bounces`: take in bounces, complaints and wishes to leave that came as emails."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from rich.console import Console
from rich.progress import track

from newsletter.events.bounces import inbox
from newsletter.events.bounces.kinds import Kind

TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: a mail server keeps the mail and tries again."""


class Command(BaseCommand):
    """Reads a maildir, files, or one email from a mail server's pipe."""

    help = "Process bounces (RFC 3464), complaints (ARF) and unsubscribe emails."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where from, and whether in earnest."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--maildir", type=Path, metavar="DIR", help="process its new emails")
        source.add_argument(
            "--stdin", action="store_true", help="process one email, such as from a pipe"
        )
        source.add_argument("files", nargs="*", type=Path, default=[], metavar="FILE")
        parser.add_argument(
            "--dry-run", action="store_true", help="only show how they're classified"
        )
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take every email, act upon them, and say what they were."""
        dry_run = options["dry_run"]
        tally = inbox.Tally()
        try:
            if options["stdin"]:
                self._take_stdin(tally, dry_run=dry_run)
            else:
                self._take_files(options, tally, dry_run=dry_run)
            if not dry_run:
                inbox.finish(timezone.now())
        except DatabaseError as error:
            # The mails stay where they are, with the mail server too: nothing is lost.
            raise CommandError(
                f"The database doesn't answer: {error}", returncode=TRY_AGAIN
            ) from None
        self._report(tally, as_json=options["json"], dry_run=dry_run)

    def _take_stdin(self, tally: inbox.Tally, *, dry_run: bool) -> None:
        data = sys.stdin.buffer.read(inbox.READ_AT_MOST)
        while sys.stdin.buffer.read(65_536):
            pass  # a pipe that is not read to its end is an error to the mail server
        found = inbox.take(data, timezone.now(), dry_run=dry_run)
        name = "standard input"
        if found.what is Kind.UNKNOWN and not dry_run:
            name = str(inbox.keep(data, found))
        tally.add(name, found)

    def _take_files(self, options: dict[str, Any], tally: inbox.Tally, *, dry_run: bool) -> None:
        directory: Path | None = options["maildir"]
        try:
            paths = list(inbox.maildir(directory)) if directory else options["files"]
        except OSError as error:
            raise CommandError(f"{directory} isn't a maildir ({error.strerror}).") from None
        console = Console(stderr=True)
        hidden = not console.is_terminal or len(paths) < 100
        for path in track(paths, "Reading", console=console, transient=True, disable=hidden):
            try:
                data = inbox.read_file(path)
            except OSError as error:
                if directory and isinstance(error, FileNotFoundError):
                    continue  # another reader was faster
                raise CommandError(f"Can't read {path}: {error.strerror}.") from None
            found = inbox.take(data, timezone.now(), dry_run=dry_run)
            if directory and not dry_run:
                inbox.put_away(path, found)
            tally.add(path.name, found)

    def _report(self, tally: inbox.Tally, *, as_json: bool, dry_run: bool) -> None:
        if as_json:
            said = {"found": dict(tally.kinds), "unknown": tally.unknown, "dry_run": dry_run}
            self.stdout.write(json.dumps(said, indent=2))
            return
        total = sum(tally.kinds.values())
        kinds = ", ".join(f"{kind}: {count}" for kind, count in sorted(tally.kinds.items()))
        done = "would be processed" if dry_run else "processed"
        self.stdout.write(f"{total} emails {done}{'; ' + kinds if kinds else ''}.")
        for line in tally.unknown:
            self.stderr.write(f"Not understood: {line}")
