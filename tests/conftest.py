"""Fixtures that all tests share."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.test import override_settings
from django.utils import translation
from hypothesis import settings as hypothesis_settings

import newsletter.admin_urls  # noqa: F401 - tests ask the admin's registry what is there
from papers import site
from papers.semantics import current
from papers.sources import polite
from tests.database import (  # noqa: F401 - fixtures
    django_db_keepdb,
    django_db_setup,
    only_what_holds_rows_is_emptied,
)
from tests.mail_rules import mails_keep_the_rules, watch_mails  # noqa: F401 - fixtures

# How long one example takes is the machine's business, not the test's.
hypothesis_settings.register_profile("any machine", deadline=None)
hypothesis_settings.load_profile("any machine")

_numbers = count()

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture
def shared() -> Path:
    """The recorded data beside the checkout; the test is skipped where there is none."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs the recorded data in ../shared, which is not on this machine")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def passwords_are_hashed_quickly() -> Iterator[None]:
    """Django's way takes half a second a password, on purpose, and nothing here is about it."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def nobody_waits_for_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services answer from this machine, and one that rests in one test is asked in the next."""
    monkeypatch.setattr(polite, "sleep", lambda _: None)
    monkeypatch.setattr(polite, "cache", LocMemCache(f"turns {next(_numbers)}", {}))


NO_SITE = float("inf"), site.EMPTY


@pytest.fixture(scope="session", autouse=True)
def the_clock_forgets_no_site() -> Iterator[None]:
    """A process goes by the site's row that it read for a while: here until somebody writes it, so
    that no count of queries depends on the clock.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "FRESH", 86_400.0)
        patch.setattr(site, "_kept", NO_SITE)
        yield


@pytest.fixture(autouse=True)
def no_site_of_another_test() -> Iterator[None]:
    """There is no row until a test makes one."""
    yield
    site._kept = NO_SITE


@pytest.fixture(autouse=True)
def no_language_of_another_test() -> Iterator[None]:
    """A request leaves its language active in the thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def no_model_of_another_test() -> Iterator[None]:
    """A process keeps the semantic model by its row's number, which tests use again."""
    current.clear()
    yield
    current.clear()
