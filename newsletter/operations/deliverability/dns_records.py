"""What DNS says of the sender's domain: SPF (RFC 7208), DKIM (6376), DMARC (7489), MX.

A DNS that does not answer is no fault of the domain's: such findings are notes, never errors.
"""

import re
from collections.abc import Iterator, Sequence

import dkim
import dns.exception
import dns.name
import dns.resolver

from newsletter.operations.deliverability.domains import organizational_domain
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

TIMEOUT = 5.0
"""Seconds that one question may take, servers and repeats included."""

MOST_LOOKUPS = 10  # RFC 7208 section 4.6.4
_ALL_THREE = f"{GMAIL}; {YAHOO}; {OUTLOOK}"


class Unanswered(Exception):
    """DNS could not be asked, or did not answer in time; the text says which."""


class Resolver:
    """Asks DNS, each question once."""

    def __init__(self, server: str = "", timeout: float = TIMEOUT) -> None:
        """`server` is HOST or HOST:PORT of a DNS server; without it this machine's own."""
        self._answers: dict[tuple[str, str], list[str] | Unanswered] = {}
        self._resolver: dns.resolver.Resolver | None
        if server:
            host, _, port = server.partition(":")
            self._resolver = dns.resolver.Resolver(configure=False)
            self._resolver.nameservers = [host]
            self._resolver.port = int(port or 53)
        else:
            try:
                self._resolver = dns.resolver.Resolver()
            except dns.resolver.NoResolverConfiguration:
                self._resolver = None
        if self._resolver is not None:
            self._resolver.lifetime = timeout
            self._resolver.timeout = timeout / 2

    def txt(self, name: str) -> list[str]:
        """The TXT records of `name`, each with its strings joined; [] where there are none."""
        return self._ask(name, "TXT")

    def has_mail_server(self, name: str) -> bool:
        """Whether mail to `name` has somewhere to go (RFC 5321 section 5.1)."""
        exchanges = self._ask(name, "MX")
        if exchanges:
            return any(not one.endswith(" .") for one in exchanges)
        return bool(self._ask(name, "A") or self._ask(name, "AAAA"))

    def _ask(self, name: str, kind: str) -> list[str]:
        key = (name.lower().rstrip("."), kind)
        if key not in self._answers:
            try:
                self._answers[key] = self._asked(key[0], kind)
            except Unanswered as problem:
                self._answers[key] = problem
        answer = self._answers[key]
        if isinstance(answer, Unanswered):
            raise answer
        return answer

    def _asked(self, name: str, kind: str) -> list[str]:
        if self._resolver is None:
            raise Unanswered("this machine has no DNS server configured")
        try:
            answer = self._resolver.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.name.LabelTooLong, dns.name.EmptyLabel, dns.name.NameTooLong):
            return []
        except dns.exception.Timeout:
            raise Unanswered("it didn't answer in time") from None
        except (dns.exception.DNSException, OSError) as problem:
            raise Unanswered(f"it answered with an error ({type(problem).__name__})") from None
        if kind == "TXT":
            return [b"".join(one.strings).decode("utf-8", "replace") for one in answer]
        return [one.to_text() for one in answer]


def check(
    resolver: Resolver, domain: str, selectors: Sequence[tuple[str, str]], return_domain: str = ""
) -> Iterator[Finding]:
    """Every finding about `domain`, the sender's. `selectors` are DKIM keys to look for, as
    (selector, domain); `return_domain` is the envelope's, which SPF is about.
    """
    parts = [
        ("SPF", _spf(resolver, return_domain or domain)),
        ("DMARC", _dmarc(resolver, domain)),
        ("the mail server", _mail_server(resolver, domain)),
        *[(f"the DKIM key {one}", _dkim(resolver, one, owner)) for one, owner in selectors],
    ]
    for what, findings in parts:
        try:
            yield from findings
        except Unanswered as problem:
            yield note(
                "dns",
                f"DNS couldn't be asked for {what} of {domain}: {problem}.",
                "",
                "Try again on a machine with DNS, or skip this with --no-dns.",
            )
    if not selectors:
        yield note(
            "dkim-record",
            "No DKIM key was checked, because none is set and the message has no signature.",
            _ALL_THREE,
            "Check a delivered email with --eml FILE.",
        )
    yield note(
        "ptr",
        "This can't check whether the sending IP address has matching reverse DNS (PTR).",
        f"{GMAIL} ask for it",
        (
            "On your mail server, run dig -x on its address, then dig on that name. Mail "
            "providers take care of this."
        ),
    )


