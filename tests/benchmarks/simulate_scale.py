"""Check the arithmetic of docs/scale.md: a day of deliveries, minute by minute.

    python -m tests.benchmarks.simulate_scale --readers 10000000 --rate-per-core 1500 --cores 4

Readers live where people live and ask for their digest between six and nine in the morning, local
time. Every minute the planner takes those who are due (at its own rate), workers send what is
waiting (at theirs, and no faster than the provider allows). What comes out is the longest wait, the
longest queue and the busiest minute, to be held against what the tables in the document say.
"""

import argparse
from collections import deque
from dataclasses import dataclass

MINUTES = 24 * 60
#: Share of readers by UTC offset in hours; roughly where research papers come from.
WORLD = {
    -8: 0.14,
    -6: 0.07,
    -5: 0.17,
    0: 0.09,
    1: 0.17,
    2: 0.05,
    3: 0.03,
    5: 0.06,
    8: 0.16,
    9: 0.06,
}
#: Share of readers by local hour.
HOURS = {6: 0.2, 7: 0.45, 8: 0.25, 9: 0.1}


@dataclass(frozen=True, slots=True)
class Day:
    """What a simulated day came to."""

    longest_wait: float
    """Minutes between a digest's due moment and its sending, at worst."""
    longest_queue: int
    busiest_minute: int
    """Digests due in one minute."""
    sent: int


def due_by_minute(readers: int) -> list[int]:
    """How many digests fall due in each minute of the UTC day."""
    due = [0] * MINUTES
    for offset, share in WORLD.items():
        for hour, part in HOURS.items():
            due[((hour - offset) % 24) * 60] += round(readers * share * part)
    return due


def simulate(readers: int, send_rate: float, plan_rate: float) -> Day:
    """Two days back to back, the second of them counted; rates are digests a second."""
    due = due_by_minute(readers)
    to_plan: deque[tuple[int, int]] = deque()
    to_send: deque[tuple[int, int]] = deque()
    longest_wait, longest_queue, sent = 0.0, 0, 0
    for minute in range(2 * MINUTES):
        if due[minute % MINUTES]:
            to_plan.append((minute, due[minute % MINUTES]))
        _move(to_plan, to_send, plan_rate * 60)
        longest_queue = max(longest_queue, sum(count for _, count in to_send))
        for since, count in _move(to_send, None, send_rate * 60):
            if minute >= MINUTES:
                sent += count
                longest_wait = max(longest_wait, minute + 1 - since)
    return Day(longest_wait, longest_queue, max(due), sent)


def _move(
    source: deque[tuple[int, int]], target: deque[tuple[int, int]] | None, room: float
) -> list[tuple[int, int]]:
    """Move up to `room` digests from the front of one queue to the other."""
    moved: list[tuple[int, int]] = []
    left = int(room)
    while source and left > 0:
        since, count = source.popleft()
        taken = min(count, left)
        left -= taken
        moved.append((since, taken))
        if taken < count:
            source.appendleft((since, count - taken))
    if target is not None:
        target.extend(moved)
    return moved


def main() -> None:
    """Read the rates, print the day."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, required=True)
    parser.add_argument("--rate-per-core", type=float, required=True, help="digests a second")
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("--plan-rate", type=float, default=20_000, help="readers planned a second")
    parser.add_argument(
        "--provider-rate", type=float, default=0, help="mails a second, 0: no limit"
    )
    given = parser.parse_args()
    rate = given.rate_per_core * given.cores
    if given.provider_rate:
        rate = min(rate, given.provider_rate)
    day = simulate(given.readers, rate, given.plan_rate)
    print(f"{given.readers:,} readers, {rate:,.0f} digests a second")
    print(f"busiest minute: {day.busiest_minute:,} due at once")
    print(f"by arithmetic that takes {day.busiest_minute / rate / 60:,.1f} minutes")
    print(f"longest wait: {day.longest_wait:,.0f} minutes; longest queue: {day.longest_queue:,}")
    print(f"sent in a day: {day.sent:,}")


if __name__ == "__main__":
    main()
