"""A librarian's journey in a browser: biology, two journals and a feed, each tried before it is
saved; a paper by hand; and the next digest before anybody gets it.
"""

import datetime as dt
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from newsletter.issues.freezing import freeze_due
from papers import tasks
from papers.models import Feature, Source
from tests.browser.conftest import log_in, opened
from tests.factories import make_issue
from tests.newsletter.test_librarian import DAY, EVENING, FIRST, MORNING, SECOND, services

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

__all__ = ["services"]

PICTURES = os.environ.get("PICTURES", "")
"""A folder for a picture of each step, at two widths; none is taken without it."""


def show(page: Page, name: str) -> None:
    if not PICTURES:
        return
    Path(PICTURES).mkdir(parents=True, exist_ok=True)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(200)
        page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def begin(page: Page, site: str, name: str, kind: str) -> None:
    """Add a source of a kind, which leads to its settings."""
    page.goto(f"{site}/admin/papers/source/")
    show(page, f"{name}-0-list")
    opened(page.locator("a[href*='/source/add/']").last)
    page.fill("[name=name]", name)
    page.select_option("[name=kind]", label=kind)
    show(page, f"{name}-1-add")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Check its settings, then activate it.")).to_be_visible()


def try_and_save(page: Page, name: str, count: int) -> None:
    show(page, f"{name}-2-settings")
    page.get_by_role("button", name="Try it now, without saving").click()
    expect(page.get_by_text(f"{count} paper{'s'[: count > 1]} would be listed")).to_be_visible()
    show(page, f"{name}-3-tried")
    assert not Source.objects.get(name=name).is_active
    page.locator("label[for=id_is_active], #id_is_active").first.click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/papers/source/")
    assert Source.objects.get(name=name).is_active


def test_a_librarian_sets_up_biology_two_journals_and_a_feed(
    page, live_server, django_user_model, services, time_machine
):
    time_machine.move_to(EVENING, tick=True)
    make_issue(DAY - dt.timedelta(days=1), frozen_at=EVENING)
    django_user_model.objects.create_superuser("alice", "alice@example.org", "a long password")
    page.set_viewport_size({"width": 1280, "height": 900})
    log_in(page, f"{live_server.url}/admin/", "alice", "a long password")

    begin(page, live_server.url, "Biology", "bioRxiv")
    page.get_by_label("Neuroscience").check()
    page.get_by_label("Zoology").check()
    try_and_save(page, "Biology", 2)

    begin(page, live_server.url, "Two journals", "Crossref: journals by ISSN, or words")
    page.fill("[name=setting_issns]", f"{FIRST}\n{SECOND}")
    try_and_save(page, "Two journals", 2)

    begin(
        page,
        live_server.url,
        "A blog",
        "Feed: RSS or Atom of a journal, conference or blog",
    )
    page.fill("[name=setting_address]", f"{services}/feed.xml")
    try_and_save(page, "A blog", 1)

    page.goto(f"{live_server.url}/admin/papers/source/")
    show(page, "sources")

    page.goto(f"{live_server.url}/admin/papers/paper/")
    opened(page.locator("a[href*='/paper/add/']").last)
    show(page, "paper-1")
    page.fill("[name=paper_id]", "https://library.example.org/notes/1")
    page.fill("[name=title]", "Notes of our library on neurons and what counts them")
    page.fill("[name=authors]", "Alice Adams")
    page.get_by_role("button", name="Add the paper").click()
    expect(page.get_by_text("is listed on Wednesday, 25 November").first).to_be_visible()
    show(page, "paper-2")

    tasks.fetch()
    time_machine.move_to(MORNING, tick=True)
    tasks.fetch()
    assert freeze_due(MORNING) is not None
    titles = set(Feature.objects.values_list("paper__title", flat=True))
    assert len(titles) == 6
    page.goto(f"{live_server.url}/preview/?top_papers=on")
    show(page, "preview")
    seen = page.content() + "".join(frame.content() for frame in page.frames[1:])
    for title in titles:
        assert title in seen
