"""The day, the issues, the archive and a reader's digest."""

import datetime as dt
import re

import pytest
import time_machine
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.issues.freezing import build_issue
from papers.models import Feature, Observation, Paper, Pick
from subscriptions import links
from tests import markup
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_issue,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db

HOSTILE = [
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "{{ 7|add:7 }} {% now 'Y' %} {# gone #}",
    "\"double\" 'single' `back` &amp; & &lt;b&gt;",
    "]]></script><!-- ${7*7}",
    "שלום \u202eעולם\u202c العربية",
    "🎉👩‍🔬 e\u0301 ﷽",
    "W" * 500,
    "many words " * 45,
]


@pytest.fixture(autouse=True)
def _morning():
    with time_machine.travel(NOW, tick=False):
        yield


def get(path, **kwargs):
    return Client().get(path, secure=True, **kwargs)


def text_of(response):
    text, problems = markup.read(response.content.decode())
    assert problems == []
    return text


# --- The day ---------------------------------------------------------------------------------


def test_home_is_the_newest_day_with_everything_about_its_papers(settings):
    settings.CURATOR = "AK"
    topic = make_topic("Efficient inference")
    paper = make_paper(
        "Fewer Bits",
        authors=[f"Author {n}" for n in range(1, 13)],
        organization="Example University",
        abstract="First sentence. We show it. " + "And one that goes on for a while. " * 12,
        stars=77,
        upvotes=1,
        comments=0,
        code_url="https://github.com/example/bits",
    )
    make_match(paper, topic)
    Feature.objects.update(submitted_by="maria")
    make_paper("Yesterday's", day=DAY - dt.timedelta(days=1))
    response = get("/")
    text = text_of(response)
    for words in (
        "Get trending papers in your email inbox",
        "by AK and the research community",
        "Wednesday, 10 June 2026",
        "Nothing is listed for today yet",
        "Fewer Bits",
        "Author 1, Author 2, Author 3 … Author 11, Author 12 (12 authors)",
        "Example University",
        "From the abstract: We show it. Abstract First sentence. We show it. And one",
        "1 upvote ",
        "0 comments",
        "77 stars",
        "submitted by maria",
        "arXiv PDF Code",
        "Efficient inference 1",
    ):
        assert words in text
    assert "Yesterday's" not in text
    html = response.content.decode()
    assert f'href="{paper.get_absolute_url()}"' in html
    assert 'href="/day/2026-06-09/"' in html


def test_a_count_that_nobody_took_is_not_a_zero():
    make_paper(upvotes=None, comments=None, stars=None)
    text = text_of(get("/"))
    assert not any(word in text for word in ("upvote", "comment", " star"))


def test_growth_is_what_came_since_the_day_before():
    paper = make_paper(upvotes=50, stars=9)
    Observation.objects.all().delete()
    for hours, upvotes, stars in ((60, 5, 9), (25, 20, 9), (1, 48, None)):
        Observation.objects.create(
            paper=paper,
            source=make_source(),
            observed_at=NOW - dt.timedelta(hours=hours),
            upvotes=upvotes,
            stars=stars,
        )
    text = text_of(get("/"))
    assert "50 upvotes +30" in text
    assert "9 stars Alice Adams" in text


def test_papers_stand_by_trend_with_pins_first_and_without_hidden_ones():
    for title, score in (("Second", 2.0), ("First", 3.0), ("Fourth", 0.5), ("Hidden", 9.0)):
        make_paper(title, trending_score=score)
    pinned = make_paper("Pinned from elsewhere", day=None)
    Pick.objects.create(day=DAY, paper=pinned, kind=Pick.Kind.PIN, note="Do not miss this.")
    Pick.objects.create(
        day=DAY, paper=Paper.objects.get(title="Hidden"), kind=Pick.Kind.HIDE, note="Not this."
    )
    text = text_of(get("/"))
    order = [text.index(words) for words in ("Pinned from", "First", "Second", "Fourth")]
    assert order == sorted(order)
    assert "Editor’s pick" in text
    assert "Do not miss this." in text
    assert "Hidden" not in text
    assert "Not this." not in text


def test_the_day_can_be_narrowed_down_to_a_topic():
    topic = make_topic("Robots")
    make_match(make_paper("About robots"), topic)
    make_paper("About nothing")
    text = text_of(get(f"/?topic={topic.slug}"))
    assert "About robots" in text
    assert "About nothing" not in text
    assert "That topic doesn’t exist" in text_of(get("/?topic=unknown"))


