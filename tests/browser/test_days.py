"""The day in a browser: topics and the calendar without a new page, and without JavaScript."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from papers.days import last_weekday
from tests.browser.conftest import opened
from tests.factories import make_match, make_paper, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def site(live_server, settings):
    """A day with two papers, one of them about robots; and one a month ago."""
    settings.SITE_URL = live_server.url
    day = last_weekday(timezone.now().date())
    make_match(make_paper("About robots", day=day), make_topic("Robots"))
    make_paper("About nothing", day=day)
    make_paper("Earlier", day=day.replace(day=1) - dt.timedelta(days=1))
    return live_server.url


def test_a_topic_is_chosen_without_loading_the_page_again(page, site):
    page.goto(site)
    page.evaluate("window.stays = true")
    page.get_by_text("All topics", exact=True).click()
    page.get_by_role("link", name="Robots 1").click()
    expect(page.get_by_role("link", name="About nothing")).to_have_count(0)
    expect(page.get_by_role("link", name="About robots")).to_be_visible()
    assert page.url.endswith("/?topic=t-robots")
    assert "Robots" in page.title()
    chosen = page.locator("#topic-t-robots")
    expect(chosen).to_have_attribute("aria-current", "true")
    expect(chosen).to_be_focused()
    assert page.evaluate("window.stays")
    page.go_back()
    expect(page.get_by_role("link", name="About nothing")).to_be_visible()
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "About" not in kept  # no copies of pages


def test_the_calendar_turns_its_pages_by_itself(page, site):
    page.goto(site)
    page.evaluate("window.stays = true")
    page.get_by_text("Calendar", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    shown = page.locator("#calendar caption").inner_text()
    page.locator("#month-before").press("Enter")
    expect(page.locator("#calendar caption")).not_to_have_text(shown)
    expect(page.locator("#month-after")).to_be_visible()
    assert page.evaluate("window.stays")
    page.locator("#calendar td a").first.click()
    expect(page.get_by_role("link", name="Earlier")).to_be_visible()


def test_topics_and_calendar_work_without_javascript(browser, site):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(site)
    page.get_by_text("All topics", exact=True).click()
    page.get_by_role("link", name="Robots 1").click()
    expect(page.get_by_role("link", name="About nothing")).to_have_count(0)
    page.get_by_text("Calendar", exact=True).click()
    opened(page.locator("#month-before"))
    assert "/month/" in page.url
    expect(page.locator("#calendar")).to_have_attribute("open", "")
    expect(page.get_by_text("No papers on Robots this month")).to_be_visible()
    context.close()
