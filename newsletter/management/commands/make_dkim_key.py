"""`manage.py make_dkim_key`: a key to sign mail with, and what to tell DNS."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsletter.mail import dkim_keys


class Command(BaseCommand):
    """Make a DKIM key, or read one that is there, and print its DNS record and the settings."""

    help = (
        "Make a key for signing email (DKIM) and print its DNS record. An existing key is left "
        "unchanged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--selector`, `--domain`, `--out` and `--ed25519`."""
        parser.add_argument(
            "--selector",
            default=settings.DKIM_SELECTOR,
            help="the key's name in DNS (default: %(default)s)",
        )
        parser.add_argument(
            "--domain",
            default=settings.DKIM_DOMAIN,
            help="the signing domain (default: the sender's, %(default)s)",
        )
        parser.add_argument(
            "--out", type=Path, metavar="FILE", help="where to write the key (default: in VAR_DIR)"
        )
        parser.add_argument(
            "--ed25519",
            action="store_true",
            help="make an Ed25519 key instead of RSA; Gmail and Outlook don't verify these yet",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make or read the key; print what to publish and what to set."""
        selector, domain = options["selector"].lower(), options["domain"].lower()
        for what, name in (("--selector", selector), ("--domain", domain)):
            if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", name):
                raise CommandError(f"{what} {name!r} isn't a valid DNS name.")
        path: Path = options["out"] or settings.VAR_DIR / f"dkim-{selector}.pem"
        key = dkim_keys.make(is_ed25519=options["ed25519"])
        try:
            dkim_keys.write(key, path)
            said = f"Wrote a new key to {path}, readable only by its owner. Keep it secret."
        except FileExistsError:
            try:
                key = dkim_keys.read(str(path))
            except dkim_keys.BadKey as error:
                raise CommandError(f"{path} already exists, but {error}.") from None
            said = f"{path} already exists and was left unchanged."
        except OSError as error:
            raise CommandError(f"Can't write {path}: {error.strerror}.") from None
        self.stdout.write(said)
        self.stdout.write("\nPublish this TXT record:\n")
        self.stdout.write(f"  name   {dkim_keys.record_name(selector, domain)}")
        self.stdout.write(f"  value  {key.record}")
        self.stdout.write("\nor, in a zone file:\n")
        self.stdout.write(f"  {dkim_keys.zone_line(selector, domain, key.record)}")
        self.stdout.write(
            "\nOnce DNS has the record (check with manage.py check_deliverability), set:\n"
        )
        self.stdout.write(f"  DKIM_KEY={path.resolve()}")
        self.stdout.write(f"  DKIM_SELECTOR={selector}")
        self.stdout.write(f"  DKIM_DOMAIN={domain}")
