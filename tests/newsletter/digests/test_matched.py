"""Matches of many interests, put in order at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.digests.matched import NOTHING_MATCHED, PER_SCORE, Batch, Matched, Ranking

WORKS = st.integers(1, 12)
SCORES = st.integers(-2, 2).map(lambda half: half * PER_SCORE // 2)
MATCHES = st.lists(st.tuples(WORKS, SCORES), min_size=1, max_size=8)


def joined(numbers) -> str:
    return ",".join(map(str, numbers))


def read(interests, aliases) -> Batch:
    return Batch.read(
        [joined(work for work, _ in mine) for mine in interests],
        [joined(score for _, score in mine) for mine in interests],
        aliases,
    )


def one_by_one(matches, aliases, ranking) -> list[int]:
    """What a single interest brings, put in order as one would on paper."""
    best: dict[int, int] = {}
    for paper, score in matches:
        work = aliases.get(paper, paper)
        best[work] = max(score, best.get(work, score))
    there = [work for work in best if work in ranking]
    return sorted(there, key=lambda work: (-best[work], ranking[work]))


@given(
    st.lists(MATCHES, max_size=6),
    st.lists(WORKS, unique=True),
    st.dictionaries(st.integers(6, 12), st.integers(1, 5)),
)
def test_together_they_are_in_the_order_of_each_by_itself(interests, works, aliases):
    ranking = Ranking(works)
    interests = [list({work: (work, score) for work, score in mine}.values()) for mine in interests]
    found = read(interests, aliases).ranked(ranking)
    assert found == [one_by_one(mine, aliases, ranking) for mine in interests]


def test_each_list_of_papers_has_its_own_order():
    batch = read([[(1, 0), (2, 0), (3, 5)]], {})
    day, week = Ranking([2, 1, 3]), Ranking([1, 2])
    for _ in range(2):
        assert Matched(batch, 0).ranked(day) == [3, 2, 1]
        assert Matched(batch, 0).ranked(week) == [1, 2]


def test_certain_and_possible_ones_are_put_in_order_together():
    batch = read([[(4, 5), (1, 0)], [(9, 9)], [(2, 0), (1, 7)]], {})
    assert batch.with_both(0, 2).ranked(Ranking(range(10))) == [1, 4, 2]
    assert sorted(batch.works_of(2)) == [1, 2]


@pytest.mark.parametrize("works", [[], [5]])
def test_nothing_matched_is_nothing_wherever(works):
    assert NOTHING_MATCHED.ranked(Ranking(works)) == []
    assert read([], {}).ranked(Ranking(works)) == []
    assert Matched.of({7: 1.0}).ranked(Ranking(works)) == []


def test_positions_are_those_of_the_list():
    works = np.array([9, 4, 5, 12])
    assert Ranking([4, 12, 7]).positions(works).tolist() == [-1, 0, -1, 1]
