"""When to stop handing over: outcomes that are about our side or theirs, not about one reader."""

from dataclasses import dataclass

from newsletter.mail.outcomes import Kind, Outcome

PATIENCE = {
    Kind.BROKEN: 2,
    Kind.IN_DOUBT: 5,
    Kind.REFUSED: 50,
}
"""How many of a kind in a row, with one code, stop a worker. A single "relaying denied" may be
about one recipient's domain; two are about us. Five answers in doubt in a row would go on to cost
as many readers their digest as there are. Fifty refusals that blame no address blame the mail."""


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
