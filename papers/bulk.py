"""What people do to many rows at once, set-wise: some rows at once, more of them by a worker.

A bulk action is a row first, with the keys of all rows that it is done to. It is worked off in
chunks: the rows of a chunk and the position behind it are one transaction, and the position is only
moved from where this process found it. So whatever is killed, at whatever moment, the next worker
goes on behind the last chunk that is whole, and nothing is done twice.

What can be done in bulk is a `Kind`, beside the rows that it changes. Who works it off is told all
kinds there are: this module knows none.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F, Model, QuerySet
from django.utils import timezone

from papers.audit import without_addresses
from papers.leases import Lost, hold, take
from papers.models import BulkAction, BulkPiece
from papers.waking import wake

logger = logging.getLogger(__name__)

State = BulkAction.State

TASK = "newsletter.tasks.run_bulk_actions"

AT_ONCE = 100
"""Rows that are worked off within the request; with more a worker is at it."""

ATTEMPTS = 5
"""How often a chunk is tried where others write the same rows at the same moment."""

MOST_PROBLEMS = 20
"""Problems of single rows that are kept."""

PIECES = 50
"""Pieces that are written in one statement."""


@dataclass(slots=True)
class Job:
    """What an action is told of its rows' keys, and tells of problems with single rows."""

    now: dt.datetime
    reason: str = ""
    by: int | None = None
    """The account's key."""
    problems: list[str] = field(default_factory=list)


