"""`manage.py demo`: everything at once on one machine, with nothing installed but Python."""

import datetime as dt
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError

from newsletter.demo import environment, papers, stage


class Command(BaseCommand):
    """Runs twice: once to set the environment, and then, in its place, inside that environment."""

    help = (
        "Migrate a local database, start an embedded Valkey, a Celery worker with beat and the "
        "web server, subscribe three readers, send them today's digests and show them."
    )
    # The database may not be there yet, and the deployment checks are not for a demo.
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """`--once`, `--port` and `--day`."""
        parser.add_argument(
            "--once",
            action="store_true",
            help="stop when every digest is delivered; the exit code tells whether that worked",
        )
        parser.add_argument(
            "--port",
            type=int,
            default=8000,
            help="the web server's port on 127.0.0.1, 0 for any that is free (default: 8000)",
        )
        parser.add_argument(
            "--day",
            type=dt.date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="send the papers that were featured on this day (default: the latest full day)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Show the demo. Whatever is in its way becomes one sentence and exit code 1."""
        wanted = stage.Wanted(day=options["day"], once=options["once"])
        try:
            if not environment.is_prepared():
                lock = environment.lock()
                source, why = papers.choose_source(wanted.day)
                variables = environment.prepare(options["port"], source)
                lock.release()
                self.stdout.write(why)
                again = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo"]
                again += ["--once"] if wanted.once else []
                again += ["--day", wanted.day.isoformat()] if wanted.day else []
                self.stdout.flush()
                os.execve(sys.executable, again, variables)  # noqa: S606 - our own command line
            code = stage.run(wanted)
        except environment.DemoFailed as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise CommandError(
                f"The demo can't continue: {where}{error.strerror or error}. Its files are in "
                f"{settings.VAR_DIR}. Set VAR_DIR to a writable directory."
            ) from error
        except DatabaseError as error:
            raise CommandError(
                f"The demo's database {settings.DATABASES['default']['NAME']} doesn't work "
                f"({error}). If the file is damaged, delete it and run the demo again."
            ) from error
        if code:
            sys.exit(code)
