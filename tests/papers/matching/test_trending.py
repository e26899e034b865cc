"""What the trending score promises, and the formulas it is compared with."""

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.evaluation.trending_baselines import hacker_news, reddit, researchhub
from papers.matching.trending import (
    CHANNELS,
    HALF_LIFE,
    HIDDEN,
    PINNED,
    Attention,
    Listing,
    explain,
)


def score_by(*known, **further) -> float:
    """The score alone."""
    return explain(*known, **further).score


FEATURED = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
NOW = FEATURED + dt.timedelta(days=2)

counts = st.none() | st.integers(min_value=0, max_value=10**9)
sources = st.sampled_from(["huggingface", "arxiv", "a feed"])
hours = st.integers(min_value=0, max_value=24 * 60)
attention = st.builds(
    lambda after, source, upvotes, comments, stars: Attention(
        FEATURED + dt.timedelta(hours=after), source, upvotes, comments, stars
    ),
    hours, sources, counts, counts, counts,
)  # fmt: skip
histories = st.lists(attention, max_size=6)
channels = st.sampled_from(sorted(CHANNELS))


def seen(
    upvotes: int | None, source: str = "huggingface", hour: int = 24, **more: int
) -> Attention:
    return Attention(FEATURED + dt.timedelta(hours=hour), source, upvotes, **more)


def with_count(observation: Attention, channel: str, count: int) -> Attention:
    changed: Any = {channel: count}
    return replace(observation, **changed)


def score(*observations: Attention, now: dt.datetime = NOW) -> float:
    return score_by(observations, FEATURED, now)


# Attention


@given(histories, channels, st.integers(min_value=0, max_value=10**6))
def test_a_higher_latest_count_never_lowers_the_score(
    history: list[Attention], channel: str, more: int
) -> None:
    now = FEATURED + dt.timedelta(days=90)
    last = Attention(now - dt.timedelta(days=10), "huggingface", 5, 5, 5)
    higher = with_count(last, channel, 5 + more)
    history = [one for one in history if one.observed_at < last.observed_at]
    assert score_by([*history, higher], FEATURED, now) >= (
        score_by([*history, last], FEATURED, now)
    )


def test_more_upvotes_comments_and_stars_each_raise_the_score() -> None:
    base = Attention(NOW, "huggingface", 10, 2, 50)
    for channel in CHANNELS:
        assert score(with_count(base, channel, 100)) > score(base)


@given(histories, hours)
def test_the_score_is_finite_and_never_negative(history: list[Attention], after: int) -> None:
    value = score_by(history, FEATURED, FEATURED + dt.timedelta(hours=after))
    assert math.isfinite(value)
    assert 0 <= value < PINNED


@given(st.permutations([seen(3, hour=1), seen(9, hour=20), seen(4, "arxiv", 5), seen(8, "x", 9)]))
def test_the_order_of_observations_does_not_matter(history: list[Attention]) -> None:
    assert score_by(history, FEATURED, NOW) == pytest.approx(
        score_by(sorted(history, key=lambda one: one.observed_at), FEATURED, NOW)
    )


def test_a_paper_that_nobody_counted_scores_nothing() -> None:
    assert score() == 0
    assert score(Attention(NOW, "huggingface")) == 0


def test_a_missing_count_is_neither_a_zero_nor_a_bonus() -> None:
    missing = score(seen(100))
    assert score(seen(100, comments=0)) < missing
    assert score(seen(100, comments=0, stars=0)) < score(seen(100, stars=0))
    assert score(seen(100, comments=20)) == pytest.approx(missing)


def test_a_count_that_went_missing_is_remembered() -> None:
    assert score(seen(100, hour=10), seen(None, hour=30, comments=20)) == pytest.approx(
        score(seen(100, hour=10), seen(100, hour=11, comments=20))
    )


# Growth


def test_of_two_papers_with_equal_counts_the_growing_one_leads() -> None:
    growing = score(seen(10, hour=6), seen(100, hour=30))
    resting = score(seen(100, hour=6), seen(100, hour=30))
    assert growing > resting
    assert resting == score(seen(100, hour=30))


def test_growth_is_a_rate() -> None:
    assert score(seen(10, hour=18), seen(100, hour=24)) > score(seen(10, hour=1), seen(100))


def test_counts_minutes_apart_are_no_growth() -> None:
    soon = Attention(FEATURED + dt.timedelta(hours=24, minutes=5), "huggingface", 100)
    assert score(seen(10), soon) == score(soon)


