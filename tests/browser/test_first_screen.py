"""The first screen: how much of the day's papers is seen before anybody scrolls.

Measured with the papers of the sample, whose titles and abstracts are as long as those of any day,
in the full view, with an excerpt under each title and the notice that today's list is not there
yet.
"""

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from papers.models import Feature
from papers.sources.sample import PATH
from tests.browser.conftest import watched
from tests.factories import make_match, make_paper, make_topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

SIZES = [
    # width, height, where the list begins at the latest, titles that are seen whole at least
    (1280, 800, 280, 6),
    (768, 1024, None, 4),
    (390, 844, None, 2),
    (360, 640, 320, 1),
]

MEASURED = """() => {
  const box = each => each.getBoundingClientRect();
  const inside = each => box(each).top >= 0 && box(each).bottom <= innerHeight;
  const papers = [...document.querySelectorAll(".entry")];
  return {
    begins: box(document.querySelector(".entries")).top,
    titles: papers.filter(each => inside(each.querySelector(".headline"))).length,
    counted: papers.filter(each => inside(each.querySelector(".headline"))
      && inside(each.querySelector(".counts"))).length,
    wide: document.documentElement.scrollWidth,
  };
}"""


@pytest.fixture
def site(live_server, settings) -> str:
    """Forty papers of the day before, each with an abstract and two topics, and a day earlier."""
    settings.SITE_URL = live_server.url
    settings.HTTPS = False
    cache.clear()
    day = timezone.now().date() - dt.timedelta(days=1)
    topics = [make_topic(name) for name in ("Multimodal and vision models", "Agents")]
    for number, paper in enumerate(json.loads(PATH.read_text())["papers"][:40]):
        made = make_paper(
            paper["title"],
            day=day,
            abstract=paper["summary"],
            authors=paper["authors"],
            organization=paper["organization"],
            upvotes=paper["upvotes"],
            comments=paper["comments"],
            stars=paper["stars"],
            trending_score=100 - number,
        )
        for topic in topics:
            make_match(made, topic)
    Feature.objects.update(submitted_by="maria")
    make_paper("Of the day before that", day=day - dt.timedelta(days=1))
    return str(live_server.url)


@pytest.fixture(
    params=[("en-GB", "light"), ("en-GB", "dark"), ("de-DE", "light"), ("de-DE", "dark")]
)
def visitor(request, browser: Browser, site) -> Iterator[Page]:
    locale, scheme = request.param
    context = browser.new_context(locale=locale, color_scheme=scheme)
    with watched(context, site) as page:
        yield page
    context.close()


@pytest.mark.parametrize(("width", "height", "latest", "titles"), SIZES)
def test_papers_are_on_the_first_screen(visitor, site, width, height, latest, titles):
    visitor.set_viewport_size({"width": width, "height": height})
    visitor.goto(site)
    assert visitor.locator(".notice").count() == 1
    assert visitor.locator(".entry").count() == visitor.locator(".entry .excerpt").count() / 2 == 40
    found = visitor.evaluate(MEASURED)
    assert latest is None or found["begins"] <= latest
    assert found["titles"] >= titles
    assert found["counted"] >= 1
    assert found["wide"] == width


@pytest.mark.parametrize("width", [360, 390])
def test_long_words_leave_papers_on_a_telephone(browser, site, settings, width):
    """In German, with a byline of two lines and the longest notice, of a Thursday."""
    settings.CURATOR = "die Redaktion der Universitätsbibliothek Heidelberg"
    today = timezone.now().date()
    thursday = today - dt.timedelta(days=(today.weekday() - 4) % 7 + 1)
    Feature.objects.update(day=thursday)
    context = browser.new_context(locale="de-DE", viewport={"width": width, "height": 640})
    with watched(context, site) as page:
        page.goto(site)
        assert "Donnerstag" in page.locator(".notice").inner_text()
        assert page.locator(".curator").evaluate("each => each.clientHeight") > 30
        found = page.evaluate(MEASURED)
        assert found["begins"] <= 320
        assert found["counted"] >= 1
        assert found["wide"] == width
        tops = page.locator(".curator, .views").evaluate_all(
            "all => all.map(each => each.getBoundingClientRect().top)"
        )
        assert abs(tops[0] - tops[1]) < 5  # the other view has no row of its own
    context.close()


@pytest.mark.parametrize("width", [1280, 1920])
def test_date_days_calendar_and_filter_stand_in_one_row(visitor, site, width):
    visitor.set_viewport_size({"width": width, "height": 800})
    visitor.goto(site)
    assert visitor.locator(".day-head a[rel=prev]").count() == 1
    rows = visitor.locator(".day-head > *:visible").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect()).map(box => [box.top, box.bottom])"
    )
    assert max(top for top, _ in rows) < min(bottom for _, bottom in rows)


def test_the_lead_has_no_drawing_and_its_abstract_is_closed(page, site):
    page.goto(site)
    lead = page.locator(".entry").first
    assert lead.locator("img, svg").count() == 0
    expect(lead.locator("details.rest")).not_to_have_attribute("open", "")
    lead.get_by_text("Abstract", exact=True).click()
    expect(lead.locator("details.rest p")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_rank_upvotes_and_topic_stand_between_title_and_excerpt(page, site, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(site)
    tops = page.locator(".entry").first.evaluate(
        "each => ['.headline', '.counts', '.excerpt']"
        ".map(name => each.querySelector(name).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    counts = page.locator(".entry .counts").nth(2)
    for words in ("Rank 3", "upvotes", "Agents"):
        expect(counts).to_contain_text(words)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_compact_view_has_a_line_each_for_what_is_scanned(page, site, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{site}/?view=compact")
    lead = page.locator(".entry").first
    shown = [each for each in lead.inner_text().split("\n") if each]
    assert not any("From the abstract" in each for each in shown)
    for part in (".headline", ".counts"):
        assert lead.locator(part).evaluate("each => each.clientHeight") < 40
    assert lead.locator(".topic:visible").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_view_that_was_asked_for_is_remembered_until_the_other_is(page, site):
    excerpt = page.locator(".entry .excerpt").first
    page.goto(site)
    expect(excerpt).to_be_visible()
    page.get_by_role("link", name="Compact").click()
    expect(excerpt).to_be_hidden()
    page.goto(site)
    expect(excerpt).to_be_hidden()
    page.get_by_role("link", name="Full").click()
    expect(excerpt).to_be_visible()
    page.goto(site)
    expect(excerpt).to_be_visible()
    assert page.context.cookies() == []


def test_the_compact_view_needs_no_javascript(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    expect(page.locator(".entry .excerpt").first).to_be_visible()
    page.get_by_role("link", name="Compact").click()
    expect(page.locator(".entry .excerpt").first).to_be_hidden()
    context.close()


def test_the_banner_asks_for_an_address_in_one_line(page, site):
    page.goto(site)
    field, button = page.locator(".banner input[type=email]"), page.locator(".banner button")
    boxes = [each.bounding_box() for each in (field, button)]
    assert boxes[0]
    assert boxes[1]
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 3
    field.fill("alice@example.org")
    button.click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