def _all(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows


def _nothing() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be done to many rows of a model."""

    key: str
    model: type[Model]
    words: str
    """What it is, as the list of actions has it."""
    permission: str
    """What it takes, as app.codename."""
    done: str
    """What was done, as in "3 of 4 unsubscribed"."""
    means: str
    """What follows, for the page that asks."""
    act: Callable[[Sequence[int], Job], int]
    """Do it to the rows with these keys, within a transaction; how many that changed."""
    fits: Callable[[QuerySet[Any]], QuerySet[Any]] = _all
    """Those of some rows that it would change."""
    after: Callable[[], bool] = _nothing
    """What follows once it is done; whether a worker was reached."""
    unreached: str = ""
    """What to say where none was."""
    chunk: int = 1_000
    """Rows in one transaction."""
    at_once: int = AT_ONCE
    asks: bool = False
    """Whether it asks however few rows it is done to."""
    needs_reason: bool = False


def make(
    kind: Kind,
    rows: QuerySet[Any],
    now: dt.datetime,
    *,
    by: Any = None,
    narrowed: str = "",
    reason: str = "",
) -> BulkAction:
    """Note the action on the rows that it would change, for a worker."""
    keys = kind.fits(rows).order_by("pk").values_list("pk", flat=True)
    with transaction.atomic():
        action = BulkAction.objects.create(
            kind=kind.key,
            words=kind.words[:200],
            model=kind.model._meta.label_lower,
            filter=without_addresses(narrowed)[:500],
            reason=without_addresses(reason)[:500],
            made_by_id=getattr(by, "pk", None),
            made_at=now,
        )
        total = 0
        pieces = _pieces(action, keys.iterator(chunk_size=10_000), kind.chunk)
        while some := list(islice(pieces, PIECES)):
            BulkPiece.objects.bulk_create(some)
            total += sum(len(piece.keys) for piece in some)
        action.total = total
        action.save(update_fields=["total"])
    return action


def _pieces(action: BulkAction, keys: Iterable[Any], size: int) -> Iterator[BulkPiece]:
    last, number, chunk = None, 0, []
    for key in keys:
        if key == last:
            continue  # a filter by what a row has many of may name it twice
        last = key
        chunk.append(key)
        if len(chunk) == size:
            yield BulkPiece(action=action, number=number, keys=chunk)
            number, chunk = number + 1, []
    if chunk:
        yield BulkPiece(action=action, number=number, keys=chunk)


def call_worker() -> bool:
    """Wake a worker for what was noted; whether that was heard. It would be found anyway."""
    return wake(TASK)


def are_waiting(now: dt.datetime) -> bool:
    """Whether there is work that nobody has in hand."""
    return BulkAction.objects.waiting(now).exists()


def stop(action: BulkAction, now: dt.datetime) -> bool:
    """End it; what is done stays done. Whether that changed anything."""
    with transaction.atomic():
        running = BulkAction.objects.filter(pk=action.pk, state=State.RUNNING)
        stopped = running.update(state=State.STOPPED, ended_at=now, claim="", lease_until=None)
        if stopped:
            BulkPiece.objects.filter(action=action).delete()
    action.refresh_from_db()
    return bool(stopped)


def work(
    kinds: Mapping[str, Kind],
    now: Callable[[], dt.datetime] = timezone.now,
    *,
    seconds: float = 50.0,
) -> bool:
    """Work on the actions that wait, oldest first; whether there is more to do when time is
    over.
    """
    until = time.monotonic() + seconds
    for action in BulkAction.objects.waiting(now()):
        if take(BulkAction.objects.filter(pk=action.pk, state=State.RUNNING), now()):
            action.refresh_from_db()
            try:
                work_on(action, kinds, now, until=until)
            except OperationalError:  # the next look may fare better
                logger.exception("a bulk action waits", extra={"action": action.pk})
        if time.monotonic() >= until:
            break
    return are_waiting(now())


def work_on(
    action: BulkAction,
    kinds: Mapping[str, Kind],
    now: Callable[[], dt.datetime] = timezone.now,
    *,
    until: float | None = None,
) -> None:
    """Work on one that this process has in hand, until its end or that monotonic time."""
    kind = kinds.get(action.kind)
    if kind is None:
        _end(action, State.FAILED, now(), "This version doesn't know what to do.")
        return
    try:
        while (piece := action.pieces.order_by("number").first()) is not None:
            _try(action, piece, kind, now)
            if until is not None and time.monotonic() >= until and action.position < action.total:
                BulkAction.objects.filter(pk=action.pk, claim=action.claim).update(
                    claim="", lease_until=None
                )
                return
        kind.after()
        said = f"{action.changed:,} of {action.total:,} {kind.done}."
        _end(action, State.DONE, now(), said)
    except Lost:
        action.refresh_from_db()


def _try(action: BulkAction, piece: BulkPiece, kind: Kind, now: Callable[[], dt.datetime]) -> None:
    """One chunk, whole or not at all. Where the database fails the error is raised, and the action
    waits for its claim to run out; any other error ends it. Raises `Lost`.
    """
    for attempt in range(ATTEMPTS):
        try:
            _step(action, piece, kind, now())
            return
        except OperationalError:
            if attempt == ATTEMPTS - 1:
                raise
        except Lost:
            raise
        except Exception as error:
            if isinstance(error, IntegrityError) and attempt < ATTEMPTS - 1:
                continue
            logger.exception("a bulk action failed", extra={"action": action.pk})
            said = f"{action.changed:,} {kind.done}, then it failed: {type(error).__name__}."
            _end(action, State.FAILED, now(), said)
            raise Lost from error
        finally:
            # Never the claim: it may be another process's by now.
            action.refresh_from_db(fields=["position", "changed", "problems"])


def _step(action: BulkAction, piece: BulkPiece, kind: Kind, now: dt.datetime) -> None:
    mine = BulkAction.objects.filter(pk=action.pk, claim=action.claim, state=State.RUNNING)
    job = Job(now, action.reason, action.made_by_id)
    with transaction.atomic():
        # First, so that it is ours alone until the end of the transaction.
        hold(mine.filter(position=action.position), now, position=F("position") + len(piece.keys))
        changed = kind.act(piece.keys, job)
        problems = [*action.problems, *map(without_addresses, job.problems)][:MOST_PROBLEMS]
        mine.update(changed=F("changed") + changed, problems=problems)
        piece.delete()


def _end(action: BulkAction, state: BulkAction.State, now: dt.datetime, result: str) -> None:
    with transaction.atomic():
        mine = BulkAction.objects.filter(pk=action.pk, claim=action.claim, state=State.RUNNING)
        if mine.update(state=state, ended_at=now, result=result[:300], claim="", lease_until=None):
            BulkPiece.objects.filter(action=action).delete()
    action.refresh_from_db()
    logger.info(
        "a bulk action ended",
        extra={"action": action.pk, "kind": action.kind, "state": action.state},
    )
