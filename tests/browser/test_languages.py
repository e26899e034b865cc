"""The site in German in a real browser: the switch, and long words on a narrow page."""

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from newsletter.issues.freezing import build_issue
from papers.days import feature_day
from papers.models import Topic
from subscriptions import links
from subscriptions.models import Subscriber
from tests.browser.conftest import opened
from tests.factories import make_match, make_paper, make_subscriber, make_topic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server, settings):
    """The running site with an issue of one paper."""
    settings.SITE_URL = live_server.url
    Topic.objects.all().delete()
    now = timezone.now()
    make_match(make_paper("Agents at work", day=feature_day(now)), make_topic("Agents"))
    build_issue(feature_day(now), now)
    return live_server.url


@pytest.fixture
def alice(site) -> Subscriber:
    """She reads German and has a browser that speaks English."""
    return make_subscriber(topics=list(Topic.objects.all()), language="de")


def test_the_switch_works_without_javascript(browser: Browser, site):
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site}/?topic=t-agents")
    opened(page.get_by_role("button", name="Deutsch"))
    assert page.url == f"{site}/?topic=t-agents"
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_role("link", name="Themen", exact=True).click()
    expect(page.get_by_role("heading", name="Themen")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Topics")).to_be_visible()
    context.close()


def test_what_is_fetched_into_a_page_is_in_the_pages_language(page: Page, site, alice):
    page.goto(site + links.preferences_path(alice.pk, alice.link_version))
    expect(page.get_by_role("heading", name="Ihre Einstellungen")).to_be_visible()
    expect(page.locator(".preview")).to_contain_text("Ein Paper für Sie in der Ausgabe vom")
    expect(page.locator(".preview")).to_contain_text("Passt zu Agents")


def test_long_words_stay_within_a_narrow_page(browser: Browser, site, alice):
    context = browser.new_context(viewport={"width": 320, "height": 700}, locale="de-DE")
    page = context.new_page()
    own = (links.preferences_path, links.unsubscribe_path)
    paths = [path(alice.pk, alice.link_version) for path in own]
    for path in ("/", "/subscribe/", "/privacy/", "/submit/", *paths):
        answered = page.goto(site + path)
        assert answered is not None
        assert answered.status == 200, path
        expect(page.locator("html")).to_have_attribute("lang", "de")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    context.close()
