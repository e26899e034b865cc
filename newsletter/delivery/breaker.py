"""When to stop handing over: outcomes that are about our side or theirs, not about one reader."""

import re
from dataclasses import dataclass, replace

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.outcomes import Kind, Outcome

PATIENCE = {
    Kind.BROKEN: 2,
    Kind.IN_DOUBT: 5,
    Kind.REFUSED: 50,
}
"""How many of a kind in a row, with one code, stop a worker. A single "relaying denied" may be
about one recipient's domain; two are about us. Five answers in doubt in a row would go on to cost
as many readers their digest as there are. Fifty refusals that blame no address blame the email."""


@dataclass(slots=True)
class Breaker:
    """Watches one worker's outcomes."""

    kind: Kind = Kind.ACCEPTED
    code: str = ""
    run: int = 0

    def stops(self, outcome: Outcome) -> bool:
        """Whether the worker should stop after this outcome, for now."""
        if outcome.kind in (Kind.BROKEN, Kind.DEFERRED) and not outcome.tried:
            return True  # nobody answers, or nobody lets us in: the next would fare no better
        if (outcome.kind, outcome.code) == (self.kind, self.code) and not outcome.suppress:
            self.run += 1
        else:
            self.kind, self.code, self.run = outcome.kind, outcome.code, 1
        return not outcome.suppress and self.run >= PATIENCE.get(self.kind, 1 << 62)


_REFUSAL = re.compile(r"5\d\d\b")

ASKED_TWICE = 2
"""Attempts, a minute apart at least, after which a refusal is believed to be about one recipient
where the server takes mail for others."""


@dataclass(slots=True)
class Taking:
    """Whether the mail server takes mail, as one drain has seen. It tells apart a refusal of our
    host or name by everybody, for which the queue waits, from one by a single recipient's server:
    on its block list, or not relayed. That row would be tried until its deadline, and nobody told.
    """

    accepted: int = 0

    def judged(self, outcome: Outcome, attempts: int) -> Outcome:
        """`outcome` of an email at its attempt of this number; a refusal of our side as one for
        good, "blocked", where others are taken.
        """
        if outcome.kind is Kind.ACCEPTED:
            self.accepted += 1
        is_ours = outcome.kind is Kind.BROKEN and outcome.tried and _REFUSAL.match(outcome.code)
        if is_ours and self.accepted and attempts >= ASKED_TWICE:
            return replace(outcome, kind=Kind.REFUSED, bounce=Bounce.BLOCKED.value)
        return outcome
