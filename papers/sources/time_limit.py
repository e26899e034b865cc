"""A limit to the time that one look at a source takes, whatever it asks and how often.

A fetch has all the time that a service needs. An editor who tries a source waits in front of a
page, so within `time_limit` nothing is asked a second time and no answer is waited for beyond it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float | None] = ContextVar("until", default=None)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Whatever sources ask within may take so many seconds in all."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def seconds_left() -> float | None:
    """How much of the limit is left, from zero; None where there is none."""
    until = _until.get()
    return None if until is None else max(0.0, until - time.monotonic())
