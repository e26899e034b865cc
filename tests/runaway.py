"""A guard for hostile input: what would keep a core busy for minutes is stopped and fails."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

MOST_CPU = 20.0
"""Seconds of a core: hundreds of times what good code needs for these inputs, and a small part of
what a pattern or loop takes whose work grows with the square of a text, on whatever machine."""


@contextmanager
def no_runaway(seconds: float = MOST_CPU) -> Iterator[None]:
    """Fail when what runs inside has used the processor for this long. Waiting counts for nothing,
    nor does what other processes do. In the main thread only.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"still busy after {seconds:g} seconds of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
