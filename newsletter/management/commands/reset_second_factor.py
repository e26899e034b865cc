"""Take a person's second factor away, for whoever lost the phone and the recovery codes."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsletter.operations import second_factor
from papers import audit


class Command(BaseCommand):
    """Ends the person's sessions as well. It is on record."""

    help = "Take away an account's second factor and recovery codes, and end its sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("user", help="the account's name")
        parser.add_argument("--dry-run", action="store_true", help="only say what there is")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset it, and say what was there."""
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['user']}.")
        if options["dry_run"]:
            has = "has a second factor" if second_factor.has_one(user) else "has no second factor"
            self.stdout.write(f"{user} {has}.")
            return
        gone, ended = second_factor.reset(user)
        audit.record("manage.py", "reset the second factor", user)
        self.stdout.write(f"{user}: {gone} factors taken away, {ended} sessions ended.")