def test_days_lead_to_the_next_ones_that_have_papers():
    for ago in (0, 5, 9):
        make_paper(day=DAY - dt.timedelta(days=ago))
    html = get("/day/2026-06-05/").content.decode()
    assert 'rel="prev" href="/day/2026-06-01/"' in html
    assert 'rel="next" href="/day/2026-06-10/"' in html


def test_empty_days_say_what_is_going_on():
    make_paper(day=dt.date(2026, 6, 5))
    make_paper(day=DAY)
    assert "No issue on weekends" in text_of(get("/day/2026-06-06/"))
    assert "No source listed any papers" in text_of(get("/day/2026-06-08/"))
    assert "Nothing is listed for today yet" in text_of(get("/day/2026-06-11/"))
    topic = make_topic("Robots")
    assert "No papers on Robots that day" in text_of(get(f"/?topic={topic.slug}"))


def test_on_a_weekend_home_says_that_it_shows_fridays_list():
    make_paper(day=dt.date(2026, 6, 5))
    with time_machine.travel(dt.datetime(2026, 6, 7, 12, tzinfo=dt.UTC)):
        assert "Here’s Friday’s list" in text_of(get("/"))
    with time_machine.travel(dt.datetime(2026, 6, 14, 12, tzinfo=dt.UTC)):
        assert "Here’s the list for Friday, 5 June" in text_of(get("/"))


def test_browsers_find_the_icon_where_they_look_for_it():
    response = get("/favicon.ico")
    assert (response.status_code, response["Location"]) == (
        302,
        "/static/newsletter/favicon.ico",
    )
    assert "max-age=86400" in response["Cache-Control"]
    assert get(response["Location"]).status_code == 200


def test_an_empty_database_is_no_error():
    assert "No papers yet" in text_of(get("/"))
    assert "No issues yet" in text_of(get("/issues/"))
    assert get("/day/2026-06-10/").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/day/2026-06-12/", "/day/1999-01-01/", "/day/2026-02-31/", "/day/0000-00-00/", "/day/today/"],
)
def test_days_that_cannot_be_are_not_found(path):
    make_paper()
    assert get(path).status_code == 404


def test_a_large_day_has_pages(monkeypatch):
    monkeypatch.setattr("papers.pages.entries.MOST", 3)
    for number in range(5):
        make_paper(f"Paper {number}", trending_score=10 - number)
    first, second = text_of(get("/")), text_of(get("/?page=2"))
    assert "Papers 1 to 3 of 5" in first
    assert "Papers 4 to 5 of 5" in second
    assert [f"Paper {n}" in first for n in range(5)] == [True, True, True, False, False]
    assert [f"Paper {n}" in second for n in range(5)] == [False, False, False, True, True]
    assert 'href="?page=2"' in get("/").content.decode()


def test_a_day_parts_by_field(monkeypatch):
    monkeypatch.setattr("papers.pages.entries.MOST", 2)
    for number in range(3):
        make_paper(f"Stars {number}", categories=["arxiv:astro-ph.GA"])
        make_paper(f"Cells {number}", categories=["biorxiv:cell biology"])
    page = get("/?field=biology")
    text = text_of(page)
    assert text.count("Cells ") == 2
    assert "Stars" not in text
    assert 'href="?field=biology&amp;page=2"' in page.content.decode()
    assert 'href="?field=physics"' in page.content.decode()
    assert "Cells" in text_of(get("/?field=biology&page=2"))
    assert "No papers in Economics and finance this day" in text_of(get("/?field=economics"))
    assert "doesn’t exist" in text_of(get("/?field=astrology"))


def test_a_day_of_one_field_does_not_offer_fields():
    make_paper(categories=["arxiv:cs.LG"])
    assert "?field=" not in get("/").content.decode()


def test_a_field_has_a_feed():
    make_paper("Cells", categories=["biorxiv:cell biology"])
    make_paper("Stars", categories=["arxiv:astro-ph.GA"])
    feed = get("/feeds/fields/biology.atom")
    assert feed.status_code == 200
    assert "Cells" in feed.content.decode()
    assert "Stars" not in feed.content.decode()
    assert get("/feeds/fields/astrology.atom").status_code == 404


