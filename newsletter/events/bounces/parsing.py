"""Reading a mail that came back, or a complaint, or a reader's wish to leave sent as a mail.

Understood are delivery status notifications (RFC 3464), what old servers send in place of them,
feedback reports (ARF, RFC 5965), and the mails that a mail program sends for the `mailto:` of
List-Unsubscribe (RFC 2369). Whose mail it was is believed only where it is proven: by the return
path, the Message-ID or the token, which nobody else can make. A mail is data from strangers: it is
cut to a size, its parts are counted, and no charset, nesting or missing header raises.

Nothing is stored here: `read` only says what a mail is.
"""

import email
import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from anymail.signals import EventType, RejectReason

from newsletter.events.intake import Report
from newsletter.mail.bounce_severity import severity, status_in
from newsletter.mail.message_ids import delivery_id_of, notice_id_of
from newsletter.mail.outcomes import clean
from newsletter.mail.return_paths import Returned, returned_in
from newsletter.models import Delivery

MOST_BYTES = 1_000_000
"""What a mail has beyond is not read. What matters stands in front of the returned message."""

MOST_PARTS = 60
PROVIDER = "mail"
"""The "provider" of events that came as a mail."""

_MESSAGE_ID = re.compile(r"<?d[0-9]{1,18}\.[0-9a-f]{16}@[^<>@\s]{1,250}>?")
_LEAVE = re.compile(r"\bunsubscribe-([A-Za-z0-9_=-]{48})(?![A-Za-z0-9_=-])")
_DAEMON = re.compile(r"mailer-daemon@|postmaster@|mail delivery (sub)?system", re.IGNORECASE)
_REPLY = re.compile(r"(?<![\d.])5\d\d[ -](?:#?5\.\d{1,3}\.\d{1,3})?")
_AWAY = re.compile(
    r"^(auto(matic)?[ -]?(reply|response)|out of (the )?office|abwesen|réponse automatique"
    r"|respuesta autom)",
    re.IGNORECASE,
)
_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """What a mail is."""

    what: str
    """ "bounce", "delay", "complaint", "leave", "automatic reply", "nothing to do" or "unknown"."""
    reason: str = ""
    """One line for the operator."""
    report: Report | None = None
    """The event to store, if it is one."""
    token: str = ""
    """Of the one who wants to leave."""


@dataclass(frozen=True, slots=True)
class _Whose:
    """The delivery or notice that a mail is about, and what is known of its address."""

    delivery_id: int | None
    address_hash: str = ""
    notice_id: int | None = None


def read(data: bytes) -> ParsedMail:
    """What the mail is. Raises nothing, whatever the bytes are."""
    try:
        message = email.message_from_bytes(data[:MOST_BYTES])
        return _read(message, data)
    except RecursionError:
        return ParsedMail("unknown", "it is nested too deeply to be read")
    except Exception as error:  # Python's parser has raised the oddest things on broken mail
        return ParsedMail("unknown", clean(f"it cannot be read ({type(error).__name__})"))


def _read(message: Message, data: bytes) -> ParsedMail:
    parts = list(_parts(message))
    kinds = {part.get_content_type(): part for part in reversed(parts)}
    identity = _identity(message, data)
    if "message/feedback-report" in kinds:
        return _feedback(message, parts, kinds["message/feedback-report"], identity)
    if "message/delivery-status" in kinds:
        return _status(message, parts, kinds["message/delivery-status"], identity)
    subject = _decoded(message, "Subject")
    leave = _LEAVE.search(subject)
    if leave:
        return ParsedMail("leave", token=leave[1])
    plain = _plain_bounce(message, parts, identity)
    if plain is not None:
        return plain
    if _is_automatic(message, subject):
        return ParsedMail("automatic reply", subject[:100])
    return ParsedMail("unknown", "it is no bounce, no complaint and no wish to leave")


# --- Taking a mail apart ------------------------------------------------------------------


