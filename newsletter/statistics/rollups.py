"""Counting each day, and each issue, into rows that stay when retention deletes what they are of.

A day is counted when it is over, and again on the `AGAIN_DAYS` days after, for what comes in late,
such as a bounce. Counting twice changes nothing; a day that was missed is counted later, as far as
the rows are still there. What a reader's erasure takes away is not taken from the counts: of two
counts of the same the higher one stays, except where no row ever goes (`EXACT`).

All counting is done by the database, in so many statements a month of days or a week of issues,
however many readers there are.
"""

import datetime as dt
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, ExtractHour, TruncDate

from newsletter.channels.email import EmailChannel
from newsletter.models import (
    CountedDay,
    DailyCount,
    Delivery,
    Dimension,
    Issue,
    IssueCount,
    Measure,
)
from subscriptions.models import Consent, Feedback, SavedPaper, Subscriber, Subscription
from subscriptions.readers.leaving import way_of

logger = logging.getLogger(__name__)

AGAIN_DAYS = 7
"""How many days a day is counted again after it was over."""

ISSUE_DAYS = 14
"""How many days after its own an issue's digests are counted, on every day."""

CHUNK = 31
"""Days counted in one transaction."""

EXACT = frozenset((Measure.SENT, Measure.FAILED, Measure.UNKNOWN, Measure.SKIPPED, Measure.EXPIRED))
"""Counts of the ledger alone, whose rows are never deleted: the later count is the right one. By
topic they need the reader, whom retention takes away.
"""

_ACTIONS = {
    Consent.Action.ASKED: Measure.ASKED,
    Consent.Action.CONFIRMED: Measure.CONFIRMED,
    Consent.Action.IMPORTED: Measure.IMPORTED,
    Consent.Action.LEFT: Measure.LEFT,
    Consent.Action.PAUSED: Measure.PAUSED,
}

_STATES = {
    Delivery.State.FAILED: Measure.FAILED,
    Delivery.State.UNKNOWN: Measure.UNKNOWN,
    Delivery.State.SKIPPED: Measure.SKIPPED,
    Delivery.State.EXPIRED: Measure.EXPIRED,
}

#: Day or issue id, measure, dimension, key
Where = tuple[Any, str, str, str]
Counts = Counter[Where]


@dataclass(frozen=True, slots=True)
class Done:
    """What was counted."""

    days: int = 0
    issues: int = 0

    def __str__(self) -> str:
        return f"{self.days} days and {self.issues} issues counted"


def roll_up(now: dt.datetime) -> Done:
    """Count all days that are over and were not counted since they, or a later one, ended; and the
    issues of the last `ISSUE_DAYS`. Nothing is done where today all of that was done already.
    """
    today = now.astimezone(dt.UTC).date()
    yesterday = today - dt.timedelta(days=1)
    counted = dict(CountedDay.objects.values_list("day", "counted_at"))
    first = _first_day(yesterday)
    midnight = _midnight(today)
    days = [
        day
        for day in _days(first, yesterday)
        if day not in counted
        or (day > yesterday - dt.timedelta(days=AGAIN_DAYS) and counted[day] < midnight)
    ]
    if not days:
        return Done()
    for start in range(0, len(days), CHUNK):
        chunk = days[start : start + CHUNK]
        for run in _runs(chunk):
            roll_up_days(run[0], run[-1], now)
    issues = list(
        Issue.objects.filter(
            Q(day__gte=today - dt.timedelta(days=ISSUE_DAYS))
            | ~Exists(IssueCount.objects.filter(issue=OuterRef("pk")))
        )
        .order_by("day")
        .values_list("pk", flat=True)
    )
    for start in range(0, len(issues), AGAIN_DAYS):
        roll_up_issues(issues[start : start + AGAIN_DAYS])
    done = Done(len(days), len(issues))
    logger.info("counted", extra={"days": done.days, "issues": done.issues})
    return done


