"""The admin in a browser: its theme's scripts run under the policy that the site sends."""

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from tests.browser.conftest import log_in, opened
from tests.factories import make_match, make_paper, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def admin(page: Page, live_server) -> Page:
    """A desktop-wide page of somebody who logged in through the form."""
    get_user_model().objects.create_superuser("admin", "admin@example.org", "a long password")
    page.set_viewport_size({"width": 1280, "height": 900})
    log_in(page, f"{live_server.url}/admin/", "admin", "a long password")
    return page


def test_editor_logs_in_and_changes_a_topics_keywords(admin, live_server):
    topic = make_topic("Agents")
    make_match(make_paper("Agents <b>everywhere</b>"), topic)
    admin.goto(f"{live_server.url}/admin/papers/topic/")
    admin.get_by_role("link", name="Agents", exact=True).click()
    keywords = admin.locator("textarea[name=keywords]")
    expect(keywords).to_have_value("agents")
    keywords.fill("agents\ntool use")
    opened(admin.get_by_role("button", name="Save", exact=True))
    topic.refresh_from_db()
    assert topic.keywords == ["agents", "tool use"]
