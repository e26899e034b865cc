"""Rates over all workers."""

import datetime as dt
import itertools

import pytest

from newsletter.delivery import rates
from newsletter.models import RateBucket
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_without_limits_nothing_is_asked(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert rates.reserve("b", 500, NOW).count == 500


def test_two_workers_together_stay_within_the_rate_per_second(settings):
    settings.DELIVERY_RATE_PER_SECOND = 10
    now, granted = NOW, []
    for step in range(200):
        now = NOW + dt.timedelta(seconds=step / 20)
        for _worker in range(2):
            grant = rates.reserve("b", 7, now)
            granted += [grant.start + grant.interval * n for n in range(grant.count)]
    granted.sort()
    gaps = [later - earlier for earlier, later in itertools.pairwise(granted)]
    assert min(gaps) >= dt.timedelta(seconds=0.099)
    seconds = (granted[-1] - granted[0]).total_seconds()
    assert len(granted) == pytest.approx(seconds * 10 + 1, abs=2)


def test_daily_limit_holds_until_midnight_utc(settings):
    settings.DELIVERY_RATE_PER_DAY = 100
    assert rates.reserve("b", 80, NOW).count == 80
    assert rates.reserve("b", 80, NOW).count == 10  # the rest is for other emails
    none = rates.reserve("b", 80, NOW)
    assert none.count == 0
    assert NOW + none.wait == dt.datetime(2026, 6, 12, tzinfo=dt.UTC)
    assert rates.reserve("b", 80, NOW + none.wait).count == 80


def test_clock_that_goes_back_does_not_open_the_day_anew(settings):
    settings.DELIVERY_RATE_PER_DAY = 10
    assert rates.reserve("b", 10, NOW).count == 9
    assert rates.reserve("b", 10, NOW - dt.timedelta(days=1)).count == 0


def test_what_was_not_used_is_given_back(settings):
    settings.DELIVERY_RATE_PER_DAY = 10
    settings.DELIVERY_RATE_PER_SECOND = 100
    grant = rates.reserve("b", 10, NOW)
    rates.give_back("b", grant, 6)
    bucket = RateBucket.objects.get()
    assert bucket.used == 3
    assert bucket.free_at == NOW + grant.interval * 3


def test_backends_have_limits_of_their_own(settings):
    settings.DELIVERY_RATE_PER_DAY = 10
    assert rates.reserve("one", 10, NOW).count == 9
    assert rates.reserve("two", 10, NOW).count == 9


def test_reservation_of_a_clock_that_was_ahead_does_not_block_for_ever(settings):
    settings.DELIVERY_RATE_PER_SECOND = 10
    rates.reserve("b", 5, NOW + dt.timedelta(days=400))
    total = sum(
        rates.reserve("b", 5, NOW + dt.timedelta(seconds=second)).count for second in range(30)
    )
    assert total > 50
