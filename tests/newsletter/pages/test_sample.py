"""The sample digest: public, the newest issue's top papers, with no link that leads nowhere."""

import re

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from newsletter.issues.freezing import build_issue
from newsletter.pages import sample
from tests import markup
from tests.factories import DAY, NOW, make_paper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _morning():
    sample._made.cache_clear()  # rows of one test get the numbers of another's
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def issue():
    for number in range(12):
        make_paper(f"Paper of rank {number:02}", trending_score=20 - number, upvotes=90 - number)
    return build_issue(DAY, NOW)


def get(path: str, **headers: str):
    return Client().get(path, secure=True, headers=headers)


def test_sample_is_a_page_with_the_subject_and_the_digest_in_a_frame(issue):
    page = get("/sample/")
    text, problems = markup.read(page.content.decode())
    assert problems == []
    assert "Paper of rank 00 and 9 more papers · Wed 10 June" in text
    assert 'src="/sample/digest"' in page.content.decode()
    assert 'href="/sample/"' in get("/").content.decode()


def test_sample_shows_the_top_papers_in_the_visitors_language(issue):
    html = get("/sample/digest").content.decode()
    assert "Paper of rank 09" in html
    assert "Paper of rank 10" not in html
    assert "Most upvoted today" in html
    assert "Top-Paper" in get("/sample/digest", **{"Accept-Language": "de"}).content.decode()


def test_no_signed_link_is_in_it_and_the_web_version_is_the_public_issue(issue):
    html = get("/sample/digest").content.decode()
    linked = re.findall(r' href="([^"]*)"', html)
    assert "https://papers.example.org/issues/2026-06-10/" in linked
    for word in ("preferences", "unsubscribe", "feedback", "digest"):
        assert not [link for link in linked if f"/{word}/" in link]


def test_sample_is_made_once_and_changes_nothing(issue):
    get("/sample/")
    with CaptureQueriesContext(connection) as asked:
        get("/sample/digest")
    assert len(asked) <= 4
    assert all(query["sql"].lstrip("(").startswith("SELECT") for query in asked)


def test_before_the_first_issue_it_says_so():
    assert "nothing to show yet" in get("/sample/").content.decode()
    assert get("/sample/digest").status_code == 404