def test_a_falling_count_is_no_growth_and_no_error() -> None:
    assert score(seen(100, hour=6), seen(50, hour=30)) == score(seen(50, hour=30))


# Sources


def test_two_sources_that_noticed_beat_one() -> None:
    assert score(seen(50), seen(50, "arxiv")) > score(seen(50))


def test_one_sources_burst_does_not_drown_broad_attention() -> None:
    burst = score(seen(2_000))
    broad = score(*[seen(150, name) for name in ("huggingface", "arxiv", "a feed")])
    assert burst < 1.5 * broad


def test_a_source_that_reports_little_never_lowers_the_score() -> None:
    assert score(seen(50), seen(0, "arxiv")) == score(seen(50))


# Time


@given(histories, hours, hours)
def test_the_score_never_rises_with_age_alone(
    history: list[Attention], age: int, later: int
) -> None:
    now = FEATURED + dt.timedelta(days=60, hours=age)
    before = score_by(history, FEATURED, now)
    assert score_by(history, FEATURED, now + dt.timedelta(hours=later)) <= before


def test_the_score_halves_with_every_half_life() -> None:
    assert score(seen(50), now=FEATURED + 2 * HALF_LIFE) == pytest.approx(
        score(seen(50), now=FEATURED + HALF_LIFE) / 2
    )


def test_what_lies_after_now_is_not_known_yet() -> None:
    later = seen(10_000, hour=100)
    listing = Listing("arxiv", NOW + dt.timedelta(hours=1))
    assert score(seen(10), later) == score(seen(10))
    assert score_by([seen(10)], FEATURED, NOW, listings=[listing]) == score(seen(10))


def test_a_paper_featured_in_the_future_is_as_fresh_as_can_be() -> None:
    early = FEATURED - dt.timedelta(days=3)
    assert explain([], FEATURED, early).freshness == 1


# Listings and picks


def test_being_listed_again_lifts_a_paper_for_a_while() -> None:
    again = Listing("huggingface", NOW - dt.timedelta(hours=1))
    lifted = score_by([seen(10)], FEATURED, NOW, listings=[again])
    assert lifted > score(seen(10))
    month = NOW + dt.timedelta(days=30)
    assert score_by([seen(10)], FEATURED, month, listings=[again]) == pytest.approx(
        score(seen(10), now=month), rel=1e-6
    )


def test_one_source_that_lists_a_paper_often_counts_once() -> None:
    often = [Listing("huggingface", NOW - dt.timedelta(hours=n)) for n in range(1, 9)]
    assert score_by([seen(10)], FEATURED, NOW, listings=often) == (
        score_by([seen(10)], FEATURED, NOW, listings=often[:1])
    )


def test_a_pinned_paper_stands_above_and_a_hidden_one_below_all() -> None:
    famous = seen(10**9, comments=10**9, stars=10**9)
    assert score_by([], FEATURED, NOW, pick="pin") > score(famous)
    assert score_by([famous], FEATURED, NOW, pick="hide") == HIDDEN < score()


def test_pinned_papers_keep_their_order_among_themselves() -> None:
    more = score_by([seen(50)], FEATURED, NOW, pick="pin")
    assert more > score_by([seen(5)], FEATURED, NOW, pick="pin")


def test_the_breakdown_adds_up_and_can_be_read() -> None:
    found = explain([seen(10, hour=2), seen(50), seen(7, "arxiv")], FEATURED, NOW)
    assert found.score == pytest.approx(found.attention * found.freshness * found.breadth)
    assert [source for source, _, _ in found.sources] == ["huggingface", "arxiv"]
    assert str(found).startswith(f"{found.score:.3f} = attention")
    assert "huggingface" in str(found)
    assert "nothing counted" in str(explain([], FEATURED, NOW, pick="hide"))


# The formulas of others


def test_hacker_news_as_published() -> None:
    assert hacker_news(101, 0) == pytest.approx(100 / 2**1.8)
    assert hacker_news(101, 10) > hacker_news(101, 11) > hacker_news(100, 11)


def test_reddit_as_published() -> None:
    day = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    assert reddit(100, day) - reddit(10, day) == pytest.approx(1)
    assert reddit(10, day + dt.timedelta(hours=12.5)) == pytest.approx(reddit(100, day))
    assert reddit(0, day) == reddit(0, day)


def test_researchhub_as_published() -> None:
    assert researchhub(0, 0, 0) == int(100 * 30 * math.log(2) / 24**0.8)
    assert researchhub(10, 0, 5) < researchhub(10, 1, 5) < researchhub(10, 1, 1)
