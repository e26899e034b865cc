"""A reader follows words and an author, and mutes one, with and without scripts, on a phone."""

import os

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from papers.days import feature_day
from subscriptions import links
from subscriptions.interests import previews
from tests.browser.conftest import watched
from tests.factories import make_paper, make_subscriber

pytestmark = pytest.mark.django_db(transaction=True)

SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture(autouse=True)
def _no_kept_index(monkeypatch):
    monkeypatch.setattr(previews, "_kept", None)


@pytest.mark.parametrize(("language", "scripts"), [("en", True), ("de", False)])
def test_a_reader_follows_and_mutes(browser: Browser, live_server, settings, language, scripts):
    settings.SITE_URL = live_server.url
    alice = make_subscriber("alice@example.org", language=language)
    paper = make_paper(
        "The state of charge of a cell",
        authors=["Yann LeCun", "Bob Brown"],
        organization="CERN",
        abstract="We measure it.",
        day=feature_day(timezone.now()),
    )
    locale = {"en": "en-US", "de": "de-DE"}[language]
    context = browser.new_context(
        java_script_enabled=scripts, locale=locale, viewport={"width": 360, "height": 800}
    )
    held = alice.pk, alice.link_version
    with watched(context, live_server.url) as page:

        def shot(name: str) -> None:
            assert page.evaluate("document.body.scrollWidth") <= 360 if scripts else True
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/{name}-{language}.png", full_page=True)

        page.goto(f"{live_server.url}{links.preferences_path(*held)}")
        page.locator('a[href$="interests/"]').click()
        page.locator("#id_what").fill("state of charge")
        shot("interests-empty")
        page.locator('button[value="preview"]').click()
        expect(page.get_by_text(paper.title)).to_be_visible()
        shot("interests-preview")
        page.locator('button[value="follow"]').click()
        expect(page.get_by_role("status").first).to_be_visible()
        one = alice.followings.get()
        page.goto(f"{live_server.url}{links.preferences_path(*held)}interests/{one.token}/")
        shot("interest")
        page.goto(f"{live_server.url}{paper.get_absolute_url()}")
        page.locator('a[href*="/follow/paper/"]').click()
        shot("follow-paper")
        page.locator('button[value="author:0"]').click()
        expect(page.locator("#id_what")).to_have_value("Yann LeCun")
        shot("follow")
        page.locator("#id_email").fill("carl@example.org")
        page.locator('button[value="follow"]').click()
        page.wait_for_url("**/check-inbox/")
        page.goto(f"{live_server.url}{links.mute_path(*held, paper.pk)}")
        page.locator('button[name="author"]').first.click()
        expect(page.get_by_role("status")).to_contain_text("Yann LeCun")
        shot("mute")
        assert alice.muted.count() == 1
        page.locator('button[value="undo"]').click()
        expect(page.get_by_role("status")).to_be_visible()
        assert not alice.muted.exists()
    context.close()
