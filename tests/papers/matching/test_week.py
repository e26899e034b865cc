"""What papers gained within a week: counted once, and kept."""

import datetime as dt

import pytest

from papers.matching import standings
from papers.matching.week import attention_of_week
from papers.models import Observation, Pick, Source, WeekOfAttention
from tests.factories import (
    DAY,
    NOW,
    make_match,
    make_paper,
    make_source,
    make_topic,
)

pytestmark = pytest.mark.django_db

FIRST = DAY - dt.timedelta(days=6)


def gained(*papers) -> dict[int, int]:
    return dict(attention_of_week(FIRST, DAY, [paper.pk for paper in papers], NOW).gained)


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
    next_week = attention_of_week(FIRST, DAY + dt.timedelta(days=1), [paper.pk], NOW)
    assert next_week.gained == {paper.pk: 90}


def test_a_week_that_is_kept_costs_one_query(django_assert_num_queries):
    paper = make_paper()
    gained(paper)
    with django_assert_num_queries(1):
        gained(paper)


# --- What papers are worth ------------------------------------------------------------------------


def worth(*papers) -> list[float]:
    found = attention_of_week(FIRST, DAY, [paper.pk for paper in papers], NOW).worth
    assert found is not None
    return [found[paper.pk] for paper in papers]


def test_what_came_before_the_week_is_worth_nothing_and_its_days_are_alike():
    monday, friday = make_paper(day=FIRST), make_paper(day=DAY)
    old = make_paper(day=FIRST - dt.timedelta(days=3))
    count(monday, 30, FIRST)
    count(friday, 30)
    count(old, 100, FIRST - dt.timedelta(days=1))
    count(old, 110)
    of_monday, of_friday, of_old = worth(monday, friday, old)
    assert of_monday == pytest.approx(of_friday, abs=0.01)  # the tie by identifier is all
    assert of_old < of_monday


def test_an_editors_hand_is_not_attention():
    plain, pinned = make_paper(), make_paper()
    Pick.objects.create(paper=pinned, day=DAY, kind=Pick.Kind.PIN)
    of_plain, of_pinned = worth(plain, pinned)
    assert of_pinned == pytest.approx(of_plain, abs=0.01)


def test_papers_of_a_field_without_votes_take_part():
    """Thirty papers with votes, thirty of a field that nobody votes on: the best of these come
    before the last of those, by what is known of them.
    """
    topic = make_topic("Fluids")
    voted = [make_paper(categories=["cs.LG"], upvotes=n) for n in range(1, 31)]
    for paper in voted:
        count(paper, paper.upvotes)
    unvoted = [make_paper(categories=["physics.flu-dyn"]) for _ in range(30)]
    for fit, paper in enumerate(unvoted[:5]):
        make_match(paper, topic, score=3.0 + fit)
    every = [*voted, *unvoted]
    standings.score([paper.pk for paper in every], [paper.pk for paper in every], NOW, DAY)
    values = dict(zip([paper.pk for paper in every], worth(*every), strict=True))
    first = sorted(every, key=lambda paper: -values[paper.pk])[:30]
    physics = [paper for paper in first if paper in unvoted]
    assert len(physics) >= 5
    assert voted[-1] == first[0]
    assert {paper.pk for paper in unvoted[:5]} <= {paper.pk for paper in physics}


def test_what_papers_are_worth_is_kept():
    paper, other = make_paper(), make_paper()
    count(paper, 3)
    before = worth(paper, other)
    Observation.objects.update(upvotes=900)
    make_paper("Counted later")
    assert worth(paper, other) == before
    assert WeekOfAttention.objects.count() == 1


def test_a_week_that_a_version_before_counted_has_upvotes_alone():
    WeekOfAttention.objects.create(last_day=DAY, gained={"7": 3})
    found = attention_of_week(FIRST, DAY, [7], NOW)
    assert (found.worth, found.gained) == (None, {7: 3})
