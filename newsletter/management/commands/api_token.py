"""`manage.py api_token NAME --scope papers:read`: tokens of the API, made, listed and revoked."""

import datetime as dt
import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter.api.tokens import make_token
from newsletter.models import ApiToken
from newsletter.models.api import SCOPES


class Command(BaseCommand):
    """Make a token and print it, once."""

    help = "Make a token of the API and print it; or list the tokens, or revoke one."

    def add_arguments(self, parser: CommandParser) -> None:
        """The name with `--scope` and `--days`, or `--list`, or `--revoke`."""
        parser.add_argument("name", nargs="?", help="which program uses it")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            metavar="SCOPE",
            help=f"what it may do; repeatable: {', '.join(SCOPES)}",
        )
        parser.add_argument(
            "--days", type=int, default=365, help="days until it expires; 0 for never"
        )
        parser.add_argument("--list", action="store_true", help="list the tokens")
        parser.add_argument("--revoke", type=int, metavar="ID", help="end the token with this ID")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of the three."""
        now, by = timezone.now(), f"{getpass.getuser()} (command)"
        if options["list"]:
            for token in ApiToken.objects.order_by("pk"):
                self.stdout.write(_line(token, now))
            return
        if options["revoke"] is not None:
            found = ApiToken.objects.filter(pk=options["revoke"]).first()
            if found is None:
                raise CommandError("There is no such token. --list shows all.")
            if not found.revoke(now, by):
                raise CommandError("It had already been revoked.")
            self.stdout.write(f"{found} was revoked.")
            return
        if not options["name"] or not options["scope"]:
            raise CommandError("Give a name and at least one --scope, or --list, or --revoke ID.")
        if not 0 <= options["days"] <= 36_500:
            raise CommandError("--days must be 0 (never expires) to 36500.")
        expires = now + dt.timedelta(days=options["days"]) if options["days"] else None
        try:
            _, text = make_token(options["name"], options["scope"], by, now, expires)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(text)
        self.stderr.write("Save it now: it won't be shown again.")


def _line(token: ApiToken, now: dt.datetime) -> str:
    """A token in the list."""
    state = "revoked" if token.revoked_at else "valid" if token.is_valid(now) else "expired"
    used = f"last used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
    return f"{token.pk}  {token}  {state}  {used}  {' '.join(token.scopes)}"
