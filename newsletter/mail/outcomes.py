"""What became of one message, in one vocabulary for SMTP and for every provider's API.

The ledger needs few answers: was it taken, will it never be, later, or does nobody know? Mail
servers and providers say it in hundreds of ways. Here are the answers, and how SMTP replies,
network errors and disk errors are sorted into them; `providers.answers` sorts what providers' APIs
say. Two rules decide the hard cases. A message that may have been taken is never called anything
but IN_DOUBT, because sending it again could double it. And an answer that blames the sender or the
account is BROKEN, never the reader's fault: no address is given up because our password expired.
"""

import errno
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import ImproperlyConfigured

from newsletter.mail.encoding import UnsendableMail

REASON_LIMIT = 300

_ADDRESS = re.compile(r"""[^\s<>"'(),:;=]+@[^\s<>"'(),:;=]+""")


class Kind(StrEnum):
    """The answers that the ledger tells apart."""

    ACCEPTED = "accepted"  # the server or provider has taken responsibility
    REFUSED = "refused"  # this message to this address will never be taken
    DEFERRED = "deferred"  # not taken, but a later attempt may be
    IN_DOUBT = "in doubt"  # it may have been taken: never blindly send it again
    BROKEN = "broken"  # not taken, and our side is wrong: the next message would fare no better


class Stage(StrEnum):
    """How far an SMTP session had come; in this order."""

    CONNECT = "connect"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"  # some of the body may be sent, its end is not: the server must drop it
    AFTER_BODY = "after body"  # the end of the body may have arrived


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message.

    `code` is what was answered ("250", "550 5.1.1", "HTTP 429") or a word of ours ("timeout").
    `reason` is one clean line of at most 300 characters, without addresses. `retry_after` is in
    seconds, where the other side asked for it. `suppress`: the address itself is bad, do not mail
    it again; so exactly where `bounce` is "hard". `tried`: the other side may have seen the
    message; where False, nothing counts as an attempt. `bounce` says of a refusal for good by the
    other side (REFUSED) how bad it is, in the words of `Delivery.Bounce`: "hard", "soft" or
    "blocked"; empty for all else, our own refusals before anything was sent among them.
    """

    kind: Kind
    code: str = ""
    reason: str = ""
    retry_after: float | None = None
    provider_id: str = ""
    suppress: bool = False
    tried: bool = True
    bounce: str = ""

    def __post_init__(self) -> None:
        """Leave addresses out of the reason, which outlives the reader, in journals too."""
        if "@" in self.reason:
            object.__setattr__(self, "reason", without_addresses(self.reason))


def without_addresses(text: str) -> str:
    """`text` in one clean line, addresses left out: servers like to repeat them, and what they say
    is not to outlive the subscriber.
    """
    return _ADDRESS.sub("[address]", clean(text))[:REASON_LIMIT]


def clean(text: object) -> str:
    """One line without control characters, of at most `REASON_LIMIT` characters."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    line = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+", " ", str(text)).split())
    return line if len(line) <= REASON_LIMIT else line[: REASON_LIMIT - 1] + "…"


