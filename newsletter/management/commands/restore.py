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
        "Replace the database with a backup. Nothing is sent until you've told manage.py "
        "after_restore what was sent since the backup."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and `--yes`."""
        parser.add_argument("file", type=Path, help="a file written by manage.py back_up")
        parser.add_argument(
            "--yes", action="store_true", help="restore without asking for confirmation"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, and bring the tables to this version."""
        try:
            manifest = backups.read_manifest(options["file"])
            if not options["yes"]:
                raise CommandError(
                    f"This would reset the database to {manifest.made_at}, and everything since "
                    "would be lost. Use --yes to go ahead."
                )
            backups.restore(options["file"], timezone.now())
        except backups.BackupFailed as error:
            raise CommandError(str(error)) from None
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(
            f"Restored from a backup of {manifest.made_at}. Nothing is sent until you've told it "
            "what was sent since then. See manage.py after_restore --help"
        )
        if manifest.has_keys:
            self.stdout.write(
                "The keys are in keys.json inside the backup, which is a tar archive."
            )
