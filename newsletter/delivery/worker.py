"""Delivery: claim, check, compose, send, settle.

The ledger's rows are the queue. A worker claims a batch, commits, checks consent and suppression
again and with them by which channel each reader wants the digest, composes it, records which
papers it holds, and then hands the digests over one by one, its journal knowing at every moment
which one is under way. The outcomes go back in one statement. Other emails than digests, for which
`newsletter.delivery.notices` looks, go out before them and between them.
The number of statements for a batch does not depend on its size.
"""

import datetime as dt
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from newsletter.channels import registry
from newsletter.channels.base import HandedOver
from newsletter.channels.email import EmailChannel
from newsletter.delivery import (
    backend_state,
    continuity,
    ledger,
    rates,
    sent_log,
    welcome,
)
from newsletter.delivery.breaker import Breaker, Taking
from newsletter.delivery.composing import (
    Edition,
    KeptInterests,
    Shelves,
    Stock,
    Wording,
    draft_for,
    edition_of,
    with_picks,
    wording_for,
)
from newsletter.delivery.journal import Journal, Key
from newsletter.delivery.ledger import Claimed, Settled, verdict
from newsletter.delivery.notices import STOPPED, NoticeSender
from newsletter.digests import interests, retractions
from newsletter.digests.choices import stored_form
from newsletter.digests.history import papers_had
from newsletter.digests.interests import Picked
from newsletter.digests.readers import ratings_of, readers_of
from newsletter.digests.rendering import DigestPress, RenderingFailed
from newsletter.digests.selection import Choice, Reader
from newsletter.issues import corrections
from newsletter.issues.freezing import places_by_id
from newsletter.issues.places import Place
from newsletter.letters.rendering import LetterPress
from newsletter.mail.encoding import UnsendableMail
from newsletter.mail.outcomes import Kind, Outcome, described
from newsletter.mail.transports.base import Transport
from newsletter.models import Delivery, Issue, Letter
from papers.models import Paper

logger = logging.getLogger(__name__)

LEASE_MARGIN = dt.timedelta(seconds=5)
"""A worker stops sending this long before its lease ends."""

SEND_AT_MOST = 2.5
"""Seconds of sending that a batch should take; slow backends get smaller batches, so that a
reader who leaves, or an issue that is paused, is heard soon, and a welcome is soon sent."""

FIRST_PACE = 0.05
"""Seconds that a message is taken to need, before any was sent."""

WELCOME_EVERY = 1.0
"""Seconds between two looks for readers who have just confirmed."""

MOST_EDITIONS = 32
"""Forms of issues that a worker keeps ready: daily (drawing on one to three issues), weekly and
welcome, by language."""

RECORDED = Outcome(Kind.ACCEPTED, tried=False)
"""What becomes of a digest whose channel needs nothing but its row."""

Clock = Callable[[], dt.datetime]


@dataclass(slots=True)
class Tally:
    """What a worker did, by state, and how long each stage took (seconds)."""

    states: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    is_stuck: bool = False
    """A channel does not work; the last outcome said so."""
    why: str = ""
    """What it said."""
    notices: Counter[str] = field(default_factory=Counter)
    """Other emails than digests, by state."""

    @property
    def total(self) -> int:
        """Deliveries that were claimed."""
        return sum(self.states.values())

    def as_dict(self) -> dict[str, Any]:
        """For a log line: deliveries by state, milliseconds by stage."""
        spent = {name: round(seconds * 1000) for name, seconds in self.seconds.items()}
        found = {"states": dict(self.states), "batches": self.batches, "milliseconds": spent}
        return found | {"notices": dict(self.notices)}


_BY_EMAIL = EmailChannel()

WORDS = ("note", "subject", "preview_line")
"""What an editor may change of an issue while its digests go out."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A digest ready to be handed over."""

    claimed: Claimed
    channel: HandedOver
    message: Any
    choices: list[Choice]


