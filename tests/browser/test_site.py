"""Site and newsletter in a browser, on a phone: looked at, saved, and what visitors see then."""

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from papers.models import Site
from tests.browser.conftest import log_in
from tests.factories import make_frozen_issue, make_match, make_paper, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def owner(page: Page, live_server) -> Page:
    """A phone's page of an owner who opened the form."""
    make_match(make_paper("Agents first"), make_topic("Agents"))
    make_frozen_issue()
    get_user_model().objects.create_superuser("admin", "admin@example.org", "a long password")
    log_in(page, f"{live_server.url}/admin/papers/site/", "admin", "a long password")
    return page


def test_an_owner_looks_before_saving_and_visitors_see_what_was_saved(owner, live_server, browser):
    owner.fill("[name=name]", "Morning Paper")
    owner.fill("[name=accent]", "#1d4f8f")
    owner.fill("[name=goodbye_de]", "Auf Wiedersehen von {name}.")
    frame = owner.frame_locator("iframe[name=site-preview]")
    preview = owner.get_by_role("button", name="Preview")
    preview.click()
    expect(frame.locator(".nameplate")).to_have_text("Morning Paper")
    owner.select_option("[name=preview_what]", "goodbye")
    owner.select_option("[name=preview_language]", "de")
    owner.check("#site-preview-phone")
    preview.click()
    expect(frame.locator("body")).to_contain_text("Auf Wiedersehen von Morning Paper.")
    owner.fill("[name=accent]", "#ffcc00")
    preview.click()
    expect(frame.locator("body")).to_contain_text("#856a00 is the nearest that works")
    assert owner.evaluate("document.documentElement.scrollWidth") <= 360
    assert not Site.objects.exists()
    owner.fill("[name=accent]", "#1d4f8f")
    owner.click("[name=_continue]")
    expect(owner.locator("[name=name]")).to_have_value("Morning Paper")
    visitor = browser.new_page(color_scheme="light")
    visitor.goto(live_server.url)
    expect(visitor.locator(".nameplate")).to_have_text("Morning Paper")
    button = visitor.locator("button.button").first
    expect(button).to_have_css("background-color", "rgb(29, 79, 143)")
    visitor.emulate_media(color_scheme="dark")
    expect(button).not_to_have_css("background-color", "rgb(29, 79, 143)")
    visitor.close()