# --- SMTP replies ---------------------------------------------------------------------------------

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
# RFC 3463 and the IANA registry of enhanced status codes.
_BAD_ADDRESS = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"))
_BAD_SENDER = frozenset(
    # the sender's address; logins; then DKIM, SPF, reverse DNS, DMARC
    ["5.1.7", "5.1.8", "5.7.8", "5.7.9", "5.7.14", *[f"5.7.{n}" for n in range(20, 30)]]
)
_AUTH_CODES = frozenset((530, 534, 535, 538))
_UNKNOWN_USER = re.compile(
    r"(user|mailbox|recipient|address|account)\b.{0,60}?"
    r"\b(unknown|not found|does ?n[o']t exist|not exist|invalid|disabled|inactive|unavailable)"
    r"|no such (user|mailbox|recipient|address|person)|(unknown|invalid) (user|mailbox|recipient)",
    re.IGNORECASE,
)
_OUR_FAULT = re.compile(
    r"relay|sender address|(client host|helo command) rejected|blocked using|block ?list|blacklist"
    r"|reverse (dns|lookup)|\bptr\b|must issue a starttls|authenticat|not owned by user|banned"
    r"|\bspf\b|\bdkim\b|\bdmarc\b",
    re.IGNORECASE,
)
QUOTA = re.compile(
    r"(send|sending|daily|hourly|rate|message) (quota|limit|rate)|rate.?limit|too many (messages"
    r"|e?mails)|throttl|quota (is )?exceeded for (this )?(account|sender)",
    re.IGNORECASE,
)
_POLICY = re.compile(r"\bspam\b|policy|blocked|black ?list|block ?list|content rejected", re.I)
_DAILY = re.compile(r"daily|per day|24 ?h|quota", re.IGNORECASE)
_MAILBOX_FULL = re.compile(r"full|over.?quota|quota|insufficient.{0,20}(storage|space)", re.I)


def quota_wait(reason: str) -> float:
    """Seconds to wait when `reason` says that a limit is reached, but not until when."""
    return 3600.0 if _DAILY.search(reason) else 60.0


def sort_reply(code: int, text: str | bytes, stage: Stage) -> Outcome:
    """Sort one SMTP reply (RFC 5321 section 4.2) that came at `stage`.

    A 4yz or 5yz reply to the body is a definite no (section 4.2.5), so not in doubt; anything that
    is not a reply at all is, once the body's end is sent.
    """
    reason = clean(text)
    found = _ENHANCED.search(reason)
    enhanced = found[1] if found else ""
    word = f"{code} {enhanced}".strip() if 200 <= code < 600 else "nonsense"
    tried = stage not in (Stage.CONNECT, Stage.AUTH)

    def outcome(kind: Kind, retry_after: float | None = None, *, suppress: bool = False) -> Outcome:
        bounce = ""
        if kind is Kind.REFUSED:
            bounce = "hard" if suppress else _how_bad(enhanced, reason, stage)
        return Outcome(kind, word, reason, retry_after, "", suppress, tried, bounce)

    if stage is Stage.AFTER_BODY and 200 <= code < 300:
        return outcome(Kind.ACCEPTED)
    if 400 <= code < 500:
        return outcome(Kind.DEFERRED, quota_wait(reason) if QUOTA.search(reason) else None)
    if not 500 <= code < 600:
        return outcome(Kind.IN_DOUBT if stage is Stage.AFTER_BODY else Kind.DEFERRED)

    if code in _AUTH_CODES or stage in (Stage.CONNECT, Stage.AUTH):
        return outcome(Kind.BROKEN)
    if enhanced == "5.4.5" or (enhanced != "5.2.2" and QUOTA.search(reason)):
        return outcome(Kind.DEFERRED, quota_wait(reason))
    if enhanced in _BAD_ADDRESS and stage is not Stage.MAIL:
        return outcome(Kind.REFUSED, suppress=True)
    if enhanced in _BAD_SENDER or code in (500, 502):
        return outcome(Kind.BROKEN)
    if stage is Stage.MAIL:  # nothing of the reader's has been said yet, but perhaps a SIZE
        return outcome(Kind.REFUSED if code == 552 else Kind.BROKEN)
    if stage is Stage.RCPT:
        if code == 552 and not enhanced:  # RFC 5321 section 4.5.3.1.10: take it as a 452
            return outcome(Kind.DEFERRED)
        if _OUR_FAULT.search(reason) and "RESOLVER" not in reason:  # Exchange: this group only
            return outcome(Kind.BROKEN)
        if not enhanced and code in (550, 551, 553) and not _MAILBOX_FULL.search(reason):
            return outcome(Kind.REFUSED, suppress=bool(_UNKNOWN_USER.search(reason)))
    return outcome(Kind.REFUSED)


