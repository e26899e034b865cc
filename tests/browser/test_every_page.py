"""What holds for every page, whatever the papers are called.

No fault for axe in either scheme, nothing wider than a telephone, nothing run, nothing that the
policy refuses, nothing fetched from elsewhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect

from subscriptions.pages.recognition import COOKIE
from tests import every_page
from tests.browser.conftest import log_in, watched

AXE = Path(__file__).parent.parent.parent / ".ci/npm/node_modules/axe-core/axe.min.js"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CHOICES: tuple[tuple[Literal["light", "dark"], dict[str, Any]], ...] = (
    ("light", {"iframes": False, "resultTypes": ["violations"]}),
    (
        "dark",
        {
            "iframes": False,
            "resultTypes": ["violations"],
            "runOnly": ["color-contrast", "link-in-text-block"],
        },
    ),
)
"""What axe looks for: in the dark only what colours decide. Mails have a test of their own."""

SIZES = ((360, 800), (768, 1024), (1280, 900))


@pytest.fixture
def site(live_server, settings, tmp_path) -> str:
    """The running site, without papers."""
    settings.SITE_URL = live_server.url
    settings.HTTPS = False
    settings.MAILBOX_DIR = tmp_path
    settings.EMBED_HOSTS = ["blog.example.org"]
    settings.EMAIL_BACKEND = "newsletter.mail.local_mailbox.MailboxBackend"
    cache.clear()
    return str(live_server.url)


@pytest.fixture
def open_pages(browser: Browser, site, settings) -> Iterator[tuple[str, Page]]:
    """Every page, opened one after another, with its name."""
    paths = every_page.make_hostile_site()

    def each() -> Iterator[tuple[str, Page]]:
        for is_remembered in (False, True):
            context = browser.new_context(locale="en-GB")
            if is_remembered:
                context.add_cookies(
                    [{"name": COOKIE, "value": every_page.remembered(), "url": site}]
                )
            with watched(context, site) as page:
                for name, path in paths.items():
                    if name.endswith("remembered") != is_remembered:
                        continue
                    # The mailbox is only there with DEBUG, and the 404 page of ours only without.
                    settings.DEBUG = path.startswith("/dev/")
                    page.goto(f"{site}{path}")
                    expect(page.locator(".htmx-request")).to_have_count(0)
                    yield name, page
            context.close()

    return each()


def test_no_page_scrolls_sideways_and_no_title_is_run(open_pages):
    wide = []
    for name, page in open_pages:
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            if (found := page.evaluate("document.documentElement.scrollWidth")) > width:
                wide.append((name, width, found, page.evaluate(WIDEST)))
    assert not wide, "\n".join(map(str, wide))


@pytest.mark.skipif(not AXE.exists(), reason="needs `npm ci` in .ci/npm")
def test_axe_finds_no_fault_with_any_page_in_either_scheme(open_pages):
    axe = AXE.read_text()
    found: dict[Any, Any] = {}
    for name, page in open_pages:
        page.set_viewport_size({"width": 360, "height": 800})
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        page.evaluate(axe)
        for scheme, choice in CHOICES:
            page.emulate_media(color_scheme=scheme)
            result = page.evaluate("choice => axe.run(choice)", choice)
            assert result["passes"]
            for fault in result["violations"]:
                for node in fault["nodes"]:
                    said = node["html"][:160], node["failureSummary"][:300]
                    found.setdefault((fault["id"], *said), []).append((name, scheme))
    assert not found, "\n".join(map(str, found.items()))


def test_no_title_is_run_in_the_admin_nor_makes_it_wider(browser: Browser, site):
    every_page.make_hostile_site()
    get_user_model().objects.create_superuser("admin", "admin@example.org", "a long password")
    context = browser.new_context(viewport={"width": 360, "height": 800}, locale="en-GB")
    wide = []
    with watched(context, site) as page:
        log_in(page, f"{site}/admin/", "admin", "a long password")
        for path in every_page.admin_paths():
            page.goto(f"{site}{path}")
            if (found := page.evaluate("document.documentElement.scrollWidth")) > 360:
                wide.append((path, found, page.evaluate(WIDEST)))
    context.close()
    assert not wide, "\n".join(map(str, wide))


WIDEST = """() => [...document.body.querySelectorAll("*")]
  .map(each => [each.getBoundingClientRect().right, each.outerHTML.slice(0, 120)])
  .sort((a, b) => b[0] - a[0]).slice(0, 3)"""
