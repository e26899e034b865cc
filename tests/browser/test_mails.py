"""The mails in a browser: accessible in both schemes, and no wider than a small telephone."""

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser

from tests.newsletter.every_mail import every_mail, make_issue_of_all_kinds

AXE = Path(__file__).parent.parent.parent / ".ci/npm/node_modules/axe-core/axe.min.js"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

NOT_FOR_MAILS = ("landmark-one-main", "region")
"""A mail is shown within the page of a mail program, and the landmarks are that page's."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def mails() -> dict[str, str]:
    """The HTML of every mail, by name."""
    return {name: shown.html for name, shown in every_mail(make_issue_of_all_kinds()).items()}


@pytest.mark.skipif(not AXE.exists(), reason="needs `npm ci` in .ci/npm")
def test_axe_finds_no_fault_with_any_mail_in_either_scheme(browser: Browser, mails):
    found = {}
    for scheme in SCHEMES:
        context = browser.new_context(viewport={"width": 600, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.route("**/*", lambda route: route.abort())  # as with pictures switched off
        for name, html in mails.items():
            page.set_content(html, wait_until="domcontentloaded")
            page.evaluate(AXE.read_text())
            result: dict[str, Any] = page.evaluate(
                "rules => axe.run({rules})", {name: {"enabled": False} for name in NOT_FOR_MAILS}
            )
            assert len(result["passes"]) > 10
            problems = [
                (each["id"], node["html"][:200], node["failureSummary"][:300])
                for each in result["violations"]
                for node in each["nodes"]
            ]
            if problems:
                found[name, scheme] = problems
        context.close()
    assert found == {}


@pytest.mark.parametrize("width", [320, 600])
def test_no_mail_is_wider_than_the_screen(browser: Browser, mails, width):
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    for name, html in mails.items():
        page.set_content(html, wait_until="domcontentloaded")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    context.close()
