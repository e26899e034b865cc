"""`manage.py control_issue`: approve or drop an issue, or pause, resume or stop its sending."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter.issues import publishing
from newsletter.models import Delivery, Issue


class Command(BaseCommand):
    """Move an issue from one state to another; workers notice with their next batch."""

    help = "Approve, drop, pause, resume or stop an issue (default: the newest)."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, with which issue, and why."""
        parser.add_argument(
            "action", choices=("approve", "drop", "pause", "resume", "stop", "show")
        )
        parser.add_argument("--day", type=dt.date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--reason", default="", help="kept with the issue")
        parser.add_argument(
            "--yes",
            action="store_true",
            help="stop or drop it permanently, without asking for confirmation",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Move the issue and say where it stands."""
        issues = Issue.objects.filter(day=options["day"]) if options["day"] else Issue.objects
        issue = issues.order_by("-day").first()
        if issue is None:
            wanted = options["day"] or "any day"
            raise CommandError(
                f"There's no issue for {wanted}. Make one with manage.py build_issue."
            )
        action = options["action"]
        reason = options["reason"] or f"{action} by command"
        if action == "stop" and not options["yes"]:
            waiting = Delivery.objects.open().filter(issue=issue).count()
            raise CommandError(
                f"{waiting} digests of {issue} are still waiting and would never be sent. Use "
                "--yes to stop it permanently, or pause it instead."
            )
        if action == "drop" and not options["yes"]:
            raise CommandError(f"Nobody would get {issue}. Use --yes to drop it permanently.")
        moved = {
            "approve": lambda: publishing.publish(issue, timezone.now()),
            "drop": lambda: issue.drop(reason),
            "pause": lambda: issue.pause(reason),
            "resume": issue.resume,
            "stop": lambda: issue.stop(reason),
            "show": lambda: True,
        }[action]()
        if not moved:
            raise CommandError(f"{issue} is {issue.get_state_display()}; nothing has changed.")
        waiting = Delivery.objects.open().filter(issue=issue).count()
        self.stdout.write(f"{issue} is {issue.get_state_display()}; {waiting} digests are waiting.")
