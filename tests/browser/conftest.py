"""A real browser against a real server; skipped, with the reason, where there is no Chromium."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    sync_playwright,
)

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium from CHROMIUM or the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("needs Chromium: install it, or set CHROMIUM to its path")
    # Playwright runs an event loop in this thread, which Django would take for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


EXPECTED = ("Failed to load resource", "img-src 'none'", "'allow-scripts' permission is not set")


@contextmanager
def watched(context: BrowserContext, site: str = "") -> Iterator[Page]:
    """A page of `context`; at the end, everything that no page may do fails the test.

    That is an error in a script or on the console, something that the policy refuses, a dialog,
    and a request to another host than `site`'s, where that is given. A part that did not come is
    none: tests make that happen, and pages that are not there are opened on purpose. Nor is what
    the frame around a mail holds back: pictures that are switched off, and scripts.
    """
    page = context.new_page()
    problems: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error" and not any(each in said.text for each in EXPECTED):
            problems.append(f"{page.url}: {said.text}")

    def refuse(dialog: Dialog) -> None:
        problems.append(f"{page.url}: a dialog says {dialog.message}")
        dialog.dismiss()

    def ask(request: Request) -> None:
        if not request.url.startswith((site, "data:", "blob:", "about:")):
            problems.append(f"{page.url}: asks {request.url}")

    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on("console", hear)
    page.on("dialog", refuse)
    page.on("request", ask)
    yield page
    page.close()
    assert problems == []


def opened(what: Locator) -> None:
    """Click on what opens another page, and wait until that has loaded: a click alone returns while
    the browser still has the old page, or none.
    """
    with what.page.expect_navigation():
        what.click()


def log_in(page: Page, address: str, name: str, password: str) -> None:
    """Open a page of the admin that asks who is there, and answer."""
    page.goto(address)
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    opened(page.locator("button[type=submit]"))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone-wide page that is `watched`."""
    context = browser.new_context(viewport={"width": 360, "height": 800}, locale="en-GB")
    with watched(context) as page:
        yield page
    context.close()
