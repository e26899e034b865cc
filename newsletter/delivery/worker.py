"""Delivery: claim, check, compose, send, settle; the only module that talks to a mail backend.

The ledger's rows are the queue. A worker claims a batch, commits, checks consent and suppression
again, composes every digest, records which papers each holds, and then hands them over one by one,
its journal knowing at every moment which one is under way. The outcomes go back in one statement.
The number of statements for a batch does not depend on its size.
"""

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from newsletter.delivery import ledger, rates
from newsletter.delivery.breaker import Breaker
from newsletter.delivery.journal import Journal
from newsletter.delivery.ledger import Claimed, Settled, verdict
from newsletter.digests.history import issues_sharing, papers_had
from newsletter.digests.readers import ratings_of, readers_of
from newsletter.digests.rendering import DigestPress, RenderingFailed
from newsletter.digests.selection import Choice, Reader, Shelf
from newsletter.issues.freezing import places_of
from newsletter.mail.encoding import UnsendableMail
from newsletter.mail.message import Mail
from newsletter.mail.outcomes import Kind, Outcome, described
from newsletter.mail.transports import backend as transports
from newsletter.models import Delivery, Issue
from papers.models import Topic
from papers.semantics import current

logger = logging.getLogger(__name__)

LEASE_MARGIN = dt.timedelta(seconds=5)
"""A worker stops sending this long before its lease ends."""

SEND_AT_MOST = 15.0
"""Seconds of sending that a batch should take; slow backends get smaller batches, so that a
reader who leaves, or an issue that is paused, is heard soon."""

MOST_EDITIONS = 16
"""Forms of issues that a worker keeps ready: daily, weekly and welcome, by language."""

Clock = Callable[[], dt.datetime]


@dataclass(slots=True)
class Tally:
    """What a worker did, by state, and how long each stage took (seconds)."""

    states: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    is_stuck: bool = False
    """The mail backend does not work; the last outcome said so."""

    @property
    def total(self) -> int:
        """Deliveries that were claimed."""
        return sum(self.states.values())

    def as_dict(self) -> dict[str, Any]:
        """For a log line: deliveries by state, milliseconds by stage."""
        spent = {name: round(seconds * 1000) for name, seconds in self.seconds.items()}
        return {"states": dict(self.states), "batches": self.batches, "milliseconds": spent}


@dataclass(frozen=True, slots=True)
class Wording:
    """Which of an issue's forms a reader gets."""

    is_weekly: bool
    is_welcome: bool
    language: str


@dataclass(frozen=True, slots=True)
class Edition:
    """What is the same for all readers of one issue and form: made once, kept by the worker."""

    shelf: Shelf
    press: DigestPress
    sharing: frozenset[int]
    """Ids of issues that may have given a reader papers of this shelf."""
    fitted: int | None
    """The number of the semantic model whose vectors the shelf has; None where it has none."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A digest ready to be handed over."""

    claimed: Claimed
    mail: Mail
    choices: list[Choice]


