"""Papers with and without counts, of many sources and fields, in one order."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.fields import BIOLOGY, COMPUTER_SCIENCE, PHYSICS
from papers.matching import yardsticks
from papers.matching.trending import (
    CHANNELS,
    NEWS,
    Attention,
    Listing,
    ListPlace,
    Prior,
    Yardsticks,
    explain,
)
from papers.matching.yardsticks import Known, as_json, from_json, measure


def score_by(*known, **further) -> float:
    """The score alone."""
    return explain(*known, **further).score


FEATURED = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NOW = FEATURED + dt.timedelta(days=1)

shares = st.floats(min_value=0, max_value=1)
priors = st.builds(Prior, shares, shares, shares, shares, shares, shares)
counts = st.none() | st.integers(min_value=0, max_value=5_000)
hours = st.integers(min_value=0, max_value=23)
attention = st.builds(
    lambda after, source, *found: Attention(FEATURED + dt.timedelta(hours=after), source, *found),
    hours, st.sampled_from(["huggingface", "hackernews", "github"]), *[counts] * len(CHANNELS),
)  # fmt: skip
listings = st.lists(
    st.builds(
        lambda source, after: Listing(source, FEATURED + dt.timedelta(hours=after)),
        st.sampled_from(["arxiv", "crossref"]), hours,
    ),
    max_size=2,
)  # fmt: skip
places = st.lists(
    st.builds(
        lambda position: ListPlace("huggingface", NOW, position, 50),
        st.integers(min_value=1, max_value=50),
    ),
    max_size=1,
)
papers = st.builds(
    lambda seen, listed, placed, prior, field: Known(
        seen, FEATURED, listed, placed, None, prior, field
    ),
    st.lists(attention, max_size=3), listings, places, priors,
    st.sampled_from([COMPUTER_SCIENCE, PHYSICS, BIOLOGY]),
)  # fmt: skip
days = st.lists(papers, min_size=1, max_size=30)


def score_of(known: Known, by: Yardsticks, **changed: Any) -> float:
    one = replace(known, **changed)
    return score_by(
        one.attention, one.featured_at, NOW, listings=one.listings, places=one.places,
        prior=one.prior, of_field=one.of_field, yardsticks=by,
    )  # fmt: skip


def doubled(known: Known, source: str) -> Known:
    def twice(seen: Attention) -> Attention:
        found = {name: seen.count(name) for name in CHANNELS}
        more: Any = {name: 2 * count for name, count in found.items() if count is not None}
        return replace(seen, **more) if seen.source == source else seen

    return replace(known, attention=[twice(seen) for seen in known.attention])


@settings(max_examples=60, deadline=None)
@given(days, priors, listings, counts, counts, counts, st.sampled_from([PHYSICS, BIOLOGY, "new"]))
def test_a_first_count_never_lowers_a_paper(
    day: list[Known], prior: Prior, listed: list[Listing],
    upvotes: int | None, comments: int | None, stars: int | None, field: str,
) -> None:  # fmt: skip
    by = measure(day, NOW)
    nobody = Known([], FEATURED, listed, [], None, prior, field)
    first = Attention(NOW, "hackernews", upvotes, comments, stars)
    assert score_of(nobody, by, attention=[first]) >= score_of(nobody, by)


@settings(max_examples=60, deadline=None)
@given(days, priors, st.integers(min_value=0, max_value=10**6))
def test_a_higher_count_never_lowers_a_paper_among_others(
    day: list[Known], prior: Prior, more: int
) -> None:
    by = measure(day, NOW)
    known = Known([Attention(NOW, "huggingface", 3)], FEATURED, prior=prior, of_field=PHYSICS)
    higher = [Attention(NOW, "huggingface", 3 + more)]
    assert score_of(known, by, attention=higher) >= score_of(known, by)


@settings(max_examples=60, deadline=None)
@given(days, st.sampled_from(["huggingface", "hackernews", "github"]))
def test_doubling_every_count_of_one_source_changes_no_score(day: list[Known], source: str) -> None:
    by = measure(day, NOW)
    twice = [doubled(known, source) for known in day]
    by_twice = measure(twice, NOW)
    assert [score_of(known, by_twice) for known in twice] == [score_of(known, by) for known in day]


@settings(max_examples=60, deadline=None)
@given(days)
def test_a_paper_above_95_percent_of_its_field_stands_before_every_uncounted_one(
    day: list[Known],
) -> None:
    by = measure(day, NOW)
    told = [
        explain(
            one.attention, one.featured_at, NOW, listings=one.listings, places=one.places,
            prior=one.prior, of_field=one.of_field, yardsticks=by,
        )
        for one in day
    ]  # fmt: skip
    uncounted = [one.score for one in told if not one.is_counted]
    for one in told:
        if one.is_noticed:
            assert all(one.score > other for other in uncounted)


@given(days)
@settings(max_examples=30, deadline=None)
def test_yardsticks_are_the_same_when_they_were_stored(day: list[Known]) -> None:
    by = measure(day, NOW)
    kept = from_json(as_json(by))
    assert [score_of(one, kept) for one in day] == [score_of(one, by) for one in day]


def test_a_field_of_its_own_changes_no_order() -> None:
    """Where all papers are of one field the score is attention, freshness and breadth alone."""
    day = [
        Known([Attention(NOW, "huggingface", n % 17, n % 3)], FEATURED, of_field=PHYSICS)
        for n in range(120)
    ]
    by = measure(day, NOW)
    assert by.trust["huggingface"] == pytest.approx(120 / 125)
    plain = Yardsticks(typical=by.typical, trust=by.trust)
    assert [score_of(one, by) for one in day] == [score_of(one, plain) for one in day]


def test_fields_without_counts_stand_beside_one_with_many() -> None:
    """600 papers with counts and 300 without: a third of the first hundred is of the latter."""
    counted = [
        Known([Attention(NOW, "huggingface", n)], FEATURED, of_field=COMPUTER_SCIENCE)
        for n in range(600)
    ]
    others = [Known([], FEATURED, prior=Prior(tie=n / 300), of_field=PHYSICS) for n in range(300)]
    by = measure([*counted, *others], NOW)
    ranked = sorted([*counted, *others], key=lambda one: -score_of(one, by))
    first = [one.of_field for one in ranked[:100]]
    assert 100 / 3 / 2 <= first.count(PHYSICS) <= 2 * 100 / 3
    assert set(first[:30]) == {COMPUTER_SCIENCE}


def test_what_a_source_counts_is_measured_by_its_own_papers() -> None:
    day = [Known([Attention(NOW, "big", 100 * n)], FEATURED) for n in range(1, 50)]
    day += [Known([Attention(NOW, "small", n)], FEATURED) for n in range(1, 50)]
    by = measure(day, NOW)
    assert score_of(day[9], by) == score_of(day[49 + 9], by)


def test_a_source_that_counted_two_papers_is_believed_little() -> None:
    many = [Known([Attention(NOW, "many", n)], FEATURED) for n in range(1, 100)]
    few = [Known([Attention(NOW, "few", 1)], FEATURED) for _ in range(2)]
    by = measure([*many, *few], NOW)
    assert by.trust["few"] < 0.3 < 0.9 < by.trust["many"]


def test_the_prior_fades_as_counts_come() -> None:
    prior = Prior(1, 1, 1, 1, 1, 1)

    def left(*seen: Attention) -> float:
        return explain(seen, FEATURED, NOW, prior=prior).prior

    few, many = Attention(NOW, "huggingface", 2), Attention(NOW, "huggingface", 50)
    assert left() > left(few) > left(many)
    assert left(many) < 0.01 * left()


def test_a_place_in_a_trending_list_counts_more_the_higher_and_the_later() -> None:
    seen = [Attention(NOW, "huggingface", 10)]

    def with_place(position: int, ago: int) -> float:
        place = ListPlace("huggingface", NOW - dt.timedelta(days=ago), position, 50)
        return score_by(seen, FEATURED, NOW, places=[place])

    none = score_by(seen, FEATURED, NOW)
    assert with_place(1, 0) > with_place(10, 0) > with_place(49, 0) > none
    assert with_place(1, 0) > with_place(1, 1) > with_place(1, 5) > none
    assert with_place(1, -1) == none  # a list that is yet to be seen


def test_noticed_papers_stand_before_the_uncounted_for_two_weeks_only() -> None:
    old = FEATURED - NEWS
    day = [Known([], FEATURED, prior=Prior(tie=n / 50), of_field=PHYSICS) for n in range(50)]
    noticed = Known([Attention(old, "hackernews", 1)], FEATURED, of_field=PHYSICS)
    by = measure([*day, noticed], NOW)
    best = max(score_of(one, by) for one in day)
    assert score_of(noticed, by, featured_at=NOW - NEWS) > best
    assert score_of(noticed, by, featured_at=NOW - 8 * NEWS) < best


def test_the_explanation_says_what_the_score_is_made_of() -> None:
    known = Known(
        [Attention(NOW, "hackernews", 40)], FEATURED, of_field=PHYSICS,
        places=[ListPlace("huggingface", NOW, 3, 50)], prior=Prior(fit=1.0),
    )  # fmt: skip
    others = [Known([], FEATURED, prior=Prior(tie=n / 30), of_field=PHYSICS) for n in range(30)]
    by = yardsticks.measure([known, *others], NOW)
    text = str(
        explain(
            known.attention, FEATURED, NOW, places=known.places, prior=known.prior,
            of_field=PHYSICS, yardsticks=by,
        )
    )  # fmt: skip
    for part in ("hackernews", "prior", "freshness", "above 95 %", "place 3 in the list"):
        assert part in text


@pytest.mark.parametrize("known", ["source", "category", "authors", "novelty", "fit"])
def test_whatever_is_known_of_a_paper_outweighs_the_tie(known) -> None:
    assert Prior(**{known: 0.05}).value > Prior(tie=1.0).value > Prior().value
