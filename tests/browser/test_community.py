"""A reader takes part, in a browser: from the preferences to an upvote, and a proof of work."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from newsletter.delivery import worker
from newsletter.mail import local_mailbox
from newsletter.tasks import drain
from papers.days import feature_day
from papers.models import Paper, Topic
from subscriptions import links, tasks
from subscriptions.models import Subscriber, Upvote
from subscriptions.readers import proof_of_work, submissions
from tests.factories import make_match, make_paper, make_subscriber, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def site(live_server, settings, monkeypatch, tmp_path):
    """The site with one paper; its mails go to a mailbox of the test's own, at once."""
    settings.SITE_URL = live_server.url
    settings.HTTPS = False
    settings.MAILBOX_DIR = tmp_path
    settings.EMAIL_BACKEND = "newsletter.mail.local_mailbox.MailboxBackend"
    monkeypatch.setattr(drain, "apply_async", lambda *_, **__: worker.drain())
    monkeypatch.setattr(tasks.check_submissions, "apply_async", lambda *_, **__: None)
    Topic.objects.all().delete()
    topic = make_topic("Agents")
    make_match(make_paper("Agents at work", day=feature_day(timezone.now())), topic)
    return live_server.url


def test_a_reader_is_remembered_upvotes_and_submits(page, site):
    alice = make_subscriber()
    page.goto(site + links.preferences_path(alice.pk, alice.link_version))
    page.get_by_role("link", name="Take part").click()
    page.get_by_role("button", name="Remember me on this device").click()
    page.wait_for_url("**/submit/")

    page.get_by_label("arXiv ID, DOI or link").fill("arXiv:2605.13779v2")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/submit/?taken=1")
    expect(page.get_by_text("We’re looking it up")).to_be_visible()
    assert alice.submissions.get().state == submissions.State.CHECKING

    page.goto(site + Paper.objects.get().get_absolute_url())
    page.get_by_role("link", name="Upvote").click()
    page.get_by_role("button", name="Upvote this paper").click()
    expect(page.get_by_text("You’re one of them.")).to_be_visible()
    assert Upvote.objects.get().subscriber == alice

    page.get_by_role("button", name="Forget me on this device").click()
    page.wait_for_url("**/submit/")
    expect(page.get_by_text("alice@example.org")).not_to_be_visible()


def test_a_browser_proves_its_work_by_itself(page, site, settings, monkeypatch):
    settings.PROOF_OF_WORK = True
    settings.LIMIT_UNPROVEN = 0
    monkeypatch.setattr(proof_of_work, "COST", 20)
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: None if request.url.startswith(site) else elsewhere.append(request.url),
    )
    page.goto(f"{site}/subscribe/")
    page.get_by_label("Agents").check()
    page.get_by_label("Email address").fill("bob@example.org")
    page.keyboard.press("Enter")
    page.wait_for_url("**/check-inbox/")
    assert Subscriber.objects.get().email == "bob@example.org"
    assert len(local_mailbox.list_mails(5)) == 1
    assert elsewhere == []


def test_without_javascript_the_form_works_within_its_limit(browser, site, settings):
    settings.PROOF_OF_WORK = True
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{site}/subscribe/")
    page.get_by_label("Email address").fill("bob@example.org")
    page.get_by_label("Agents").check()
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/check-inbox/")
    context.close()
    assert Subscriber.objects.count() == 1


def test_where_the_challenge_does_not_come_the_form_goes_out_without(page, site, settings):
    settings.PROOF_OF_WORK = True
    page.route("**/subscribe/challenge/", lambda route: route.abort())
    page.goto(f"{site}/subscribe/")
    page.get_by_label("Agents").check()
    page.get_by_label("Email address").fill("bob@example.org")
    page.keyboard.press("Enter")
    page.wait_for_url("**/check-inbox/")
    assert Subscriber.objects.count() == 1
