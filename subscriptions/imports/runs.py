"""A run from the file to its end: made, checked, declared, started, worked through, forgotten.

The file is worked off in chunks. The rows of a chunk, its report and the position behind it are
one transaction, and the position is only moved from where this process found it. So whatever is
killed, at whatever moment, the next worker goes on behind the last chunk that is whole, and no
line is taken twice.
"""

import datetime as dt
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from papers.leases import LEASE, Lost, hold, process_name, take
from subscriptions.imports.files import Records, UnreadableFile, keep, text_of
from subscriptions.imports.options import BadOption, Options, check_profile
from subscriptions.imports.planning import Plan, Planner
from subscriptions.imports.profiles import PROFILES, recognized
from subscriptions.imports.storing import Decided, decide, write
from subscriptions.models import ImportPiece, ImportReport, ImportRun

logger = logging.getLogger(__name__)

State = ImportRun.State

CHUNK = 5000
"""Records in one transaction."""

EXAMPLES = 3
"""Lines that are shown of each outcome."""

KEEP_FILE = dt.timedelta(days=7)
"""How long a file is kept that nobody starts or stops."""

ATTEMPTS = 5
"""How often a chunk is tried where readers sign up at the same moment."""


class NotNow(ValueError):
    """The run is in a state in which this cannot be done; the text says so."""


def make(
    content: Iterable[bytes],
    file_name: str,
    profile: str,
    options: Options,
    now: dt.datetime,
    user: "object | None" = None,
    *,
    claimed: bool = False,
) -> ImportRun:
    """Keep a file to be checked. An empty `profile` means the one that its heading is known by.
    With `claimed` it is this process that checks it.

    Raises `UnreadableFile` or `BadOption`, and then nothing is kept.
    """
    options.check()
    if profile:
        check_profile(profile)
    run = ImportRun(
        profile=profile,
        file_name=_plain_name(file_name),
        options=options.as_dict(),
        created_at=now,
        created_by_id=getattr(user, "pk", None),
    )
    with transaction.atomic():
        keep(run, _limited(content))
        records = Records(text_of(run))
        run.profile = profile or recognized(records.heading).key
        Planner(records.heading, PROFILES[run.profile], options, now)
        if claimed:
            run.claim, run.lease_until = process_name(), now + LEASE
        run.save(update_fields=["profile", "claim", "lease_until"])
    return run


