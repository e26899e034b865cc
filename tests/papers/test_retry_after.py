"""When to ask again, by the header of whoever was asked."""

import datetime as dt
from email.utils import format_datetime

import pytest

from papers.retry_after import seconds_in


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e3", None),
        ("²", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_seconds_and_dates_are_read_and_nothing_else(value, seconds):
    assert seconds_in(value) == seconds


def test_a_date_ahead_is_waited_for():
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)

    assert 27 < (seconds_in(format_datetime(soon, usegmt=True)) or 0) <= 30


def test_a_number_without_end_is_a_long_wait():
    assert (seconds_in("9" * 400) or 0) > 10**9
