"""What papers gained within a week: counted once, and kept."""

import datetime as dt

import pytest

from papers.matching.week import gained_in_week
from papers.models import Observation, Source
from tests.factories import DAY, NOW, make_paper, make_source

pytestmark = pytest.mark.django_db

FIRST = DAY - dt.timedelta(days=6)


def gained(*papers) -> dict[int, int]:
    return gained_in_week(FIRST, DAY, [paper.pk for paper in papers], NOW)


def count(paper, upvotes, day=DAY, **source):
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    seen = {"source": make_source(**source), "observed_at": at, "upvotes": upvotes}
    Observation.objects.create(paper=paper, **seen)


def test_a_new_paper_gained_all_that_it_has_and_an_old_one_what_came_since():
    new, old = make_paper(day=None), make_paper(day=None)
    count(new, 30)
    count(old, 100, FIRST - dt.timedelta(days=1))
    count(old, 110)
    assert gained(new, old) == {new.pk: 30, old.pk: 10}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([], None),
        ([(None, DAY)], None),
        ([(7, DAY), (None, DAY - dt.timedelta(days=1))], 7),
        ([(9, FIRST - dt.timedelta(days=1)), (7, DAY)], 0),
        ([(5, FIRST)], 5),
        ([(5, DAY + dt.timedelta(days=3))], None),
    ],
)
def test_only_what_was_counted_in_the_week_counts(counts, expected):
    paper = make_paper(day=None)
    for upvotes, day in counts:
        count(paper, upvotes, day)
    assert gained(paper).get(paper.pk) == expected


def test_readers_own_upvotes_do_not_count():
    paper = make_paper(day=None)
    count(paper, 3)
    count(paper, 500, slug="readers", kind=Source.COMMUNITY)
    assert gained(paper) == {paper.pk: 3}


def test_what_was_counted_once_is_kept_whatever_comes_later():
    paper = make_paper(day=None)
    count(paper, 3)
    assert gained(paper) == {paper.pk: 3}
    Observation.objects.update(upvotes=90)
    assert gained(paper) == {paper.pk: 3}
    assert gained_in_week(FIRST, DAY + dt.timedelta(days=1), [paper.pk], NOW) == {paper.pk: 90}


def test_a_week_that_is_kept_costs_one_query(django_assert_num_queries):
    paper = make_paper()
    gained(paper)
    with django_assert_num_queries(1):
        gained(paper)
