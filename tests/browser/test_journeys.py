"""A newcomer's whole way, from the front page to leaving and back.

By hand on a telephone, in the dark, without JavaScript, and by keyboard. The mail is found in the
mailbox, as a reader finds it in an inbox.
"""

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect

from newsletter.delivery import worker
from newsletter.issues.freezing import build_issue
from newsletter.tasks import drain
from papers.days import feature_day
from papers.models import Topic
from subscriptions.models import Subscriber
from tests.browser.conftest import watched
from tests.factories import make_match, make_paper, make_topic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server, settings, tmp_path, monkeypatch) -> str:
    """The site of a developer, whose mails go to the mailbox at once, with two topics' papers."""
    settings.DEBUG = True
    settings.SITE_URL = live_server.url
    settings.HTTPS = False
    settings.MAILBOX_DIR = tmp_path
    settings.EMAIL_BACKEND = "newsletter.mail.local_mailbox.MailboxBackend"
    monkeypatch.setattr(drain, "apply_async", lambda *_, **__: worker.drain())
    cache.clear()
    Topic.objects.all().delete()
    now = timezone.now()
    day = feature_day(now)
    for name in ("Agents", "Vision"):
        make_match(make_paper(f"{name} at work", day=day), make_topic(name, slug=name.lower()))
    build_issue(day, now)
    return str(live_server.url)


class Hand:
    """Somebody with a mouse or a finger."""

    def press(self, what: Locator) -> None:
        what.click()

    def fill(self, what: Locator, text: str) -> None:
        what.fill(text)

    def choose(self, what: Locator, label: str) -> None:
        what.select_option(label=label)

    def turn_to(self, radio: Locator) -> None:
        radio.check()


class Keyboard(Hand):
    """Somebody who has only keys: Tab until it has the focus, seen, and then what it takes."""

    def press(self, what: Locator) -> None:
        self._reach(what)
        kind = what.evaluate("each => each.type || each.localName")
        what.page.keyboard.press("Space" if kind in ("checkbox", "radio") else "Enter")

    def fill(self, what: Locator, text: str) -> None:
        self._reach(what)
        what.page.keyboard.type(text)

    def choose(self, what: Locator, label: str) -> None:
        self._reach(what)
        what.page.keyboard.type(label)
        expect(what.locator("option:checked")).to_have_text(label)

    def turn_to(self, radio: Locator) -> None:
        name = radio.get_attribute("name")
        self._reach(radio.page.locator(f"[name={name}]:checked"))
        for _ in range(10):
            if radio.is_checked():
                break
            radio.page.keyboard.press("ArrowDown")
        expect(radio).to_be_checked()

    def _reach(self, what: Locator) -> None:
        what.wait_for()
        for _ in range(120):
            if what.evaluate("each => each === document.activeElement"):
                break
            what.page.keyboard.press("Tab")
        expect(what).to_be_focused()
        ringed = "each => getComputedStyle(each.closest('.chip') ?? each).outlineStyle"
        assert what.evaluate(ringed) != "none", "the focus is not seen"


@pytest.mark.parametrize(
    ("hand", "looks"),
    [
        (Hand(), {"viewport": {"width": 360, "height": 800}}),
        (Hand(), {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"}),
        (Hand(), {"viewport": {"width": 360, "height": 800}, "java_script_enabled": False}),
        (Keyboard(), {"viewport": {"width": 1280, "height": 900}}),
    ],
    ids=["telephone", "dark", "no JavaScript", "keyboard"],
)
def test_a_newcomer_comes_stays_leaves_and_returns(browser: Browser, site, hand, looks):
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin", **looks)
    with watched(context, site) as page:
        _subscribe_on_the_front_page(page, site, hand)
        _follow_the_mail(page, hand)
        hand.press(page.get_by_role("button", name="Yes, send me papers"))
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        scripts = looks.get("java_script_enabled", True)
        assert _alice().status == Subscriber.Status.ACTIVE
        assert _alice().timezone == ("Europe/Berlin" if scripts else "UTC")

        hand.press(page.get_by_role("link", name="All preferences"))
        if scripts:
            expect(page.locator(".preview")).to_contain_text("2 papers for you")
        preferences = page.url
        hand.turn_to(page.get_by_label("Monday to Friday"))
        hand.press(page.get_by_role("button", name="Save"))
        expect(page.get_by_text("Saved.")).to_be_visible()
        assert _alice().rhythm == Subscriber.Rhythm.WEEKDAYS

        hand.press(page.get_by_role("link", name="Switch to weekly, pause, or unsubscribe"))
        hand.choose(page.get_by_label("Unfollow a topic"), "Vision")
        hand.press(page.get_by_role("button", name="Unfollow this topic"))
        expect(page.get_by_text("no longer follow that topic")).to_be_visible()
        assert [topic.name for topic in _alice().topics.all()] == ["Agents"]

        hand.press(page.get_by_role("button", name="Unsubscribe", exact=True))
        expect(page.get_by_role("heading", name="Goodbye")).to_be_visible()
        assert _alice().status == Subscriber.Status.LEFT
        page.goto(preferences)
        hand.press(page.get_by_role("button", name="Subscribe again"))
        expect(page.get_by_role("button", name="Save")).to_be_visible()
        assert _alice().status == Subscriber.Status.ACTIVE
        assert page.evaluate("document.documentElement.scrollWidth") <= looks["viewport"]["width"]
    context.close()


def _subscribe_on_the_front_page(page: Page, site: str, hand: Hand) -> None:
    page.goto(site)
    banner = page.locator("#subscribe")
    hand.press(banner.locator("summary").first)
    hand.fill(banner.get_by_label("Email address"), "alice@example.org")
    hand.press(banner.get_by_label("Agents"))
    hand.press(banner.get_by_label("Vision"))
    hand.press(banner.get_by_role("button", name="Subscribe"))
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()


def _follow_the_mail(page: Page, hand: Hand) -> None:
    """Open the newest mail in the mailbox, and what it asks to confirm."""
    hand.press(page.get_by_role("link", name="Inbox"))
    hand.press(page.locator(".mails a").first)
    hand.press(page.frame_locator(".mail-frame").locator("a[href*='/confirm/']").first)
    page.wait_for_url("**/confirm/**")
    assert _alice().status == Subscriber.Status.PENDING  # looking changes nothing


def _alice() -> Subscriber:
    return Subscriber.objects.get(email="alice@example.org")
