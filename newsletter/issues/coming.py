"""The issue that is coming, as it stands now, and what became of the last one; for the editors'
start page. It reads a bounded number of rows, however many readers and deliveries there are.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from newsletter.issues.freezing import freezes_by
from newsletter.models import Delivery, Dimension, Issue, IssueCount, IssueDraft, Measure
from papers.days import closes_at, next_weekday
from papers.ingest import issue_days
from papers.models import Paper, Pick, Source
from papers.sources.registry import unanswered
from subscriptions.models import Subscriber

SHOWN = 60
"""Papers that are listed: what comes after these is in few readers' digests."""

SHOWN_OF_PAPERS = ("identifier", "title", "upvotes", "trending_score", "merged_into")
"""What is read of each: a day may have hundreds, with long abstracts."""

MOST_COUNTED = 5_000
"""Deliveries that are counted while the day's own counts are not there yet."""


@dataclass(frozen=True, slots=True)
class Line:
    """One paper of the day and what was decided about it."""

    rank: int | None
    """None of one that is hidden."""
    paper: Paper
    pick: Pick | None


@dataclass(frozen=True, slots=True)
class Coming:
    """A day whose issue is not frozen."""

    day: dt.date
    draft: IssueDraft | None
    lines: tuple[Line, ...]
    """In the issue's order; then those that are hidden."""
    papers: int
    """How many it has, those that are not listed included."""
    missing: tuple[Source, ...]
    """Sources that have not answered for the whole day."""
    freezes_from: dt.datetime
    freezes_by: dt.datetime
    first_due: dt.datetime | None
    """When the first reader's digest is due after now; None where no reader is there."""
    next_day: dt.date

    @property
    def goes_out_from(self) -> dt.datetime | None:
        """When the first digests go out at the earliest."""
        return max(self.freezes_from, self.first_due) if self.first_due else None

    @property
    def unlisted(self) -> int:
        """Papers that are not listed here."""
        return self.papers - sum(1 for line in self.lines if line.rank is not None)


def coming(day: dt.date, sources: Collection[Source] | None = None) -> Coming:
    """How the issue of `day` stands. Nine queries, one more without the active `sources`."""
    picks = {
        pick.work: pick
        for pick in Pick.objects.by_work().filter(day=day).select_related("paper", "created_by")
    }
    papers = list(Paper.objects.of_day(day).only(*SHOWN_OF_PAPERS))
    lines = [Line(rank, paper, picks.get(paper.pk)) for rank, paper in enumerate(papers[:SHOWN], 1)]
    lines += [
        Line(None, pick.paper, pick) for pick in picks.values() if pick.kind == Pick.Kind.HIDE
    ]
    due = Subscriber.objects.mailable().exclude(next_digest_at=None).order_by("next_digest_at")
    missing = tuple(unanswered(day, sources))
    return Coming(
        day=day,
        draft=IssueDraft.objects.filter(day=day).select_related("changed_by").first(),
        lines=tuple(lines),
        papers=len(papers),
        missing=missing,
        freezes_from=closes_at(day),
        freezes_by=freezes_by(day, missing),
        first_due=due.values_list("next_digest_at", flat=True).first(),
        next_day=next_weekday(day),
    )


def can_be_shown(day: dt.date, first: dt.date) -> bool:
    """Whether `day` is one of the coming days from `first` on that an editor may prepare."""
    within = first <= day <= first + dt.timedelta(days=14)
    return within and day.weekday() < 5 and not issue_days.is_closed(day)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an issue's digests."""

    issue: Issue
    counts: Mapping[str, int]
    """By measure of the statistics; and "waiting"."""
    is_exact: bool
    """Whether these are all; else they are those of the first `MOST_COUNTED`."""

    def share(self, measure: str) -> float:
        """How many of those that were sent, from 0 to 1."""
        sent = self.counts.get(Measure.SENT, 0)
        return self.counts.get(measure, 0) / sent if sent else 0.0


def outcomes(issues: Collection[Issue]) -> list[Outcome]:
    """The outcomes so far: from the statistics once these have them, and else, of the first one
    alone, counted in the ledger.
    """
    known: dict[int, Counter[str]] = {issue.pk: Counter() for issue in issues}
    rows = IssueCount.objects.filter(issue__in=known, dimension=Dimension.ALL).order_by()
    for pk, measure, count in rows.values_list("issue_id", "measure", "count"):
        known[pk][measure] = count
    return [
        _outcome(issue, known[issue.pk])
        for at, issue in enumerate(issues)
        if at == 0 or known[issue.pk]
    ]


def _outcome(issue: Issue, counts: Counter[str]) -> Outcome:
    if counts[Measure.SENT]:
        # Rows that wait stand in a small index of their own.
        pending = Delivery.objects.filter(issue=issue, state=Delivery.State.PENDING)
        pending = pending.order_by("not_before", "id")
        counts["waiting"] = len(pending.values_list("pk", flat=True)[: MOST_COUNTED + 1])
        return Outcome(issue, counts, is_exact=True)
    columns = ("state", "channel", "delivered_at", "bounce", "complained_at")
    # In the order of an index: else PostgreSQL may read all that is older first.
    read = Delivery.objects.filter(issue=issue).order_by("subscriber_id").values_list(*columns)
    found: Counter[str] = Counter()
    total = 0
    for state, channel, delivered, bounce, complained in read[: MOST_COUNTED + 1]:
        total += 1
        found[Measure.SENT if Delivery.channel_of(state, channel) else state] += 1
        found[Measure.RECEIVED] += delivered is not None
        found[Measure.BOUNCED] += bool(bounce)
        found[Measure.COMPLAINED] += complained is not None
    found["waiting"] = found[Delivery.State.PENDING]
    return Outcome(issue, found, is_exact=total <= MOST_COUNTED)
