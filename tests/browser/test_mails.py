"""The mails in a browser: accessible in both schemes, and no wider than a small telephone."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from django.utils.translation import override
from playwright.sync_api import Browser

from newsletter.delivery.composing import compose_for
from newsletter.digests.rendering import DigestPress
from newsletter.digests.selection import Reader, Shelf
from newsletter.issues.freezing import build_issue
from newsletter.issues.places import Reason
from papers import packs
from papers.matching.ranking import rank_and_match
from papers.models import Topic
from tests.factories import make_paper
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
@pytest.mark.parametrize("outside", [0, 3])
def test_a_digest_of_ten_papers_is_read_at_breakfast(
    browser: Browser, settings, language, is_grouped, is_weekly, outside
):
    """Ten papers of the sample with all links, without an editor's word, on a small telephone;
    with the day's first three, too, where they are about something else.
    """
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
    places[:outside] = [
        replace(place, topics={6: Reason(3.0, "Matches Speech & audio")})
        for place in places[:outside]
    ]
    reader = make_reader(topics=frozenset(TOPICS) - {6}, grouped=is_grouped, language=language)
    with override(language):
        chosen = Shelf(places, is_weekly=is_weekly).select(reader)
        issue = make_press([]).issue
        press = DigestPress(issue, places, TOPICS, is_weekly=is_weekly, language=language)
    html = "".join(fragment.text for fragment in press.render(reader, chosen, 7).html)
    assert len(chosen) == 10
    assert all(place.card.title in html for place in places[:outside])
    assert ("outside your topics" in html or "Außerhalb Ihrer Themen" in html) == bool(outside)
    hold_to_breakfast(browser, [html])


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("day", ["2026-05-29", "2026-06-08", "2026-06-11", "2026-06-12"])
def test_a_digest_of_a_recorded_day_is_read_at_breakfast(
    browser: Browser, settings, shared, language, day
):
    """With the authors' own titles and abstracts: the top papers, all topics, the last topics with
    what is outside them, in one list and under their topics, daily and weekly.
    """
    settings.POSTAL_ADDRESS = "Broadsheet, 1 Example Street, 12345 Example"
    settings.PAPERS_SOURCE = "live"
    packs.install(packs.all_packs()[packs.MACHINE_LEARNING])  # the tests before emptied the tables
    path = shared / f"data/huggingface/daily_papers/{day}.json"
    at = dt.datetime.fromisoformat(f"{day}T23:00Z")
    for item in json.loads(path.read_text()):
        paper = item["paper"]
        make_paper(
            paper["title"],
            day=at.date(),
            identifier=f"arxiv:{paper['id']}",
            abstract=paper["summary"],
            authors=[author["name"] for author in paper["authors"]],
            upvotes=paper["upvotes"],
            comments=item.get("numComments"),
            code_url=paper.get("githubRepo") or "",
        )
    rank_and_match(day=at.date(), now=at)
    issue = build_issue(at.date(), at + dt.timedelta(hours=2))
    assert issue is not None
    topics = list(Topic.objects.order_by("position").values_list("pk", flat=True))
    assert len(topics) == 29
    htmls = []
    wishes: list[dict[str, Any]] = [
        {},
        {"grouped": True},
        {"is_weekly": True},
        {"top_papers": True},
    ]
    for some in (topics, topics[12:], topics[20:]):
        for wish in wishes:
            reader = Reader(
                id=7,
                email="alice@example.org",
                link_version=1,
                language=language,
                papers_wanted=10,
                topics=frozenset(some),
                **wish,
            )
            mail, chosen = compose_for(issue, reader)
            assert mail is not None
            assert len(chosen) >= 9
            htmls.append("".join(fragment.text for fragment in mail.html))
    hold_to_breakfast(browser, htmls)


def hold_to_breakfast(browser: Browser, htmls: list[str]) -> None:
    """Fails with the figures of all where any is longer than the budget."""
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    too_long = []
    for html in htmls:
        page.set_content(html, wait_until="domcontentloaded")
        words = len(page.evaluate("document.body.innerText").split())
        links = page.locator("a").count()
        screens = page.evaluate("document.documentElement.scrollHeight") / 640
        size = len(html.encode())
        if words > 500 or links > 45 or screens > 6 or size > 30 * 1024:
            too_long.append((words, links, screens, size))
    context.close()
    assert too_long == []


@pytest.mark.parametrize("width", [320, 600])
def test_no_mail_is_wider_than_the_screen(browser: Browser, mails, width):
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    for name, html in mails.items():
        page.set_content(html, wait_until="domcontentloaded")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    context.close()
