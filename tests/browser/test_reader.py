"""A reader in a browser, on a phone: subscribe, confirm, change, leave, come back."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from newsletter.delivery import worker
from newsletter.mail import local_mailbox
from newsletter.tasks import drain
from papers.days import feature_day
from papers.models import Topic
from subscriptions.models import Subscriber
from tests.browser.conftest import opened
from tests.factories import make_match, make_paper, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def site(live_server, settings, monkeypatch, tmp_path):
    """The site with one topic and one paper; its mails go to a mailbox of the test's own, at once
    instead of through the queue, which has tests of its own.
    """
    settings.SITE_URL = live_server.url
    settings.MAILBOX_DIR = tmp_path
    settings.EMAIL_BACKEND = "newsletter.mail.local_mailbox.MailboxBackend"
    monkeypatch.setattr(drain, "apply_async", lambda *_, **__: worker.drain())
    Topic.objects.all().delete()
    topic = make_topic("Agents")
    make_match(make_paper("Agents at work", day=feature_day(timezone.now())), topic)
    return live_server.url


def link_in_the_newest_mail(name: str) -> str:
    mail = local_mailbox.read_mail(local_mailbox.list_mails(1)[0].name)
    found = re.search(rf"http\S+/{name}/\S+", mail.text)
    assert found, mail.text
    return found[0]


def subscribe(page: Page, site: str) -> None:
    page.goto(f"{site}/subscribe/")
    page.get_by_label("Email address").fill("alice@example.org")
    page.get_by_label("Agents").check()
    page.locator("main form button[type=submit]").first.click()


def test_newcomer_subscribes_confirms_changes_leaves_and_returns(page, site):
    page.goto(site)
    expect(page.get_by_text("Agents at work").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    subscribe(page, site)
    page.wait_for_url("**/check-inbox/")
    alice = Subscriber.objects.get()
    assert alice.status == Subscriber.Status.PENDING

    page.goto(link_in_the_newest_mail("confirm"))
    alice.refresh_from_db()
    assert alice.status == Subscriber.Status.PENDING  # looking changes nothing
    opened(page.locator("main form button[type=submit], main form button").first)
    alice.refresh_from_db()
    assert alice.status == Subscriber.Status.ACTIVE

    page.goto(f"{site}{_preferences(alice)}")
    page.get_by_label("Monday to Friday").or_(page.locator("select[name=rhythm]")).first.wait_for()
    rhythm = page.locator("select[name=rhythm]")
    if rhythm.count():
        rhythm.select_option("weekdays")
    else:
        page.get_by_label("Monday to Friday").check()
    opened(page.get_by_role("button", name="Save"))
    alice.refresh_from_db()
    assert alice.rhythm == Subscriber.Rhythm.WEEKDAYS

    opened(page.get_by_role("link", name="Switch to weekly, pause, or unsubscribe"))
    opened(page.get_by_role("button", name=re.compile("^(Leave|Unsubscribe)")))
    alice.refresh_from_db()
    assert alice.status == Subscriber.Status.LEFT

    opened(page.get_by_role("button", name=re.compile("Subscribe again|Undo|Come back")).first)
    alice.refresh_from_db()
    assert alice.status == Subscriber.Status.ACTIVE


def _preferences(alice: Subscriber) -> str:
    from subscriptions import links

    return links.preferences_path(alice.pk, alice.link_version)


def test_everything_works_without_javascript(browser, site):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    subscribe(page, site)
    page.wait_for_url("**/check-inbox/")
    context.close()
    assert Subscriber.objects.get().timezone == "UTC"
