"""Reading a mail that came back, or a complaint, or a reader's wish to leave sent as a mail.

What a mail is taken for is decided by `judgment`, for every mail. Here is asked whose it was, which
is believed only where it is proven: by the return path, the Message-ID or the token, which nobody
else can make. Only what is proven becomes an event.

Nothing is stored here: `read` only says what a mail is.
"""

import hashlib
import re
from dataclasses import dataclass

from anymail.signals import EventType, RejectReason

from newsletter.events.bounces import mime
from newsletter.events.bounces.judgment import judge_mail
from newsletter.events.bounces.kinds import Judgment, Kind
from newsletter.events.bounces.mime import Mail
from newsletter.events.intake import Report
from newsletter.mail.message_ids import delivery_id_of, notice_id_of
from newsletter.mail.outcomes import clean
from newsletter.mail.return_paths import Returned, returned_in

PROVIDER = "mail"
"""The "provider" of events that came as a mail."""

_MESSAGE_ID = re.compile(r"<?d[0-9]{1,18}\.[0-9a-f]{16}@[^<>@\s]{1,250}>?")
_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """What a mail is, and whose."""

    judgment: Judgment
    what: Kind
    """What becomes of it: the judgment's kind, but unknown where a person should look: it is about
    no digest of ours, or says nothing that we understand.
    """
    reason: str = ""
    """One line for the operator."""
    delivery_id: int | None = None
    """The delivery that it is about, where that is proven."""
    report: Report | None = None
    """The event to store, if it is one."""

    @property
    def token(self) -> str:
        """Of the one who wants to leave."""
        return self.judgment.token


@dataclass(frozen=True, slots=True)
class _Whose:
    """The delivery that a mail is about, and what is known of its address."""

    delivery_id: int | None
    address_hash: str = ""
    notice_id: int | None = None


def read(data: bytes) -> ParsedMail:
    """What the mail is. Raises nothing, whatever the bytes are."""
    try:
        mail = Mail(data)
        return _proven(mail, judge_mail(mail), data)
    except RecursionError:
        return unread("it is nested too deeply to be read")
    except Exception as error:  # Python's parser has raised the oddest things on broken mail
        return unread(clean(f"it cannot be read ({type(error).__name__})"))


def unread(reason: str) -> ParsedMail:
    """A mail that a person should look at."""
    return ParsedMail(Judgment(Kind.UNKNOWN, reason), Kind.UNKNOWN, reason)


def _proven(mail: Mail, judgment: Judgment, data: bytes) -> ParsedMail:
    whose = _whose(mail)
    kind = judgment.kind
    reason = judgment.words[:100] if kind is Kind.BOUNCE else judgment.reason
    delivery_id = whose.delivery_id if whose else None
    event = _EVENTS.get(kind)
    if event is None:
        is_strange = kind is Kind.NONE and not judgment.feedback
        return ParsedMail(judgment, Kind.UNKNOWN if is_strange else kind, reason, delivery_id)
    if whose is None:
        return ParsedMail(judgment, Kind.UNKNOWN, f"it is a {kind}, but of no digest of ours")
    report = _report(whose, judgment, event, _identity(mail, data))
    return ParsedMail(judgment, kind, reason, delivery_id, report)


_EVENTS = {
    Kind.BOUNCE: EventType.BOUNCED,
    Kind.DELAY: EventType.DEFERRED,
    Kind.DELIVERED: EventType.DELIVERED,
    Kind.COMPLAINT: EventType.COMPLAINED,
}


def _report(whose: _Whose, judgment: Judgment, event: str, identity: str) -> Report:
    recipient = reason = ""
    if judgment.kind is Kind.COMPLAINT:
        # The address is often made unreadable, or that of a forwarding mailbox: whose mail it was
        # is proven without it.
        left = judgment.feedback.startswith("opt-out")
        event = EventType.UNSUBSCRIBED if left else event
        reason = RejectReason.UNSUBSCRIBED if left else RejectReason.SPAM
    elif not whose.address_hash and judgment.told is not None:
        recipient = judgment.told.address
    text = " ".join(filter(None, (judgment.code, judgment.words))) or judgment.reason
    return Report(
        provider=PROVIDER,
        identity=f"{identity}|{event}",
        delivery_id=whose.delivery_id,
        notice_id=whose.notice_id,
        kind=event,
        reason=reason,
        severity=judgment.severity,
        recipient=recipient,
        address_hash=whose.address_hash,
        description=text,
    )


def _whose(mail: Mail) -> _Whose | None:
    """Which delivery of ours the mail is about, where that is proven."""
    envelope = [mime.header(mail.message, name) for name in _TO]
    fields = [
        mime.header(block, name)
        for kind in ("message/delivery-status", "message/feedback-report")
        if (part := mail.part_of(kind)) is not None
        for block in mime.blocks_of(part)[:1]
        for name in ("Original-Envelope-Id", "Original-Mail-From")
    ]
    returned = list(mime.returned_lines(mail))
    for line in (*envelope, *fields, *returned):
        found: Returned | None = returned_in(line)
        if found is not None:
            return _Whose(found.delivery_id, found.address_hash, found.notice_id)
    replied = [mime.header(mail.message, name) for name in ("In-Reply-To", "References")]
    for line in (*returned, *replied, *fields):
        for candidate in _MESSAGE_ID.findall(line)[:20]:
            delivery_id, notice_id = delivery_id_of(candidate), notice_id_of(candidate)
            if delivery_id is not None or notice_id is not None:
                return _Whose(delivery_id, notice_id=notice_id)
    return None


def _identity(mail: Mail, data: bytes) -> str:
    """The same for the same mail, however often it comes."""
    given = mime.header(mail.message, "Message-ID")
    return hashlib.sha256(given.encode(errors="replace") if given else data).hexdigest()
