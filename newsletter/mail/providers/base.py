"""What is to be known of a mail provider, and the words in which its file says it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from anymail.exceptions import AnymailAPIError
from anymail.signals import EventType

from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.outcomes import Outcome


class Keeps(StrEnum):
    """What becomes of a header that we give to a provider."""

    YES = "yes"
    ASKED = "if asked to"
    """Only as some setting of the account, or a plan, allows."""
    NO = "no"
    """Replaced by the provider's own, or refused."""
    UNKNOWN = "not documented"


@dataclass(frozen=True, slots=True)
class Provider:
    """One of Anymail's providers."""

    name: str
    """Anymail's name for it."""
    unsubscribe: Keeps
    """Whether it carries `List-Unsubscribe` and `List-Unsubscribe-Post` as we write them."""
    why: str
    """What an operator has to know, in a sentence."""
    source: str
    message_id: Keeps = Keeps.UNKNOWN
    """Whether our Message-ID stays. Where not, a delivery is known by its metadata."""
    sends_message_id: bool = True
    """False where a Message-ID of ours is an error."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers that make it keep ours."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Anymail's `esp_extra` that makes it keep ours."""
    link_as: str = ""
    """The request's parameter that takes the https address alone and makes both headers of it."""
    metadata: bool = True
    """False where it has none; then metadata becomes tags, "delivery_id:7"."""
    tags: int | None = None
    """The most tags that it takes; None for any number."""
    non_ascii: bool = False
    """Whether it says that it carries addresses with letters beyond ASCII before the @."""
    watches: bool = False
    """Whether it would note what readers open and follow, and can be told for each email not to.
    The others do not, or only by a setting of the account.
    """
    caution: str = ""
    """What an operator should know before choosing it; empty for most."""
    reads: "Reads | None" = None
    """What its own event says beyond Anymail's vocabulary; None where it says no more."""
    sorts: "Sorts | None" = None
    """How answers are sorted that are not like other providers'; None where HTTP says it all."""

    @property
    def module(self) -> str:
        """How Anymail names its module of the provider, such as "unisender_go"."""
        return self.name.lower().replace(" ", "_")


@dataclass(frozen=True, slots=True)
class Reading:
    """An event as the ledger takes it. `kind` and `reason` are Anymail's words; `severity` is empty
    unless the email came back.
    """

    kind: str
    reason: str = ""
    severity: str = ""


Sorts = Callable[[AnymailAPIError], Outcome | None]
"""From an error of Anymail's to what became of the message; None for an error of another's."""

Reads = Callable[[Mapping[str, Any], Reading], Reading]
"""From a provider's own event, and what Anymail made of it, to what the ledger takes."""


def part(raw: Any, *path: str) -> Any:
    """The value at `path` in nested JSON objects; None where there is none."""
    for name in path:
        raw = raw.get(name) if isinstance(raw, Mapping) else None
    return raw


def word(raw: Any, *path: str) -> str:
    """The word at `path` in nested JSON objects, in lower case; empty where there is none."""
    value = part(raw, *path)
    return value.strip().lower() if isinstance(value, str) else ""


def bounced(reading: Reading, how: Bounce | str, reason: str = "") -> Reading:
    """`reading` as an email that came back, `how` bad it is and why."""
    return replace(reading, kind=EventType.BOUNCED, severity=how, reason=reason or reading.reason)
