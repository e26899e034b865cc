"""The status: what became of today's send, and whether every part lives, as one set of facts.

`manage.py status`, the admin's page, the watch over troubles and the metrics all read this. The
facts come from the database and this machine's disk alone: neither broker nor worker is asked.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Max, OuterRef, Q, Subquery

from newsletter import VERSION
from newsletter.delivery import welcome
from newsletter.issues import publishing
from newsletter.models import Continuity, Delivery, Heartbeat, Issue, Webhook
from newsletter.operations.watching import heartbeats
from papers.days import LONGEST_WAIT, closes_at, current_day, feature_day
from papers.models import Source, SourceRun
from papers.sources.registry import active_sources, next_fetch, pause_of
from papers.sources.silence import silence
from subscriptions.models import FormEntry, Notice

LATE = dt.timedelta(minutes=15)
"""After so long a delivery that is due and still waits is late."""

RATE_OVER = dt.timedelta(minutes=5)
"""The time over which the rate of sending is taken."""

COUNTED_WITHIN = dt.timedelta(minutes=3)
"""How old the watch's counts may be where nobody counts anew: the watch looks every minute."""

State = Delivery.State


@dataclass(frozen=True, slots=True)
class Part:
    """Something that should be alive."""

    name: str
    is_alive: bool
    seen_at: dt.datetime
    since: dt.datetime
    version: str = ""


@dataclass(frozen=True, slots=True)
class SourceFact:
    """What a source did last."""

    slug: str
    name: str
    answered_at: dt.datetime | None
    """When it last answered for any day."""
    tried_at: dt.datetime | None
    error: str
    """Why the last fetch failed; empty where it did not."""
    pause_minutes: int = 0
    """For how long it is left alone after an answer."""
    silence: str = ""
    """That it gave nothing for longer than usual; empty where it did not."""
    last_run: str = ""
    """What the last fetch brought, and what was left out."""
    next_at: dt.datetime | None = None
    """From when on it is asked again."""


@dataclass(frozen=True, slots=True)
class Send:
    """What became of one issue: how many deliveries there are, by what became of them."""

    due: int = 0
    sent: int = 0
    skipped: int = 0
    waiting: int = 0
    late: int = 0
    """Of those that wait, how many have been due for longer than `LATE`."""
    failed: int = 0
    expired: int = 0
    in_doubt: int = 0
    last_sent_at: dt.datetime | None = None
    per_minute: float = 0.0
    """Sent a minute, over the last five."""
    ends_at: dt.datetime | None = None
    """When the last one goes out at this rate; None where none waits or none goes out."""
    counted_at: dt.datetime | None = None
    """When this was counted; None where there was nothing to count."""

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Send":
        """Read what `keep_send` wrote. Raises `ValueError` or `TypeError` at anything else."""
        if not isinstance(kept, Mapping):
            raise TypeError("not a mapping")
        moments = {
            name: dt.datetime.fromisoformat(kept[name])
            for name in ("last_sent_at", "ends_at", "counted_at")
            if kept.get(name)
        }
        return cls(**(dict(kept) | moments))


@dataclass(frozen=True, slots=True)
class IssueFact:
    """The issue that digests carry today."""

    day: dt.date
    """The day whose papers those are."""
    is_there: bool
    state: str = ""
    frozen_at: dt.datetime | None = None
    expected_by: dt.datetime | None = None
    """When readers are passed over to the issue before, where it does not come."""
    missing_sources: list[str] = field(default_factory=list)
    unapproved: str = ""
    """What became of an issue of the last day that nobody approved in time; mostly empty."""
    approve_by: dt.datetime | None = None
    """Until when it waits for approval, where it does."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of a machine's journal."""

    where: str
    free: int
    total: int

    @property
    def free_share(self) -> float:
        """How much of it is free, from 0 to 1."""
        return self.free / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class Backend:
    """The mail backend, as the last batch found it."""

    path: str
    is_refusing: bool = False
    reason: str = ""
    since: dt.datetime | None = None
    """Since when it has been so; None while nothing was sent yet."""


