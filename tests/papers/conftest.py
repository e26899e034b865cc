"""Fixtures for the tests of papers."""

import pytest
import stamina


@pytest.fixture
def site(httpserver, settings):
    """A server in the place of the service; every retry comes at once, at most three attempts."""
    settings.HUGGINGFACE_URL = httpserver.url_for("").rstrip("/")
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 3
    with stamina.set_testing(True, attempts=3, cap=True):
        yield httpserver
