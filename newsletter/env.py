"""Reading environment variables for `newsletter.settings`, with errors that say what to do.

`.env` beside `manage.py` is read first, when it is there; what is already in the environment wins
over it.
"""

import contextlib
import os
import re
import secrets
import sys
from collections.abc import Callable
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from subscriptions.addresses import BadAddress, wire_domain

T = TypeVar("T")

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file() and "pytest" not in sys.modules:
    environ.Env.read_env(BASE_DIR / ".env")

#: Every environment variable that was asked for, so that a test can hold README to it.
READ: set[str] = set()


#: Variables whose value may stand in an error and so in a log: numbers, yes or no, a choice of
#: words, a place in the file system. Of any other one not even what a parser says of it is shown,
#: for it may hold a password or a key.
HARMLESS: set[str] = {
    *("LOG_FORMAT", "LOG_LEVEL", "PAPERS_SOURCE", "EMAIL_THUMBNAILS"),
    *("VAR_DIR", "JOURNAL_DIR", "STATIC_ROOT", "ENCODER"),
}


def refusal(name: str, wanted: str, problem: object = "") -> ImproperlyConfigured:
    """The error for a variable that is not what it must be, `wanted`; `problem` says why not."""
    if name not in HARMLESS:
        return ImproperlyConfigured(f"The environment variable {name} must be {wanted}.")
    why = f" ({problem})" if problem else ""
    return ImproperlyConfigured(
        f"The environment variable {name} holds {os.environ.get(name, '')[:200]!r}, but must be "
        f"{wanted}{why}."
    )


def read(name: str, cast: Callable[..., T], default: Any, meaning: str) -> T:
    """The variable `name` through django-environ's `cast`, or `default` when it is not set.

    Raises `ImproperlyConfigured` with a sentence saying which variable is wrong and what it
    should hold.
    """
    READ.add(name)
    if name not in os.environ or os.environ[name] == "":
        return default  # type: ignore[no-any-return]
    try:
        return cast(name)
    except (ValueError, TypeError, KeyError, AttributeError, ImproperlyConfigured) as error:
        raise refusal(name, meaning, error) from None


def flag(name: str, default: bool) -> bool:
    """A truth value, of which nothing is secret."""
    HARMLESS.add(name)
    return read(name, yes_or_no, default, "true or false")


def yes_or_no(name: str) -> bool:
    """A truth value; what is neither is an error rather than false."""
    value = os.environ[name].strip().lower()
    if value in {"true", "1", "yes", "on"}:
        return True
    if value in {"false", "0", "no", "off"}:
        return False
    raise ValueError("neither true nor false")


def number(name: str, default: int, meaning: str, least: int = 0, most: int = 10**9) -> int:
    """A whole number between `least` and `most`."""
    HARMLESS.add(name)
    value: int = read(name, env.int, default, meaning)
    if not least <= value <= most:
        raise refusal(name, f"{meaning}, from {least} to {most}")
    return value


def required_url(name: str, default: str, meaning: str) -> str:
    """An absolute http(s) address without a trailing slash."""
    value: str = read(name, env.str, default, meaning).rstrip("/")
    if not is_url(value, {"http", "https"}):
        raise refusal(name, f"{meaning}, such as https://papers.example.org")
    return value


def hosts_and_ports(name: str) -> frozenset[tuple[str, int | None]]:
    """A list of hosts, each with a port or without: `feeds.example.org,127.0.0.1:8080,[::1]:80`.
    A port of None stands for any.
    """
    meaning = "hosts with or without a port, such as feeds.internal,127.0.0.1:8080"
    found = set()
    for entry in read(name, env.str, "", meaning).split(","):
        if not entry.strip():
            continue
        try:
            parts = urlsplit(f"//{entry.strip()}")
            host, port = parts.hostname, parts.port
        except ValueError:
            raise refusal(name, meaning) from None
        plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
        if not host or not plain or any(map(str.isspace, host)) or port == 0:
            raise refusal(name, meaning)
        found.add((host.lower(), port))
    return frozenset(found)


def embedding_hosts(name: str) -> list[str]:
    """Hosts whose pages may show the subscribe form, as a Content-Security-Policy names them."""
    found = []
    for host, port in hosts_and_ports(name):
        try:
            named = f"[{IPv6Address(host)}]" if ":" in host else wire_domain(host)
        except ValueError as error:
            raise refusal(name, f"hosts, but {error}") from None
        if not _HOST.fullmatch(named):
            raise refusal(name, "hosts with or without a port, such as blog.example.org")
        found.append(named + (f":{port}" if port else ""))
    return sorted(found)


_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")


def is_url(value: str, schemes: set[str]) -> bool:
    """Whether `value` is an address of one of the schemes, with a host and a port that can be."""
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def public_url(name: str, default: str) -> str:
    """This site's address: a scheme, a host and perhaps a port. A host that is not ASCII comes back
    as the DNS has it, since it stands in headers and is compared with what browsers send.
    """
    value = required_url(name, default, "this site's public address")
    parts = urlsplit(value)
    if parts.path or parts.query or parts.fragment or "?" in value or "#" in value:
        raise refusal(
            name,
            "this site's public address without a path, such as https://papers.example.org: "
            "Broadsheet needs its own host",
        )
    if parts.username is not None or parts.password is not None:
        raise refusal(name, "this site's public address without a user or a password")
    host = parts.hostname or ""
    try:
        host = f"[{host}]" if ":" in host else wire_domain(host)
    except BadAddress as error:
        raise refusal(name, f"this site's public address, but {error}") from None
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def secret_key(directory: Path) -> str:
    """The secret from SECRET_KEY, or a random one kept in `directory` so that links stay valid."""
    given: str = read("SECRET_KEY", env.str, "", "a long random string")
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured(
                "The environment variable SECRET_KEY is too short: it signs every link in every "
                "email, so make it at least 32 random characters "
                "(python -c 'import secrets; print(secrets.token_urlsafe(50))')."
            )
        return given
    kept = directory / "secret_key"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            # Written whole under another name and linked into place, so that two processes
            # starting at once cannot see half a key or two different ones.
            draft = directory / f".secret_key.{os.getpid()}"
            if not kept.exists():
                with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                    file.write(secrets.token_urlsafe(50))
                try:
                    kept.hardlink_to(draft)
                finally:
                    draft.unlink()
        return kept.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"SECRET_KEY isn't set, and no key can be stored in {kept} ({error.strerror}). Set "
            "SECRET_KEY, or set VAR_DIR to a writable directory."
        ) from None
