"""Header fields: RFC 5322, 2369, 2919, 3834 and 8058, and what mailbox providers make of them."""

import re
from collections.abc import Iterator
from email.utils import getaddresses, parsedate_to_datetime

from newsletter.operations.deliverability.domains import are_aligned
from newsletter.operations.deliverability.findings import (
    GMAIL,
    YAHOO,
    Finding,
    error,
    good,
    note,
    rfc,
    warning,
)
from newsletter.operations.deliverability.message import Message

LONGEST_LINE = 998
SUBJECT_SHOWN = 70
"""Characters of a subject that an email app on a desktop shows; a phone shows about 40."""

ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version")
AT_MOST_ONCE = (
    *("Sender", "Reply-To", "Cc", "Bcc", "In-Reply-To", "References", "Content-Type"),
    *("Content-Transfer-Encoding", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"),
    *("Auto-Submitted", "Feedback-ID", "Return-Path", "Precedence"),
)
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@([^<>@\s]+)>")
_LIST_ID = re.compile(r"(?:.*\s)?<([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)>", re.DOTALL)


def check(message: Message) -> Iterator[Finding]:
    """Every finding about the header block."""
    for rule in (_counts, _lines, _sender, _subject, _date, _message_id, _unsubscribe, _list):
        yield from rule(message)


def _counts(message: Message) -> Iterator[Finding]:
    bad = False
    for name in ONCE:
        if not message.all(name):
            bad = True
            yield error(
                "required-header",
                f"There is no {name}.",
                f"{rfc(5322, '3.6')}; {GMAIL}",
                "Whatever composed or forwarded the message needs to add it.",
            )
    for name in (*ONCE, *AT_MOST_ONCE):
        if (count := len(message.all(name))) > 1:
            bad = True
            yield error(
                "header-once",
                f"{name} appears {count} times.",
                f"{rfc(5322, '3.6')}; Gmail refuses such messages (550 5.7.1)",
                "Find out what added the other one: a provider, a mail server or a filter.",
            )
    if not bad:
        yield good("header-once", "No header appears too often.", rfc(5322, "3.6"))


def _lines(message: Message) -> Iterator[Finding]:
    if message.had_lone_line_ends:
        yield error(
            "line-ends",
            "Some lines end with CR or LF alone.",
            rfc(5322, "2.3"),
            (
                "Use CRLF. Mail servers reject or re-encode other line endings, which breaks "
                "signatures."
            ),
        )
    longest = max(map(len, message.raw.split(b"\r\n")))
    if longest > LONGEST_LINE:
        yield error(
            "line-length",
            f"A line has {longest} characters.",
            f"{rfc(5322, '2.1.1')} allows {LONGEST_LINE}",
            "Encode the text as quoted-printable, and fold the header.",
        )
    else:
        yield good("line-length", f"No line is over {LONGEST_LINE} characters.", rfc(5322, "2.1.1"))
    head = message.raw.partition(b"\r\n\r\n")[0]
    if not head.isascii():
        yield error(
            "ascii-headers",
            "A header contains non-ASCII bytes.",
            rfc(2047),
            "Encode the words. Without SMTPUTF8, servers reject or garble them.",
        )
    if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", head):
        yield error(
            "control-characters",
            "A header contains a control character.",
            rfc(5322, "2.2"),
            "Remove it. Filters treat it as an attack.",
        )


def _sender(message: Message) -> Iterator[Finding]:
    for name in ("From", "To"):
        found = [one for one in getaddresses([message.one(name)]) if one[1]]
        if message.all(name) and len(found) != 1:
            yield error(
                "one-address",
                f"{name} names {len(found)} addresses.",
                f"{rfc(5322, '3.6.2')}; DMARC refuses a From of several domains (RFC 7489 6.6.1)",
                "Give exactly one.",
            )
    domain = message.from_domain
    if domain.endswith(("gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "aol.com")):
        yield error(
            "own-domain",
            f"The sender is at {domain}, which isn't your domain.",
            f"{GMAIL}; their DMARC policies reject email that others send",
            "Send from your own domain.",
        )


def _subject(message: Message) -> Iterator[Finding]:
    subject = str(message.parsed.get("Subject", "")).strip()
    if not subject:
        yield error(
            "subject", "The subject is empty.", GMAIL, "Say in the subject what the email contains."
        )
    elif re.match(r"(?i)(re|fwd?|aw|wg)\s*:", subject):
        yield error(
            "subject",
            f"The subject looks like a reply: {subject[:40]!r}.",
            f"{GMAIL} (misleading subjects)",
            "Don't start it with Re: or Fwd:.",
        )
    elif len(subject) > 2 * SUBJECT_SHOWN:
        yield warning(
            "subject",
            f"The subject has {len(subject)} characters.",
            f"Email apps show about {SUBJECT_SHOWN}",
            "Shorten it, or put the important part first.",
        )
    elif len(subject) > 12 and subject.isupper():
        yield warning(
            "subject", "The subject is all in capitals.", GMAIL, "Write it as a sentence."
        )
    else:
        yield good("subject", f"The subject has {len(subject)} characters.")


def _date(message: Message) -> Iterator[Finding]:
    if not message.all("Date"):
        return
    try:
        parsedate_to_datetime(message.one("Date"))
    except ValueError:
        yield error(
            "date",
            f"The Date {message.one('Date')[:60]!r} isn't valid.",
            rfc(5322, "3.3"),
            "Use this format: Thu, 11 Jun 2026 08:00:00 +0000.",
        )


def _message_id(message: Message) -> Iterator[Finding]:
    value = message.one("Message-ID")
    if not value:
        return
    found = _MESSAGE_ID.fullmatch(value)
    if found is None:
        yield error(
            "message-id",
            (f"The Message-ID {value[:60]!r} isn't valid."),
            rfc(5322, "3.6.4"),
            "Fix it.",
        )
    elif not are_aligned(found[1], message.from_domain):
        yield note(
            "message-id",
            f"The Message-ID's domain is {found[1]}, not the sender's {message.from_domain}.",
            "A provider replaced it, which is harmless",
        )
    else:
        yield good("message-id", "The Message-ID uses the sender's domain.", rfc(5322, "3.6.4"))


def _unsubscribe(message: Message) -> Iterator[Finding]:
    sources = f"{rfc(8058, '3.1')}; {GMAIL}; {YAHOO}"
    fields = message.all("List-Unsubscribe")
    if not fields:
        yield error(
            "one-click",
            "There is no List-Unsubscribe.",
            sources,
            (
                "If Broadsheet added one, your provider removed it. See Providers in "
                "docs/deploying.md."
            ),
        )
        return
    links = message.unsubscribe_links
    https = [link for link in links if link.startswith("https://")]
    if not https:
        yield error(
            "one-click",
            "List-Unsubscribe has no https address.",
            sources,
            "Set SITE_URL to the site's https address.",
        )
    if not any(link.startswith("mailto:") for link in links):
        yield warning(
            "unsubscribe-mailto",
            "List-Unsubscribe has no mailto address.",
            f"{rfc(2369, '3.2')}; some email apps only support this",
            "Set UNSUBSCRIBE_EMAIL. Some providers only keep one address.",
        )
    if "\r\n" in fields[0].strip():
        yield warning(
            "unsubscribe-line",
            "List-Unsubscribe is folded over several lines.",
            "Some mailbox providers can't read folded headers",
            "Find out what folds it: a provider or a mail server on the way.",
        )
    post = message.one("List-Unsubscribe-Post")
    if post != "List-Unsubscribe=One-Click":
        what = f"is {post[:60]!r}" if post else "is not there"
        yield error(
            "one-click",
            f"List-Unsubscribe-Post {what}.",
            sources,
            "It must be exactly: List-Unsubscribe=One-Click",
        )
    elif https:
        yield good("one-click", "Readers can unsubscribe with one click.", sources)
    for link in https:
        host = re.sub(r"^https://([^/?#:]*).*", r"\1", link)
        if not are_aligned(host, message.from_domain):
            yield warning(
                "unsubscribe-domain",
                f"List-Unsubscribe leads to {host}, but the sender is at {message.from_domain}.",
                "Readers would unsubscribe from a list that belongs to that domain",
                (
                    "If that's your provider's domain, readers stay on your list. See "
                    "docs/deploying.md."
                ),
            )


def _list(message: Message) -> Iterator[Finding]:
    value = message.one("List-Id")
    found = _LIST_ID.fullmatch(value)
    if not value:
        yield error("list-id", "There is no List-Id.", f"{rfc(2919)}; {GMAIL}", "Set LIST_ID.")
    elif found is None:
        yield error(
            "list-id",
            f"The List-Id {value[:60]!r} isn't valid.",
            rfc(2919, "3"),
            "Set LIST_ID to something like digest.papers.example.org.",
        )
    elif not are_aligned(found[1], message.from_domain):
        yield warning(
            "list-id",
            f"The List-Id {found[1]} isn't under the sender's domain {message.from_domain}.",
            rfc(2919, "3"),
            "Set LIST_ID to a name under a domain you own, and never change it.",
        )
    else:
        yield good("list-id", f"The list is {found[1]}.", rfc(2919))
    if message.one("Auto-Submitted").lower() != "auto-generated":
        yield warning(
            "auto-submitted",
            "Auto-Submitted: auto-generated is missing.",
            f"{rfc(3834, '5')}: it keeps autoresponders from answering",
            "Find out what removed it.",
        )
    if not message.all("Feedback-ID"):
        yield note(
            "feedback-id",
            "There is no Feedback-ID.",
            "Gmail's Postmaster Tools sort complaints by it: "
            "https://support.google.com/mail/answer/6254652",
        )
    if message.all("Precedence"):
        yield note("precedence", "Precedence isn't needed.", rfc(3834, "2"))
