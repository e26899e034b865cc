"""How bad a refusal is: one table for the SMTP dialogue, for mails that came back, and for events.

Three answers matter. HARD: there is no such address, and there will be none. SOFT: not now, because
the mailbox is full or its server is out of order. BLOCKED: the receiver does not want this mail or
its sender, or the sender is over a limit of its own; that is our reputation, our content or our
account, and says nothing about the address. Only the first one may end a subscription, so whatever
is not clearly HARD is not called so.

Servers contradict themselves: "5.1.1" stands before "mailbox full", before "blacklisted" and before
"daily limit exceeded". So the words are read first, from `RULES`, the first that fits; the codes
decide only where the words say nothing. A temporary code makes no address dead, whatever stands
beside it.

Sources: RFC 3463 (enhanced status codes: class, subject, detail), the IANA registry that continues
it, RFC 7505 (5.1.10, a domain that takes no mail), RFC 7372 (5.7.20 to 5.7.29), and the words of
the servers that are in use.
"""

import re
import unicodedata
from dataclasses import dataclass

from newsletter.mail.bounce_rules import RULES, Blame, Bounce


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a refusal means, and by which rule: the name of one of `RULES`, or a code."""

    bounce: Bounce
    rule: str
    blame: Blame = Blame.READER
    by_words: bool = True
    code: str = ""
    """The reply code and the enhanced one, as far as there were any: "550 5.1.1"."""


# --- The codes ------------------------------------------------------------------------------------

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)")
_REPLY = re.compile(r"(?<![\d.#/\w-])([45][0-5]\d)(?=[ \-:,;)'#]|$)")

#: Codes beside which no words make an address dead: of the sender's address and credentials, of a
#: full mailbox or disk, of a message's size, of loops, congestion and time.
_OF_SOMETHING_ELSE = re.compile(
    r"5\.1\.[78]$|5\.2\.[23]$|5\.3\.[14]$|5\.4\.[35-9]$|5\.7\.(?:[89]|2[0-689]|3\d|5\d\d)$"
)
#: Of the address codes, those that say nothing else than that the address is no good.
_BAD_ADDRESS = {1, 2, 3, 6, 10}
#: Of the same kind, "5.1.7" and "5.1.8" blame our own address.
_OUR_ADDRESS = {7, 8}


def status_in(text: str) -> str:
    """The first enhanced status code in `text`, such as "5.1.1"; empty where there is none."""
    found = _STATUS.search(text)
    return found[0] if found else ""


def judge(text: str, status: str = "", reply: int = 0, *, after_data: bool = False) -> Verdict:
    """What the words `text` of a server mean, given beside them the enhanced `status` and the
    `reply` code ("5.1.1", 550), as far as they are known. `after_data`: they were said of the
    whole message, not yet when the recipient was named.
    """
    codes = _codes_in(text, status, reply)
    words = _words_of(text)
    after_data = after_data or said_after_data(text)
    for rule in RULES:
        if rule.codes is not None and not rule.codes.match(codes.enhanced):
            continue
        if rule.bounce is Bounce.HARD and codes.is_of_something_else:
            continue
        if rule.words.search(words):
            if rule.bounce is Bounce.HARD and codes.is_temporary:
                return Verdict(Bounce.SOFT, f"{rule.name}, but for now", code=codes.told)
            if after_data and _CARRIERS.search(words) and not codes.enhanced.startswith("5.1."):
                # Mobile carriers say "unknown user" of a reader whose own filter refused the mail,
                # when they have read it. Had they not known the user, they would have known before.
                return Verdict(Bounce.SOFT, f"{rule.name}, but said too late", code=codes.told)
            return Verdict(rule.bounce, rule.name, rule.blame, code=codes.told)
    bounce, blame = _by_code(codes)
    rule_name = f"the code {codes.told}" if codes.told else "nothing known was said"
    return Verdict(bounce, rule_name, blame, by_words=False, code=codes.told)


def names_a_limit(text: str) -> bool:
    """Whether a server or a provider says that the sender is over a limit of its own."""
    return judge(text).blame is Blame.LIMIT


def said_after_data(text: str) -> bool:
    """Whether a letter tells that the server answered so when it had read the message."""
    return bool(_AFTER_DATA.search(text[:_LONGEST].lower()))


def severity(status: str, text: str = "") -> Bounce:
    """How bad a bounce is that a server explained with `status` ("5.1.1", or empty) and `text`."""
    return judge(text, status).bounce


@dataclass(frozen=True, slots=True)
class _Codes:
    enhanced: str
    reply: int
    is_temporary: bool
    is_of_something_else: bool
    """One of them says that it is not the address."""

    @property
    def told(self) -> str:
        return f"{self.reply or ''} {self.enhanced}".strip()


def _codes_in(text: str, status: str, reply: int) -> _Codes:
    """The codes that count: what the server itself wrote before what was noted beside it."""
    given = _STATUS.search(status)
    written = [found[0] for found in _STATUS.finditer(text)]
    replies = [int(found[1]) for found in _REPLY.finditer(text)] or ([reply] if reply else [])
    # The one that says most: "5.0.0" and "5.5.0" are what servers write who know no better.
    candidates = [*written, *([given[0]] if given else [])]
    of_something_else = [code for code in candidates if _OF_SOMETHING_ELSE.match(code)]
    telling = [code for code in candidates if not code.endswith(".0.0")]
    enhanced = (of_something_else or telling or candidates or [""])[0]
    if written:
        classes = {code[0] for code in written}
    elif replies:
        classes = {str(number)[0] for number in replies}
    else:
        classes = {enhanced[:1]} if enhanced else set()
    permanent = [number for number in replies if number >= 500]
    return _Codes(
        enhanced,
        (permanent or replies or [0])[0],
        is_temporary=bool(classes) and "5" not in classes,
        is_of_something_else=bool(of_something_else),
    )


def _by_code(codes: _Codes) -> tuple[Bounce, Blame]:
    match = _STATUS.fullmatch(codes.enhanced)
    if match is None or codes.is_temporary or match[1] != "5":
        return Bounce.SOFT, Blame.READER
    subject, detail = int(match[2]), int(match[3])
    match subject:
        case 1 if detail in _OUR_ADDRESS:
            return Bounce.BLOCKED, Blame.SENDER
        case 1 if detail in _BAD_ADDRESS:
            return Bounce.HARD, Blame.READER
        case 5 if detail == 0:
            return Bounce.SOFT, Blame.READER
        case 5 | 6 | 7:  # protocol, content, policy: ours to mend
            return Bounce.BLOCKED, Blame.MESSAGE
    # Of the mailbox (5.2.x) and its system (5.3.x, 5.4.x), codes alone prove nothing for good.
    return Bounce.SOFT, Blame.READER


# --- Taking the words out of a reply --------------------------------------------------------------

_ADDRESS = re.compile(r"<?[^\s<>@\"'(),:;]{1,128}@[^\s<>@\"'(),:;]{1,255}>?|<[^<>\s]{0,400}>")
#: What mail servers write around a reply, and what would read as a part of it.
_FRAME = re.compile(
    r"smtp error from remote (?:mail )?server after (?:rcpt to|rcpt|end of data"
    r"|pipelined end of data|data|pipelined data)(?: command)?:?|remote mail server"
    r"|remote (?:host|server) said:?|mail delivery (?:software|system|failed)"
    r"|this is a permanent (?:error|failure)"
    r"|returning message to sender|(?:e-?mail )?security gateway|returned mail"
    r"|undelivered mail returned to sender"
    # Sendmail's summary of whatever a program or a server answered.
    r"|~\.\.\. service unavailable",
)
_HOST = re.compile(
    r"(?<![a-z0-9.-])(?:https?://)?(?!(?:resolver|smtpsend|storedrv|routing)\.)"
    r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}\.[a-z]{2,6}\b(?::\d+)?(?:[/?]\S*)?"
)
_CODES = re.compile(
    r"(?<![\d.])[245]\d\d[- ]#?[245]\.\d{1,3}\.\d{1,3}\b|(?<![\d.])#?[245]\.\d{1,3}\.\d{1,3}\b"
    r"|(?<![\d.\w-])[245]\d\d-",
)
_LISTS = re.compile(
    r"spamhaus|spamcop|barracudacentral|sorbs|abuseat|uceprotect|mailspike|psbl|abusix|rbl|dnsbl"
)
_LONGEST = 4000
_CARRIERS = re.compile(r"\buser unknown\b|\bunknown user\b")
_AFTER_DATA = re.compile(
    r"in reply to end of data|after (?:pipelined )?(?:end of )?(?:sending )?data\b"
    r"|after end of message|after i sent the message|did not like our final data|>>> \.\s"
    r"|>>> data\s(?:[^>]|>(?!>>))*<<< 5",
)


def _words_of(text: str) -> str:
    """`text` in lower case and one line, without the codes within its sentences, without accents,
    and without what only looks like words: addresses, hosts and links become "~". A block list's
    host stays.
    """
    words = unicodedata.normalize("NFKD", text[:_LONGEST].lower().translate(_QUOTES))
    words = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", words))
    words = _ADDRESS.sub("~", words)
    words = _CODES.sub(" ", words)
    words = _FRAME.sub(" ", words)
    words = _HOST.sub(lambda found: found[0] if _LISTS.search(found[0]) else "~", words)
    # Thousands of addresses say no more than some, and rules would try each from each of them.
    words = _MANY.sub(r"\1\1\1", re.sub("~(?:@?~)+@?", "~", words))
    return " ".join(words.replace("_", " ").split())


_MANY = re.compile(r"(~\s+)\1{3,}")


_QUOTES = str.maketrans("\u2018\u2019\u00b4`\u201c\u201d", "''''\"\"")
