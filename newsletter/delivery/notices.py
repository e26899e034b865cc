"""The sending of all emails that are not digests: rows of the ledger like those, and never behind
them.

A worker looks for notices when it begins, between its batches, and at least every second while it
sends one. So a confirmation goes out within seconds, however many digests wait, and needs neither
a queue nor a worker of its own. What was typed into the open forms is worked off first, because
that is what makes most notices.

What notices and digests share are the claim, the journal, the rates, the sorting of outcomes and
the settlement. Apart is what must not touch the other: a server that refuses one notice after the
other, because strangers type what they like, stops no digest, nor do refused digests stop notices.
"""

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import parseaddr

from django.db import transaction

from newsletter.delivery import ledger, rates
from newsletter.delivery.breaker import Taking
from newsletter.delivery.journal import Journal, Key
from newsletter.delivery.ledger import ClaimedNotice, Settled, notice_verdict
from newsletter.issues import operator_notes
from newsletter.mail.encoding import Fragment
from newsletter.mail.message import Mail
from newsletter.mail.message_ids import notice_message_id, preview_id
from newsletter.mail.outcomes import Kind, Outcome, described
from newsletter.mail.return_paths import notice_return_path
from newsletter.mail.transports.base import Transport
from newsletter.models import Delivery
from papers import site
from subscriptions.models import AddressChange, FormEntry, Notice, Subscriber
from subscriptions.notices import due
from subscriptions.notices.letters import KINDS, Letter, NotDue, letter_for
from subscriptions.readers import form_entries

logger = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks while digests are sent."""

BATCH = 20
"""Notices claimed at a time."""

REST = 15.0
"""Seconds without looking after a server did not even take a connection."""

STOPPED = Outcome(Kind.DEFERRED, "stop", "the worker was told to stop", tried=False)
"""What becomes of a message that a worker did not come to before it ended."""

PAUSES = (Kind.BROKEN, Kind.DEFERRED)
"""Outcomes that, where nothing was tried, say that the next notice would fare no better."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A notice with its place in the rate, ready to be handed over."""

    claimed: ClaimedNotice
    mail: Mail
    grant: rates.Grant


class NoticeSender:
    """One thread's sending of notices, through the worker's own transport and journal."""

    def __init__(
        self,
        transport: Transport,
        journal: Journal,
        clock: Callable[[], dt.datetime],
        backend: str,
        *,
        may_begin: Callable[[dt.datetime], bool] = lambda now: True,
        is_stopping: Callable[[], bool] = lambda: False,
        taking: Taking | None = None,
    ) -> None:
        """`may_begin` is asked before each batch: not after a restore that nobody explained.
        `taking` is shared with whoever sends digests through the same transport.
        """
        self._taking = taking or Taking()
        self._transport = transport
        self._journal = journal
        self._clock = clock
        self._backend = backend
        self._may_begin = may_begin
        self._is_stopping = is_stopping
        self._next_look = 0.0  # by the monotonic clock
        self._ready: list[_Ready] = []  # claimed, and waiting for their place in the rate
        self.states: Counter[str] = Counter()
        self.within_batch = False
        """Whether the journal holds a batch of digests too, which clears it when it is settled."""

    def glance(self) -> None:
        """Look, where the last look was long enough ago; for the loop that sends digests."""
        if time.monotonic() >= self._next_look:
            self.look()

    def look(self) -> int:
        """Work off the forms, and send every notice that may be sent now; how many were claimed."""
        self._next_look = time.monotonic() + LOOK_EVERY
        form_entries.work_off(self._clock())
        self._hand_over()
        count = 0
        while not self._is_stopping() and Notice.objects.ready(self._clock()).exists():
            if not self._may_begin(self._clock()):
                break
            claimed = ledger.claim_notices(self._journal.name, BATCH, self._clock())
            if not claimed:
                break
            count += len(claimed)
            self._prepare(claimed)
            self._hand_over()
        return count

    def finish(self) -> None:
        """Send what waits for its place in the rate, which is seconds away at most."""
        while self._ready:
            first = min(one.grant.start for one in self._ready)
            pause = (first - self._clock()).total_seconds()
            if pause > 0 and not self._is_stopping():
                time.sleep(min(pause, rates.AHEAD_OF_NOTICES.total_seconds()))
            self._hand_over()

    @property
    def pause(self) -> float:
        """Seconds until it is worth looking again."""
        return max(0.0, self._next_look - time.monotonic())

    # --- Parts -----------------------------------------------------------------------

    def _prepare(self, claimed: list[ClaimedNotice]) -> None:
        """Make the emails, and reserve a place in the rate for each; settle what needs neither."""
        now = self._clock()
        settled: list[Settled] = []
        for one in claimed:
            try:
                mail = _mail(one, now)
            except NotDue as reason:
                state = Notice.State.SKIPPED
                settled.append(_untried(one, state, str(reason), now))
                continue
            except Exception as error:  # one notice's bad luck must not stop the others
                logger.exception("couldn't compose an email", extra={"notice": one.id})
                settled.append(_untried(one, Notice.State.FAILED, described(error), now))
                continue
            grant = rates.reserve_notice(self._backend, now, by_stranger=_by_stranger(one))
            if grant.count:
                self._ready.append(_Ready(one, mail, grant))
                continue
            full = Outcome(Kind.DEFERRED, "rate", "the rate limit is reached", tried=False)
            settled.append(replace(notice_verdict(one, full, now), not_before=now + grant.wait))
        self._settle(settled, {}, [])

    def _hand_over(self) -> None:
        """Send what is ready and whose place in the rate has come."""
        now = self._clock()
        mature = [one for one in self._ready if one.grant.start <= now or self._is_stopping()]
        if not mature:
            return
        self._ready = [one for one in self._ready if one not in mature]
        settled: list[Settled] = []
        refused: dict[Key, Outcome] = {}
        dead: list[str] = []
        stop: Outcome | None = None
        for one in mature:
            claimed = one.claimed
            outcome = stop or (STOPPED if self._is_stopping() else self._send(one))
            now = self._clock()
            if not outcome.tried:
                by_stranger = _by_stranger(claimed)
                rates.give_back_notice(self._backend, one.grant, by_stranger=by_stranger)
                if outcome.kind in PAUSES and outcome is not STOPPED:
                    stop = outcome
                    self._next_look = time.monotonic() + REST
            found = notice_verdict(claimed, outcome, now)
            settled.append(replace(found, not_before=now) if outcome is STOPPED else found)
            if outcome.bounce:
                refused[claimed.key] = outcome
            if outcome.suppress:
                dead.append(one.mail.to_addr)
            if outcome.kind is not Kind.ACCEPTED and outcome is not STOPPED:
                logger.warning(
                    "an email wasn't sent",
                    extra={
                        "notice": claimed.id,
                        "kind": claimed.kind,
                        "code": outcome.code,
                        "reason": outcome.reason,
                    },
                )
        self._settle(settled, refused, dead)

    def _send(self, one: _Ready) -> Outcome:
        """Hand one over, the journal knowing before and after."""
        try:
            self._journal.begin(one.claimed.key)
        except OSError as error:
            return Outcome(Kind.BROKEN, "journal", described(error), tried=False)
        outcome = self._taking.judged(self._transport.send(one.mail), one.claimed.attempts)
        try:
            self._journal.end(one.claimed.key, outcome)
        except OSError as error:
            logger.error("can't write the journal", extra={"reason": described(error)})
        return outcome

    def _settle(self, settled: list[Settled], refused: dict[Key, Outcome], dead: list[str]) -> None:
        if not settled:
            return
        now = self._clock()
        with transaction.atomic():
            ledger.settle_notices(self._journal.name, settled)
            for email in dead:
                ledger.suppress_address(email, now)
            ledger.note_refusals(refused, now)
        if not self.within_batch:
            self._journal.clear()
        self.states.update(one.state.value for one in settled)