class Worker:
    """One thread's delivery: its journal, its connections to where digests go, its editions."""

    def __init__(
        self,
        senders: Mapping[str, Transport],
        journal: Journal,
        clock: Clock = timezone.now,
        backend: str = "",
    ) -> None:
        """`senders`: one for every channel that hands messages over, by its name."""
        self._senders = senders
        self._journal = journal
        self._clock = clock
        self._backend = backend or settings.EMAIL_BACKEND
        self._editions: dict[tuple[int, Wording], Edition] = {}
        self._edition_for: dict[tuple[Any, ...], Edition] = {}
        self._shelves: Shelves = WeakValueDictionary()
        self._issues: dict[int, Issue] = {}
        self._shown: Any = None  # the papers that are kept back, and the corrections' version
        self._letter_presses: dict[tuple[int, str], LetterPress] = {}
        self._words: dict[int, Any] = {}  # of the issues
        self._breakers: dict[str, Breaker] = {}
        self._keeper = continuity.Keeper(journal.directory)
        self._after: tuple[dt.datetime, int] | None = None
        self._pace = FIRST_PACE  # seconds a message took lately
        self._next_welcome = 0.0  # by the monotonic clock
        self._taking = Taking()
        self.tally = Tally()
        self._notices = NoticeSender(
            senders[EmailChannel.name],
            journal,
            clock,
            self._backend,
            may_begin=self._keeper.begin_batch,
            is_stopping=_is_stopping.is_set,
            taking=self._taking,
        )
        self.tally.notices = self._notices.states
        self._kept = KeptInterests()

    def run(self, seconds: float = float("inf")) -> Tally:
        """Send what is ready, until nothing is or `seconds` are over. Notices go first, and between
        the digests, and welcomes before other digests.
        """
        end = time.monotonic() + seconds
        self._notices.look()
        while time.monotonic() < end and not self.tally.is_stuck and not _is_stopping.is_set():
            self._notices.glance()
            self._welcome()
            wanted = settings.DELIVERY_BATCH
            if self._pace:
                wanted = max(1, min(wanted, int(SEND_AT_MOST / self._pace)))
            grant = rates.reserve(self._backend, wanted, self._clock())
            if grant.count == 0:
                if grant.wait.total_seconds() <= end - time.monotonic():
                    time.sleep(min(grant.wait.total_seconds(), 1.0))
                elif self._batch(grant, wanted, registry.wishes_without_mail())[0] == 0:
                    break  # mail has to wait, and whatever need not is done
                continue
            done, mailed = self._batch(grant, grant.count)
            rates.give_back(self._backend, grant, grant.count - mailed)
            if done == 0:
                break
        self._notices.finish()
        return self.tally

    # --- One batch -------------------------------------------------------------------

    def _batch(
        self, grant: rates.Grant, count: int, receive_by: Sequence[str] = ()
    ) -> tuple[int, int]:
        """Deliver one batch of up to `count`; how many were claimed, and how many emails handed
        over. With `receive_by` only for readers who wish one of these ways.
        """
        with self._timed("claim"):
            now = self._clock()
            lease_end = now + settings.DELIVERY_LEASE - LEASE_MARGIN
            after = None if receive_by else self._after
            if after and welcome.are_waiting(now):
                after = None
            claimed = ledger.claim(self._journal.name, count, now, after, receive_by)
            if not claimed and after:  # what came in meanwhile may stand further ahead
                claimed = ledger.claim(self._journal.name, count, now)
        if not claimed:
            return 0, 0
        if not self._keeper.begin_batch(now):
            why = continuity.RESTORED
            ledger.settle(
                self._journal.name,
                [self._untried(one, Delivery.State.PENDING, why, now) for one in claimed],
            )
            return 0, 0
        if not receive_by and not welcome.is_first(claimed[-1].not_before, now):
            self._after = claimed[-1].place
        settled: list[Settled] = []
        bad: list[int] = []
        with self._timed("compose"):
            ready, recorded, told = self._compose(claimed, settled, now)
        with self._timed("record"):
            chosen = [(one.claimed.id, one.choices) for one in ready] + recorded
            ledger.record_choices(
                [(pk, stored_form(mine)) for pk, mine in chosen], self._kept.chosen
            )
            self._kept.write()
            retractions.record(told)
        refused: dict[Key, Outcome] = {}
        self._notices.within_batch = True
        try:
            with self._timed("send"):
                mailed = self._send(ready, settled, bad, refused, grant, lease_end)
        finally:
            self._notices.within_batch = False
        self._log_sent(claimed, settled)
        with self._timed("settle"), transaction.atomic():
            ledger.settle(self._journal.name, settled)
            ledger.suppress(bad, self._clock())
            ledger.note_refusals(refused, self._clock())
        self._journal.clear()
        self.tally.states.update(one.state.value for one in settled)
        self.tally.batches += 1
        return len(claimed), mailed

    def _compose(
        self, claimed: Sequence[Claimed], settled: list[Settled], now: dt.datetime
    ) -> tuple[list[Composed], list[tuple[int, list[Choice]]], dict[int, Collection[int]]]:
        """Make the digests that are handed over, and choose those (by delivery id) of channels that
        only record them; and say of which retractions each digest tells, as alerts by delivery id.
        Digests that are only recorded are settled here, and so is whoever left, is suppressed or
        has nothing new.
        """
        ids = [one.subscriber_id for one in claimed if one.subscriber_id is not None]
        readers, refused = readers_of(ids)
        self._notice_changes()
        letters = [one for one in claimed if one.letter_id is not None]
        claimed = [one for one in claimed if one.letter_id is None]
        wanted = {
            one.id: self._edition(one.issue_id, reader, one.since, one.is_of_interests)
            for one in claimed
            if one.subscriber_id is not None and (reader := readers.get(one.subscriber_id))
        }
        # A batch has a handful of these, and each holds thousands of papers.
        stocks = {id(edition.stock): edition.stock for edition in wanted.values()}.values()
        sharing = frozenset().union(*(stock.sharing for stock in stocks))
        works = {pk: work for stock in stocks for pk, work in stock.works.items()}
        mine_now = {one.id for one in claimed}
        days = frozenset().union(*(stock.days for stock in stocks))
        languages = {reader.id: reader.language for reader in readers.values()}
        followed = interests.followed_by(ids, days, works, languages, mine_now)
        daily = [one.id for one in readers.values() if one.is_weekly or one.id in followed]
        had = papers_had(ids, sharing, mine_now, works, daily)
        ratings = {
            fitted: ratings_of(readers.values(), fitted)
            for fitted in {edition.stock.fitted for edition in wanted.values()}
        }
        retried = [one.id for one in claimed if one.attempts > 1]
        alerts = retractions.alerts_for(ids, retried)
        told: dict[int, Collection[int]] = {}
        drafts: list[tuple[Claimed, Reader, list[Choice], Picked]] = []
        chosen: list[tuple[Claimed, Reader, list[Choice]]] = []
        presses: dict[int, tuple[DigestPress, list[tuple[Reader, list[Choice]]]]] = {}
        for one in claimed:
            reader = readers.get(one.subscriber_id or 0)
            if reader is None:
                reason = refused.get(one.subscriber_id or 0, "the subscriber was erased")
                settled.append(self._untried(one, Delivery.State.SKIPPED, reason, now))
                continue
            stock = wanted[one.id].stock
            try:
                reader, choices, picked = draft_for(
                    stock,
                    reader,
                    followed.get(reader.id),
                    had.get(reader.id, ()),
                    ratings[stock.fitted].get(reader.id),
                    is_of_interests=one.is_of_interests,
                )
            except Exception as error:  # one reader's bad luck must not stop the others
                settled.append(self._failed(one, error, now))
                continue
            if not choices and not picked.picks:
                reason = "nothing new on the reader's topics"
                settled.append(self._untried(one, Delivery.State.SKIPPED, reason, now))
                continue
            # A batch may hold two digests of one reader, as after an outage.
            mine = had.setdefault(reader.id, set())
            mine.update([c.place.paper_id for c in choices])
            mine.update([work for work, _, _, _ in picked.picks])
            drafts.append((one, reader, choices, picked))
        places = self._places_of(drafts, wanted)
        for one, reader, choices, picked in drafts:
            edition = wanted[one.id]
            if picked.picks or picked.left:
                reader, choices = with_picks(edition.stock, reader, choices, picked, places)
                edition.press.know([choice.place for choice in choices if choice.followings])
            if not choices:  # what was followed is hidden since
                reason = "nothing new on the reader's topics"
                settled.append(self._untried(one, Delivery.State.SKIPPED, reason, now))
                continue
            chosen.append((one, reader, choices))
            day = self._issues[one.issue_id].day
            self._kept.add(one, day, reader, choices, picked, edition.stock)
            _, wanting = presses.setdefault(id(edition.press), (edition.press, []))
            wanting.append((reader, choices))
        for press, wanting in presses.values():
            try:
                press.prepare(wanting)  # all cards at once; what fails here fails its reader below
            except RenderingFailed as error:
                logger.warning("cards are made one by one", extra={"reason": error.reason})
        ready: list[Composed] = []
        recorded: list[tuple[int, list[Choice]]] = []
        for one, reader, choices in chosen:
            name = None
            try:
                fallen = alerts.get(reader.id, {})
                if fallen:
                    reader = reader._replace(fallen=tuple(fallen.values()))
                channel = registry.wished(reader.receives_by)
                name = channel.name
                if isinstance(channel, HandedOver):
                    message = channel.compose(wanted[one.id].press, reader, choices, one.id)
                    ready.append(Composed(one, channel, message, choices))
                else:
                    recorded.append((one.id, choices))
                    settled.append(verdict(one, RECORDED, now, name))
                if fallen:
                    told[one.id] = alerts.pop(reader.id).keys()
            except Exception as error:  # as above
                settled.append(self._failed(one, error, now, name))
        ready += self._letters(letters, readers, refused, settled, now)
        return ready, recorded, told

    def _letters(
        self,
        claimed: Sequence[Claimed],
        readers: Mapping[int, Reader],
        refused: Mapping[int, str],
        settled: list[Settled],
        now: dt.datetime,
    ) -> list[Composed]:
        """Make the letters that are handed over; settle those whose readers may not get them."""
        ready: list[Composed] = []
        for one in claimed:
            reader = readers.get(one.subscriber_id or 0)
            if reader is None:
                reason = refused.get(one.subscriber_id or 0, "the subscriber was erased")
                settled.append(self._untried(one, Delivery.State.SKIPPED, reason, now))
                continue
            try:
                key = one.letter_id or 0, reader.language
                if key not in self._letter_presses:
                    letter = Letter.objects.get(pk=key[0])
                    self._letter_presses[key] = LetterPress(letter, reader.language)
                message = self._letter_presses[key].render(reader, one.id)
            except Exception as error:  # one reader's bad luck must not stop the others
                settled.append(self._failed(one, error, now))
            else:
                ready.append(Composed(one, _BY_EMAIL, message, []))
        return ready

    def _send(
        self,
        ready: Sequence[Composed],
        settled: list[Settled],
        bad: list[int],
        refused: dict[Key, Outcome],
        grant: rates.Grant,
        lease_end: dt.datetime,
    ) -> int:
        """Hand the digests over one by one; how many emails were. What is not tried goes back."""
        began = time.monotonic()
        halt: Outcome | None = None  # nothing more goes out
        stopped: dict[str, Outcome] = {}  # channels that take nothing more
        handed = mailed = 0
        for one in ready:
            self._notices.glance()
            channel = one.channel
            stop = halt or stopped.get(channel.name)
            if stop is None and channel.is_mail:
                if mailed >= grant.count:  # a reader who wished another way when it was claimed
                    stop = Outcome(Kind.DEFERRED, "rate", "the rate limit is reached", tried=False)
                elif grant.interval:
                    self._wait_until(grant.start + grant.interval * mailed)
            now = self._clock()
            if stop is None and now >= lease_end:
                halt = Outcome(Kind.DEFERRED, "slow", "the lease ended first", tried=False)
            elif stop is None and _is_stopping.is_set():
                halt = STOPPED
            elif stop is None:
                halt = self._begin(one)
            stop = stop or halt
            if stop is not None:
                found = verdict(one.claimed, stop, now)
                settled.append(replace(found, not_before=now) if stop is STOPPED else found)
                continue
            outcome = self._senders[channel.name].send(one.message)
            if channel.is_mail:
                outcome = self._taking.judged(outcome, one.claimed.attempts)
            handed += 1
            mailed += channel.is_mail
            try:
                self._journal.end(one.claimed.id, outcome)
            except OSError as error:
                halt = Outcome(Kind.BROKEN, "journal", described(error), tried=False)
            now = self._clock()
            settled.append(verdict(one.claimed, outcome, now, channel.name))
            if outcome.suppress and channel.is_mail and one.claimed.subscriber_id is not None:
                bad.append(one.claimed.subscriber_id)
            if outcome.bounce and channel.is_mail:
                refused[one.claimed.id] = outcome
            if self._breakers.setdefault(channel.name, Breaker()).stops(outcome):
                stopped[channel.name] = replace(outcome, kind=Kind.DEFERRED, tried=False)
                self.tally.is_stuck, self.tally.why = True, f"{outcome.code}: {outcome.reason}"
                logger.error(
                    "a channel doesn't accept digests",
                    extra={
                        "channel": channel.name,
                        "code": outcome.code,
                        "reason": outcome.reason,
                    },
                )
        if handed:
            self._pace = (time.monotonic() - began) / handed
        return mailed

    def _log_sent(self, claimed: Sequence[Claimed], settled: Sequence[Settled]) -> None:
        """Write what went out beside the database, for the day that it is restored."""
        went = {one.id for one in settled if one.state in sent_log.WENT_OUT}
        sent_log.append(
            self._journal.directory,
            self._clock(),
            [
                (self._issues[one.issue_id].day, one.subscriber_id, one.is_of_interests)
                for one in claimed
                if one.id in went and one.subscriber_id is not None and one.letter_id is None
            ],
        )

    def _begin(self, one: Composed) -> Outcome | None:
        """Note in the journal what is about to be handed over; why it must not be, where that
        fails.
        """
        try:
            self._journal.begin(one.claimed.id, one.channel.name)
        except OSError as error:
            reason = described(error)
            logger.error("can't write the journal", extra={"reason": reason})
            return Outcome(Kind.BROKEN, "journal", reason, tried=False)
        return None

    # --- Parts -----------------------------------------------------------------------

    def _welcome(self) -> None:
        """Plan the welcomes of who has just confirmed, once a second: the task for it may wait
        behind this one.
        """
        if time.monotonic() >= self._next_welcome:
            self._next_welcome = time.monotonic() + WELCOME_EVERY
            welcome.plan(self._clock())

    def _notice_changes(self) -> None:
        """Make the editions anew where an editor hid a paper or lifted a hide, corrected a place,
        changed an issue's words, or a paper was withdrawn, since the last batch. What comes later
        is seen by the next one.
        """
        rows = Issue.objects.filter(pk__in=self._issues).order_by()
        words = {pk: said for pk, *said in rows.values_list("pk", *WORDS)}
        is_reworded = any(self._words.get(pk, said) != said for pk, said in words.items())
        shown = Paper.objects.kept_back(), corrections.version()
        if shown != self._shown or is_reworded:
            self._editions.clear()
            self._edition_for.clear()
            self._shelves.clear()
            self._issues.clear()
        self._shown, self._words = shown, words

    def _places_of(
        self,
        drafts: Sequence[tuple[Claimed, Reader, list[Choice], Picked]],
        wanted: Mapping[int, Edition],
    ) -> dict[int, Place]:
        """The places, by their ids, of what the readers of a batch get for following it. What is
        on no shelf is read once for all of them.
        """
        known: dict[int, Place] = {}
        missing: dict[int, Stock] = {}
        for one, _, _, picked in drafts:
            stock = wanted[one.id].stock
            for _, pk, _, _ in picked.picks:
                found = stock.shelf.by_id.get(pk) or stock.followed.get(pk)
                if found is not None:
                    known[pk] = found
                else:
                    missing[pk] = stock
        if missing:
            read = places_by_id(missing)
            for pk, place in read.items():
                missing[pk].followed[pk] = place
            known |= read
        return known

    def _edition(
        self, issue_id: int, reader: Reader, since: dt.date | None, is_of_interests: bool = False
    ) -> Edition:
        issue = self._issues.get(issue_id)
        if issue is None:
            issue = self._issues[issue_id] = Issue.objects.get(pk=issue_id)
            self._words[issue_id] = [getattr(issue, name) for name in WORDS]
        # All that `wording_for` asks of a reader: making a wording for each would cost more.
        asked = (
            issue_id,
            reader.is_weekly,
            reader.welcomed_on == issue.day,
            reader.language,
            reader.machine_summaries,
            since,
            is_of_interests,
        )
        edition = self._edition_for.get(asked)
        if edition is None:
            edition = self._edition_worded(issue, reader, since, is_of_interests)
            self._edition_for[asked] = edition
        return edition

    def _edition_worded(
        self, issue: Issue, reader: Reader, since: dt.date | None, is_of_interests: bool
    ) -> Edition:
        wording = wording_for(issue, reader, since, is_of_interests=is_of_interests)
        key = (issue.pk, wording)
        if key not in self._editions:
            if len(self._editions) >= MOST_EDITIONS:
                self._editions.pop(next(iter(self._editions)))
                self._edition_for.clear()
            self._editions[key] = edition_of(issue, wording, self._shelves)
        return self._editions[key]

    def _untried(
        self,
        one: Claimed,
        state: Delivery.State,
        reason: str,
        now: dt.datetime,
        channel: str | None = None,
    ) -> Settled:
        return Settled(one.id, state, reason, one.attempts - 1, now, channel=channel)

    def _failed(
        self, one: Claimed, error: Exception, now: dt.datetime, channel: str | None = None
    ) -> Settled:
        if not isinstance(error, UnsendableMail | RenderingFailed):
            logger.error("couldn't compose a digest", extra={"delivery": one.id}, exc_info=error)
        return self._untried(one, Delivery.State.FAILED, described(error), now, channel)

    def _wait_until(self, moment: dt.datetime) -> None:
        """Wait for a place in the rate, and look after notices meanwhile."""
        end = time.monotonic() + rates.AHEAD.total_seconds()
        while (pause := (moment - self._clock()).total_seconds()) > 0 and time.monotonic() < end:
            time.sleep(min(pause, self._notices.pause + 0.001, end - time.monotonic()))
            self._notices.glance()

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


