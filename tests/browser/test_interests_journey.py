"""A reader follows words and an author, and mutes one, with and without scripts, on a phone."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, FilePayload, expect

from papers.days import feature_day
from subscriptions import links
from subscriptions.interests import libraries, previews
from tests.browser.conftest import opened, watched
from tests.factories import make_match, make_paper, make_subscriber, make_topic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOTS = os.environ.get("SHOTS", "")
"""A directory for pictures of the pages in both widths and schemes."""

AXE = Path(__file__).parent.parent.parent / ".ci/npm/node_modules/axe-core/axe.min.js"

LIBRARY = "".join(
    f"@article{{k{at}, title={{State of charge of cell {at}}}, author={{Ash, Alice}}}}\n"
    for at in range(3)
).encode()


@pytest.fixture(autouse=True)
def _no_kept_index(monkeypatch):
    monkeypatch.setattr(previews, "_kept", None)


@pytest.mark.parametrize(
    ("language", "scripts"),
    [("en", True), ("de", False), *([("de", True)] if SHOTS else [])],
)
def test_a_reader_follows_and_mutes(
    browser: Browser, live_server, settings, monkeypatch, language, scripts
):
    settings.SITE_URL = live_server.url
    alice = make_subscriber("alice@example.org", language=language)
    paper = make_paper(
        "The state of charge of a cell",
        authors=["Yann LeCun", "Bob Brown"],
        organization="CERN",
        abstract="We measure it.",
        day=feature_day(timezone.now()),
        code_url="https://example.org/code",
    )
    topic = make_topic("Batteries")
    make_match(paper, topic)
    monkeypatch.setattr(libraries, "signature", lambda *_, **__: SimpleNamespace(apply_async=dict))
    locale = {"en": "en-US", "de": "de-DE"}[language]
    context = browser.new_context(
        java_script_enabled=scripts, locale=locale, viewport={"width": 360, "height": 800}
    )
    held = alice.pk, alice.link_version
    with watched(context, live_server.url) as page:

        def shot(name: str) -> None:
            """Nothing is wider than the telephone, and axe finds no fault in either scheme."""
            if not scripts:
                return
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                for width in (360, 1280) if SHOTS else ():
                    page.set_viewport_size({"width": width, "height": 800})
                    page.screenshot(
                        path=f"{SHOTS}/{name}-{language}-{scheme}-{width}.png", full_page=True
                    )
                page.set_viewport_size({"width": 360, "height": 800})
                if AXE.exists():
                    page.evaluate(AXE.read_text())
                    found = page.evaluate("axe.run()")["violations"]
                    assert not found, (name, scheme, [one["id"] for one in found])

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
        opened(page.locator('a[href*="/follow/paper/"]'))
        shot("follow-paper")
        page.locator('button[value="author:0"]').click()
        expect(page.locator("#id_what")).to_have_value("Yann LeCun")
        shot("follow")
        page.locator("#id_email").fill("carl@example.org")
        page.locator('button[value="follow"]').click()
        page.wait_for_url("**/check-inbox/")
        page.goto(
            f"{live_server.url}/search/?q=state+of+charge&code=1&topic={topic.slug}&field=other"
        )
        page.locator("form.follow-search button").click()
        expect(page.locator("#id_what")).to_have_value("state of charge")
        expect(page.locator("#id_has_code")).to_be_checked()
        expect(page.locator('[name="only_fields"][value="other"]')).to_be_checked()
        shot("follow-search")
        page.goto(f"{live_server.url}{topic.get_absolute_url()}")
        page.locator('button[value="start"]').click()
        expect(page.locator('a[href*="/subscribe/?topic="]').last).to_be_visible()
        shot("follow-topic")

        page.goto(f"{live_server.url}{links.feedback_path(*held, paper.pk, 'less')}")
        shot("less")
        page.locator('button[name="author"]').first.click()
        expect(page.get_by_role("status")).to_contain_text("Yann LeCun")
        shot("muted")
        assert alice.muted.count() == 1
        page.locator('button[value="undo"]').click()
        expect(page.get_by_role("status")).to_be_visible()
        assert not alice.muted.exists()
        page.goto(f"{live_server.url}{links.preferences_path(*held)}interests/")
        page.locator("#mute-kind").select_option("preprints")
        page.locator('button[value="mute"]').click()
        expect(page.get_by_role("status").first).to_be_visible()
        assert alice.muted.count() == 1
        shot("interests")

        opened(page.locator('a[href="library/"]'))
        shot("library")
        library = FilePayload(name="my.bib", mimeType="text/plain", buffer=LIBRARY)
        page.locator("input[type=file]").set_input_files(library)
        opened(page.locator('button[value="file"]'))
        shot("library-waiting")
        libraries.read(page.url.rstrip("/").rpartition("/")[2])
        if not scripts:  # with them it comes by itself
            page.locator("#found a").click()
        page.locator("#like").check()
        shot("library-found")
        page.locator('button[value="follow"]').click()
        page.wait_for_url("**/interests/?done=followed")
        assert alice.followings.count() == 2
    context.close()
