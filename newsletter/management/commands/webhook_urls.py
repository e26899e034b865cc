"""`manage.py webhook_urls`: the address to paste into a mail provider's form for webhooks."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsletter.pages import webhooks


class Command(BaseCommand):
    """Print where the configured provider, or every one, is to report."""

    help = "Print the webhook address for your mail provider's reports of bounces and complaints."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which, and how."""
        parser.add_argument("--all", action="store_true", help="for every provider, not only yours")
        parser.add_argument("--json", action="store_true", help="as a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them. They hold the password, so they are secrets."""
        if not webhooks.passwords():
            raise CommandError(
                "There is no password for webhooks yet. Set WEBHOOK_SECRET in ANYMAIL to a random "
                'one: ANYMAIL={"WEBHOOK_SECRET": "some-user:some-password", …}.'
            )
        yours = settings.EMAIL_BACKEND.removeprefix("anymail.backends.").split(".")[0]
        names = webhooks.PROVIDERS if options["all"] else [yours]
        if yours not in webhooks.PROVIDERS and not options["all"]:
            raise CommandError(
                f"EMAIL_BACKEND is {settings.EMAIL_BACKEND}, which has no webhooks. For SMTP, "
                "use manage.py read_bounces; for the webhooks of all providers, use --all."
            )
        found = {name: webhooks.url_of(name) for name in names}
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        width = max(map(len, found))
        for name, url in found.items():
            self.stdout.write(f"{name:{width}}  {url}")
