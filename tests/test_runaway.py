"""The guard against hostile input stops loops, and patterns in the midst of their work."""

import re
import signal

import pytest

from tests.runaway import no_runaway


def endless_loop():
    while True:
        pass


def endless_pattern():
    re.match(r"(a+)+$", "a" * 40 + "b")


@pytest.mark.parametrize("run", [endless_loop, endless_pattern])
def test_what_runs_away_is_stopped(run):
    with pytest.raises(AssertionError, match="still busy"), no_runaway(0.2):
        run()


def test_nothing_is_stopped_later():
    with no_runaway(0.2):
        pass
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    sum(range(20_000_000))
