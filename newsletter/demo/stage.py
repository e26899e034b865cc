"""The demo on stage: starts the servers, has today's digests sent, and shows what came of it."""

import datetime as dt
import json
import logging
import os
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from rich.console import Console
from rich.padding import Padding
from rich.status import Status
from rich.text import Text

from newsletter.celery import app as celery
from newsletter.demo import readers as cast
from newsletter.demo.environment import (
    PREPARED,
    DemoFailed,
    admin_login,
    lock,
    valkey_binary,
)
from newsletter.demo.papers import make_issue
from newsletter.demo.processes import ChildFailed, Family, Signals, Stopped
from newsletter.demo.readers import DemoReader
from newsletter.models import Issue

START_PATIENCE = 60.0
"""Seconds that the servers have to start."""

SEND_PATIENCE = 120.0
"""Seconds that the digests have to go out; repairing what a killed run left may take a lease."""

ASK_AGAIN = 5.0
"""Seconds after which the worker is woken once more, as beat would do every minute."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: a feature day (None: the latest full one), and whether to end after."""

    day: dt.date | None
    once: bool


def run(wanted: Wanted) -> int:
    """Show the demo; the exit code. Raises `DemoFailed`, OSError or a database error.

    Serves until Ctrl-C or a signal, or with `once` until the digests are delivered. In any case
    no child process is left.
    """
    console = Console(highlight=False)
    held = lock()
    _log_to(settings.VAR_DIR / "log" / "demo.log")
    began = time.monotonic()
    with Signals() as signals:
        try:
            with Family(settings.VAR_DIR / "log", held) as family:
                try:
                    reason = Demo(console, family, wanted).show(began)
                    if reason:
                        raise DemoFailed(reason)
                    if not wanted.once:
                        _serve(family)
                finally:
                    signals.ignore()
        except ChildFailed as error:
            raise DemoFailed(str(error)) from error
        except Stopped as stopped:
            console.print("\nStopped. The next run continues from here.")
            return 128 + stopped.number if wanted.once else 0
    return 0


def _serve(family: Family) -> None:
    while True:
        family.check()
        time.sleep(0.5)


def _log_to(path: Path) -> None:
    """Let this process's log go to a file; the screen is for the person."""
    root = logging.getLogger()
    formatter = root.handlers[0].formatter if root.handlers else None
    handler = logging.FileHandler(path)
    handler.setFormatter(formatter)
    root.handlers[:] = [handler]


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


