"""Transports for tests: one that remembers, and answers as it is told to."""

from collections.abc import Callable

from newsletter.mail.message import Mail
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.mail.transports.base import Transport

ACCEPTED = Outcome(Kind.ACCEPTED, "250", "ok")


class RecordingTransport(Transport):
    """Composes every mail as SMTP would, remembers it, and answers with `answer(mail)`."""

    def __init__(self, answer: Callable[[Mail], Outcome] = lambda mail: ACCEPTED) -> None:
        self.answer = answer
        self.sent: list[Mail] = []

    def send(self, mail: Mail) -> Outcome:
        outcome = self.answer(mail)
        mail.as_bytes()
        if outcome.kind is Kind.ACCEPTED:
            self.sent.append(mail)
        return outcome

    @property
    def addresses(self) -> list[str]:
        return sorted(mail.to_addr for mail in self.sent)
