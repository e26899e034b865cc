"""A paper's citation is copied by a button, where the browser lets it."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import watched
from tests.factories import make_paper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.mark.parametrize(("kind", "beginning"), [("bibtex", "@misc{"), ("ris", "TY  - ")])
def test_a_button_copies_the_citation(browser: Browser, live_server, kind, beginning):
    paper = make_paper("About frogs")
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    with watched(context, live_server.url) as page:
        page.goto(f"{live_server.url}{paper.get_absolute_url()}")
        button = page.locator(f"[data-copies={kind}]")
        button.click()
        expect(button).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(beginning)
        assert "About frogs" in copied
    context.close()


def test_without_javascript_there_is_no_button_that_does_nothing(browser: Browser, live_server):
    paper = make_paper("About frogs")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}{paper.get_absolute_url()}")
    expect(page.locator("#bibtex")).to_be_visible()
    expect(page.locator("[data-copies]").first).to_be_hidden()
    context.close()