# --- SPF ------------------------------------------------------------------------------------------


def _spf(resolver: Resolver, domain: str) -> Iterator[Finding]:
    records = _spf_records(resolver, domain)
    if not records:
        yield error(
            "spf",
            f"{domain} has no SPF record.",
            _ALL_THREE,
            "Publish one that lists your senders: v=spf1 include:… -all",
        )
        return
    if len(records) > 1:
        yield error(
            "spf",
            f"{domain} has {len(records)} SPF records.",
            f"{rfc(7208, '4.5')}: then none of them counts",
            "Combine them into one.",
        )
        return
    terms = records[0]
    if "+all" in terms or "all" in terms:
        yield error(
            "spf",
            f"The SPF record of {domain} lets anyone send.",
            rfc(7208, "5.1"),
            "End it with -all or ~all.",
        )
    elif "?all" in terms or not any(re.search("all$|^redirect=", term) for term in terms):
        yield warning(
            "spf",
            f"The SPF record of {domain} doesn't restrict other senders.",
            rfc(7208, "5.1"),
            "End it with -all or ~all.",
        )
    else:
        yield good("spf", f"{domain} has an SPF record.", _ALL_THREE)
    lookups = _lookups(resolver, domain, set())
    if lookups > MOST_LOOKUPS:
        yield error(
            "spf-lookups",
            f"The SPF record of {domain} needs more than {MOST_LOOKUPS} lookups.",
            f"{rfc(7208, '4.6.4')}: it counts as invalid",
            "Remove senders you no longer use.",
        )


def _spf_records(resolver: Resolver, domain: str) -> list[list[str]]:
    """The terms of each SPF record of `domain`, in lower case."""
    records = [one.lower().split() for one in resolver.txt(domain)]
    return [terms for version, *terms in filter(None, records) if version == "v=spf1"]


def _lookups(resolver: Resolver, domain: str, seen: set[str]) -> int:
    """How many questions an SPF record costs; stops counting where it is too many anyway."""
    if domain in seen or len(seen) > MOST_LOOKUPS:
        return 0
    seen.add(domain)
    count = 0
    for terms in _spf_records(resolver, domain):
        plain = [term.lstrip("+-~?") for term in terms]
        for term in plain:
            if re.match(r"(a|mx|ptr)([:/]|$)|exists:", term):
                count += 1
            elif found := re.match(r"(include:|redirect=)(.+)", term):
                if found[1] == "redirect=" and "all" in plain:
                    continue  # RFC 7208 section 6.1: without effect
                count += 1
                if "%" not in found[2] and count <= MOST_LOOKUPS:
                    count += _lookups(resolver, found[2], seen)
    return count


# --- DMARC, MX, DKIM ------------------------------------------------------------------------------