def _limited(content: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for part in content:
        size += len(part)
        if size > settings.IMPORT_MAX_MB * 1_000_000:
            raise UnreadableFile(
                f"The file is larger than IMPORT_MAX_MB allows, which is {settings.IMPORT_MAX_MB}. "
                "Split it, or raise that."
            )
        yield part


def _plain_name(name: str) -> str:
    """The file's name without directories and whatever is not seen."""
    name = re.split(r"[/\\]", name)[-1]
    return "".join(c for c in name if c.isprintable())[:150] or "file.csv"


def start(run: ImportRun, declared_by: str, now: dt.datetime, declaration: str = "") -> None:
    """Begin to import what was checked. With a `declaration` readers start as confirmed, and it is
    put on record; without one each is asked by a letter. Raises `NotNow`.
    """
    fields: dict[str, object] = {
        "state": State.RUNNING,
        "is_confirmed": bool(declaration),
        "declaration": declaration,
        "declared_by": declared_by[:150] if declaration else "",
        "declared_at": now if declaration else None,
        "position": 0,
        "counts": {},
        "examples": {},
        "started_at": now,
        "claim": "",
        "lease_until": None,
    }
    if not ImportRun.objects.filter(pk=run.pk, state=State.CHECKED).update(**fields):
        raise NotNow("Only an import that was checked and not started can be started.")
    run.refresh_from_db()
    logger.info("import started", extra={"run": run.pk, "confirmed": run.is_confirmed})


def stop(run: ImportRun, now: dt.datetime) -> None:
    """End a run that is not over; lines that are in stay in. Its file is deleted."""
    with transaction.atomic():
        changed = ImportRun.objects.filter(pk=run.pk).exclude(state__in=ImportRun.OVER)
        if not changed.update(state=State.STOPPED, ended_at=now, claim="", examples={}):
            raise NotNow("This import is over already.")
        ImportPiece.objects.filter(run=run).delete()
    run.refresh_from_db()


def forget(now: dt.datetime) -> int:
    """Delete the files that nobody started or stopped in time; how many."""
    count = 0
    for run in ImportRun.objects.abandoned(now - KEEP_FILE):
        stop(run, now)
        count += 1
    return count


def work(now: Callable[[], dt.datetime] = timezone.now, *, seconds: float = 50.0) -> bool:
    """Work on the runs that wait, oldest first; whether there is more to do when time is over."""
    until = time.monotonic() + seconds
    for run in ImportRun.objects.waiting(now()):
        if claim(run, now()):
            work_on(run, now, until=until)
            if run.is_at_work:
                return True
        if time.monotonic() >= until:
            break
    return ImportRun.objects.waiting(now()).exists()


def claim(run: ImportRun, now: dt.datetime) -> bool:
    """Take the run in hand, where nobody has it; only one is imported at a time."""
    with transaction.atomic():
        others = ImportRun.objects.select_for_update().filter(state=State.RUNNING)
        if run.state == State.RUNNING and any(
            one.pk != run.pk and one.claim and one.lease_until and one.lease_until > now
            for one in others
        ):
            return False
        taken = take(ImportRun.objects.filter(pk=run.pk, state__in=ImportRun.AT_WORK), now)
    run.refresh_from_db()
    return taken


def work_on(
    run: ImportRun,
    now: Callable[[], dt.datetime] = timezone.now,
    *,
    until: float | None = None,
    on_chunk: Callable[[ImportRun], None] = lambda run: None,
) -> None:
    """Work through a claimed run, until its end or, when it is imported, until that monotonic time.
    What fails ends the run with a sentence; the file is deleted then as well.
    """
    try:
        if run.state == State.CHECKING:
            _check(run, now, on_chunk)
        else:
            _import(run, now, until, on_chunk)
    except Lost:
        run.refresh_from_db()
    except (UnreadableFile, BadOption, UnicodeError) as error:
        _end(run, State.FAILED, now(), str(error)[:300])


def _check(
    run: ImportRun, now: Callable[[], dt.datetime], on_chunk: Callable[[ImportRun], None]
) -> None:
    """Look the whole file through, changing nothing but the run's counts."""
    run.position, run.counts, run.examples = 0, {}, {}
    seen: set[int] = set()
    counts: Counter[str] = Counter()
    for plans, position in _chunks(run, now()):
        _count(run, counts, plans, decide(plans, run, seen), with_examples=True)
        run.position = position
        _move(run, now(), State.CHECKING)
        on_chunk(run)
    changed = ImportRun.objects.filter(pk=run.pk, claim=run.claim, state=State.CHECKING).update(
        state=State.CHECKED, total=run.position, claim="", lease_until=None
    )
    if not changed:
        raise Lost
    run.refresh_from_db()


def _import(
    run: ImportRun,
    now: Callable[[], dt.datetime],
    until: float | None,
    on_chunk: Callable[[ImportRun], None],
) -> None:
    options = Options.of(run.options)
    counts = Counter(run.counts)
    for plans, position in _chunks(run, now()):
        _store(run, plans, position, options, counts, now())
        on_chunk(run)
        if until is not None and time.monotonic() >= until and position < run.total:
            ImportRun.objects.filter(pk=run.pk, claim=run.claim).update(claim="", lease_until=None)
            run.refresh_from_db()
            return
    _end(run, State.DONE, now())


def _store(
    run: ImportRun,
    plans: list[Plan],
    position: int,
    options: Options,
    counts: Counter[str],
    now: dt.datetime,
) -> None:
    """One chunk, whole or not at all."""
    before, counts_before = run.position, Counter(counts)
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                decided = decide(plans, run)
                write(decided, run, options, now)
                _count(run, counts, plans, decided, with_examples=False)
                ImportReport.objects.create(
                    run=run,
                    position=before,
                    lines=[(line, what.value, why) for line, what, why in decided.lines],
                )
                run.position = position
                _move(run, now, State.RUNNING, before)
            return
        except IntegrityError:
            run.position = before
            counts.clear()
            counts.update(counts_before)
            if attempt == ATTEMPTS - 1:
                raise


def _move(
    run: ImportRun, now: dt.datetime, state: ImportRun.State, before: int | None = None
) -> None:
    """Write how far the run is, where it is still this process's. Raises `Lost`."""
    mine = ImportRun.objects.filter(pk=run.pk, claim=run.claim, state=state)
    if before is not None:
        mine = mine.filter(position=before)
    hold(mine, now, position=run.position, counts=run.counts, examples=run.examples)


def _count(
    run: ImportRun,
    counts: Counter[str],
    plans: list[Plan],
    decided: Decided,
    *,
    with_examples: bool,
) -> None:
    counts.update(outcome.value for _, outcome, _ in decided.lines)
    run.counts = dict(counts)
    if not with_examples:
        return
    for plan, (line, outcome, why) in zip(plans, decided.lines, strict=True):
        shown = run.examples.setdefault(outcome.value, [])
        if len(shown) < EXAMPLES:
            shown.append({"line": line, "email": plan.email, "why": why})


def _chunks(run: ImportRun, now: dt.datetime) -> Iterator[tuple[list[Plan], int]]:
    """The plans of the records behind the run's position, and the position behind each chunk."""
    records = Records(text_of(run))
    planner = Planner(records.heading, PROFILES[run.profile], Options.of(run.options), now)
    position = run.position
    waiting = islice(records, position, None)
    while chunk := list(islice(waiting, CHUNK)):
        position += len(chunk)
        yield [planner.plan(record) for record in chunk], position


def _end(run: ImportRun, state: ImportRun.State, now: dt.datetime, error: str = "") -> None:
    """The run is over; its file goes."""
    with transaction.atomic():
        changed = ImportRun.objects.filter(pk=run.pk, claim=run.claim).exclude(
            state__in=ImportRun.OVER
        )
        if changed.update(
            state=state, ended_at=now, error=error, claim="", lease_until=None, examples={}
        ):
            ImportPiece.objects.filter(run=run).delete()
    run.refresh_from_db()
    logger.info("import ended", extra={"run": run.pk, "state": run.state, **run.counts})