_drains = 0
_drains_lock = threading.Lock()
_is_stopping = threading.Event()


@contextmanager
def _counted() -> Iterator[None]:
    global _drains
    with _drains_lock:
        _drains += 1
    try:
        yield
    finally:
        with _drains_lock:
            _drains -= 1


def is_draining() -> bool:
    """Whether some thread of this process is draining the queue."""
    return _drains > 0


def stop_drains() -> None:
    """Have every drain of this process end after the message that it is handing over: the process
    is about to end.
    """
    _is_stopping.set()


def allow_drains() -> None:
    """Take back `stop_drains`."""
    _is_stopping.clear()


def drain(
    *,
    seconds: float = float("inf"),
    clock: Clock = timezone.now,
    directory: Path | None = None,
    transport: Transport | None = None,
) -> Tally:
    """Send everything that is ready now, on this thread, until done or `seconds` are over.

    Settles first what workers of this machine left behind when they died. `transport` takes the
    emails instead of the configured mail backend.
    """
    directory = directory or settings.JOURNAL_DIR
    if continuity.hold(directory, clock()):
        return Tally()  # until an operator says what was sent; the watch over troubles tells why
    ledger.recover(directory, clock())
    with ExitStack() as stack:
        stack.enter_context(_counted())
        journal = stack.enter_context(Journal(directory))
        given = {EmailChannel.name: transport} if transport else {}
        senders = {
            channel.name: stack.enter_context(given.get(channel.name) or channel.open())
            for channel in registry.CHANNELS
            if isinstance(channel, HandedOver)
        }
        tally = Worker(senders, journal, clock).run(seconds)
    if tally.is_stuck or tally.states[Delivery.State.SENT]:
        backend_state.note(clock(), is_refusing=tally.is_stuck, reason=tally.why)
    return tally