def _first_day(yesterday: dt.date) -> dt.date:
    """The first day there is anything of."""
    first: dt.date | None = CountedDay.objects.aggregate(day=Min("day"))["day"]
    if first is not None:
        return first
    at: dt.datetime | None = Consent.objects.aggregate(at=Min("at"))["at"]
    day: dt.date | None = Issue.objects.aggregate(day=Min("day"))["day"]
    return min(yesterday, day or yesterday, at.astimezone(dt.UTC).date() if at else yesterday)


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _runs(days: list[dt.date]) -> list[list[dt.date]]:
    """The days, parted where one is missing."""
    runs: list[list[dt.date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == dt.timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


# --- Days ----------------------------------------------------------------------------------


@transaction.atomic
def roll_up_days(first: dt.date, last: dt.date, now: dt.datetime) -> None:
    """Count the days from `first` to `last`, both in; at most some weeks, and all of them over."""
    days = _days(first, last)
    known = set(CountedDay.objects.filter(day__in=days).values_list("day", flat=True))
    # First, so that a second worker at the same days waits here and then finds all done.
    CountedDay.objects.bulk_create(
        [CountedDay(day=day, counted_at=now) for day in days],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["counted_at"],
    )
    counts: Counts = Counter()
    for day in days:
        for measure in _DAILY:
            counts[day, measure, Dimension.ALL, ""] = 0
    start, end = _midnight(first), _midnight(last + dt.timedelta(days=1))
    _count_consents(counts, start, end)
    _count_deliveries(counts, start, end)
    _count_papers(counts, start, end)
    new = [day for day in days if day not in known]
    if new:
        _count_readers(counts, new, now)
    _store(DailyCount, counts, days)


_DAILY = tuple(
    measure
    for measure in Measure
    if measure not in (Measure.READERS, Measure.RECEIVED, *_STATES.values())
)
"""What is counted by the day on which it happened, besides the stock of readers."""


def _of_day(field: str) -> TruncDate:
    return TruncDate(field, tzinfo=dt.UTC)


def _origin() -> Subquery:
    """Where a consent's reader came from, as the last confirmation or import before says."""
    came = Consent.objects.filter(
        subscriber=OuterRef("subscriber"),
        action__in=(Consent.Action.CONFIRMED, Consent.Action.IMPORTED),
        at__lte=OuterRef("at"),
    )
    return Subquery(came.order_by("-at", "-id").values("came_from")[:1])


def _count_consents(counts: Counts, start: dt.datetime, end: dt.datetime) -> None:
    rows = Consent.objects.filter(at__gte=start, at__lt=end, action__in=_ACTIONS).order_by()
    rows = rows.annotate(day=_of_day("at"))
    came = rows.exclude(action__in=(Consent.Action.LEFT, Consent.Action.PAUSED))
    for day, action, key, count in came.values_list("day", "action", "came_from").annotate(
        n=Count("pk")
    ):
        counts[day, _ACTIONS[action], Dimension.ALL, ""] += count
        counts[day, _ACTIONS[action], Dimension.SOURCE, key] += count
    paused = rows.filter(action=Consent.Action.PAUSED)
    for day, count in paused.values_list("day").annotate(n=Count("pk")):
        counts[day, Measure.PAUSED, Dimension.ALL, ""] += count
    left = rows.filter(action=Consent.Action.LEFT)
    for day, wording, reason, count in left.values_list("day", "wording", "reason").annotate(
        n=Count("pk")
    ):
        counts[day, Measure.LEFT, Dimension.ALL, ""] += count
        counts[day, Measure.LEFT, Dimension.WAY, way_of(wording)] += count
        counts[day, Measure.LEFT, Dimension.REASON, reason] += count
    origins = left.annotate(origin=Coalesce(_origin(), models.Value("")))
    for day, origin, count in origins.values_list("day", "origin").annotate(n=Count("pk")):
        counts[day, Measure.LEFT, Dimension.SOURCE, origin] += count
    with_topics = rows.exclude(action=Consent.Action.PAUSED).filter(
        subscriber__subscriptions__isnull=False
    )
    for day, action, slug, count in with_topics.values_list(
        "day", "action", "subscriber__subscriptions__topic__slug"
    ).annotate(n=Count("pk")):
        counts[day, _ACTIONS[action], Dimension.TOPIC, slug] += count


def _count_deliveries(counts: Counts, start: dt.datetime, end: dt.datetime) -> None:
    """By the day on which it happened, of issues that were young then."""
    oldest = (start - dt.timedelta(days=ISSUE_DAYS)).date()
    rows = Delivery.objects.filter(issue__day__gte=oldest, issue__day__lte=end.date()).order_by()
    went = _went(rows).filter(sent_at__gte=start, sent_at__lt=end)
    for day, hour, state, channel, count in (
        went.annotate(day=_of_day("sent_at"), hour=ExtractHour("sent_at", tzinfo=dt.UTC))
        .values_list("day", "hour", "state", "channel")
        .annotate(n=Count("pk"))
    ):
        counts[day, Measure.SENT, Dimension.ALL, ""] += count
        counts[day, Measure.SENT, Dimension.HOUR, f"{hour:02d}"] += count
        counts[day, Measure.SENT, Dimension.CHANNEL, Delivery.channel_of(state, channel)] += count
    # These two are found by small indexes, however old the issue is.
    bounced = Delivery.objects.exclude(bounce="").filter(bounced_at__gte=start, bounced_at__lt=end)
    for day, severity, count in (
        bounced.order_by()
        .annotate(day=_of_day("bounced_at"))
        .values_list("day", "bounce")
        .annotate(n=Count("pk"))
    ):
        counts[day, Measure.BOUNCED, Dimension.ALL, ""] += count
        counts[day, Measure.BOUNCED, Dimension.SEVERITY, severity] += count
    for measure, field, of in (
        (Measure.COMPLAINED, "complained_at", Delivery.objects.order_by()),
        (Measure.OPENED, "opened_at", rows),
        (Measure.CLICKED, "clicked_at", rows),
    ):
        found = of.filter(
            **{f"{field}__isnull": False, f"{field}__gte": start, f"{field}__lt": end}
        )
        for day, count in (
            found.annotate(day=_of_day(field)).values_list("day").annotate(n=Count("pk"))
        ):
            counts[day, measure, Dimension.ALL, ""] += count


def _went(rows: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
    return rows.filter(state__in=(Delivery.State.SENT, Delivery.State.FEED))


def _count_papers(counts: Counts, start: dt.datetime, end: dt.datetime) -> None:
    """What readers said of papers; a paper that was joined with another counts as that."""
    work = Coalesce("paper__merged_into_id", "paper_id")
    said = Feedback.objects.filter(at__gte=start, at__lt=end).order_by()
    for day, paper, value, count in (
        said.annotate(day=_of_day("at"), work=work)
        .values_list("day", "work", "value")
        .annotate(n=Count("pk"))
    ):
        measure = Measure.LIKED if value == Feedback.Value.MORE else Measure.DISLIKED
        counts[day, measure, Dimension.ALL, ""] += count
        counts[day, measure, Dimension.PAPER, str(paper)] += count
    saved = SavedPaper.objects.filter(at__gte=start, at__lt=end).order_by()
    for day, paper, count in (
        saved.annotate(day=_of_day("at"), work=work)
        .values_list("day", "work")
        .annotate(n=Count("pk"))
    ):
        counts[day, Measure.SAVED, Dimension.ALL, ""] += count
        counts[day, Measure.SAVED, Dimension.PAPER, str(paper)] += count


def _count_readers(counts: Counts, days: list[dt.date], now: dt.datetime) -> None:
    """The stock of active readers at the end of each of the days: those who are active now and
    were confirmed by then, and those who were and left later. Exact for a day that has just ended;
    for an earlier one, whoever was suppressed or erased since is missing.

    Broken down only for the last day before now: what is not known of the past is not made up.
    """
    came: Counter[dt.date] = Counter()
    base = 0
    first, last = days[0], days[-1]
    end = _midnight(last + dt.timedelta(days=1))
    known = Subscriber.objects.filter(confirmed_at__lt=end).order_by()
    active = known.filter(status=Subscriber.Status.ACTIVE)
    gone = known.filter(status=Subscriber.Status.LEFT, left_at__gte=_midnight(first))
    for rows, field, sign in (
        (active, "confirmed_at", 1),
        (gone, "confirmed_at", 1),
        (gone, "left_at", -1),
    ):
        for day, count in (
            rows.annotate(day=_of_day(field)).values_list("day").annotate(n=Count("pk"))
        ):
            if day < first:
                base += sign * count
            else:
                came[day] += sign * count
    wanted = set(days)
    for day in _days(first, last):
        base += came[day]
        if day in wanted:
            counts[day, Measure.READERS, Dimension.ALL, ""] = base
    if last != now.astimezone(dt.UTC).date() - dt.timedelta(days=1):
        return
    for means, count in active.values_list("receives_by").annotate(n=Count("pk")):
        channel = EmailChannel.name if means == Subscriber.Means.MAIL else means
        counts[last, Measure.READERS, Dimension.CHANNEL, channel] += count
    follows = Subscription.objects.filter(
        subscriber__status=Subscriber.Status.ACTIVE, subscriber__confirmed_at__lt=end
    )
    for slug, count in follows.order_by().values_list("topic__slug").annotate(n=Count("pk")):
        counts[last, Measure.READERS, Dimension.TOPIC, slug] += count
    latest = Consent.objects.filter(
        subscriber=OuterRef("pk"),
        action__in=(Consent.Action.CONFIRMED, Consent.Action.IMPORTED),
    ).order_by("-at", "-id")
    origin = Coalesce(Subquery(latest.values("came_from")[:1]), models.Value(""))
    for key, count in active.annotate(origin=origin).values_list("origin").annotate(n=Count("pk")):
        counts[last, Measure.READERS, Dimension.SOURCE, key] += count


def _store(model: type[DailyCount] | type[IssueCount], counts: Counts, of: list[Any]) -> None:
    """Make the rows of these days or issues say what was counted."""
    field = "day" if model is DailyCount else "issue_id"
    before: QuerySet[Any] = model._default_manager.filter(**{f"{field}__in": of})
    rows = {(getattr(one, field), one.measure, one.dimension, one.key): one for one in before}
    stored = {where: row.count for where, row in rows.items()}
    settled = _settled(counts, stored)
    gone = [row.pk for where, row in rows.items() if where not in settled]
    model._default_manager.filter(pk__in=gone).delete()
    made: list[Any] = [
        model(**{field: at}, measure=measure, dimension=dimension, key=key, count=count)
        for (at, measure, dimension, key), count in sorted(settled.items())
        if stored.get((at, measure, dimension, key)) != count
    ]
    model._default_manager.bulk_create(
        made,
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["dimension", "measure", field.removesuffix("_id"), "key"],
        update_fields=["count"],
    )


def _settled(counts: Counts, stored: dict[Where, int]) -> Counts:
    """What the rows are to say: the new count where it is `EXACT`, else the higher of both; and no
    total lower than what its parts add up to.
    """
    result: Counts = Counter()
    for where in counts.keys() | stored.keys():
        _, measure, dimension, _ = where
        if measure in EXACT and dimension != Dimension.TOPIC:
            if where in counts:
                result[where] = counts[where]
        else:
            result[where] = max(counts[where], stored.get(where, 0))
    parts: defaultdict[tuple[Any, str, str], int] = defaultdict(int)
    for (at, measure, dimension, _), count in result.items():
        if dimension in PARTITIONS:
            parts[at, measure, dimension] += count
    for (at, measure, _), count in parts.items():
        total = (at, measure, Dimension.ALL.value, "")
        result[total] = max(result[total], count)
    return result


PARTITIONS = frozenset(
    (
        Dimension.SOURCE,
        Dimension.CHANNEL,
        Dimension.WAY,
        Dimension.REASON,
        Dimension.HOUR,
        Dimension.SEVERITY,
        Dimension.PAPER,
    )
)
"""Dimensions whose keys add up to the whole. Topics do not: a reader may follow several."""


# --- Issues --------------------------------------------------------------------------------


@transaction.atomic
def roll_up_issues(issues: Iterable[int]) -> None:
    """Count what became of the digests of these issues; some at a time."""
    ids = list(issues)
    counts: Counts = Counter()
    for pk in ids:
        for measure in _OF_ISSUES:
            counts[pk, measure, Dimension.ALL, ""] = 0
    rows = Delivery.objects.filter(issue__in=ids).order_by()
    for issue, state, channel, hour, count in (
        rows.annotate(hour=ExtractHour("sent_at", tzinfo=dt.UTC))
        .values_list("issue_id", "state", "channel", "hour")
        .annotate(n=Count("pk"))
    ):
        if through := Delivery.channel_of(state, channel):
            counts[issue, Measure.SENT, Dimension.ALL, ""] += count
            counts[issue, Measure.SENT, Dimension.CHANNEL, through] += count
            if hour is not None:
                counts[issue, Measure.SENT, Dimension.HOUR, f"{hour:02d}"] += count
        elif state in _STATES:
            counts[issue, _STATES[Delivery.State(state)], Dimension.ALL, ""] += count
    for issue, received, complained, opened, clicked in rows.values_list("issue_id").annotate(
        Count("delivered_at"), Count("complained_at"), Count("opened_at"), Count("clicked_at")
    ):
        counts[issue, Measure.RECEIVED, Dimension.ALL, ""] += received
        counts[issue, Measure.COMPLAINED, Dimension.ALL, ""] += complained
        counts[issue, Measure.OPENED, Dimension.ALL, ""] += opened
        counts[issue, Measure.CLICKED, Dimension.ALL, ""] += clicked
    bounced = rows.exclude(bounce="")
    for issue, severity, count in bounced.values_list("issue_id", "bounce").annotate(n=Count("pk")):
        counts[issue, Measure.BOUNCED, Dimension.ALL, ""] += count
        counts[issue, Measure.BOUNCED, Dimension.SEVERITY, severity] += count
    of_topics = _went(rows).filter(subscriber__subscriptions__isnull=False)
    for issue, slug, sent, opened, clicked in of_topics.values_list(
        "issue_id", "subscriber__subscriptions__topic__slug"
    ).annotate(Count("pk"), Count("opened_at"), Count("clicked_at")):
        counts[issue, Measure.SENT, Dimension.TOPIC, slug] += sent
        counts[issue, Measure.OPENED, Dimension.TOPIC, slug] += opened
        counts[issue, Measure.CLICKED, Dimension.TOPIC, slug] += clicked
    _count_leavers(counts, ids)
    _store(IssueCount, counts, ids)


_OF_ISSUES = (
    Measure.SENT,
    Measure.RECEIVED,
    *_STATES.values(),
    Measure.BOUNCED,
    Measure.COMPLAINED,
    Measure.OPENED,
    Measure.CLICKED,
    Measure.LEFT,
)


def _count_leavers(counts: Counts, issues: list[int]) -> None:
    """Who left with the issue: it was the last that went to them before."""
    days = Issue.objects.filter(pk__in=issues).aggregate(first=Min("day"), last=models.Max("day"))
    if days["first"] is None:
        return
    last_got = (
        _went(Delivery.objects.filter(subscriber=OuterRef("subscriber")))
        .filter(sent_at__lte=OuterRef("at"))
        .order_by("-sent_at", "-id")
        .values("issue_id")[:1]
    )
    until = _midnight(days["last"] + dt.timedelta(days=ISSUE_DAYS + 1))
    left = Consent.objects.filter(
        action=Consent.Action.LEFT, at__gte=_midnight(days["first"]), at__lt=until
    ).order_by()
    left = left.annotate(issue=Subquery(last_got)).filter(issue__in=issues)
    for issue, wording, reason, count in left.values_list("issue", "wording", "reason").annotate(
        n=Count("pk")
    ):
        counts[issue, Measure.LEFT, Dimension.ALL, ""] += count
        counts[issue, Measure.LEFT, Dimension.WAY, way_of(wording)] += count
        counts[issue, Measure.LEFT, Dimension.REASON, reason] += count
