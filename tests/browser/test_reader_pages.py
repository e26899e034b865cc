"""A reader's pages in a real browser: searching topics, the preview, the feed, a new address."""

import re
from xml.etree import ElementTree

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from newsletter.delivery import worker
from newsletter.issues.freezing import build_issue
from newsletter.mail import local_mailbox
from newsletter.tasks import drain
from papers.days import feature_day
from papers.models import Topic
from subscriptions import links
from subscriptions.models import Subscriber
from tests.factories import make_match, make_paper, make_subscriber, make_topic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server, settings, tmp_path, monkeypatch):
    """The running site with an issue of two topics' papers; mails go to the mailbox at once."""
    settings.SITE_URL = live_server.url
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    settings.EMAIL_BACKEND = "newsletter.mail.local_mailbox.MailboxBackend"
    monkeypatch.setattr(drain, "apply_async", lambda *_, **__: worker.drain())
    Topic.objects.all().delete()
    now = timezone.now()
    day = feature_day(now)
    for name, titles in (("Agents", ["Agents at work"]), ("Vision", ["Seeing", "Seeing more"])):
        topic = make_topic(name, slug=name.lower())
        for title in titles:
            make_match(make_paper(title, day=day), topic)
    build_issue(day, now)
    return live_server.url


@pytest.fixture
def alice(site) -> Subscriber:
    return make_subscriber(topics=[Topic.objects.get(slug="agents")])


def preferences(subscriber: Subscriber) -> str:
    subscriber.refresh_from_db()
    return links.preferences_path(subscriber.pk, subscriber.link_version)


def links_in_mails(name: str) -> list[str]:
    """The links to a page called `name`, of the newest mail first."""
    texts = [local_mailbox.read_mail(mail.name).text for mail in local_mailbox.list_mails(10)]
    return [found[0] for text in texts if (found := re.search(rf"http\S+/{name}/\S+", text))]


def test_topics_are_searched_and_the_preview_follows_what_is_chosen(page: Page, site):
    page.goto(f"{site}/subscribe/")
    preview = page.locator(".preview")
    expect(preview).to_contain_text("3 papers for you")
    page.get_by_label("Top papers").uncheck()
    expect(preview).to_contain_text("Choose a topic")
    page.get_by_label("Agents").check()
    expect(preview).to_contain_text("One paper for you")
    expect(preview).to_contain_text("Agents at work")

    page.get_by_label("Find a topic").fill("visi")
    expect(page.get_by_label("Vision")).to_be_visible()
    expect(page.get_by_label("Agents")).to_be_visible()  # it is chosen
    page.get_by_label("Agents").uncheck()
    page.get_by_label("Find a topic").fill("vision")
    expect(page.get_by_label("Agents")).to_be_hidden()
    page.get_by_label("Find a topic").press("Enter")
    assert page.url == f"{site}/subscribe/"
    page.get_by_label("Find a topic").fill("zoology")
    expect(page.get_by_text("No topics match.")).to_be_visible()
    page.get_by_label("Find a topic").press("Escape")
    page.get_by_label("Vision").check()
    expect(preview).to_contain_text("2 papers for you")


def test_nothing_that_was_typed_besides_topics_is_in_the_previews_address(page: Page, site):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/subscribe/")
    page.get_by_label("Email address").fill("alice@example.org")
    page.get_by_label("Top papers").uncheck()
    page.get_by_label("Agents").check()
    expect(page.locator(".preview")).to_contain_text("One paper for you")
    previews = [url for url in asked if "/preview/" in url]
    assert previews[-1] == f"{site}/preview/?topics=agents&rhythm=daily"
    assert all(url.startswith(site) for url in asked)


def test_without_javascript_a_button_shows_the_preview_and_enter_still_subscribes(
    browser: Browser, site
):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{site}/subscribe/")
    expect(page.get_by_label("Find a topic")).to_be_hidden()
    page.get_by_label("Vision").check()
    page.get_by_role("button", name="Show a preview").click()
    expect(page.get_by_text("3 papers for you")).to_be_visible()
    assert page.url == f"{site}/preview/?top_papers=on&topics=vision&rhythm=daily"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.go_back()
    page.get_by_label("Email address").fill("bob@example.org")
    page.get_by_label("Vision").check()
    page.get_by_label("Email address").press("Enter")
    page.wait_for_url("**/check-inbox/")
    context.close()
    assert Subscriber.objects.get().email == "bob@example.org"


