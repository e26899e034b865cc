"""Choosing a reader's papers."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.digests.choices import ChosenPaper, chosen_papers, stored_form
from newsletter.digests.selection import Reader, Shelf
from newsletter.digests.taste import Ratings
from newsletter.issues.places import Place, Reason
from papers.cards import Card

CARD = Card(
    identifier="arxiv:2606.00001",
    title="A title",
    authors=("Alice Adams",),
    author_count=1,
    organization="",
    excerpt="We do it.",
    excerpt_is_cut=False,
    upvotes=1,
    comments=None,
    stars=None,
    upvotes_gained=None,
    path="/papers/arxiv/2606.00001/",
    abstract_url="https://arxiv.org/abs/2606.00001",
    pdf_url="https://arxiv.org/pdf/2606.00001",
    code_url="",
    project_url="",
    topics=(),
    note="",
    is_pick=False,
)


def make_place(number, topics, score=None, **card):
    """Place number 1 trends most. Its title is its own unless another is given."""
    return Place(
        id=1000 + number,
        paper_id=number,
        rank=number,
        score=100.0 - number if score is None else score,
        card=replace(CARD, **({"title": f"Paper number {number}"} | card)),
        topics={topic: Reason(1.0, f"Matches {topic}") for topic in topics},
    )


def make_reader(*topics, wanted=10, **kwargs):
    return Reader(
        id=1,
        email="alice@example.org",
        link_version=1,
        topics=frozenset(topics),
        papers_wanted=wanted,
        **kwargs,
    )


def towards(*angles):
    """Unit vectors in the plane, by degrees."""
    at = np.radians(angles)
    return np.stack([np.cos(at), np.sin(at)], axis=1).astype(np.float32)


def placed(*angles):
    """Vectors of the papers 1, 2, ... by number."""
    return dict(enumerate(towards(*angles), start=1))


def liking(*angles, less=()):
    """Ratings of a reader who likes papers in these directions, and not those in `less`."""
    titles = tuple(f"Liked at {angle}" for angle in angles) + tuple(f"Not {at}" for at in less)
    values = np.array([1] * len(angles) + [-1] * len(less), np.float32)
    return Ratings(towards(*angles, *less), values, titles)


def numbers(choices):
    return [choice.place.paper_id for choice in choices]


def test_reader_gets_papers_of_their_topics_only_most_trending_first():
    shelf = Shelf([make_place(3, [7]), make_place(1, [7]), make_place(2, [8])])
    assert numbers(shelf.select(make_reader(7))) == [1, 3]


def test_reader_without_topics_gets_nothing():
    assert Shelf([make_place(1, [7])]).select(make_reader()) == []


def test_paper_they_had_is_left_out():
    shelf = Shelf([make_place(1, [7]), make_place(2, [7])])
    assert numbers(shelf.select(make_reader(7), had={1})) == [2]


def test_paper_they_disliked_is_left_out():
    shelf = Shelf([make_place(1, [7]), make_place(2, [7])])
    assert numbers(shelf.select(make_reader(7, disliked=frozenset({2})))) == [1]


def test_quiet_topic_gets_its_best_paper_in_before_a_loud_one_takes_all():
    places = [make_place(number, [7]) for number in range(1, 21)] + [make_place(30, [8])]
    chosen = numbers(Shelf(places).select(make_reader(7, 8, wanted=5)))
    assert chosen == [1, 2, 3, 4, 30]


def test_paper_of_several_issues_stands_once_with_its_best_score():
    shelf = Shelf([make_place(1, [7], score=1.0), make_place(1, [7], score=9.0)])
    assert [place.score for place in shelf.places] == [9.0]


def test_why_names_the_closest_of_the_readers_topics():
    place = Place(
        5,
        1,
        3,
        1.0,
        CARD,
        {7: Reason(1.0, "Matches Far"), 8: Reason(4.0, "Matches Near")},
    )
    (choice,) = Shelf([place]).select(make_reader(7, 8))
    assert choice.topics == (8, 7)
    assert choice.why == "Matches Near · most upvoted today"
    assert chosen_papers(json.loads(stored_form([choice]))) == [
        ChosenPaper(1, 5, (8, 7), choice.why)
    ]


def test_what_a_reader_likes_moves_up():
    shelf = Shelf([make_place(n, [7]) for n in range(1, 5)], placed(0, 60, 120, 180))
    assert numbers(shelf.select(make_reader(7))) == [1, 2, 3, 4]
    liked = liking(*[175] * 30)
    assert numbers(shelf.select(make_reader(7), (), liked)) == [4, 3, 1, 2]


def test_what_a_reader_does_not_like_moves_down():
    shelf = Shelf([make_place(n, [7]) for n in range(1, 5)], placed(0, 60, 120, 180))
    chosen = numbers(shelf.select(make_reader(7), (), liking(less=[5] * 30)))
    assert chosen[-1] == 1


def test_one_click_moves_less_than_many():
    places = [make_place(n, [7]) for n in range(1, 8)]
    shelf = Shelf(places, placed(0, 40, 80, 120, 160, 200, 240))
    ranks = [
        numbers(shelf.select(make_reader(7), (), liking(*[240] * n))).index(7) for n in (1, 8, 60)
    ]
    assert ranks[0] > ranks[1] > ranks[2]


def test_feedback_never_brings_in_papers_of_other_topics():
    places = [make_place(1, [7]), make_place(2, [8]), make_place(3, [])]
    shelf = Shelf(places, placed(0, 90, 91))
    assert numbers(shelf.select(make_reader(7), (), liking(*[90] * 30))) == [1]


def test_a_pinned_paper_stays_first_whatever_a_reader_likes():
    places = [make_place(1, [7], score=1001.0, is_pick=True)] + [
        make_place(n, [7], score=1.0) for n in range(2, 6)
    ]
    shelf = Shelf(places, placed(0, 45, 90, 135, 180))
    assert numbers(shelf.select(make_reader(7), (), liking(*[180] * 60)))[:2] == [1, 5]


def test_why_names_the_liked_paper_that_is_closest():
    shelf = Shelf([make_place(n, [7]) for n in range(1, 4)], placed(0, 90, 180))
    chosen = shelf.select(make_reader(7), (), liking(175, 100, 300))
    by_number = {choice.place.paper_id: choice.why for choice in chosen}
    assert by_number[3] == "Because you liked “Liked at 175”"
    assert by_number[1] == "Matches 7 · trending #1"


@pytest.mark.parametrize(
    ("upvotes", "expected"),
    [
        ([5, 9, 5], ["trending #1", "most upvoted today", "trending #3"]),
        ([9, 9, 5], ["trending #1", "trending #2", "trending #3"]),
        ([None, 4, 0, 4], ["", "trending #2", "", "trending #4"]),
        ([None, None], ["", ""]),  # nobody counted, so none of them trends
        ([0, 0], ["", ""]),
        ([1] * 12, [f"trending #{rank}" for rank in range(1, 11)] + ["", ""]),
    ],
)
def test_ranks_are_named_as_a_human_would(upvotes, expected):
    places = [make_place(n, [7], upvotes=count) for n, count in enumerate(upvotes, 1)]
    chosen = Shelf(places).select(make_reader(7, wanted=20))
    said = [" · ".join(filter(None, ("Matches 7", rank))) for rank in expected]
    assert [choice.why for choice in chosen] == said


@pytest.mark.parametrize(
    ("gained", "is_pick", "expected"),
    [
        ([3, 2, 1], False, "Matches 7 · most upvoted this week"),
        ([3, 3, 1], False, "Matches 7 · trending #1"),
        ([0, 0, 0], False, "Matches 7 · trending #1"),
        ([2, 3, 1], False, "Matches 7 · trending #1"),  # the first one has other attention, too
        ([0, 2, 1], True, "Matches 7 · trending #1"),
    ],
)
def test_a_weekly_names_one_rank_alone(gained, is_pick, expected):
    places = [
        replace(make_place(n, [7], is_pick=is_pick and n == 1), gained=count)
        for n, count in enumerate(gained, 1)
    ]
    chosen = Shelf(places, is_weekly=True).select(make_reader(7))
    assert [choice.why for choice in chosen] == [expected, "Matches 7", "Matches 7"]


def test_without_vectors_ratings_change_nothing():
    shelf = Shelf([make_place(n, [7]) for n in range(1, 4)])
    assert numbers(shelf.select(make_reader(7), (), liking(180))) == [1, 2, 3]


def test_a_paper_without_a_vector_is_neither_liked_nor_disliked():
    vectors = placed(0, 60, 120, 180)
    del vectors[2]
    shelf = Shelf([make_place(n, [7], score=1.0) for n in range(1, 5)], vectors)
    chosen = shelf.select(make_reader(7), (), liking(*[180] * 30))
    assert "Because" not in next(c.why for c in chosen if c.place.paper_id == 2)
    assert numbers(chosen) == [4, 3, 2, 1]


def test_near_duplicates_do_not_stand_side_by_side():
    shelf = Shelf([make_place(n, [7]) for n in range(1, 5)], placed(0, 20, 90, 180))
    assert numbers(shelf.select(make_reader(7))) == [1, 3, 2, 4]


def test_near_duplicates_at_the_end_are_kept_apart_as_well():
    shelf = Shelf([make_place(n, [7]) for n in range(1, 5)], placed(180, 90, 0, 20))
    chosen = numbers(shelf.select(make_reader(7)))
    assert sorted(chosen) == [1, 2, 3, 4]
    assert abs(chosen.index(3) - chosen.index(4)) > 1


def test_of_near_duplicates_that_cannot_be_kept_apart_the_better_one_stays():
    shelf = Shelf([make_place(1, [7]), make_place(2, [7])], placed(0, 20))
    assert numbers(shelf.select(make_reader(7))) == [1]


def test_one_work_under_two_identifiers_comes_once():
    places = [make_place(n, [7]) for n in range(1, 5)]
    assert numbers(Shelf(places, placed(0, 5, 90, 180)).select(make_reader(7))) == [1, 3, 4]
    places = [
        make_place(1, [7], title="On Caches"),
        make_place(2, [7], title="Robots"),
        make_place(3, [7], title="On caches."),
    ]
    assert numbers(Shelf(places).select(make_reader(7))) == [1, 2]


def test_topics_share_the_first_half_of_the_places():
    loud = [make_place(number, [7]) for number in range(1, 21)]
    quiet = [make_place(number, [8]) for number in range(30, 36)]
    chosen = numbers(Shelf(loud + quiet).select(make_reader(7, 8, wanted=10)))
    assert chosen == [1, 2, 3, 4, 5, 6, 7, 30, 31, 32]


def test_with_fewer_places_than_topics_the_best_papers_are_taken():
    places = [make_place(number, [number]) for number in range(1, 9)]
    assert numbers(Shelf(places).select(make_reader(*range(1, 9), wanted=3))) == [1, 2, 3]


@given(
    st.lists(st.integers(0, 359), min_size=1, max_size=25),
    st.lists(st.tuples(st.integers(0, 359), st.booleans()), max_size=30),
    st.integers(1, 15),
)
def test_whatever_is_liked_selection_keeps_its_promises(angles, rated, wanted):
    places = [make_place(number, [7 + number % 2]) for number in range(1, len(angles) + 1)]
    shelf = Shelf(places, placed(*angles))
    ratings = liking(
        *[at for at, more in rated if more], less=[at for at, more in rated if not more]
    )
    chosen = numbers(shelf.select(make_reader(7, wanted=wanted), (), ratings or None))
    assert len(set(chosen)) == len(chosen) <= wanted
    assert all(number % 2 == 0 for number in chosen)
    assert bool(chosen) == (len(angles) >= 2)
    at = towards(*angles)
    for one, other in pairwise(chosen):
        assert at[one - 1] @ at[other - 1] < 0.8


@given(
    st.lists(st.frozensets(st.integers(1, 6), max_size=3), max_size=40),
    st.frozensets(st.integers(1, 6), max_size=6),
    st.integers(1, 15),
    st.frozensets(st.integers(1, 40)),
)
def test_selection_keeps_its_promises(topics, wanted_topics, wanted, had):
    places = [make_place(number, sorted(each)) for number, each in enumerate(topics, 1)]
    chosen = Shelf(places).select(make_reader(*wanted_topics, wanted=wanted), had)
    fitting = [p for p in places if wanted_topics & p.topics.keys() and p.paper_id not in had]
    assert len(chosen) == min(wanted, len(fitting))
    ids = numbers(chosen)
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)  # made with falling scores
    assert not set(ids) & had
    assert all(set(choice.topics) <= wanted_topics and choice.topics for choice in chosen)
    if fitting:
        assert ids[0] == fitting[0].paper_id


# --- Top papers ----------------------------------------------------------------------------------


def counted(*upvotes, topics=()):
    """Places with these upvotes, the first ranked first."""
    places = [make_place(n, topics, upvotes=count) for n, count in enumerate(upvotes, start=1)]
    return [replace(place, gained=place.card.upvotes) for place in places]


def test_top_papers_are_the_most_trending_whatever_their_topic():
    shelf = Shelf([make_place(number, (number,)) for number in range(1, 31)])
    chosen = shelf.select(make_reader(top_papers=True, wanted=5))
    assert [choice.place.paper_id for choice in chosen] == [1, 2, 3, 4, 5]
    assert [choice.topics for choice in chosen] == [()] * 5
    assert shelf.select(make_reader()) == []


def test_top_papers_say_why_they_are_there():
    daily = Shelf(counted(90, 30, 20, *[5] * 9))
    whys = [choice.why for choice in daily.select(make_reader(top_papers=True, wanted=12))]
    assert whys[:3] == ["Most upvoted today", "Trending #2", "Trending #3"]
    assert whys[10:] == ["One of the day’s top papers"] * 2
    weekly = Shelf(counted(90, 30, 20), is_weekly=True)
    whys = [choice.why for choice in weekly.select(make_reader(top_papers=True))]
    assert whys == ["Most upvoted this week", *["One of the week’s top papers"] * 2]


def test_top_papers_skip_what_the_reader_had_or_dislikes_and_fill_up_from_below():
    shelf = Shelf(counted(9, 8, 7, 6, 5))
    reader = make_reader(top_papers=True, wanted=3, disliked=frozenset({2}))
    assert [choice.place.paper_id for choice in shelf.select(reader, had={1})] == [3, 4, 5]


def test_of_one_work_under_two_identifiers_top_papers_hold_one():
    places = [make_place(n, (), title="One work" if n < 3 else f"Work {n}") for n in range(1, 6)]
    chosen = Shelf(places).select(make_reader(top_papers=True, wanted=3))
    assert [choice.place.paper_id for choice in chosen] == [1, 3, 4]


def test_top_papers_leave_their_share_to_topics():
    places = [make_place(number, (1,) if number > 20 else (2,)) for number in range(1, 31)]
    chosen = Shelf(places).select(make_reader(1, top_papers=True, wanted=8))
    papers = [choice.place.paper_id for choice in chosen]
    assert papers == [1, 2, 3, 4, 5, 6, 21, 22]
    assert [chosen[0].why, chosen[-1].why] == ["Trending #1", "Matches 1"]


def test_taste_moves_top_papers_but_lets_no_other_in():
    shelf = Shelf([make_place(number, ()) for number in (1, 2, 3, 4)], placed(0, 45, 90, 135))
    reader = make_reader(top_papers=True, wanted=3)
    chosen = shelf.select(reader, ratings=liking(*[90] * 20))
    assert {choice.place.paper_id for choice in chosen} == {1, 2, 3}
    assert chosen[0].place.paper_id == 3
