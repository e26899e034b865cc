"""A day on paper: printed, its papers fit four sheets of A4."""

import datetime as dt
import json
import re

import pytest
from playwright.sync_api import Browser

from papers.sources.sample import PATH
from tests.factories import make_match, make_paper, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

DAY = dt.date(2026, 6, 10)


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
    context = browser.new_context(locale=locale)
    page = context.new_page()
    page.goto(f"{live_server.url}/day/{DAY}/")
    assert page.locator(".entry").count() == 44
    sheets = page.pdf(format="A4")
    context.close()
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", sheets)) <= 4
