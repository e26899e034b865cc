"""The status in words: the lines that the command and the admin's page have in common."""

import datetime as dt
from dataclasses import dataclass

from newsletter.operations.watching.status import Part, Status


@dataclass(frozen=True, slots=True)
class Line:
    """One fact and what it is called."""

    name: str
    said: str


def lines(now_is: Status) -> list[Line]:
    """Every fact, in the order in which an operator asks for them."""
    send, now = now_is.send, now_is.at
    found = [
        Line("Time", f"{now:%A, %-d %B %Y, %H:%M:%S} UTC"),
        Line("Version", f"{now_is.version}, {_migrations(now_is.pending_migrations)}"),
        Line("Beat", _alive(now_is.beat, now)),
        *(Line(f"Worker {one.name}", _alive(one, now)) for one in now_is.workers),
    ]
    if not now_is.workers:
        found.append(Line("Workers", "none seen"))
    found.append(Line("Last tick", _ago(now_is.tick_at, now)))
    for source in now_is.sources:
        said = f"answered {_ago(source.answered_at, now)}"
        if source.error:
            said += f"; last asked {_ago(source.tried_at, now)}: {source.error}"
        elif source.last_run:
            said += f": {source.last_run}"
        if source.next_at is not None and source.next_at > now:
            said += f"; next from {source.next_at:%H:%M} UTC on"
        if source.silence:
            said += f"; {source.silence}"
        found.append(Line(f"Source {source.name}", said))
    found += [
        Line("Issue", _issue(now_is)),
        Line(
            "Digests",
            f"{send.due:,} due: {send.sent:,} sent, {send.skipped:,} skipped, "
            f"{send.waiting:,} waiting ({send.late:,} late), {send.failed:,} failed, "
            f"{send.expired:,} too late, {send.in_doubt:,} in doubt{_counted(now_is)}",
        ),
        Line("Rate", _rate(now_is)),
        Line("Previous issue", f"{now_is.lost_before:,} in doubt or too late"),
        Line("Mail backend", _backend(now_is)),
        Line("Held back", now_is.held_because or "nothing"),
        Line("Queue", f"the oldest email has waited {_span(now_is.queue_age)}"),
    ]
    found += [
        Line(
            f"Journal’s disk, {disk.where}",
            f"{disk.free / 1e9:,.1f} of {disk.total / 1e9:,.1f} GB free ({disk.free_share:.0%})",
        )
        for disk in now_is.disks
    ]
    found += [
        Line(f"Webhook, {one.name}", f"{'switched off' if one.is_off else 'failing'}: {one.error}")
        for one in now_is.webhooks
    ]
    return found


def _migrations(pending: int) -> str:
    return f"{pending} migrations not applied" if pending else "all migrations applied"


def _alive(part: Part | None, now: dt.datetime) -> str:
    if part is None:
        return "never seen"
    state = "alive" if part.is_alive else "SILENT"
    return f"{state}, seen {_ago(part.seen_at, now)}, version {part.version or 'unknown'}"


def _issue(now_is: Status) -> str:
    issue = now_is.issue
    if not issue.is_there:
        return (
            f"{issue.day}: not ready yet; readers wait until {issue.expected_by:%-d %B, %H:%M} UTC"
        )
    missing = f"; without {', '.join(issue.missing_sources)}" if issue.missing_sources else ""
    if issue.approve_by is not None:
        missing += f"; waits for approval until {issue.approve_by:%H:%M} UTC"
    return f"{issue.day}: {issue.state}, frozen {_ago(issue.frozen_at, now_is.at)}{missing}"


def _rate(now_is: Status) -> str:
    send = now_is.send
    said = f"{send.per_minute:,.0f} a minute; last sent {_ago(send.last_sent_at, now_is.at)}"
    return f"{said}; ends {send.ends_at:%H:%M} UTC" if send.ends_at else said


def _counted(now_is: Status) -> str:
    """When, where the watch did it before."""
    at = now_is.send.counted_at
    return "" if at is None or at == now_is.at else f" (counted {_ago(at, now_is.at)})"


def _backend(now_is: Status) -> str:
    backend = now_is.backend
    if backend.since is None:
        return f"{backend.path}: nothing sent yet"
    if backend.is_refusing:
        since = _ago(backend.since, now_is.at)
        return f"{backend.path}: NOT accepting email (since {since}): {backend.reason}"
    return f"{backend.path}: accepting email"


def _ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    return f"{_span((now - moment).total_seconds())} ago" if moment else "never"


def _span(seconds: float) -> str:
    """Such as "12 s", "5 min", "3 h", "2 days"."""
    for size, unit in ((172_800, "days"), (7200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds / {'days': 86_400, 'h': 3600, 'min': 60}[unit]:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