def _parts(message: Message) -> Iterator[Message]:
    """The message and its parts, `MOST_PARTS` at most, those of a returned message among them."""
    waiting: list[Any] = [message]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        inside = part.get_payload()
        # The blocks of a delivery status are parsed as messages, too; they are no parts.
        if isinstance(inside, list) and part.get_content_type() != "message/delivery-status":
            waiting = [one for one in inside if isinstance(one, Message)] + waiting


def _header(message: Message, name: str) -> str:
    """All headers of this name, as one line."""
    return clean(" ".join(str(value) for value in message.get_all(name, [])))


def _decoded(message: Message, name: str) -> str:
    raw = str(message.get(name, ""))[:2000]
    with suppress(Exception):  # unknown charsets, broken encodings
        raw = str(make_header(decode_header(raw)))
    return clean(raw)


def _text(part: Message) -> str:
    """What a text part says, whatever its charset is called; the first 20,000 characters."""
    raw = part.get_payload(decode=True)
    if isinstance(raw, bytes):
        with suppress(LookupError, ValueError):
            return raw.decode(part.get_content_charset() or "utf-8", "replace")[:20_000]
        return raw.decode("utf-8", "replace")[:20_000]
    return ""


def _returned(parts: list[Message]) -> Iterator[str]:
    """The headers of the message that came back, each as a line."""
    for part in parts[1:]:
        kind = part.get_content_type()
        if kind in ("text/rfc822-headers", "message/rfc822-headers"):
            yield from (clean(line) for line in _text(part).splitlines()[:300])
        elif part.get("Message-ID"):  # the inside of a message/rfc822 part
            for name in ("Message-ID", "Return-Path", "X-Original-Message-ID"):
                yield _header(part, name)


def _whose(message: Message, parts: list[Message], *further: str) -> _Whose | None:
    """Which delivery of ours the mail is about, where that is proven."""
    envelope = [_header(message, name) for name in _TO]
    returned = list(_returned(parts))
    for line in (*envelope, *further, *returned):
        found: Returned | None = returned_in(line)
        if found is not None:
            return _Whose(found.delivery_id, found.address_hash, found.notice_id)
    replied = [_header(message, name) for name in ("In-Reply-To", "References")]
    for line in (*returned, *replied, *further):
        for candidate in _MESSAGE_ID.findall(line)[:20]:
            delivery_id, notice_id = delivery_id_of(candidate), notice_id_of(candidate)
            if delivery_id is not None or notice_id is not None:
                return _Whose(delivery_id, notice_id=notice_id)
    return None


def _identity(message: Message, data: bytes) -> str:
    """The same for the same mail, however often it comes."""
    given = _header(message, "Message-ID")
    return hashlib.sha256(given.encode(errors="replace") if given else data).hexdigest()


# --- Delivery status notifications (RFC 3464) ---------------------------------------------


def _status(message: Message, parts: list[Message], part: Message, identity: str) -> ParsedMail:
    blocks = part.get_payload()
    fields = [one for one in blocks if isinstance(one, Message)] if isinstance(blocks, list) else []
    recipients = [one for one in fields[:20] if one.get("Action") or one.get("Final-Recipient")]
    whose = _whose(message, parts, *(_header(one, "Original-Envelope-Id") for one in fields[:1]))
    if whose is None:
        return ParsedMail("unknown", "it is a bounce, but of no digest of ours")
    if not recipients:
        return ParsedMail("unknown", "it is a bounce that names no recipient")
    actions = {_header(one, "Action").lower().split(" ")[0] for one in recipients}
    said = [_explanation(one) for one in recipients if "failed" in _header(one, "Action").lower()]
    address = "" if whose.address_hash else _recipient(recipients[0])
    if not said:
        kind = EventType.DEFERRED if "delayed" in actions else EventType.DELIVERED
        if actions.isdisjoint({"delayed", "delivered", "relayed", "expanded"}):
            return ParsedMail(
                "unknown", f"it is a bounce with the action {' '.join(actions)[:40]!r}"
            )
        report = _report(whose, kind, identity, address, _explanation(recipients[0])[1])
        return ParsedMail("delay" if kind == EventType.DEFERRED else "nothing to do", report=report)
    judged = [severity(status, text) for status, text in said]
    worst = Delivery.Bounce.HARD
    if len(said) < len(recipients) or any(one != Delivery.Bounce.HARD for one in judged):
        # An address that stands for several people is dead only when all of them are.
        worst = next((one for one in judged if one != Delivery.Bounce.HARD), Delivery.Bounce.SOFT)
    text = " ".join(filter(None, said[0]))
    report = _report(whose, EventType.BOUNCED, identity, address, text, severity=worst)
    return ParsedMail("bounce", text[:100], report)


