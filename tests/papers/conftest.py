"""Fixtures for the tests of papers."""

import shutil
import sys
from pathlib import Path

import httpx
import pytest
import stamina

from papers import sources
from papers.sources import http, registry


@pytest.fixture
def site(httpserver, settings):
    """A server in the place of the service; every retry comes at once, at most three attempts."""
    settings.HUGGINGFACE_URL = httpserver.url_for("").rstrip("/")
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 3
    with stamina.set_testing(True, attempts=3, cap=True):
        yield httpserver


@pytest.fixture
def led_here(httpserver, monkeypatch, settings):
    """A server in the place of every public host that a guarded client asks, https or not."""

    class Leading(httpx.BaseTransport):
        def __init__(self, guard):
            self.inner = httpx.HTTPTransport()

        def handle_request(self, request):
            here = request.url.copy_with(scheme="http", host=httpserver.host, port=httpserver.port)
            return self.inner.handle_request(
                httpx.Request(request.method, here, headers=request.headers)
            )

        def close(self):
            self.inner.close()

    monkeypatch.setattr(http, "Guarded", Leading)
    settings.FETCH_TIMEOUT = 2
    settings.FETCH_ATTEMPTS = 1
    return httpserver


@pytest.fixture
def example_kind(tmp_path, monkeypatch):
    """The example of a source, found by the registry as a file of papers.sources would be."""
    written = Path(__file__).parent / "sources" / "example_source.py"
    shutil.copy(written, tmp_path / "reading_list.py")
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    found = registry.discover()["reading-list"]
    monkeypatch.setitem(registry.KINDS, "reading-list", found)
    yield found
    sys.modules.pop(found.__module__)
