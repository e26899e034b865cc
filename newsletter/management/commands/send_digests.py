"""`manage.py send_digests`: plan and send what is due, in this process."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from newsletter.delivery import continuity, daily_interests, ledger, planning, worker
from newsletter.models import Delivery
from newsletter.operations import readiness
from subscriptions.interests import matching


class Command(BaseCommand):
    """Plan and send what is due, as beat and the workers do, in this process."""

    help = "Plan and send the digests that are due."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--now` and `--dry-run`."""
        parser.add_argument("--now", metavar="ISO", help="send what's due at this time")
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would be sent, but change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan, send, sweep; exits with 1 when the mail backend does not work."""
        if not options["dry_run"]:
            try:
                readiness.require()
            except ImproperlyConfigured as error:
                raise CommandError(str(error)) from None
        now = timezone.now()
        if options["now"]:
            try:
                parsed = parse_datetime(options["now"])
            except ValueError:
                parsed = None
            if parsed is None:
                raise CommandError(
                    f"--now {options['now']!r} isn't a time such as 2026-06-11T07:00+02:00."
                )
            now = parsed if timezone.is_aware(parsed) else parsed.replace(tzinfo=dt.UTC)
        issue = planning.current_issue(now)
        if issue is None:
            self.stdout.write("There's no issue to send yet. Make one with manage.py build_issue.")
        if not options["dry_run"]:
            matching.work(now)
        planned = planning.plan(now, dry_run=options["dry_run"])
        daily = daily_interests.plan(now, dry_run=options["dry_run"])
        if options["dry_run"]:
            waiting = Delivery.objects.ready(now).count()
            self.stdout.write(
                f"{planned.due} subscribers are due, {daily} for what they follow, "
                f"{waiting} deliveries are waiting. "
                "Nothing was sent."
            )
            return
        moment = now

        def clock() -> dt.datetime:
            return max(moment, timezone.now()) if not options["now"] else moment

        if why := continuity.hold(settings.JOURNAL_DIR, moment):
            raise CommandError(f"{why} See manage.py after_restore.")
        ledger.sweep(settings.JOURNAL_DIR, moment)
        tally = worker.drain(clock=clock)
        said = ", ".join(f"{count} {state}" for state, count in sorted(tally.states.items()))
        self.stdout.write(f"{planned.deliveries + daily} planned; {said or 'nothing to send'}.")
        if tally.is_stuck:
            raise CommandError(
                "The mail backend isn't accepting email; see the log. Unsent digests stay "
                "queued and will be tried again."
            )