def _how_bad(enhanced: str, reason: str, stage: Stage) -> str:
    """ "blocked" where a refusal is about the sender, the content or a policy; else "soft"."""
    if stage is Stage.MAIL or enhanced.startswith(("5.5.", "5.6.", "5.7.")):
        return "blocked"
    return "blocked" if _POLICY.search(reason) else "soft"


# --- exceptions -----------------------------------------------------------------------------------

# Errors of a disk or of this machine, never of a network.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE}
_LOCAL_ERRNO = _FULL | {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR}
_STAGE_OF: tuple[tuple[type[smtplib.SMTPResponseException], Stage], ...] = (
    (smtplib.SMTPSenderRefused, Stage.MAIL),
    (smtplib.SMTPDataError, Stage.AFTER_BODY),
    (smtplib.SMTPConnectError, Stage.CONNECT),
    (smtplib.SMTPHeloError, Stage.CONNECT),
    (smtplib.SMTPAuthenticationError, Stage.AUTH),
)


def sort_error(error: BaseException, stage: Stage | None = None) -> Outcome:
    """Sort what composing, smtplib, a socket, a disk or a mistake in the code raised.

    `stage` says how far an SMTP session had come. Without it, what does not say by itself that
    nothing left is IN_DOUBT. Never raises.
    """
    if isinstance(error, UnsendableMail):
        return Outcome(Kind.REFUSED, "unsendable", clean(error.reason), tried=False)
    if isinstance(error, smtplib.SMTPException):
        return _sort_smtplib(error, stage)
    if isinstance(error, OSError):
        return _sort_os_error(error, stage)
    # A mistake, ours or a backend's. Where it cannot be told when it happened, that is a doubt.
    before = stage is not None and stage is not Stage.AFTER_BODY
    if before or isinstance(error, ImproperlyConfigured | ImportError):
        return Outcome(Kind.BROKEN, type(error).__name__, described(error), tried=False)
    return Outcome(Kind.IN_DOUBT, type(error).__name__, described(error))


def described(error: BaseException) -> str:
    """What the exception says, or else its name, as one clean line."""
    return clean(str(error) or type(error).__name__)


def _interrupted(stage: Stage | None, code: str, reason: str) -> Outcome:
    """The connection failed. Only with the end of the body on its way is that a doubt."""
    if stage is None or stage is Stage.AFTER_BODY:
        return Outcome(Kind.IN_DOUBT, code, reason)
    return Outcome(Kind.DEFERRED, code, reason, tried=stage not in (Stage.CONNECT, Stage.AUTH))


def _sort_smtplib(error: smtplib.SMTPException, stage: Stage | None) -> Outcome:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        for code, text in error.recipients.values():
            return sort_reply(code, text, Stage.RCPT)
    if isinstance(error, smtplib.SMTPResponseException):
        for kind, its_stage in _STAGE_OF:
            if isinstance(error, kind):
                stage = stage or its_stage
        return sort_reply(error.smtp_code, error.smtp_error, stage or Stage.AFTER_BODY)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return _interrupted(stage, "disconnected", described(error))
    # SMTPNotSupportedError, or "No suitable authentication method found".
    return Outcome(Kind.BROKEN, "unsupported", described(error), tried=False)


def _sort_os_error(error: OSError, stage: Stage | None) -> Outcome:
    reason = described(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Outcome(Kind.BROKEN, "certificate", reason, tried=False)
    if isinstance(error, socket.gaierror):
        unknown = error.errno == socket.EAI_NONAME
        return Outcome(Kind.BROKEN if unknown else Kind.DEFERRED, "dns", reason, tried=False)
    if isinstance(error, ConnectionRefusedError) or error.errno in (
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
    ):
        return _interrupted(stage or Stage.CONNECT, "unreachable", reason)
    if isinstance(error, TimeoutError):
        return _interrupted(stage, "timeout", reason)
    if error.errno in _LOCAL_ERRNO:
        name = errno.errorcode[error.errno]
        return Outcome(Kind.DEFERRED, name, clean(error.strerror or name), tried=False)
    return _interrupted(stage, "connection", reason)
