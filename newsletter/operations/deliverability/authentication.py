"""Who really sent it: DKIM signatures, and whether they and the return path are the sender's."""

import re
from collections.abc import Callable, Iterator
from email.utils import parseaddr

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from newsletter.operations.deliverability.dns_records import Unanswered
from newsletter.operations.deliverability.domains import are_aligned
from newsletter.operations.deliverability.findings import (
    GMAIL,
    OUTLOOK,
    YAHOO,
    Finding,
    error,
    good,
    note,
    rfc,
    warning,
)
from newsletter.operations.deliverability.message import Message

COVERED = ("from", "subject", "date", "list-unsubscribe", "list-unsubscribe-post")
"""What a signature has to cover: RFC 6376 section 5.4, RFC 8058 section 4."""

_ALL_THREE = f"{GMAIL}; {YAHOO}; {OUTLOOK}"

Records = Callable[[str], list[str]]
"""The TXT records of a name. Raises `Unanswered`."""


def signatures(message: Message) -> list[dict[str, str]]:
    """The tags of every DKIM-Signature, by name; what cannot be read is left out."""
    found = []
    for value in message.all("DKIM-Signature"):
        try:
            tags = parse_tag_value(value.encode("latin-1"))
        except InvalidTagValueList:
            continue
        found.append(
            {name.decode(): re.sub(r"\s", "", text.decode()) for name, text in tags.items()}
        )
    return found


def check(
    message: Message, records: Records | None, *, has_arrived: bool, will_be_signed: str = ""
) -> Iterator[Finding]:
    """Every finding about signatures and alignment.

    `records` asks DNS; None leaves that out. `has_arrived` is for an email as its receiver saved
    it; `will_be_signed` says who signs an email that was only built, such as "the provider".
    """
    found = signatures(message)
    if not found and (has_arrived or not will_be_signed):
        yield error(
            "dkim",
            "There is no DKIM signature.",
            _ALL_THREE,
            "Let the mail server sign, or set DKIM_KEY (see manage.py make_dkim_key).",
        )
    elif not found:
        yield note(
            "dkim",
            f"A sample email can't show whether {will_be_signed} signs.",
            _ALL_THREE,
            "Check a delivered email with --eml FILE.",
        )
    aligned = False
    for at, tags in enumerate(found):
        domain = tags.get("d", "").lower()
        is_good, findings = _verified(message, at, tags, records)
        yield from findings
        yield from _coverage(message, tags)
        aligned |= is_good and are_aligned(domain, message.from_domain)
    if found and not aligned:
        yield error(
            "dkim-alignment",
            f"There's no valid signature from the sender's domain {message.from_domain}.",
            f"{rfc(7489, '3.1.1')}; {_ALL_THREE}",
            "Sign with the sender's domain; at a provider, set the domain up there.",
        )
    elif found:
        yield good(
            "dkim-alignment", ("There's a signature from the sender's domain."), rfc(7489, "3.1.1")
        )
    yield from _return_path(message, has_arrived)
    if has_arrived:
        yield from _what_the_receiver_said(message)


def _verified(
    message: Message, at: int, tags: dict[str, str], records: Records | None
) -> tuple[bool, list[Finding]]:
    """Whether the signature may count, and the finding. Where DNS is silent it may."""
    name = f"{tags.get('s', '?')}._domainkey.{tags.get('d', '?')}"
    if records is None:
        return True, [
            note("dkim", (f"The signature of {name} wasn't verified, because DNS wasn't asked."))
        ]
    unanswered: list[Unanswered] = []

    def answer(asked: bytes | str, timeout: float = 5) -> bytes:
        text = asked.decode() if isinstance(asked, bytes) else asked
        try:
            found = records(text.rstrip("."))
        except Unanswered as problem:
            unanswered.append(problem)
            return b""
        return found[0].encode() if found else b""

    why = ""
    try:
        is_good = bool(dkim.DKIM(message.raw).verify(idx=at, dnsfunc=answer))
    except (dkim.DKIMException, ValueError) as problem:
        is_good, why = False, f" ({str(problem)[:80]})"
    if unanswered:
        said = (
            f"The signature of {name} wasn't verified, because DNS couldn't be asked: "
            f"{unanswered[0]}."
        )
        return True, [note("dkim", said)]
    if is_good:
        return True, [good("dkim", f"The signature of {name} verifies.", rfc(6376))]
    return False, [
        error(
            "dkim",
            f"The signature of {name} doesn't verify{why}.",
            f"{rfc(6376, '6')}; {_ALL_THREE}",
            "Either DNS has a different key, or something changed the message on the way: a "
            "footer, re-encoding, a tracking link.",
        )
    ]


def _coverage(message: Message, tags: dict[str, str]) -> Iterator[Finding]:
    covered = set(tags.get("h", "").lower().split(":"))
    present = {name.lower() for name, _ in message.fields}
    missing = [name for name in COVERED if name in present and name not in covered]
    if missing:
        yield error(
            "dkim-coverage",
            f"The signature of {tags.get('d', '?')} doesn't cover {', '.join(missing)}.",
            f"{rfc(8058, '4')}: unsubscribe headers only count if they're signed",
            "Configure the signer to cover them. Broadsheet's own signature does.",
        )
    else:
        yield good("dkim-coverage", "The signature covers the unsubscribe headers.", rfc(8058, "4"))
    if "l" in tags:
        yield error(
            "dkim-length",
            "The signature only covers part of the body (l=).",
            f"{rfc(6376, '8.2')}: anyone could add text after it",
            "Configure the signer not to use l=.",
        )
    if tags.get("a") == "rsa-sha1":
        yield error(
            "dkim-algorithm",
            "The signature is made with SHA-1.",
            f"{rfc(8301, '3.1')}: it doesn't count",
            "Sign with rsa-sha256.",
        )


def _return_path(message: Message, has_arrived: bool) -> Iterator[Finding]:
    path = parseaddr(message.one("Return-Path"))[1]
    domain = path.rpartition("@")[2].lower()
    if not message.all("Return-Path"):
        if has_arrived:
            yield note("return-path", "The saved email doesn't have its return path.")
    elif not domain:
        yield warning(
            "return-path",
            "The return path is empty.",
            f"{rfc(5321, '4.5.5')}: that is for bounces",
            "Send with an address that receives bounces.",
        )
    elif are_aligned(domain, message.from_domain):
        yield good("return-path", f"The return path is at {domain}.", rfc(7489, "3.1.2"))
    else:
        yield warning(
            "return-path",
            f"The return path is at {domain}, so SPF says nothing about {message.from_domain}.",
            f"{rfc(7489, '3.1.2')}; with an aligned DKIM signature DMARC passes anyway",
            "At your provider, set up a return path (custom bounce domain) under your own domain.",
        )


def _what_the_receiver_said(message: Message) -> Iterator[Finding]:
    """The receiver's own verdicts (RFC 8601); only the topmost is of the last server."""
    said = message.one("Authentication-Results")
    for method in ("spf", "dkim", "dmarc"):
        found = re.search(rf"\b{method}=(\w+)", said)
        if found is None:
            continue
        if found[1] == "pass":
            yield good(f"received-{method}", f"The receiver reports {method}=pass.", rfc(8601))
        else:
            yield warning(
                f"received-{method}",
                f"The receiver reports {method}={found[1]}.",
                rfc(8601),
                "See the Authentication-Results header for details.",
            )
