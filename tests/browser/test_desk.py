"""The editor's desk in a browser, on a phone: arranging a day, and acting from a paper's page."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from playwright.sync_api import Page, expect

from papers.models import Paper, Pick
from papers.picking import next_open_day
from tests.browser.conftest import log_in
from tests.factories import make_match, make_paper, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def paper() -> Paper:
    """One of two papers of the issue that is coming."""
    day, topic = next_open_day(timezone.now()), make_topic("Agents")
    papers = [
        make_paper(title, day=day, trending_score=score)
        for title, score in (("Agents first", 2), ("Agents second", 1))
    ]
    for one in papers:
        make_match(one, topic)
    return papers[1]


@pytest.fixture
def editor(page: Page, live_server, paper) -> Page:
    """A phone's page of somebody who logged in through the form."""
    get_user_model().objects.create_superuser("admin", "admin@example.org", "a long password")
    log_in(page, f"{live_server.url}/admin/", "admin", "a long password")
    return page


def test_an_editor_pins_a_paper_on_the_start_page(editor, paper):
    row = editor.locator(".desk-papers > li").nth(1)
    expect(row).to_contain_text("Agents second")
    row.get_by_label("Place").fill("1")
    row.get_by_label("Note").fill("By our neighbors.")
    editor.get_by_role("button", name="Save places, hides and notes").click()
    expect(editor.locator(".desk-papers > li").nth(0)).to_contain_text("Agents second")
    pick = Pick.objects.get()
    assert (pick.paper, pick.kind, pick.note) == (paper, "pin", "By our neighbors.")
    assert editor.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_editor_acts_from_a_papers_page_and_visitors_see_nothing_of_it(
    editor, paper, live_server, browser
):
    address = f"{live_server.url}{paper.get_absolute_url()}"
    editor.goto(address)
    strip = editor.locator(".desk-strip")
    strip.get_by_label("hide everywhere").check()
    strip.get_by_role("button", name="Save").click()
    expect(editor.locator(".desk-strip")).to_have_count(0)  # the page is gone, for everyone
    assert Pick.objects.get().kind == "hide"
    Pick.objects.all().delete()
    editor.goto(address)
    editor.get_by_role("button", name="Veto").click()
    expect(editor.locator(".desk-strip")).to_contain_text("vetoed")
    visitor = browser.new_page()
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.goto(address)
    visitor.wait_for_load_state("networkidle")
    assert visitor.locator(".desk-strip").count() == 0
    assert not any("/admin/" in one for one in asked)
    visitor.close()
