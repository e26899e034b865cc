"""What beat wakes when."""

import gc
import itertools
import weakref
from typing import Any

import pytest
from celery.schedules import crontab

from newsletter.celery import app, keep_what_stays


@pytest.mark.parametrize("name", sorted(app.conf.beat_schedule))
def test_what_beat_calls_for_runs_out_before_it_calls_again(name):
    """Or a worker that was away for a day would work off a day's calls, one by one."""
    entry = app.conf.beat_schedule[name]
    when: Any = entry["schedule"]
    shortest = when
    if isinstance(when, crontab):
        two_days = range(2 * 24 * 60)
        hours, minutes = when.hour, when.minute  # type: ignore[attr-defined]  # sets of numbers
        at = [n * 60 for n in two_days if n % 60 in minutes and n // 60 % 24 in hours]
        shortest = min(after - before for before, after in itertools.pairwise(at))
    assert 0 < entry["options"]["expires"] < shortest


def test_what_a_worker_has_loaded_is_not_searched_for_garbage_again_and_again():
    """And what comes later still is: a cycle of new objects goes."""
    before = gc.get_threshold()
    try:
        keep_what_stays()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] >= 10_000
        cycle: Any = Knot()
        cycle.itself, gone = cycle, weakref.ref(cycle)
        del cycle
        gc.collect()
        assert gone() is None
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


class Knot:
    """Something that may refer to itself."""

    itself: Any = None
