"""Reading environment variables for `newsletter.settings`, with errors that say what to do.

`.env` beside `manage.py` is read first, when it is there; what is already in the environment wins
over it.
"""

import contextlib
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file() and "pytest" not in sys.modules:
    environ.Env.read_env(BASE_DIR / ".env")

#: Every environment variable that was asked for, so that a test can hold README to it.
READ: set[str] = set()


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
        raise ImproperlyConfigured(
            f"The environment variable {name} holds {os.environ[name]!r}, "
            f"but it must be {meaning} ({error})."
        ) from None


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
    value: int = read(name, env.int, default, meaning)
    if not least <= value <= most:
        raise ImproperlyConfigured(
            f"The environment variable {name} holds {value}, "
            f"but it must be {meaning}, from {least} to {most}."
        )
    return value


def required_url(name: str, default: str, meaning: str) -> str:
    """An absolute http(s) address without a trailing slash."""
    value: str = read(name, env.str, default, meaning).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ImproperlyConfigured(
            f"The environment variable {name} holds {value!r}, but it must be {meaning}, "
            "such as https://papers.example.org."
        )
    return value


def secret_key(directory: Path) -> str:
    """The secret from SECRET_KEY, or a random one kept in `directory` so that links stay valid."""
    given: str = read("SECRET_KEY", env.str, "", "a long random string")
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured(
                "The environment variable SECRET_KEY is too short: it signs every link in every "
                "mail, so make it at least 32 random characters "
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
            f"SECRET_KEY is not set and no key can be kept in {kept} ({error.strerror}). "
            "Set SECRET_KEY, or set VAR_DIR to a directory we may write to."
        ) from None