@dataclass(frozen=True, slots=True)
class WebhookFact:
    """A webhook that ails."""

    pk: int
    name: str
    since: dt.datetime | None
    error: str
    is_off: bool


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment."""

    at: dt.datetime
    version: str
    beat: Part | None
    workers: list[Part]
    tick_at: dt.datetime | None
    """When a worker last ran the minute's tick."""
    sources: list[SourceFact]
    issue: IssueFact
    send: Send
    lost_before: int
    """Of the issue before, how many digests are in doubt or came too late."""
    backend: Backend
    digests_age: float
    """Seconds for which the oldest digest has been ready to be sent."""
    other_emails_age: float
    """The same of emails that are not digests, such as confirmations."""
    disks: list[Disk]
    pending_migrations: int
    webhooks: list[WebhookFact] = field(default_factory=list)
    """Those that fail or were switched off because of it."""
    held_because: str = ""
    """Why nothing goes out, as after a restore; empty where mail does."""

    @property
    def queue_age(self) -> float:
        """Seconds for which the oldest email of any kind has been ready to be sent."""
        return max(self.digests_age, self.other_emails_age)

    @property
    def has_worker(self) -> bool:
        """Whether any worker lives."""
        return any(worker.is_alive for worker in self.workers)

    def as_dict(self) -> dict[str, Any]:
        """In JSON's types, moments in ISO 8601."""
        found = asdict(self) | {"queue_age": self.queue_age}
        return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def status(now: dt.datetime, *, counts_anew: bool = True) -> Status:
    """The facts at `now`. A dozen queries; the largest reads the rows of today's issue once. Unless
    it `counts_anew`, what became of that issue is what the watch counted last, if it did lately.
    """
    parts = list(Heartbeat.objects.all())
    beat = next((one for one in parts if one.kind == Heartbeat.Kind.BEAT), None)
    tick = next((one for one in parts if one.kind == Heartbeat.Kind.TICK), None)
    day = feature_day(now)
    # The current day's is frozen early where all its sources are complete, and carried from then.
    issue = Issue.objects.filter(day__gte=day).up_to(current_day(now)).first()
    day = issue.day if issue else day
    return Status(
        at=now,
        version=VERSION,
        beat=_part(beat, now) if beat else None,
        workers=[_part(one, now) for one in parts if one.kind == Heartbeat.Kind.WORKER],
        tick_at=tick.at if tick else None,
        sources=_sources(now),
        issue=_issue(issue, day, now),
        send=(
            (None if counts_anew else _kept_send(parts, issue, now)) or _send(issue, now)
            if issue
            else Send()
        ),
        lost_before=_lost(Issue.objects.filter(day__lt=day).order_by("-day").first()),
        backend=_backend(parts),
        digests_age=digests_age(now),
        other_emails_age=other_emails_age(now),
        disks=_disks(parts, now),
        pending_migrations=pending_migrations(),
        webhooks=_webhooks(),
        held_because=_held(),
    )


def digests_age(now: dt.datetime) -> float:
    """Seconds for which the oldest delivery that may be sent has waited for a worker."""
    ready = Delivery.objects.ready(now)
    # A welcome stands before its time in the queue, and has waited since it was due.
    welcomes = ready.filter(not_before__lte=now - welcome.AHEAD / 2).order_by("due_at")
    others = ready.filter(not_before__gt=now - welcome.AHEAD / 2).order_by("not_before", "id")
    return max(
        _waited(welcomes.values_list("due_at", flat=True).first(), now),
        _waited(others.values_list("not_before", flat=True).first(), now),
    )


def other_emails_age(now: dt.datetime) -> float:
    """The same of emails that are not digests, and of what was typed into the open forms and will
    become one.
    """
    notice = Notice.objects.ready(now).order_by("not_before", "id")
    entry = FormEntry.objects.ready(now).order_by("not_before", "id")
    return max(
        _waited(rows.values_list("not_before", flat=True).first(), now) for rows in (notice, entry)
    )


def _waited(since: dt.datetime | None, now: dt.datetime) -> float:
    return (now - since).total_seconds() if since else 0.0