def _tags(record: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in record.split(";")]
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def _dmarc(resolver: Resolver, domain: str) -> Iterator[Finding]:
    where, inherits = domain, False
    records = _dmarc_records(resolver, domain)
    if not records and organizational_domain(domain) != domain:
        where, inherits = organizational_domain(domain), True
        records = _dmarc_records(resolver, where)
    if len(records) != 1:
        yield error(
            "dmarc",
            f"{domain} has {'no' if not records else len(records)} DMARC record"
            f"{'' if not records else 's'}.",
            _ALL_THREE,
            f"Publish one at _dmarc.{domain}: v=DMARC1; p=none; rua=mailto:dmarc@{domain}",
        )
        return
    tags = _tags(records[0])
    policy = tags.get("sp", tags.get("p", "")) if inherits else tags.get("p", "")
    if policy not in {"none", "quarantine", "reject"}:
        yield error(
            "dmarc",
            f"The DMARC record of {where} has no policy.",
            rfc(7489, "6.3"),
            "Give it p=none, p=quarantine or p=reject.",
        )
        return
    yield good("dmarc", f"{where} has a DMARC record (p={policy}).", _ALL_THREE)
    if policy == "none":
        yield note(
            "dmarc-policy",
            "The DMARC policy doesn't ask for anything yet (p=none).",
            f"{OUTLOOK} and others recommend more",
            "Read the reports for a few weeks, then move to p=quarantine and p=reject.",
        )
    if "rua" not in tags:
        yield note(
            "dmarc-reports",
            "Nobody receives the DMARC reports.",
            rfc(7489, "6.3"),
            f"Add rua=mailto:dmarc@{where}.",
        )


def _dmarc_records(resolver: Resolver, domain: str) -> list[str]:
    found = resolver.txt(f"_dmarc.{domain}")
    return [one for one in found if re.match(r"v\s*=\s*DMARC1\s*(;|$)", one)]


def _mail_server(resolver: Resolver, domain: str) -> Iterator[Finding]:
    if resolver.has_mail_server(domain):
        yield good("mx", f"{domain} accepts email.")
    else:
        yield warning(
            "mx",
            f"{domain} doesn't accept email, so replies and complaints get lost.",
            f"{OUTLOOK}: the sender must be able to receive; RFC 2142",
            "Publish an MX record, and read the email that arrives.",
        )


def _dkim(resolver: Resolver, selector: str, domain: str) -> Iterator[Finding]:
    name = f"{selector}._domainkey.{domain}"
    records = resolver.txt(name)
    if not records:
        yield error(
            "dkim-record",
            f"There's no DKIM key at {name}.",
            _ALL_THREE,
            (
                "Publish the record that manage.py make_dkim_key prints, or the one your "
                "provider asks for."
            ),
        )
        return
    tags = _tags(records[0])
    if not tags.get("p"):
        yield error(
            "dkim-record",
            f"The DKIM key at {name} is revoked.",
            rfc(6376, "3.6.1"),
            "Publish the signing key.",
        )
        return
    try:
        _, bits, kind, _ = dkim.evaluate_pk(name, records[0])
    except (dkim.DKIMException, ValueError) as problem:
        yield error(
            "dkim-record",
            f"The DKIM key at {name} can't be read: {str(problem)[:80]}.",
            rfc(6376, "3.6.1"),
            "Publish it again, in one piece.",
        )
        return
    yield from key_size(name, kind, bits)
    if "y" in tags.get("t", "").split(":"):
        yield warning(
            "dkim-testing",
            f"The DKIM key at {name} is in test mode (t=y).",
            f"{rfc(6376, '3.6.1')}: signatures don't count then",
            "Remove t=y.",
        )


def key_size(name: str, kind: bytes, bits: int) -> Iterator[Finding]:
    """Whether a key of this kind and length counts."""
    if kind == b"rsa" and bits < 1024:
        yield error(
            "dkim-key",
            f"The DKIM key at {name} has {bits} bits.",
            rfc(8301, "3.2"),
            "Make a new one with 2048 bits: manage.py make_dkim_key --selector another",
        )
    elif kind == b"rsa" and bits < 2048:
        yield warning(
            "dkim-key",
            f"The DKIM key at {name} has {bits} bits.",
            f"{GMAIL} and {YAHOO} recommend 2048",
            "Make a new one: manage.py make_dkim_key --selector another",
        )
    elif kind == b"ed25519":
        yield warning(
            "dkim-key",
            f"The DKIM key at {name} is an Ed25519 key.",
            "Gmail and Outlook don't verify these yet",
            "Sign with RSA: manage.py make_dkim_key --selector another",
        )
    else:
        yield good("dkim-key", f"The DKIM key at {name} has {bits} bits.", YAHOO)
