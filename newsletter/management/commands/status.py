"""`manage.py status`: what became of today's send, and is every part alive?"""

import datetime as dt
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from newsletter.operations.watching import report, troubles
from newsletter.operations.watching.status import status
from newsletter.operations.watching.troubles import findings


class Command(BaseCommand):
    """Print the status; ends with 1 where something is wrong."""

    help = (
        "Show how today's sending went and whether every part is running, from the database and "
        "this machine's disk. Exits with 0 if all is well, and with 1 if there's trouble."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--json`, `--tell`."""
        parser.add_argument("--json", action="store_true", help="print everything as JSON")
        parser.add_argument(
            "--tell",
            action="store_true",
            help="also check for lasting troubles and alert the operators, if no worker has "
            "done so within a minute; for cron on a machine without workers",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        now: dt.datetime = timezone.now()
        if options["tell"]:
            troubles.watch(now, pings=False)
        facts = status(now)
        found = findings(facts)
        if options["json"]:
            told = [{"trouble": one.key, "text": one.text} for one in found]
            self.stdout.write(json.dumps({**facts.as_dict(), "troubles": told}, indent=2))
        else:
            lines = [(line.name, line.said) for line in report.lines(facts)]
            width = max(len(name) for name, _ in lines)
            for name, said in lines:
                self.stdout.write(f"{name:<{width}}  {said}")
            for one in found:
                self.stdout.write(self.style.ERROR(f"{'TROUBLE':<{width}}  {one.text}"))
        if found:
            raise SystemExit(1)
