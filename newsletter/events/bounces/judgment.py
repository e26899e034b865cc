"""What a mail that arrived is taken for, whoever's it is: every mail is judged, ours or not.

Servers tell a failure in three ways. Most write a delivery status notification (RFC 3464): fields
that a machine reads. Older ones, and some large providers, write a letter: a mail daemon as its
sender, a sentence that something could not be delivered, each address and what was said of it, and
then the message that came back. And Amazon's notifications are JSON. What a server said of an
address is then judged by `newsletter.mail.bounce_severity`, which is all that decides how bad it
is.

A machine's reply to us, such as that somebody is away, is no bounce. But where it may be one, or
says that nobody reads there any more, it is left to a person.

Whose mail it was is not asked here; that is `parsing`.
"""

import re

from newsletter.events.bounces.kinds import Judgment, Kind
from newsletter.events.bounces.letters import (
    AWAY,
    SAYS_SO,
    brings_back,
    explanation,
    is_from_daemon,
    letter_of,
)
from newsletter.events.bounces.mime import Mail, blocks_of, header
from newsletter.events.bounces.notifications import amazons_of, status_of
from newsletter.mail.bounce_rules import Bounce
from newsletter.mail.bounce_severity import judge


def judge_mail(mail: Mail) -> Judgment:
    """What the mail is. May raise what Python's parser raises on broken mail."""
    return (
        _feedback(mail)
        or status_of(mail)
        or _leave(mail)
        or amazons_of(mail)
        or letter_of(mail)
        or _reply(mail)
        or Judgment(Kind.NONE, "it is neither a bounce, a complaint nor an unsubscribe request")
    )


# --- Complaints (RFC 5965) ------------------------------------------------------------------------

_OUTLOOK = re.compile(r"^complaint about message from ", re.IGNORECASE)


def _feedback(mail: Mail) -> Judgment | None:
    part = mail.part_of("message/feedback-report")
    if part is None:
        is_outlooks = _OUTLOOK.match(mail.subject) or any(
            one.get("X-HmXmrOriginalRecipient") for one in mail.parts
        )
        if is_outlooks and mail.holds_a_message:
            # Outlook.com's reports have no part for machines, only the message.
            return Judgment(Kind.COMPLAINT, "a complaint from Outlook.com", feedback="abuse")
        return None
    fields = next(iter(blocks_of(part)), None)
    kind = header(fields, "Feedback-Type").lower() if fields is not None else ""
    if not kind:
        return Judgment(Kind.UNKNOWN, "it is a feedback report without its fields")
    if kind in ("not-spam", "auth-failure"):  # RFC 6430; RFC 6591, which is about the domain
        return Judgment(Kind.NONE, f"a feedback report of the type {kind}", feedback=kind)
    return Judgment(Kind.COMPLAINT, f"feedback type {kind}", feedback=kind)


# --- Wishes to leave (RFC 2369) -------------------------------------------------------------------

_LEAVE = re.compile(r"\bunsubscribe-([A-Za-z0-9_=-]{48})(?![A-Za-z0-9_=-])")


def _leave(mail: Mail) -> Judgment | None:
    found = _LEAVE.search(mail.subject)
    return (
        Judgment(Kind.LEAVE, "an unsubscribe request (RFC 2369)", token=found[1]) if found else None
    )


# --- What machines answer -------------------------------------------------------------------------


def _reply(mail: Mail) -> Judgment | None:
    """A machine's reply (RFC 3834), such as that somebody is away."""
    if not _is_automatic(mail):
        return None
    said = explanation(mail.text)
    away = AWAY.search(mail.subject)
    if is_from_daemon(mail) or (not away and (SAYS_SO.search(said) or brings_back(mail))):
        return Judgment(Kind.UNKNOWN, "it is an automatic reply that may be a bounce")
    verdict = judge(said)
    if not away and verdict.by_words and verdict.bounce is Bounce.HARD:
        return Judgment(Kind.UNKNOWN, "it is an automatic reply that may say that nobody reads it")
    if away and _LEFT_FOR_GOOD.search(said):
        return Judgment(Kind.UNKNOWN, "it is an automatic reply from someone who left")
    return Judgment(Kind.AUTO_REPLY, mail.subject[:100])


_LEFT_FOR_GOOD = re.compile(
    r"no longer (?:with|work\w*|employed|in use|monitored|active|valid|read|at )"
    r"|(?:has|have) left the |nicht mehr (?:im unternehmen|bei|tätig|gültig|gelesen)"
    r"|ne (?:travaille|fait) plus",
    re.IGNORECASE,
)


def _is_automatic(mail: Mail) -> bool:
    message = mail.message
    auto = header(message, "Auto-Submitted").lower()
    if auto and not auto.startswith("no"):
        return True
    if any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder")):
        return True
    precedence = header(message, "Precedence").lower()
    return precedence in ("auto_reply", "junk", "bulk") or bool(AWAY.match(mail.subject))
