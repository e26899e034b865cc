"""How bad a bounce is, by the status code and the words of the server that gave it.

Three answers matter. HARD: there is no such address, and there will be none. SOFT: not now, because
the mailbox is full or its server is out of order. BLOCKED: the receiver does not want this mail or
its sender; that is our reputation or our content, and says nothing about the address. Only the
first one may end a subscription, so whatever is not clearly HARD is not called so.

Sources: RFC 3463 (enhanced status codes: class, subject, detail), the IANA registry that continues
it, RFC 7505 (5.1.10, a domain that takes no mail), RFC 7372 (5.7.20 to 5.7.29).
"""

import re

from django.db.models import TextChoices

from newsletter.mail.outcomes import Stage, sort_reply


class Bounce(TextChoices):
    """How a mail came back; see newsletter.mail.bounce_severity."""

    HARD = "hard", "for good: there is no such address"
    SOFT = "soft", "for now: the mailbox is full, or cannot be reached"
    BLOCKED = "blocked", "unwanted: the receiver's policy, or the content"


_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")

#: Of the "bad sender" kind among the address codes: "5.1.7" and "5.1.8" blame our own address.
_OUR_ADDRESS = {7, 8}
#: Of the mailbox codes: full, and message too long for it.
_MAILBOX_FOR_NOW = {2, 3}


def status_in(text: str) -> str:
    """The first enhanced status code in `text`, such as "5.1.1"; empty where there is none."""
    found = _STATUS.search(text)
    return found[0] if found else ""


def severity(status: str, text: str = "") -> Bounce:
    """How bad a bounce is that a server explained with `status` ("5.1.1", or empty) and `text`."""
    match = _STATUS.fullmatch(status.strip()) or _STATUS.search(text)
    if match is None:
        return _by_words(text)
    kind, subject, detail = map(int, match.groups())
    if kind != 5:
        return Bounce.SOFT  # a temporary error that lasted, or a success that came back after all
    match subject:
        case 1:
            return Bounce.BLOCKED if detail in _OUR_ADDRESS else Bounce.HARD
        case 2:
            return Bounce.SOFT if detail in _MAILBOX_FOR_NOW else Bounce.HARD
        case 3:  # their mail system: full, too small for this message, not accepting
            return Bounce.SOFT
        case 4 if detail == 4:  # no route, because the domain does not exist
            return Bounce.HARD
        case 5 | 6 | 7:  # protocol, content, policy: ours to mend
            return Bounce.BLOCKED
    return _by_words(text)


def _by_words(text: str) -> Bounce:
    """The same rule that decides on a refusal during the SMTP session: only what says in so many
    words that there is no such user counts as HARD.
    """
    reply = _REPLY.search(text)
    code = int(reply[1]) if reply else 550
    if code < 500:
        return Bounce.SOFT
    return Bounce.HARD if sort_reply(code, text, Stage.RCPT).suppress else Bounce.SOFT