class Worker:
    """One thread's delivery: its journal, its connection to the mail backend, its editions."""

    def __init__(
        self,
        transport: transports.Transport,
        journal: Journal,
        clock: Clock = timezone.now,
        backend: str = "",
    ) -> None:
        self._transport = transport
        self._journal = journal
        self._clock = clock
        self._backend = backend or settings.EMAIL_BACKEND
        self._editions: dict[tuple[int, Wording], Edition] = {}
        self._issues: dict[int, Issue] = {}
        self._breaker = Breaker()
        self._after: tuple[dt.datetime, int] | None = None
        self._pace = 0.0  # seconds a message took lately
        self.tally = Tally()

    def run(self, seconds: float = float("inf")) -> Tally:
        """Send what is ready, until nothing is or `seconds` are over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.tally.is_stuck:
            wanted = settings.DELIVERY_BATCH
            if self._pace:
                wanted = max(1, min(wanted, int(SEND_AT_MOST / self._pace)))
            grant = rates.reserve(self._backend, wanted, self._clock())
            if grant.count == 0:
                if grant.wait.total_seconds() > end - time.monotonic():
                    break
                time.sleep(min(grant.wait.total_seconds(), 1.0))
                continue
            done, handed = self._batch(grant)
            rates.give_back(self._backend, grant, grant.count - handed)
            if done == 0:
                break
        return self.tally

    # --- One batch -------------------------------------------------------------------

    def _batch(self, grant: rates.Grant) -> tuple[int, int]:
        """Deliver one batch; how many were claimed, and how many handed over."""
        with self._timed("claim"):
            now = self._clock()
            lease_end = now + settings.DELIVERY_LEASE - LEASE_MARGIN
            claimed = ledger.claim(self._journal.name, grant.count, now, self._after)
            if not claimed and self._after:  # what came in meanwhile may stand further ahead
                claimed = ledger.claim(self._journal.name, grant.count, now)
        if not claimed:
            return 0, 0
        self._after = claimed[-1].place
        settled: list[Settled] = []
        bad: list[int] = []
        with self._timed("compose"):
            ready, put = self._compose(claimed, settled, now)
        with self._timed("record"):
            chosen = [(one.claimed.id, one.choices) for one in ready] + put
            ledger.record_choices([(pk, [one.as_row() for one in mine]) for pk, mine in chosen])
        with self._timed("send"):
            handed = self._send(ready, settled, bad, grant, lease_end)
        with self._timed("settle"), transaction.atomic():
            ledger.settle(self._journal.name, settled)
            ledger.suppress(bad, self._clock())
        self._journal.clear()
        self.tally.states.update(one.state.value for one in settled)
        self.tally.batches += 1
        return len(claimed), handed

    def _compose(
        self, claimed: Sequence[Claimed], settled: list[Settled], now: dt.datetime
    ) -> tuple[list[Composed], list[tuple[int, list[Choice]]]]:
        """Make the digests that are mailed, and choose those (by delivery id) that only stand in
        their reader's feed. The latter are settled here, and so is whoever left, is suppressed or
        has nothing new.
        """
        ids = [one.subscriber_id for one in claimed if one.subscriber_id is not None]
        readers, refused = readers_of(ids)
        wanted = {
            one.id: self._edition(one.issue_id, reader)
            for one in claimed
            if one.subscriber_id is not None and (reader := readers.get(one.subscriber_id))
        }
        sharing = frozenset().union(*(edition.sharing for edition in wanted.values()))
        had = papers_had(ids, sharing, {one.id for one in claimed})
        ratings = {
            fitted: ratings_of(readers.values(), fitted)
            for fitted in {edition.fitted for edition in wanted.values()}
        }
        ready: list[Composed] = []
        put: list[tuple[int, list[Choice]]] = []
        for one in claimed:
            reader = readers.get(one.subscriber_id or 0)
            if reader is None:
                reason = refused.get(one.subscriber_id or 0, "the subscriber was erased")
                settled.append(self._without_mail(one, Delivery.State.SKIPPED, reason, now))
                continue
            edition = wanted[one.id]
            try:
                choices = edition.shelf.select(
                    reader, had.get(reader.id, ()), ratings[edition.fitted].get(reader.id)
                )
                if not choices:
                    reason = "nothing new in the reader's topics"
                    settled.append(self._without_mail(one, Delivery.State.SKIPPED, reason, now))
                    continue
                if reader.by_feed:
                    put.append((one.id, choices))
                    settled.append(self._without_mail(one, Delivery.State.FEED, "", now))
                else:
                    ready.append(
                        Composed(one, edition.press.render(reader, choices, one.id), choices)
                    )
                # A batch may hold two digests of one reader, as after an outage.
                had.setdefault(reader.id, set()).update(c.place.paper_id for c in choices)
            except Exception as error:  # one reader's bad luck must not stop the others
                reason = described(error)
                if not isinstance(error, UnsendableMail | RenderingFailed):
                    logger.exception("a digest could not be composed", extra={"delivery": one.id})
                settled.append(self._without_mail(one, Delivery.State.FAILED, reason, now))
        return ready, put

    def _send(
        self,
        ready: Sequence[Composed],
        settled: list[Settled],
        bad: list[int],
        grant: rates.Grant,
        lease_end: dt.datetime,
    ) -> int:
        """Hand the digests over one by one; how many were. What is not tried goes back."""
        began = time.monotonic()
        stop: Outcome | None = None
        handed = 0
        for at, one in enumerate(ready):
            if stop is None and grant.interval:
                self._wait_until(grant.start + grant.interval * at)
            now = self._clock()
            if stop is None and now >= lease_end:
                stop = Outcome(Kind.DEFERRED, "slow", "the lease ended first", tried=False)
            if stop is not None:
                settled.append(verdict(one.claimed, stop, now))
                continue
            try:
                self._journal.begin(one.claimed.id)
            except OSError as error:
                stop = Outcome(Kind.BROKEN, "journal", described(error), tried=False)
                logger.error("the journal cannot be written", extra={"reason": stop.reason})
                settled.append(verdict(one.claimed, stop, now))
                continue
            outcome = self._transport.send(one.mail)
            handed += 1
            try:
                self._journal.end(one.claimed.id, outcome)
            except OSError as error:
                stop = Outcome(Kind.BROKEN, "journal", described(error), tried=False)
            now = self._clock()
            settled.append(verdict(one.claimed, outcome, now))
            if outcome.suppress and one.claimed.subscriber_id is not None:
                bad.append(one.claimed.subscriber_id)
            if self._breaker.stops(outcome):
                stop = replace(outcome, kind=Kind.DEFERRED, tried=False)
                self.tally.is_stuck = True
                logger.error(
                    "the mail backend does not take mail",
                    extra={"code": outcome.code, "reason": outcome.reason},
                )
        if handed:
            self._pace = (time.monotonic() - began) / handed
        return handed

    # --- Parts -----------------------------------------------------------------------

    def _edition(self, issue_id: int, reader: Reader) -> Edition:
        if issue_id not in self._issues:
            self._issues[issue_id] = Issue.objects.get(pk=issue_id)
        issue = self._issues[issue_id]
        wording = wording_for(issue, reader)
        key = (issue_id, wording)
        if key not in self._editions:
            if len(self._editions) >= MOST_EDITIONS:
                self._editions.pop(next(iter(self._editions)))
            self._editions[key] = edition_of(issue, wording)
        return self._editions[key]

    def _without_mail(
        self, one: Claimed, state: Delivery.State, reason: str, now: dt.datetime
    ) -> Settled:
        return Settled(one.id, state, reason, one.attempts - 1, now)

    def _wait_until(self, moment: dt.datetime) -> None:
        pause = (moment - self._clock()).total_seconds()
        if pause > 0:
            time.sleep(min(pause, rates.AHEAD.total_seconds()))

    def _timed(self, stage: str) -> "_Stage":
        return _Stage(self.tally.seconds, stage)


class _Stage:
    """Adds the time spent inside to a counter."""

    def __init__(self, seconds: Counter[str], name: str) -> None:
        self._seconds = seconds
        self._name = name

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        # A Counter adds floats as well; its type hints do not know it.
        self._seconds[self._name] += time.perf_counter() - self._began  # type: ignore[assignment]


def wording_for(issue: Issue, reader: Reader) -> Wording:
    """Which form of `issue` the reader gets: whoever it welcomes gets the week's best."""
    is_welcome = reader.welcomed_on == issue.day
    return Wording(reader.is_weekly or is_welcome, is_welcome, reader.language)


