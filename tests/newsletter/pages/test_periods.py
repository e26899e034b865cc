"""A week, a month and the calendar on the site."""

import datetime as dt

import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from papers.models import Feature, Paper, Pick
from papers.pages import entries
from tests import markup
from tests.factories import DAY, NOW, make_match, make_paper, make_source, make_topic

pytestmark = pytest.mark.django_db

WEEK, MONTH = "/week/2026-W24/", "/month/2026-06/"


@pytest.fixture(autouse=True)
def _morning():
    with time_machine.travel(NOW, tick=False):
        yield


def get(path, **kwargs):
    return Client().get(path, secure=True, **kwargs)


def source_of(response) -> str:
    """The page's HTML; where its lines break says nothing."""
    return " ".join(response.content.decode().split())


def text_of(response):
    assert response.status_code == 200
    text, problems = markup.read(response.content.decode())
    assert problems == []
    return text


def day(number: int, month: int = 6) -> dt.date:
    return dt.date(2026, month, number)


# --- A week, a month ---------------------------------------------------------------------------


def test_a_week_is_its_papers_most_upvoted_first_each_with_its_day():
    make_paper("Monday's", day=day(8), upvotes=5)
    make_paper("Wednesday's", day=day(10), upvotes=50, trending_score=0.1)
    make_paper("Uncounted", day=day(9), upvotes=None, trending_score=9.0)
    make_paper("Sunday before", day=day(7), upvotes=99)
    make_paper("Tomorrow's", day=day(12), upvotes=99)
    response = get(WEEK)
    text = text_of(response)
    order = [text.index(words) for words in ("Wednesday's", "Monday's", "Uncounted")]
    assert order == sorted(order)
    assert "Sunday before" not in text
    assert "Tomorrow's" not in text
    assert "Week 24, 8–14 June 2026" in text
    assert "This week isn’t over yet" in text
    assert "3 papers, most upvoted first" in text
    html = source_of(response)
    assert 'href="/day/2026-06-10/"><time datetime="2026-06-10">10 June</time>' in html
    assert 'rel="prev" href="/week/2026-W23/"' in html
    assert "/week/2026-W25/" not in html


def test_a_month_leads_to_the_ones_around_it():
    for month in (4, 5, 6):
        make_paper(f"Of month {month}", day=day(10, month))
    response = get("/month/2026-05/")
    text = text_of(response)
    assert "Of month 5" in text
    assert "Of month 4" not in text
    assert "isn’t over yet" not in text
    html = source_of(response)
    assert 'rel="prev" href="/month/2026-04/"' in html
    assert 'rel="next" href="/month/2026-06/"' in html


def test_a_paper_listed_twice_stands_once_on_its_first_day():
    paper = make_paper("Twice", day=day(9))
    Feature.objects.create(paper=paper, source=make_source(), day=day(10))
    Feature.objects.create(paper=paper, source=make_source(slug="other"), day=day(9))
    response = get(WEEK)
    assert response.content.count(b"<article") == 1
    assert 'datetime="2026-06-09">9 June</time></a>' in source_of(response)
    assert "One paper" in text_of(response)


def test_submitted_and_picked_papers_are_marked_where_they_stand_and_hidden_ones_are_not_there():
    make_paper("Best", upvotes=90)
    picked = make_paper("Picked", upvotes=10)
    hidden = make_paper("Hidden", upvotes=50)
    Feature.objects.filter(paper=picked).update(submitted_by="maria")
    Pick.objects.create(day=DAY, paper=picked, kind=Pick.Kind.PIN, note="Do not miss this.")
    Pick.objects.create(day=DAY, paper=hidden, kind=Pick.Kind.HIDE, note="Not this.")
    for path in (WEEK, MONTH):
        text = text_of(get(path))
        assert text.index("Best") < text.index("Editor’s pick") < text.index("Do not miss this.")
        assert "submitted by maria" in text
        assert "Hidden" not in text
        assert "Not this." not in text


def test_weeks_and_months_can_be_narrowed_down_to_a_topic_which_links_keep():
    topic = make_topic("Robots")
    make_match(make_paper("About robots"), topic)
    make_paper("About nothing", day=day(2))
    make_paper("Of May", day=day(29, 5))
    for path in (WEEK, MONTH):
        response = get(f"{path}?topic={topic.slug}")
        text = text_of(response)
        assert "About robots" in text
        assert "About nothing" not in text
        assert f"/day/2026-06-10/?topic={topic.slug}" in source_of(response)
        assert "That topic doesn’t exist" in text_of(get(f"{path}?topic=unknown"))
    html = source_of(get(f"{MONTH}?topic={topic.slug}"))
    assert f'rel="prev" href="/month/2026-05/?topic={topic.slug}"' in html
    assert "No papers on Robots this month" in text_of(get(f"/month/2026-05/?topic={topic.slug}"))


