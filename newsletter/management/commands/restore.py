"""`manage.py restore`: a backup in the database's place, and nothing sent from it yet."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from newsletter.operations import backups


class Command(BaseCommand):
    """Put a backup back."""

    help = (
        "Put a backup in the database's place. Nothing goes out from it until manage.py "
        "after_restore was told what was sent meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and `--yes`."""
        parser.add_argument("file", type=Path, help="what manage.py back_up wrote")
        parser.add_argument("--yes", action="store_true", help="do it without being asked")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, and bring the tables to this version."""
        try:
            manifest = backups.read_manifest(options["file"])
            if not options["yes"]:
                raise CommandError(
                    f"The database would become what it was at {manifest.made_at}, and what came "
                    "in since would be lost. Give --yes to do it."
                )
            backups.restore(options["file"], timezone.now())
        except backups.BackupFailed as error:
            raise CommandError(str(error)) from None
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(
            f"Restored from a backup of {manifest.made_at}. Nothing goes out until you say what "
            "was sent since: manage.py after_restore --help"
        )
        if manifest.has_keys:
            self.stdout.write("The keys stand in keys.json in the backup, which is a tar archive.")