def _explanation(block: Message) -> tuple[str, str]:
    """Status code and diagnostic of one recipient."""
    return status_in(_header(block, "Status")), _header(block, "Diagnostic-Code")


def _recipient(block: Message) -> str:
    """The address that the mail was sent to; a forwarding server puts another one beside it."""
    given = _header(block, "Original-Recipient") or _header(block, "Final-Recipient")
    return given.rpartition(";")[2].strip()


def _plain_bounce(message: Message, parts: list[Message], identity: str) -> ParsedMail | None:
    """A bounce in no form at all, as qmail and others write them: from a mail daemon, to a return
    path of ours, with a reply code in its text.
    """
    if not _DAEMON.search(_header(message, "From")):
        return None
    whose = _whose(message, parts)
    if whose is None:
        return ParsedMail("unknown", "it comes from a mail daemon, and is about no digest of ours")
    for part in parts:
        if part.get_content_type() != "text/plain":
            continue
        text = _text(part)
        found = _REPLY.search(text)
        if found:
            line = clean(text[found.start() : found.start() + 300])
            how = severity("", line)
            report = _report(whose, EventType.BOUNCED, identity, "", line, severity=how)
            return ParsedMail("bounce", line[:100], report)
    return ParsedMail("unknown", "it comes from a mail daemon, and gives no reason")


# --- Complaints (RFC 5965) ----------------------------------------------------------------


def _feedback(message: Message, parts: list[Message], part: Message, identity: str) -> ParsedMail:
    inside = part.get_payload()
    fields = inside[0] if isinstance(inside, list) and inside else None
    if not isinstance(fields, Message):
        return ParsedMail("unknown", "it is a feedback report without its fields")
    kind = _header(fields, "Feedback-Type").lower()
    if kind in ("not-spam", "auth-failure"):  # RFC 6430; RFC 6591, which is about the domain
        return ParsedMail("nothing to do", f"a feedback report of the type {kind}")
    whose = _whose(message, parts, _header(fields, "Original-Mail-From"))
    if whose is None:
        return ParsedMail("unknown", "it is a complaint, but about no digest of ours")
    left = kind in ("opt-out", "opt-out-list")
    event = EventType.UNSUBSCRIBED if left else EventType.COMPLAINED
    reason = RejectReason.UNSUBSCRIBED if left else RejectReason.SPAM
    # The address is often made unreadable, or that of a forwarding mailbox: whose mail it was is
    # proven without it.
    report = _report(whose, event, identity, "", f"feedback type {kind}", reason=reason)
    return ParsedMail("complaint", kind, report)


# --- Parts --------------------------------------------------------------------------------


def _report(
    whose: _Whose,
    kind: str,
    identity: str,
    recipient: str,
    text: str,
    *,
    reason: str = "",
    severity: str = "",
) -> Report:
    return Report(
        provider=PROVIDER,
        identity=f"{identity}|{kind}",
        delivery_id=whose.delivery_id,
        notice_id=whose.notice_id,
        kind=kind,
        reason=reason,
        severity=str(severity),
        recipient=recipient,
        address_hash=whose.address_hash,
        description=text,
    )


def _is_automatic(message: Message, subject: str) -> bool:
    """A machine's reply (RFC 3834), such as that somebody is away."""
    auto = _header(message, "Auto-Submitted").lower()
    if auto and not auto.startswith("no"):
        return True
    if any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder")):
        return True
    precedence = _header(message, "Precedence").lower()
    return precedence in ("auto_reply", "junk", "bulk") or bool(_AWAY.match(subject))
