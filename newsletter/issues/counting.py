"""What became of issues' digests, for lists: counted in the ledger as long as few are to be read,
and else as the statistics counted them last.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from newsletter.models import Delivery, Dimension, Issue, IssueCount, Measure

MOST_COUNTED = 5_000
"""Rows of the ledger that are read for one list, and as often those that wait."""

State = Delivery.State

_STATE_OF = {
    Measure.FAILED: State.FAILED,
    Measure.UNKNOWN: State.UNKNOWN,
    Measure.SKIPPED: State.SKIPPED,
    Measure.EXPIRED: State.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Tally:
    """The digests of one issue by state; those that went to their readers by channel instead."""

    counts: Counter[str]
    is_exact: bool
    """Whether these are all; else there are as many at least."""

    def said(self, number: int) -> str:
        """A number of these, for people."""
        return f"{number:,}" if self.is_exact else f"at least {number:,}"


def tallies(issues: Collection[Issue]) -> dict[int, Tally]:
    """By issue. Two or three queries, which read `MOST_COUNTED` rows of the ledger each."""
    stored = _stored([issue.pk for issue in issues])
    live = [issue.pk for issue in issues if issue.sent_at is None or issue.pk not in stored]
    # In the order of an index: else PostgreSQL may read all that is older first.
    read = Delivery.objects.filter(issue__in=live).order_by("issue_id", "subscriber_id")
    rows = list(read.values_list("issue_id", "state", "channel")[: MOST_COUNTED + 1])
    found: dict[int, Counter[str]] = {issue.pk: Counter() for issue in issues}
    for pk, state, channel in rows:
        if pk is not None:
            found[pk][Delivery.channel_of(state, channel) or state] += 1
    is_whole = len(rows) <= MOST_COUNTED
    told: dict[int, Tally] = {}
    for issue in issues:
        if issue.pk in live and (is_whole or issue.pk not in stored):
            told[issue.pk] = Tally(found[issue.pk], is_whole)
        else:
            told[issue.pk] = Tally(stored[issue.pk], issue.sent_at is not None)
    late = [pk for pk in live if pk in stored and not is_whole]
    if late:
        # Rows that wait stand in a small index of their own, in this order.
        pending = Delivery.objects.filter(issue__in=late, state=State.PENDING)
        pending = pending.order_by("not_before", "id")
        waiting = Counter(pending.values_list("issue_id", flat=True)[: MOST_COUNTED + 1])
        for pk in late:
            told[pk].counts[State.PENDING] = waiting[pk]
    return told


def _stored(issues: Collection[int]) -> dict[int, Counter[str]]:
    """What the statistics have, of issues that they counted."""
    rows = IssueCount.objects.filter(
        issue__in=issues, dimension__in=(Dimension.ALL, Dimension.CHANNEL)
    ).order_by()
    found: dict[int, Counter[str]] = {}
    for pk, measure, dimension, key, count in rows.values_list(
        "issue_id", "measure", "dimension", "key", "count"
    ):
        counts = found.setdefault(pk, Counter())
        if dimension == Dimension.CHANNEL and measure == Measure.SENT:
            counts[key] += count
        elif dimension == Dimension.ALL and measure in _STATE_OF:
            counts[_STATE_OF[Measure(measure)]] += count
    return found
