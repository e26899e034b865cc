"""Troubles: what an operator has to hear of, when it begins, while it lasts, and when it is over.

The workers look, one of them each minute, and not beat, whose silence is one of the troubles;
while no worker does, a web process stands in (see `stand_in`). A
trouble is a row, of which there is one while it lasts; who changes the row tells, so several
workers tell once. It is told once it has lasted a little, so that a restart wakes nobody, and is
over only when it has been away for a little.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from newsletter.delivery import continuity, rates
from newsletter.models import Heartbeat, Trouble
from newsletter.operations.watching import alerts, heartbeats
from newsletter.operations.watching.alerts import Alert, State
from newsletter.operations.watching.status import LATE, Status, keep_send, status
from papers.days import closes_at

logger = logging.getLogger(__name__)

EVERY = dt.timedelta(seconds=55)
"""How often one of the workers looks."""

LASTS = dt.timedelta(minutes=3)
"""How long a trouble lasts before anybody is told, and is away before it counts as over."""

AGAIN = dt.timedelta(days=1)
"""How often a trouble that lasts is told."""

TICK_SILENT = dt.timedelta(minutes=5)
SOURCE_PATIENCE = dt.timedelta(hours=2)
"""How long, beyond its own pause, a source may fail: one bad answer is no news."""

WEBHOOK_PATIENCE = dt.timedelta(hours=1)
"""How long a webhook may take nothing: its receiver may just be replaced."""

SILENT = "silent:"
"""How the keys begin of sources that answer but give nothing; those are told once."""

UNAPPROVED = "unapproved:"
"""How the key begins where nobody approved an issue in time; told once, too."""

DISK_FREE = 0.1
"""The share of the journal's disk that must be free."""

LOST_SHARE = 0.05
"""The share of an issue's digests in doubt or too late from which on it is told, where that is less
than ALERT_LOST_DIGESTS."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A trouble as it is seen now."""

    key: str
    text: str


def findings(now_is: Status) -> list[Finding]:
    """Every trouble that these facts show. Pure, but for the settings."""
    now = now_is.at
    found = [*_of_parts(now_is), *_of_issue(now_is), *_of_sending(now_is)]
    for source in now_is.sources:
        patience = SOURCE_PATIENCE + dt.timedelta(minutes=source.pause_minutes)
        if source.error and (source.answered_at is None or now - source.answered_at > patience):
            when = f"since {_at(source.answered_at)}" if source.answered_at else "so far"
            found.append(
                Finding(
                    f"source:{source.slug}",
                    f"{source.name} hasn't answered {when}: {source.error}",
                )
            )
        elif source.silence and not source.error:
            found.append(Finding(f"{SILENT}{source.slug}", source.silence))
    for hook in now_is.webhooks:
        if hook.is_off:
            said = f"The webhook {hook.name} was switched off: {hook.error}"
            found.append(Finding(f"webhook:{hook.pk}", said))
        elif hook.since is not None and now - hook.since > WEBHOOK_PATIENCE:
            said = (
                f"The webhook {hook.name} has taken nothing since {_at(hook.since)}: {hook.error}"
            )
            found.append(Finding(f"webhook:{hook.pk}", said))
    found += [
        Finding(
            f"disk:{disk.where}",
            f"The journal's disk on {disk.where} is filling up: {disk.free_share:.0%} is free.",
        )
        for disk in now_is.disks
        if disk.free_share < DISK_FREE
    ]
    return found


def _of_parts(now_is: Status) -> Iterable[Finding]:
    now, beat = now_is.at, now_is.beat
    if beat is None or not beat.is_alive:
        when = f"since {_at(beat.seen_at)}" if beat else "yet"
        yield Finding("beat", f"Beat hasn't run {when}: nothing is fetched, frozen or planned.")
    elif now_is.tick_at is None or now - now_is.tick_at > TICK_SILENT:
        when = f"since {_at(now_is.tick_at)}" if now_is.tick_at else "yet"
        yield Finding(
            "tick", (f"Beat is running, but no worker has answered {when}. Check the broker.")
        )
    if not now_is.has_worker:
        yield Finding("workers", "No worker is running, so nothing is sent.")
    if now_is.pending_migrations:
        yield Finding(
            "migrations", f"{now_is.pending_migrations} migrations not applied: manage.py migrate"
        )


def _of_issue(now_is: Status) -> Iterable[Finding]:
    issue = now_is.issue
    late_from = closes_at(issue.day) + dt.timedelta(hours=settings.ALERT_ISSUE_HOURS)
    if not issue.is_there and now_is.at >= late_from:
        failing = [source.name for source in now_is.sources if source.error]
        why = f" {', '.join(failing)} did not answer." if failing else ""
        yield Finding("no-issue", f"There's no issue for {issue.day:%A, %-d %B %Y} yet.{why}")
    if issue.unapproved:
        yield Finding(f"{UNAPPROVED}{issue.day}", issue.unapproved)


