"""The subscribe form on another site, in a real browser: the hosts of EMBED_HOSTS show it and it
works there, from the typed address to a row; a host that isn't named shows nothing.
"""

import http.server
import threading
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser, expect

from subscriptions.models import FormEntry
from subscriptions.pages.embedding import form_snippet, frame_snippet

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class _Blog(http.server.BaseHTTPRequestHandler):
    """A page of somebody else, with what an owner copies into it."""

    def __init__(self, snippets: list[str], *arguments: object) -> None:
        self.snippets = snippets
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        page = f"<!doctype html><html lang=en><title>Blog</title>{''.join(self.snippets)}".encode()
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *arguments: object) -> None:
        """Nothing: the tests' output is for the tests."""


@pytest.fixture
def blog(live_server, settings) -> Iterator[int]:
    """The port of another site, which answers to any name of this machine."""
    settings.SITE_URL = live_server.url
    settings.HTTPS = False
    snippets: list[str] = []
    with http.server.ThreadingHTTPServer(("", 0), partial(_Blog, snippets)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        settings.EMBED_HOSTS = [f"localhost:{port}"]
        snippets += [frame_snippet(), form_snippet()]
        yield port
        server.shutdown()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_named_host_shows_the_form_and_its_visitors_subscribe_there(
    browser: Browser, blog, has_scripts
):
    context = browser.new_context(
        viewport={"width": 360, "height": 800}, locale="en-US", java_script_enabled=has_scripts
    )
    page = context.new_page()
    page.goto(f"http://localhost:{blog}/")
    form = page.frame_locator("iframe")
    form.get_by_label("Email address").fill("alice@example.org")
    form.get_by_role("button", name="Subscribe").click()
    expect(form.get_by_role("heading", name="Check your inbox")).to_be_visible()
    assert page.url == f"http://localhost:{blog}/", "the page around stays"
    entry = FormEntry.objects.get()
    assert (entry.email, entry.came_from) == ("alice@example.org", "my-site")
    context.close()


def test_the_plain_form_of_a_named_host_leads_to_our_page(browser: Browser, blog):
    page = browser.new_page(locale="en-US")
    page.goto(f"http://localhost:{blog}/")
    page.get_by_label("Email address").fill("bob@example.org")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
    assert FormEntry.objects.get().email == "bob@example.org"
    page.close()


def test_a_host_that_is_not_named_shows_no_form(browser: Browser, blog):
    page = browser.new_page(locale="en-US")
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text))
    page.goto(f"http://127.0.0.1:{blog}/")
    expect(page.frame_locator("iframe").get_by_label("Email address")).to_have_count(0)
    assert any("frame-ancestors" in text for text in refused), refused
    page.close()