def are_waiting(now: dt.datetime) -> bool:
    """Whether there is something for a `NoticeSender` to do. Two statements at most."""
    return FormEntry.objects.ready(now).exists() or Notice.objects.ready(now).exists()


AS_BEFORE_WITHIN = dt.timedelta(hours=1)
"""A message of the version before that comes again so soon after its row is the same message."""


def ask_as_before(kind: str, subscriber_id: int, now: dt.datetime) -> bool:
    """Write the row that a message of the version before asks for; whether there is one now."""
    if kind not in KINDS or not Subscriber.objects.filter(pk=subscriber_id).exists():
        return False
    kind = Notice.Kind(kind)
    lately = Notice.objects.filter(
        subscriber=subscriber_id, kind=kind, due_at__gt=now - AS_BEFORE_WITHIN
    )
    if lately.exists():
        return False
    change = None
    if kind in Notice.MOVES:
        change = AddressChange.objects.open(now).filter(subscriber=subscriber_id).last()
        if change is None:
            return False
    due.ask_for(kind, subscriber_id, now, change)
    return True


def _by_stranger(one: ClaimedNotice) -> bool:
    return one.kind in Notice.BY_STRANGERS


def _untried(one: ClaimedNotice, state: Notice.State, reason: str, now: dt.datetime) -> Settled:
    return Settled(
        one.id,
        Delivery.State(state.value),
        reason,
        one.attempts - 1,
        now,
        was_in_doubt=one.was_in_doubt,
    )


def _mail(one: ClaimedNotice, now: dt.datetime) -> Mail:
    """The email of a claimed notice. Raises `NotDue`."""
    notice = Notice.objects.get(pk=one.id)
    if notice.kind == Notice.Kind.OPERATOR:
        return mail_of(operator_notes.letter_for(notice), one.id)
    if notice.kind == Notice.Kind.TEST:
        from newsletter.delivery import examples  # which composes with what sends these

        return examples.mail_of_test(notice, now)
    return mail_of(letter_for(notice, now), one.id)


def mail_of(letter: Letter, notice_id: int | None) -> Mail:
    """The letter as it goes out; without a notice it is a preview."""
    sender = site.current().sender
    return Mail(
        delivery_id=None,
        notice_id=notice_id,
        message_id=notice_message_id(notice_id)
        if notice_id is not None
        else preview_id(f"{letter.kind}.{letter.recipient}"),
        envelope_from=notice_return_path(notice_id, letter.recipient, parseaddr(sender)[1]),
        to_addr=letter.recipient,
        from_header=sender,
        subject=letter.subject,
        headers=tuple(letter.headers.items()),
        text=(Fragment.of(letter.text),),
        html=(Fragment.of(letter.html),) if letter.html else (),
        tags=(letter.kind,),
    )