def _of_sending(now_is: Status) -> Iterable[Finding]:
    send, backend = now_is.send, now_is.backend
    if now_is.held_because:
        yield Finding("held", f"{now_is.held_because} See manage.py after_restore.")
    elif backend.is_refusing:
        when = f" since {_at(backend.since)}" if backend.since else ""
        yield Finding("backend", f"The mail backend hasn't accepted email{when}: {backend.reason}")
    elif (
        now_is.digests_age > LATE.total_seconds() and not send.per_minute and not _is_spent(now_is)
    ):
        minutes = round(now_is.digests_age / 60)
        yield Finding(
            "queue", (f"Digests have waited for {minutes} minutes, and none are being sent.")
        )
    is_stopped = now_is.held_because or backend.is_refusing
    if not is_stopped and now_is.other_emails_age > LATE.total_seconds():
        minutes = round(now_is.other_emails_age / 60)
        yield Finding(
            "other-emails", f"Confirmations and other emails have waited for {minutes} minutes."
        )
    limit = max(1, min(settings.ALERT_LOST_DIGESTS, int(send.due * LOST_SHARE)))
    lost = send.in_doubt + send.expired
    if lost >= limit:
        yield Finding(
            f"lost:{now_is.issue.day}",
            f"Of today's digests {send.in_doubt} are in doubt and {send.expired} came too late.",
        )
    if now_is.lost_before >= settings.ALERT_LOST_DIGESTS:
        yield Finding(
            "lost-before",
            f"{now_is.lost_before} digests of the previous issue are in doubt or were too late.",
        )


def _is_spent(now_is: Status) -> bool:
    return rates.is_spent(now_is.backend.path, now_is.at)


def _at(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%-d %B, %H:%M} UTC"


# --- The watch ---------------------------------------------------------------------------


def watch(
    now: dt.datetime, tell: Callable[[Alert], bool] = alerts.tell, *, pings: bool = True
) -> bool:
    """Look, where it is this worker's turn: note what is wrong and what is over, tell the
    operators, and, where it `pings`, tell who watches us that we do. Whether it was this worker's
    turn.
    """
    if not heartbeats.is_my_turn(now, EVERY):
        return False
    Heartbeat.objects.filter(kind=Heartbeat.Kind.WORKER).delete_silent(
        now - heartbeats.FORGOTTEN_AFTER
    )
    continuity.hold(settings.JOURNAL_DIR, now)
    facts = status(now)
    keep_send(facts)
    note(findings(facts), now)
    tell_all(now, tell)
    if pings and is_well_watched(facts):
        alerts.ping()
    return True


def is_well_watched(facts: Status) -> bool:
    """Whether a dead man's ping may go out: beat, a worker and the queue show signs of life."""
    beat, tick = facts.beat, facts.tick_at
    is_moving = facts.digests_age <= LATE.total_seconds() or facts.send.per_minute > 0
    return bool(
        beat
        and beat.is_alive
        and facts.has_worker
        and tick is not None
        and facts.at - tick <= TICK_SILENT
        and (is_moving or _is_spent(facts))
        and facts.other_emails_age <= LATE.total_seconds()
    )


def note(found: Iterable[Finding], now: dt.datetime) -> None:
    """Keep what is wrong, and mark as over what was not seen for `LASTS`."""
    for one in found:
        text = one.text[:500]
        if not Trouble.objects.open().filter(key=one.key).update(seen_at=now, text=text):
            try:
                with transaction.atomic():
                    Trouble.objects.create(key=one.key, text=text, since=now, seen_at=now)
            except IntegrityError:
                continue  # another worker saw it at the same time
            logger.warning("trouble", extra={"trouble": one.key, "text": text})
    for trouble in Trouble.objects.open().filter(seen_at__lte=now - LASTS):
        if Trouble.objects.open().filter(pk=trouble.pk).update(over_at=now):
            logger.info("a trouble is over", extra={"trouble": trouble.key, "text": trouble.text})


def tell_all(now: dt.datetime, tell: Callable[[Alert], bool]) -> None:
    """Tell what is due to be told. Where nobody could be told the next look tries again."""
    once = Q(key__startswith=SILENT) | Q(key__startswith=UNAPPROVED)
    due = Q(told_at=None) | Q(told_at__lte=now - AGAIN) & ~once
    for trouble in Trouble.objects.open().filter(due, since__lte=now - LASTS, seen_at=now):
        mine = Trouble.objects.filter(due, pk=trouble.pk).update(told_at=now)
        state = State.OPEN if trouble.told_at is None else State.STILL_OPEN
        if mine and not tell(Alert(trouble.text, trouble.key, trouble.since, state)):
            Trouble.objects.filter(pk=trouble.pk).update(told_at=trouble.told_at)
    recent = Trouble.objects.filter(over_at__gt=now - AGAIN, over_told_at=None)
    for trouble in recent.exclude(told_at=None):
        mine = Trouble.objects.filter(pk=trouble.pk, over_told_at=None).update(over_told_at=now)
        if mine and not tell(Alert(trouble.text, trouble.key, trouble.since, State.OVER)):
            Trouble.objects.filter(pk=trouble.pk).update(over_told_at=None)