def edition_of(issue: Issue, wording: Wording) -> Edition:
    """Prepare an issue for the readers of one form. A handful of queries, once per worker."""
    with translation.override(wording.language):
        places = places_of(issue, is_weekly=wording.is_weekly)
        paper_ids = {place.paper_id for place in places}
        fitted = current.number_in_use()
        shelf = Shelf(places, current.vectors_of(paper_ids, fitted) if fitted else None)
    names = dict(Topic.objects.values_list("pk", "name"))
    return Edition(
        shelf=shelf,
        press=DigestPress(
            issue,
            shelf.places,
            names,
            is_weekly=wording.is_weekly,
            is_welcome=wording.is_welcome,
            language=wording.language,
        ),
        sharing=frozenset(issues_sharing(paper_ids)),
        fitted=fitted,
    )


def compose_for(issue: Issue, reader: Reader) -> tuple[Mail | None, list[Choice]]:
    """The digest of `issue` that `reader` would get now, unsent; (None, []) if it were empty."""
    edition = edition_of(issue, wording_for(issue, reader))
    had = papers_had([reader.id], edition.sharing - {issue.pk})
    ratings = ratings_of([reader], edition.fitted).get(reader.id)
    choices = edition.shelf.select(reader, had.get(reader.id, ()), ratings)
    if not choices:
        return None, []
    return edition.press.render(reader, choices, None), choices


def drain(
    *,
    seconds: float = float("inf"),
    clock: Clock = timezone.now,
    directory: Path | None = None,
    transport: transports.Transport | None = None,
) -> Tally:
    """Send everything that is ready now, on this thread, until done or `seconds` are over.

    Settles first what workers of this machine left behind when they died.
    """
    directory = directory or settings.JOURNAL_DIR
    ledger.recover(directory, clock())
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(directory))
        taken = stack.enter_context(transport or transports.for_settings())
        return Worker(taken, journal, clock).run(seconds)
