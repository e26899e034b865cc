"""A day on paper: printed, its papers fit four sheets of A4."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from papers.sources.sample import PATH
from tests.factories import make_match, make_paper, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

DAY = dt.date(2026, 6, 10)


def sheets_of(browser: Browser, site: str, locale: str, papers: int) -> int:
    """How many sheets of A4 the day takes, which has as many papers as it should."""
    context = browser.new_context(locale=locale)
    page = context.new_page()
    page.goto(f"{site}/day/{DAY}/")
    assert page.locator(".entry").count() == papers
    printed = page.pdf(format="A4")
    context.close()
    return len(re.findall(rb"/Type\s*/Page\b", printed))


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_a_day_of_44_papers_is_printed_on_four_pages(browser: Browser, live_server, locale):
    papers = json.loads(PATH.read_text())["papers"]
    topic = make_topic("Multimodal and vision models")
    for number in range(44):
        paper = papers[number % len(papers)]
        made = make_paper(
            f"{paper['title']} ({number})",
            day=DAY,
            abstract=paper["summary"],
            authors=paper["authors"],
            organization=paper["organization"],
            upvotes=paper["upvotes"],
            comments=paper["comments"],
            trending_score=100 - number,
            code_url=f"https://github.com/example/a-repository-of-the-paper-{number}",
        )
        make_match(made, topic)
    assert 1 <= sheets_of(browser, live_server.url, locale, 44) <= 4


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
@pytest.mark.parametrize("day", ["2026-06-12", "2026-06-10"])
def test_a_recorded_day_is_printed_on_four_pages(
    browser: Browser, live_server, shared: Path, locale, day
):
    """As recorded: 44 and 45 papers with their own titles, authors, abstracts and links."""
    path = shared / f"data/huggingface/daily_papers/{day}.json"
    items: list[dict[str, Any]] = json.loads(path.read_text())
    topics = [make_topic(name) for name in ("Multimodal and vision models", "Agents", "Robotics")]
    for number, item in enumerate(items):
        paper = item["paper"]
        made = make_paper(
            paper["title"],
            day=DAY,
            identifier=f"arxiv:{paper['id']}",
            abstract=paper["summary"],
            authors=[author["name"] for author in paper["authors"]],
            upvotes=paper["upvotes"],
            comments=item.get("numComments"),
            trending_score=100 - number,
            code_url=paper.get("githubRepo") or "",
        )
        for topic in topics[: number % 4]:
            make_match(made, topic)
    assert len(items) >= 44
    assert 1 <= sheets_of(browser, live_server.url, locale, len(items)) <= 4
