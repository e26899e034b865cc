"""The preview of a digest for whoever is still choosing."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.issues.freezing import build_issue
from newsletter.pages import live_preview
from papers.models import Topic
from tests import markup
from tests.factories import DAY, NOW, make_match, make_paper, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _morning():
    live_preview._shelf.cache_clear()  # rows of one test get the numbers of another's
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def topics():
    Topic.objects.all().delete()
    agents, vision = make_topic("Agents", slug="agents"), make_topic("Vision", slug="vision")
    for number in range(12):
        make_match(make_paper(f"Agent {number}", trending_score=20 - number), agents)
    make_match(make_paper("Seeing"), vision)
    make_match(make_paper("Last week", day=DAY - dt.timedelta(days=3)), vision)
    for day in (DAY - dt.timedelta(days=3), DAY):
        build_issue(day, NOW)
    return agents, vision


def get(query: str = "", **headers: str):
    return Client().get(f"/preview/{query}", secure=True, headers=headers)


def text_of(response) -> str:
    text, problems = markup.read(response.content.decode())
    assert problems == []
    return text


def test_preview_names_the_papers_with_their_reasons_and_counts_them(topics):
    text = text_of(get("?topics=agents"))
    assert "10 papers for you in the issue of Wednesday, 10 June" in text
    assert "Agent 0 Matches Agents · trending #1" in text
    assert "Agent 8" not in text
    assert "and 2 more" in text
    assert "Seeing" not in text


def test_number_rhythm_and_everything_are_heard(topics):
    assert "3 papers for you" in text_of(get("?topics=agents&papers_wanted=3"))
    assert "2 papers for you in the week to 10 June" in text_of(get("?topics=vision&rhythm=weekly"))
    assert "13 papers for you" in text_of(get("?everything=on&papers_wanted=50"))


def test_what_is_missing_is_said(topics):
    assert "Choose a topic" in text_of(get())
    assert "Choose a topic" in text_of(get("?topics=nonsense"))
    make_topic("Robots", slug="robots")
    assert "No papers for you in the issue of Wednesday, 10 June" in text_of(get("?topics=robots"))


def test_before_the_first_issue_there_is_nothing_to_show():
    assert "nothing to show yet" in text_of(get("?everything=on"))


def test_top_papers_are_previewed_with_and_without_topics(topics):
    top = text_of(get("?top_papers=on&papers_wanted=3"))
    assert "3 papers for you" in top
    assert "Agent 1 Trending #2" in top
    both = get("?top_papers=on&topics=vision&papers_wanted=4")
    assert "4 papers for you" in text_of(both)
    assert "Seeing Matches Vision" in text_of(both)
    assert b'href="/subscribe/?topic=vision&amp;top_papers=on"' in both.content
    assert b'href="/subscribe/"' in get("?top_papers=on").content


def test_htmx_gets_the_part_that_changes_and_everybody_else_a_page(topics):
    part = get("?topics=vision", **{"HX-Request": "true"})
    assert b"<html" not in part.content
    assert b"One paper for you" in part.content
    assert "HX-Request" in part["Vary"]
    page = get("?topics=vision")
    assert b'href="/subscribe/?topic=vision"' in page.content
    assert page["X-Robots-Tag"] == "noindex"


def test_a_form_without_a_script_is_led_to_its_choice_and_leaves_nothing_else_behind(topics):
    answer = Client().post(
        "/preview/",
        {
            "topics": ["agents", "vision"],
            "email": "alice@example.org",
            "rhythm": "weekly",
            "website": "x",
        },
        secure=True,
    )
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/preview/?topics=agents&topics=vision&rhythm=weekly",
    )
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/preview/", {"topics": "agents"}, secure=True).status_code == 403


def test_a_preview_takes_three_queries_and_changes_nothing(topics):
    get("?topics=agents")
    with CaptureQueriesContext(connection) as asked:
        get("?topics=agents&topics=vision")
    assert len(asked) == 3
    assert all(query["sql"].lstrip("(").startswith("SELECT") for query in asked)


def test_titles_are_only_titles():
    topic = make_topic("Robots")
    make_match(make_paper("<script>alert(1)</script> {{ 7 }}"), topic)
    build_issue(DAY, NOW)
    assert "<script>alert(1)</script> {{ 7 }}" in text_of(get("?everything=on"))


NAMES = st.sampled_from([*live_preview.ASKED, "page", "q"]) | st.text(max_size=8)
VALUES = st.text(max_size=60) | st.sampled_from(["on", "weekly", "agents", "-1", "9" * 40, "²"])


@examples(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_nothing_in_the_address_or_the_form_breaks_it(asked):
    data: dict[str, list[str]] = {}
    for name, value in asked:
        data.setdefault(name, []).append(value)
    assert Client().get("/preview/", data, secure=True).status_code == 200
    led = Client().post("/preview/", data, secure=True)
    assert led.status_code == 302
    assert Client().get(led["Location"], secure=True).status_code == 200
