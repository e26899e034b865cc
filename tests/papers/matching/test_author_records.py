"""What a ranking leaves of authors' papers to the pages that explain a score."""

from collections import Counter

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.matching import author_records, standings
from papers.matching.ranking import rank_and_match
from tests.factories import NOW, make_paper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()
    yield
    cache.clear()


def reads_of_authors(paper) -> int:
    """How often explaining a paper reads the authors of others."""
    with CaptureQueriesContext(connection) as asked:
        standings.explain_score(paper, NOW)
    return sum(f"LIMIT {author_records.MOST_READ}" in one["sql"] for one in asked)


def test_a_page_explains_what_the_ranking_read_and_reads_it_no_more():
    make_paper(upvotes=10, authors=["Alice Adams"])
    paper = make_paper(authors=["Alice  ADAMS"])
    rank_and_match(now=NOW)
    assert reads_of_authors(paper) == 0
    before = str(standings.explain_score(paper, NOW))
    make_paper(upvotes=10, authors=["Alice Adams"])
    assert str(standings.explain_score(paper, NOW)) == before
    rank_and_match(now=NOW)
    assert str(standings.explain_score(paper, NOW)) != before


def test_what_the_cache_lost_is_read_once():
    paper = make_paper(upvotes=10)
    rank_and_match(now=NOW)
    cache.clear()
    assert [reads_of_authors(paper), reads_of_authors(paper)] == [1, 0]


def test_before_the_first_ranking_everything_is_read():
    assert reads_of_authors(make_paper(upvotes=10)) == 1


def test_a_cache_that_is_away_costs_nothing_but_time(monkeypatch):
    def away(*args, **kwargs):
        raise ConnectionError

    paper = make_paper(upvotes=10, authors=["Alice Adams"])
    monkeypatch.setattr(cache, "get", away)
    monkeypatch.setattr(cache, "set", away)
    rank_and_match(now=NOW)
    assert reads_of_authors(paper) == 1
    assert author_records.kept("any") == Counter({"alice adams": 1})