def test_home_takes_few_queries_and_not_more_for_more_papers(django_assert_max_num_queries):
    topics = [make_topic(f"Topic {n}") for n in range(5)]
    for n in range(60):
        paper = make_paper(f"Paper {n}")
        for topic in topics[: n % 5]:
            make_match(paper, topic)
        if n == 4:
            with django_assert_max_num_queries(18) as few:
                get("/")
    with django_assert_max_num_queries(18) as many:
        response = get("/")
    assert response.content.count(b"<article") == 60
    assert len(few) == len(many)
    assert len(response.content) < 250_000


# --- Issues ----------------------------------------------------------------------------------


def test_an_issue_stays_as_it_was_frozen():
    topic = make_topic("Robots")
    paper = make_paper("As it was", upvotes=5)
    make_match(paper, topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    issue.note = "A quiet day."
    issue.save()
    Paper.objects.update(title="As it is", upvotes=500)
    text = text_of(get("/issues/2026-06-10/"))
    assert "As it was" in text
    assert "5 upvotes" in text
    assert "A quiet day." in text
    assert "Robots" in text
    assert "As it is" not in text
    assert "June 2026 Papers from these weeks: 8–14 June 2026 Wed 10 As it was 1 paper" in text_of(
        get("/issues/")
    )


def test_issues_lead_to_each_other_and_the_archive_has_pages(monkeypatch):
    monkeypatch.setattr("newsletter.pages.days.ISSUES_ON_A_PAGE", 2)
    for ago in range(4):
        make_issue(DAY - dt.timedelta(days=ago))
    html = get("/issues/2026-06-09/").content.decode()
    assert 'rel="prev" href="/issues/2026-06-08/"' in html
    assert 'rel="next" href="/issues/2026-06-10/"' in html
    assert "?page=2" in get("/issues/").content.decode()
    assert 'href="/issues/2026-06-07/"' in get("/issues/?page=2").content.decode()
    assert get("/issues/2026-06-01/").status_code == 404


def test_archive_and_issue_take_few_queries(django_assert_max_num_queries):
    for n in range(40):
        make_match(make_paper(), make_topic(f"Topic {n}"))
    build_issue(DAY, NOW)
    with django_assert_max_num_queries(6):
        get("/issues/2026-06-10/")
    with django_assert_max_num_queries(5):
        get("/issues/")


# --- A reader's digest on the web --------------------------------------------------------------


@pytest.fixture
def delivery():
    topic = make_topic("Robots")
    chosen = make_paper("Chosen <b>one</b>")
    make_match(chosen, topic)
    make_paper("Not chosen")
    issue = build_issue(DAY, NOW)
    assert issue is not None
    place = issue.places.get(paper=chosen)
    return make_delivery(
        issue,
        make_subscriber(topics=[topic]),
        choices=[[chosen.pk, place.pk, [topic.pk], '"robots" in the title · trending #1']],
    )


def digest_path(delivery, version=1):
    token = links.token(links.Purpose.DIGEST, delivery.subscriber_id, version, delivery.pk)
    return f"/digest/{token}/"


def test_a_reader_finds_the_digest_on_the_web(delivery, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        response = get(digest_path(delivery))
    text = text_of(response)
    assert "Chosen <b>one</b>" in text
    assert '"robots" in the title · trending #1' in text
    assert "More like this Less like this" in text
    assert "Not chosen" not in text
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Robots-Tag"] == "noindex"


def test_a_digest_that_is_passed_on_gives_nothing_else_away(delivery):
    reader = delivery.subscriber
    page = get(digest_path(delivery)).content.decode()
    assert reader.email not in page
    for purpose in set(links.Purpose) - {links.Purpose.FEEDBACK}:
        for extra in (0, 1, delivery.pk):
            assert links.token(purpose, reader.pk, reader.link_version, extra) not in page
    paper = delivery.choices[0][0]
    assert links.feedback_path(reader.pk, 1, paper, "more", is_shared=True) in page
    assert links.feedback_path(reader.pk, 1, paper, "more") not in page


def test_a_digest_is_shown_to_nobody_else(delivery):
    bob = make_subscriber("bob@example.org")
    foreign = links.token(links.Purpose.DIGEST, bob.pk, bob.link_version, delivery.pk)
    other = links.token(links.Purpose.PREFERENCES, delivery.subscriber_id, 1, delivery.pk)
    for token in (foreign, other, "nonsense", "A" * 48):
        assert get(f"/digest/{token}/").status_code == 404
    assert get(digest_path(delivery, version=2)).status_code == 410
    assert Client().post(digest_path(delivery), secure=True).status_code == 405


# --- Whatever comes ----------------------------------------------------------------------------


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_titles_are_only_titles_on_every_page(title):
    paper = make_paper(
        title,
        abstract=title * 3,
        summary=title,
        authors=[title] * 7,
        organization=title[:200],
        keywords=[title],
    )
    Feature.objects.update(submitted_by=title[:120])
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.PIN, note=title[:300])
    topic = make_topic("Robots", description=title)
    make_match(paper, topic, evidence=[{"kind": "keyword", "detail": title, "where": "title"}])
    build_issue(DAY, NOW)
    shown = " ".join(title.split())
    for path in (
        "/",
        "/day/2026-06-10/",
        paper.get_absolute_url(),
        topic.get_absolute_url(),
        "/issues/2026-06-10/",
        "/issues/",
    ):
        assert shown in text_of(get(path))
    text_of(get("/search/", data={"q": title}))


PAGES = [
    "/",
    "/week/2026-W24/",
    "/month/2026-06/",
    "/day/2026-06-10/",
    "/topics/",
    "/topics/t-robots/",
    "/search/",
    "/search/?q=x",
    "/issues/",
    "/issues/2026-06-10/",
    "/papers/arxiv/2606.54321/",
    "/nothing/",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_strict_policy_and_leaves_no_cookie(path):
    make_match(make_paper(identifier="arxiv:2606.54321"), make_topic("Robots"))
    build_issue(DAY, NOW)
    response = get(path)
    assert response.status_code == (404 if path == "/nothing/" else 200)
    policy = dict(
        part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert not response.cookies
    text_of(response)


@pytest.mark.parametrize("path", PAGES)
def test_reading_changes_nothing(path):
    make_match(make_paper(identifier="arxiv:2606.54321"), make_topic("Robots"))
    build_issue(DAY, NOW)
    with CaptureQueriesContext(connection) as asked:
        get(path)
    reading = ("SELECT", "WITH")  # no statement of ours that begins with WITH changes anything
    assert [q["sql"] for q in asked if not q["sql"].lstrip("( \n").startswith(reading)] == []


@examples(max_examples=60, deadline=None)
@given(
    path=st.sampled_from(["/", "/day/2026-06-10/", "/issues/", "/topics/", "/sitemap.xml"]),
    name=st.sampled_from(["topic", "page", "q", "p"]) | st.text(max_size=10),
    value=st.text(max_size=200),
)
def test_no_query_breaks_a_page(path, name, value):
    if not Paper.objects.exists():
        make_paper()
    assert get(path, data={name: value}).status_code == 200


def test_pages_that_are_not_there_say_so_in_our_words():
    response = get("/nothing/at/all/")
    assert response.status_code == 404
    assert "Page not found" in text_of(response)


def test_a_fault_shows_a_page_that_needs_nothing():
    html = render_to_string("500.html")
    _, problems = markup.read(html)
    assert problems == []


def test_the_archive_leads_to_days_weeks_and_months():
    make_match(make_paper("As it was"), make_topic("Robots"))
    assert build_issue(DAY, NOW)
    html = get("/issues/").content.decode()
    for path in ("/issues/2026-06-10/", "/day/2026-06-10/", "/week/2026-W24/", "/month/2026-06/"):
        assert f'href="{path}"' in html
        assert get(path).status_code == 200


def test_an_empty_search_offers_what_finds_something():
    topic = make_topic("Robots")
    paper = make_paper("Sparse attention for robots", trending_score=2.0)
    make_match(paper, topic, evidence=[evidence("sparse attention"), evidence("robots")])
    make_match(
        make_paper("Another on sparse attention", trending_score=1.0),
        topic,
        evidence=[evidence("Sparse Attention")],
    )
    html = get("/search/").content.decode()
    offered = re.findall(r'href="\?q=([^"]+)"', html)
    assert offered == ["sparse%20attention"]
    assert topic.get_absolute_url() in html
    assert "Sparse attention for robots" in text_of(get(f"/search/?q={offered[0]}"))


def evidence(phrase: str) -> dict[str, str]:
    return {"kind": "keyword", "detail": phrase, "where": "title"}
