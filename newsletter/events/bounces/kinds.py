"""What an email can be taken for, and what is known of each recipient that it names."""

from dataclasses import dataclass
from enum import StrEnum

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.bounce_severity import Verdict

MOST_RECIPIENTS = 20


class Kind(StrEnum):
    """What an email is."""

    BOUNCE = "bounce"
    DELAY = "delay"
    """It is late, and will be tried again."""
    COMPLAINT = "complaint"
    LEAVE = "leave"
    """A reader's wish to leave, sent as an email."""
    AUTO_REPLY = "auto-reply"
    DELIVERED = "delivered"
    NONE = "none"
    """Nothing that says what became of an email."""
    UNKNOWN = "unknown"
    """Perhaps one of these; a person should look."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient that an email could not be delivered to, and why."""

    address: str
    """Empty where the email does not say."""
    verdict: Verdict
    words: str
    """What the server said, as one line."""
    is_failure: bool = True
    """False for a recipient that got the email, or may still."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """What an email is taken for, and why."""

    kind: Kind
    reason: str = ""
    """One line for the operator."""
    severity: str = ""
    """Of a bounce, as in `Bounce`: that of the address that it was sent to."""
    recipients: tuple[Failure, ...] = ()
    token: str = ""
    """Of the one who wants to leave."""
    feedback: str = ""
    """Of a complaint: its type (RFC 5965)."""

    @property
    def told(self) -> Failure | None:
        """The recipient that decided."""
        failures = [one for one in self.recipients if one.is_failure]
        for one in failures:
            if one.verdict.bounce == self.severity:
                return one
        return next(iter(failures or self.recipients), None)

    @property
    def code(self) -> str:
        """The code of the recipient that decided."""
        return self.told.verdict.code if self.told else ""

    @property
    def words(self) -> str:
        """What the server said of that recipient."""
        return self.told.words if self.told else ""

    @property
    def rule(self) -> str:
        """Which rule decided, in words."""
        if self.kind is Kind.BOUNCE and self.told:
            return self.told.verdict.rule
        return self.reason


def bounce_of(failures: list[Failure], reason: str) -> Judgment:
    """The judgment of a bounce. An address that stands for several people is dead only when all of
    them are.
    """
    bounces = {one.verdict.bounce for one in failures if one.is_failure}
    if not all(one.is_failure for one in failures):
        bounces = (bounces - {Bounce.HARD}) or {Bounce.SOFT}
    worst = next(one for one in (Bounce.SOFT, Bounce.BLOCKED, Bounce.HARD) if one in bounces)
    return Judgment(Kind.BOUNCE, reason, worst.value, tuple(failures))
