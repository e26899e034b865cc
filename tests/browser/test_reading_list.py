"""A reader saves a paper beside it in the digest on the web, and stays on the page."""

import pytest
from playwright.sync_api import Browser, expect

from newsletter.issues.freezing import build_issue
from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.readers import reading_list
from tests.browser.conftest import watched
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def alice(live_server, settings):
    settings.SITE_URL = live_server.url
    return make_subscriber(topics=[make_topic("Agents")])


def digest_of(reader) -> str:
    topic = reader.topics.get()
    make_match(make_paper("Agents at work"), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    choices = [[one.paper_id, one.pk, [topic.pk], "most upvoted"] for one in issue.places.all()]
    delivery = make_delivery(issue, reader, choices=choices)
    token = links.token(Purpose.DIGEST, reader.pk, reader.link_version, delivery.pk)
    return f"/digest/{token}/"


def test_a_paper_is_saved_in_place_and_removed_again(page, live_server, alice):
    page.goto(live_server.url + digest_of(alice))
    address = page.url
    button = page.get_by_role("button", name="Save for later")
    button.click()
    expect(page.get_by_text("On your reading list")).to_be_visible()
    assert page.url == address
    assert reading_list.entries(alice).count() == 1
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("button", name="Save for later")).to_be_visible()
    assert reading_list.entries(alice).count() == 0


def test_without_javascript_a_page_says_what_was_done(browser: Browser, live_server, alice):
    context = browser.new_context(java_script_enabled=False)
    with watched(context, live_server.url) as page:
        page.goto(live_server.url + digest_of(alice))
        page.get_by_role("button", name="Save for later").click()
        expect(page.get_by_text("On your reading list.")).to_be_visible()
        assert reading_list.entries(alice).count() == 1
        page.get_by_role("button", name="Remove it").click()
        expect(page.get_by_role("button", name="Save this paper")).to_be_visible()
    context.close()


def test_a_row_of_the_list_is_removed_and_put_back_in_place(page, live_server, alice):
    reading_list.save(alice, make_paper("Agents at work"), NOW)
    page.goto(live_server.url + links.reading_list_path(alice.pk, alice.link_version))
    address = page.url
    page.get_by_role("button", name="Remove “Agents at work”").click()
    expect(page.get_by_text("Removed from your reading list.")).to_be_visible()
    assert reading_list.entries(alice).count() == 0
    page.get_by_role("button", name="Undo: save “Agents at work” again").click()
    expect(page.get_by_role("button", name="Remove “Agents at work”")).to_be_visible()
    assert page.url == address
    assert reading_list.entries(alice).count() == 1