@pytest.mark.parametrize("has_scripts", [True, False])
def test_preview_stands_beside_a_wide_form_and_above_the_topics_of_a_narrow_one(
    browser: Browser, site, alice, has_scripts
):
    welcome = links.token(links.Purpose.PREFERENCES, alice.pk, alice.link_version)
    for width in (1280, 360):
        context = browser.new_context(
            java_script_enabled=has_scripts, viewport={"width": width, "height": 800}
        )
        page = context.new_page()
        for path in ("/subscribe/", preferences(alice), f"/welcome/{welcome}/"):
            page.goto(f"{site}{path}")
            preview = page.locator(".preview").bounding_box()
            chip = page.locator(".topic-group .chip").first.bounding_box()
            assert preview is not None
            assert chip is not None
            if width == 1280:
                assert preview["x"] >= chip["x"] + chip["width"], path
                assert preview["y"] < chip["y"], path
            else:
                assert preview["y"] + preview["height"] <= chip["y"], path
        context.close()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_weekday_shows_for_weekly_digests_alone(browser: Browser, site, alice, has_scripts):
    context = browser.new_context(java_script_enabled=has_scripts)
    page = context.new_page()
    page.goto(f"{site}/subscribe/")
    page.get_by_text("More options").click()
    expect(page.get_by_label("Weekday")).to_be_hidden()
    page.get_by_label("How often").select_option("weekly")
    expect(page.get_by_label("Weekday")).to_be_visible()
    page.goto(f"{site}{preferences(alice)}")
    expect(page.get_by_label("Weekday")).to_be_hidden()
    page.get_by_label("Once a week").check()
    expect(page.get_by_label("Weekday")).to_be_visible()
    context.close()


def test_a_reader_takes_the_feed_and_comes_back_to_mail(page: Page, site, alice):
    page.goto(f"{site}{preferences(alice)}")
    expect(page.locator(".preview")).to_contain_text("Agents at work")
    page.get_by_label("In my private feed, no emails").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your digests appear here at the hour you chose")).to_be_visible()
    address = page.locator("#feed a").get_attribute("href")
    assert address is not None
    feed = page.request.get(address)
    assert ElementTree.fromstring(feed.text()).tag.endswith("feed")
    alice.refresh_from_db()
    assert alice.receives_by == "feed"
    page.get_by_label("By email").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    alice.refresh_from_db()
    assert alice.receives_by == "mail"


def test_a_reader_moves_to_another_address(page: Page, site, alice):
    page.goto(f"{site}{preferences(alice)}")
    page.get_by_role("link", name="Change email address").click()
    page.get_by_label("New email address").fill("new@example.org")
    page.get_by_role("button", name="Email both addresses").click()
    expect(page.get_by_text("The new address has not agreed yet.")).to_be_visible()
    (to_new,), (to_old,) = links_in_mails("address/to"), links_in_mails("address/from")
    page.goto(to_new)
    page.get_by_role("button", name="Yes, that’s right").click()
    expect(page.get_by_text("Thanks.")).to_be_visible()
    page.goto(to_old)
    page.get_by_role("button", name="Yes, that’s right").click()
    expect(page.get_by_role("heading", name="Your address has changed")).to_be_visible()
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    page.goto(links_in_mails("preferences")[0])
    expect(page.get_by_text("new@example.org")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_of_a_reader_scrolls_sideways(browser: Browser, site, alice, width, scheme):
    change = alice.address_changes.create(
        new_email=f"{'long' * 15}@{'very-long-name.' * 6}example.org", asked_at=timezone.now()
    )
    held = alice.pk, alice.link_version
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-GB"
    )
    page = context.new_page()
    for path in (
        preferences(alice),
        *(f"{preferences(alice)}{name}/" for name in ("learned", "address", "links", "erase")),
        links.unsubscribe_path(*held),
        links.move_path(links.Purpose.MOVE_FROM, *held, change.pk),
        links.move_path(links.Purpose.MOVE_TO, *held, change.pk),
        "/preview/?everything=on",
        "/subscribe/",
        "/sample/",
    ):
        page.goto(f"{site}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