class Demo:
    """One run of the demo, told on a console."""

    def __init__(self, console: Console, family: Family, wanted: Wanted) -> None:
        self._console = console
        self._family = family
        self._wanted = wanted
        self._now = timezone.now()

    def show(self, began: float) -> str:
        """Do everything up to the last digest and print the result; why it is not all delivered,
        or nothing.
        """
        with self._status("Preparing the database"):
            call_command("migrate", verbosity=0, interactive=False)
            login = admin_login()
        with self._status("Starting Valkey"):
            self._start_valkey()
        with self._status("Fetching and matching papers") as status:
            issue = make_issue(
                self._wanted.day,
                self._now,
                lambda day: status.update(f"Fetching and matching the papers for {day:%A} …"),
            )
        self._say(f"{issue.places.count()} papers of {issue}.")
        with self._status("Starting the worker and the web server"):
            self._start_servers()
        readers = cast.gather(self._now)
        if settings.PAPERS_SOURCE == "sample" and cast.start_afresh(readers, issue):
            self._say("The sample has no more new papers, so the readers start over.")
        resent = cast.make_due(readers, issue, self._now)
        if resent:
            self._say(f"{resent} left in doubt or late by an earlier run, now sent again.")
        with self._status("Sending the digests"):
            self._send(issue, readers)
            self._family.wait_for("The web server", self._web_answers, START_PATIENCE)
        self._show_result(issue, readers, login, time.monotonic() - began)
        return cast.trouble(readers, issue)

    # --- Steps -----------------------------------------------------------------------

    def _start_valkey(self) -> None:
        address = urlsplit(settings.REDIS_URL)
        port = address.port or 0
        self._family.start(
            "valkey",
            [valkey_binary(), "-"],
            os.environ,
            # In memory only, on this machine only, and only with this run's password.
            f'bind 127.0.0.1\nport {port}\nrequirepass {address.password}\nsave ""\n'
            f"appendonly no\ndir {json.dumps(str(settings.VAR_DIR / 'log'))}\n",
        )
        self._family.wait_for("Valkey", lambda: _listens(port), START_PATIENCE)

    def _start_servers(self) -> None:
        """Start the worker with beat and the web server, and do not wait for them."""
        environment = dict(os.environ)
        environment.pop(PREPARED, None)
        manage = str(settings.BASE_DIR / "manage.py")
        address = urlsplit(settings.SITE_URL).netloc
        worker = (
            "-A newsletter worker -B -Q default,delivery --concurrency 2 "
            "--without-gossip --without-mingle --without-heartbeat"
        )
        self._family.start(
            "worker",
            [sys.executable, "-m", "celery", *worker.split()],
            environment,
        )
        self._family.start(
            "web",
            [sys.executable, manage, "runserver", "--noreload", "--skip-checks", address],
            environment,
        )

    def _send(self, issue: Issue, readers: list[DemoReader]) -> None:
        """Let the worker send what is due, and wait until the ledger says what became of it."""
        asked = -ASK_AGAIN
        deadline = time.monotonic() + SEND_PATIENCE
        while cast.waiting(readers, issue):
            self._family.check()
            if time.monotonic() > deadline:
                return
            if time.monotonic() - asked >= ASK_AGAIN:
                asked = time.monotonic()
                for task in ("sweep", "tick"):
                    celery.send_task(f"newsletter.tasks.{task}", expires=60)
            time.sleep(0.1)

    def _web_answers(self) -> bool:
        try:
            # Never through a proxy that the environment names: it is on this machine.
            address = f"{settings.SITE_URL}/health/live"
            answer = httpx.get(address, timeout=5, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code < 500

    # --- What a person sees ----------------------------------------------------------

    def _status(self, doing: str) -> Status:
        return self._console.status(f"{doing} …")

    def _say(self, said: str) -> None:
        self._console.print(Text(said))

    def _show_result(
        self, issue: Issue, readers: list[DemoReader], login: str, seconds: float
    ) -> None:
        """The addresses, and the papers that each reader got."""
        site = settings.SITE_URL
        rows = [
            ("Site", f"{site}/", "subscribe here, as a reader would"),
            ("Inbox", f"{site}/dev/mailbox/", "every email that was sent"),
            ("Admin", f"{site}{reverse('admin:index')}", login),
            ("Yours", f"{site}/admin/papers/site/", "your name, logo and color, with a preview"),
        ]
        self._console.print()
        width = max(len(address) for _, address, _ in rows) + 2  # or a terminal links the note, too
        for name, address, note in rows:
            line = Text.assemble(
                "  ", (f"{name:<9}", "bold"), (f"{address:<{width}}", "cyan"), note
            )
            self._console.print(line, soft_wrap=True)
        for reader in readers:
            self._console.print()
            what = cast.result(reader, issue)
            head = Text.assemble("  ", (reader.person.name, "bold"), f": {what.said}")
            self._console.print(head, soft_wrap=True)
            self._console.print(Padding(Text(reader.described, style="dim"), (0, 0, 0, 4)))
            for number, title in enumerate(what.titles, 1):
                line = Text(f"    {number:>2}. {title}")
                self._console.print(line, no_wrap=True, overflow="ellipsis")
        self._console.print()
        if self._wanted.once:
            self._say(f"  That took {seconds:.0f} seconds.")
        else:
            self._say(f"  Ready after {seconds:.0f} seconds. Ctrl-C ends it.")
