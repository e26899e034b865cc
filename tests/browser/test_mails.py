"""The mails in a browser: accessible in both schemes, and no wider than a small telephone."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from django.utils.translation import override
from playwright.sync_api import Browser

from newsletter.digests.rendering import DigestPress
from newsletter.digests.selection import Shelf
from tests.newsletter.digest_readers import TOPICS, make_press, make_reader, sample_places
from tests.newsletter.every_mail import every_mail, make_issue_of_all_kinds

AXE = Path(__file__).parent.parent.parent / ".ci/npm/node_modules/axe-core/axe.min.js"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

NOT_FOR_MAILS = ("landmark-one-main", "region")
"""A mail is shown within the page of a mail program, and the landmarks are that page's."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def mails() -> dict[str, str]:
    """The HTML of every mail, by name."""
    return {name: shown.html for name, shown in every_mail(make_issue_of_all_kinds()).items()}


@pytest.mark.skipif(not AXE.exists(), reason="needs `npm ci` in .ci/npm")
def test_axe_finds_no_fault_with_any_mail_in_either_scheme(browser: Browser, mails):
    found = {}
    for scheme in SCHEMES:
        context = browser.new_context(viewport={"width": 600, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.route("**/*", lambda route: route.abort())  # as with pictures switched off
        for name, html in mails.items():
            page.set_content(html, wait_until="domcontentloaded")
            page.evaluate(AXE.read_text())
            result: dict[str, Any] = page.evaluate(
                "rules => axe.run({rules})", {name: {"enabled": False} for name in NOT_FOR_MAILS}
            )
            assert len(result["passes"]) > 10
            problems = [
                (each["id"], node["html"][:200], node["failureSummary"][:300])
                for each in result["violations"]
                for node in each["nodes"]
            ]
            if problems:
                found[name, scheme] = problems
        context.close()
    assert found == {}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("is_weekly", [False, True])
def test_a_digest_of_ten_papers_is_read_at_breakfast(
    browser: Browser, settings, language, is_grouped, is_weekly
):
    """Ten papers of the sample with all links, without an editor's word, on a small telephone."""
    settings.POSTAL_ADDRESS = "Broadsheet, 1 Example Street, 12345 Example"
    places = [
        replace(
            place,
            card=replace(
                place.card,
                note="",
                is_pick=False,
                code_url="https://github.com/example/code",
                project_url="https://example.org/project",
                thumbnail_path="/thumbnails/7-0123abcd.jpg",
            ),
        )
        for place in sample_places()
    ]
    reader = make_reader(topics=frozenset(TOPICS) - {6}, grouped=is_grouped, language=language)
    with override(language):
        chosen = Shelf(places, is_weekly=is_weekly).select(reader)
        issue = make_press([]).issue
        press = DigestPress(issue, places, TOPICS, is_weekly=is_weekly, language=language)
    html = "".join(fragment.text for fragment in press.render(reader, chosen, 7).html)
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    page.set_content(html, wait_until="domcontentloaded")
    words = len(page.evaluate("document.body.innerText").split())
    links = page.locator("a").count()
    screens = page.evaluate("document.documentElement.scrollHeight") / 640
    context.close()
    assert len(chosen) == 10
    assert words <= 500
    assert links <= 45
    assert screens <= 6
    assert len(html.encode()) <= 30 * 1024


@pytest.mark.parametrize("width", [320, 600])
def test_no_mail_is_wider_than_the_screen(browser: Browser, mails, width):
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    for name, html in mails.items():
        page.set_content(html, wait_until="domcontentloaded")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    context.close()