def pending_migrations() -> int:
    """How many migrations that this code brings the database has not seen."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _part(beat: Heartbeat, now: dt.datetime) -> Part:
    version = str(beat.details.get("version", ""))
    name = beat.name.removeprefix("worker ")
    return Part(name, heartbeats.is_fresh(beat, now), beat.at, beat.since, version)


def _sources(now: dt.datetime) -> list[SourceFact]:
    sources = list(active_sources())
    latest = SourceRun.objects.filter(source=OuterRef("pk")).values("pk")[:1]
    newest = Source.objects.filter(pk__in=[one.pk for one in sources]).annotate(
        run=Subquery(latest)
    )
    runs = SourceRun.objects.in_bulk(list(newest.exclude(run=None).values_list("run", flat=True)))
    of_source = {run.source_id: run for run in runs.values()}
    return [_source(one, of_source.get(one.pk), now) for one in sources]


def _source(source: Source, run: SourceRun | None, now: dt.datetime) -> SourceFact:
    tried = (source.last_run or {}).get("at")
    return SourceFact(
        slug=source.slug,
        name=source.name,
        answered_at=source.last_answered_at,
        tried_at=dt.datetime.fromisoformat(tried) if tried else None,
        error=source.last_error,
        pause_minutes=pause_of(source),
        silence=silence(source, now),
        last_run=run.said if run else "",
        next_at=next_fetch(source, now),
    )


def _issue(issue: Issue | None, day: dt.date, now: dt.datetime) -> IssueFact:
    by = closes_at(day) + LONGEST_WAIT
    late = publishing.unapproved_since(now - dt.timedelta(days=1))
    what = "dropped" if late and late.state == Issue.State.DROPPED else "published as it was"
    unapproved = f"Nobody approved the issue of {late} in time, so it was {what}." if late else ""
    if issue is None:
        return IssueFact(day, is_there=False, expected_by=by, unapproved=unapproved)
    return IssueFact(
        day,
        is_there=True,
        state=issue.state,
        frozen_at=issue.frozen_at,
        expected_by=by,
        missing_sources=[source.name for source in issue.missing],
        unapproved=unapproved,
        approve_by=issue.approve_by if issue.state == Issue.State.WAITING else None,
    )


def _send(issue: Issue, now: dt.datetime) -> Send:
    counted = Delivery.objects.filter(issue=issue).aggregate(
        due=Count("pk"),
        sent=_of(State.SENT, State.FEED),
        skipped=_of(State.SKIPPED),
        waiting=_of(State.PENDING, State.CLAIMED),
        late=Count(
            "pk",
            filter=Q(state__in=(State.PENDING, State.CLAIMED), due_at__lte=now - LATE),
        ),
        failed=_of(State.FAILED),
        expired=_of(State.EXPIRED),
        in_doubt=_of(State.UNKNOWN),
        last_sent_at=Max("sent_at"),
        lately=Count("pk", filter=Q(sent_at__gt=now - RATE_OVER)),
    )
    rate = counted.pop("lately") / (RATE_OVER.total_seconds() / 60)
    ends_at = None
    if counted["waiting"] and rate:
        ends_at = now + dt.timedelta(minutes=counted["waiting"] / rate)
    return Send(**counted, per_minute=rate, ends_at=ends_at, counted_at=now)


def keep_send(facts: Status) -> None:
    """Keep what was counted, with the watch's heartbeat, for those who don't count anew."""
    kept = {"day": facts.issue.day.isoformat(), "send": _plain(asdict(facts.send))}
    Heartbeat.objects.filter(kind=Heartbeat.Kind.WATCH).update(details=kept)


def _kept_send(parts: list[Heartbeat], issue: Issue, now: dt.datetime) -> Send | None:
    details: dict[str, Any] = next(
        (one.details for one in parts if one.kind == Heartbeat.Kind.WATCH), {}
    )
    if details.get("day") != issue.day.isoformat():
        return None
    try:
        send = Send.from_json(details["send"])
    except (KeyError, TypeError, ValueError):
        return None  # as another version kept it
    is_recent = send.counted_at is not None and now - send.counted_at <= COUNTED_WITHIN
    return send if is_recent else None


def _lost(issue: Issue | None) -> int:
    # Not a list of states, of which SQLite doesn't see that an index of odd rows has them all.
    lost = Q(state=State.UNKNOWN) | Q(state=State.EXPIRED)
    return Delivery.objects.filter(lost, issue=issue).count() if issue else 0


def _webhooks() -> list[WebhookFact]:
    ailing = Webhook.objects.exclude(failing_since=None).order_by("pk")
    return [
        WebhookFact(
            one.pk,
            one.name,
            one.failing_since,
            one.disabled_because or one.last_error,
            is_off=not one.is_active,
        )
        for one in ailing
        if one.is_active or one.disabled_because
    ]


def _held() -> str:
    held = Continuity.objects.exclude(held_since=None).first()
    return held.held_because if held else ""


def _of(*states: Delivery.State) -> Count:
    return Count("pk", filter=Q(state__in=states))


def _backend(parts: list[Heartbeat]) -> Backend:
    found = next((one for one in parts if one.kind == Heartbeat.Kind.BACKEND), None)
    if found is None:
        return Backend(settings.EMAIL_BACKEND)
    return Backend(
        settings.EMAIL_BACKEND,
        is_refusing=bool(found.details.get("refusing")),
        reason=str(found.details.get("reason", "")),
        since=found.since,
    )


def _disks(parts: list[Heartbeat], now: dt.datetime) -> list[Disk]:
    """The journals' disks as living workers see them; where none does, as this machine sees it."""
    found = [
        Disk(one.name.removeprefix("worker "), int(free), int(one.details["journal_total"]))
        for one in parts
        if heartbeats.is_fresh(one, now) and (free := one.details.get("journal_free")) is not None
    ]
    here = heartbeats.disk_of(settings.JOURNAL_DIR)
    if not found and here:
        found.append(Disk("this machine", here["journal_free"], here["journal_total"]))
    return found