def test_a_long_month_has_pages(monkeypatch):
    monkeypatch.setattr(entries, "SHEET", 2)
    topic = make_topic("Robots")
    for n in range(5):
        make_match(make_paper(f"Paper {n}", upvotes=n), topic)
    path = f"{MONTH}?topic={topic.slug}"
    first, second, third = (get(f"{path}&page={n}") for n in (1, 2, 3))
    assert "page 1 of 3" in text_of(first)
    assert f"?topic={topic.slug}&amp;page=2" in source_of(first)
    assert "Paper 2" in text_of(second)
    assert "Paper 0" in text_of(third)
    for beyond in ("4", "999999", "-1", "x", "²", "9" * 5000):
        assert get(f"{path}&page={beyond}").status_code == 200


def test_weeks_and_months_without_papers_say_so():
    make_paper(day=day(8, 4))
    make_paper(day=day(10))
    assert "No source listed any papers this week." in text_of(get("/week/2026-W20/"))
    assert "No source listed any papers this month." in text_of(get("/month/2026-05/"))


@pytest.mark.parametrize(
    "path",
    [
        "/week/2026-W25/",
        "/week/2026-W23/",
        "/week/2026-W99/",
        "/week/2026-24/",
        "/month/2026-07/",
        "/month/2026-05/",
        "/month/2026-13/",
        "/month/0000-01/",
        "/calendar/2026-07/",
    ],
)
def test_times_that_cannot_be_are_not_found(path):
    make_paper()
    assert get(path, headers={"HX-Request": "true"}).status_code == 404


def test_nothing_is_found_in_an_empty_database():
    for path in (WEEK, MONTH):
        assert get(path).status_code == 404


def test_a_month_takes_few_queries_and_not_more_for_more_papers(django_assert_max_num_queries):
    topics = [make_topic(f"Topic {n}") for n in range(5)]
    for n in range(70):
        paper = make_paper(f"Paper {n}", day=day(1 + n % 10))
        for topic in topics[: n % 5]:
            make_match(paper, topic)
    with django_assert_max_num_queries(19):
        assert get(MONTH).content.count(b"<article") == 60
    with django_assert_max_num_queries(19):
        assert get(f"{MONTH}?page=2").content.count(b"<article") == 10


# --- The calendar ----------------------------------------------------------------------------


def test_the_calendar_shows_which_days_have_papers():
    make_paper(day=day(1))
    make_paper(day=day(10))
    make_paper(day=day(10))
    hidden = make_paper(day=day(2))
    Pick.objects.create(day=day(2), paper=hidden, kind=Pick.Kind.HIDE)
    response = get("/")
    text = text_of(response)
    assert "June 2026 3 papers" in text
    assert "Week 24 8 9 10 2 papers 11 12" in text
    assert "Week 23 1 1 paper 2 3" in text
    html = source_of(response)
    assert 'href="/day/2026-06-10/" aria-current="date"' in html
    assert "/day/2026-06-11/" not in html
    assert 'href="/week/2026-W24/"' in html


def test_a_month_of_the_calendar_comes_alone_to_the_page_that_is_open():
    for month in (5, 6):
        make_paper(day=day(10, month))
    response = get("/calendar/2026-05/", headers={"HX-Request": "true"})
    html = source_of(response)
    assert html.startswith("<details")
    assert " open>" in html
    assert 'href="/day/2026-05-10/"' in html
    assert "HX-Request" in response["Vary"]
    plain = get("/calendar/2026-05/")
    assert (plain.status_code, plain["Location"]) == (302, "/month/2026-05/")


# --- Whatever comes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script>", "</title><b>", "\u202eeno", "W" * 500]
)
def test_hostile_titles_are_only_titles(title):
    paper = make_paper(title, authors=[title], organization=title[:200], abstract=title * 3)
    Feature.objects.update(submitted_by=title[:120])
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.PIN, note=title[:300])
    for path in (WEEK, MONTH):
        assert title in text_of(get(path))


@examples(max_examples=40, deadline=None)
@given(
    path=st.sampled_from(["/", "/day/2026-06-10/", WEEK, MONTH, "/topics/t-robots/", "/issues/"]),
    topic=st.text(max_size=100),
    page=st.text(max_size=30) | st.integers().map(str),
)
def test_no_query_breaks_a_page(path, topic, page):
    if not Paper.objects.exists():
        make_match(make_paper(), make_topic("Robots"))
    assert get(path, data={"topic": topic, "page": page}).status_code == 200


@examples(max_examples=40, deadline=None)
@given(
    st.sampled_from(["day", "week", "month", "calendar", "issues", "topics", "papers/arxiv"]),
    st.text(max_size=20) | st.from_regex(r"\A\d{4}-W?\d{2}(-\d{2})?\Z"),
)
def test_no_address_breaks_the_site(kind, name):
    if not Paper.objects.exists():
        make_paper()
    assert get(f"/{kind}/{name}/").status_code in {200, 301, 302, 404}
