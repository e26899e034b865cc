"""`manage.py check_deliverability`: will mailbox providers take our email?"""

import json
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from newsletter.operations.deliverability import review
from newsletter.operations.deliverability.dns_records import Resolver
from newsletter.operations.deliverability.findings import SOURCES, Finding, Level
from newsletter.operations.deliverability.message import Message, NotAMessage

STYLES = {
    Level.ERROR: "bold red",
    Level.WARNING: "yellow",
    Level.NOTE: "cyan",
    Level.GOOD: "green",
}


class Command(BaseCommand):
    """Hold the settings, a built digest (or a saved email) and DNS against the receivers' rules."""

    help = (
        "Check the settings, a sample digest and DNS against Gmail's, Yahoo's and Outlook's "
        "rules for bulk email and the RFCs behind them. Sends nothing. Exits with 1 if there "
        "are errors."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--eml`, `--domain`, `--no-dns`, `--nameserver` and `--json`."""
        parser.add_argument(
            "--eml",
            type=Path,
            metavar="FILE",
            help="check a delivered email, saved with all its headers, instead of a sample",
        )
        parser.add_argument("--domain", metavar="D", help="only check DNS for this sender domain")
        dns = parser.add_mutually_exclusive_group()
        dns.add_argument(
            "--dns", dest="dns", action="store_true", default=True, help="ask DNS (the default)"
        )
        dns.add_argument("--no-dns", dest="dns", action="store_false", help="don't ask DNS")
        parser.add_argument(
            "--nameserver", metavar="HOST[:PORT]", default="", help="ask this DNS server"
        )
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and print; exits with 1 when there is an error among the findings."""
        resolver = self._resolver(options)
        if options["domain"]:
            if resolver is None:
                raise CommandError(
                    "--domain only checks DNS, so it can't be combined with --no-dns."
                )
            findings = list(review.of_domain(options["domain"].lower(), resolver))
        else:
            message = self._message(options["eml"])
            findings = review.review(message, resolver, has_arrived=options["eml"] is not None)
        if options["json"]:
            told = {"findings": [one.as_dict() for one in findings], "sources": SOURCES}
            self.stdout.write(json.dumps(told, indent=2))
        else:
            self._print(findings)
        if any(one.level is Level.ERROR for one in findings):
            raise SystemExit(1)

    def _resolver(self, options: dict[str, Any]) -> Resolver | None:
        if not options["dns"]:
            return None
        try:
            return Resolver(options["nameserver"])
        except ValueError:
            raise CommandError(
                f"--nameserver {options['nameserver']!r} isn't an address such as 127.0.0.1:5353."
            ) from None

    def _message(self, path: Path | None) -> Message:
        if path is None:
            return review.built(timezone.now())
        try:
            return Message.parse(path.read_bytes())
        except OSError as error:
            raise CommandError(f"Can't read {path}: {error.strerror}.") from None
        except NotAMessage as error:
            raise CommandError(f"{path}: {error}") from None

    def _print(self, findings: list[Finding]) -> None:
        out = StringIO()
        console = Console(
            file=out, highlight=False, force_terminal=self.stdout.isatty(), soft_wrap=False
        )
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", no_wrap=True)
        table.add_column()
        for level in Level:
            for one in findings:
                if one.level is level:
                    said = [escape(one.what)]
                    if level is not Level.GOOD:
                        said += [f"[dim]{escape(one.why)}[/]"] if one.why else []
                        said += [f"[dim]→ {escape(one.todo)}[/]"] if one.todo else []
                    table.add_row(f"[{STYLES[level]}]{level.value}[/]", "\n".join(said))
        console.print(table)
        counts = {level: sum(one.level is level for one in findings) for level in Level}
        console.print(
            f"\n{counts[Level.ERROR]} errors, {counts[Level.WARNING]} warnings, "
            f"{counts[Level.NOTE]} notes, {counts[Level.GOOD]} OK."
        )
        cited = [name for name in SOURCES if any(name in one.why for one in findings)]
        for name in cited:
            console.print(f"[dim]{escape(name)}: {SOURCES[name]}[/]", soft_wrap=True)
        self.stdout.write(out.getvalue())
