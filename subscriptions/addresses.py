"""Addresses, without any table: what goes on the wire, which spellings are one, and the hash that
outlives an address.

An address has two values. Its *wire form* is where mail goes: the local part as it was typed, the
domain as the DNS has it. Its *key* says whose it is: full-width letters, decomposed ones, upper
case, punycode and a dot at the end are spellings of one mailbox. Mail goes to the spelling that is
stored and never to one that was just typed; whatever is looked up is looked up by its key.
"""

import hashlib
import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

import idna
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from subscriptions.macs import mac_under

LONGEST_LOCAL, LONGEST_DOMAIN, LONGEST = 64, 253, 254
"""Octets, RFC 5321 section 4.5.3.1 with its erratum 1690."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a0-\U0010ffff-]+"
_LOCAL = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])*"')
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp", "Zs"})
"""Categories of what no one sees or types: controls, formats, spaces, and what is no character."""

_UNSEEN_LOCAL = _UNSEEN - {"Zs"}

_FOLDS_DOTS = frozenset({"gmail.com", "googlemail.com"})
"""Domains at which dots in the local part make no difference; both are one."""


class BadAddress(ValueError):
    """This is no address that email can go to; the text says why."""


@lru_cache(maxsize=4096)  # most readers' domains are a few
def wire_domain(domain: str) -> str:
    """A domain as the DNS has it: labels of ASCII in lower case, others as A-labels (UTS 46,
    non-transitional, so that straße.example stays another than strasse.example), without a dot at
    the end. Underscores are taken. Raises `BadAddress`.
    """
    try:
        if not domain.isascii():
            domain = idna.uts46_remap(domain, std3_rules=False, transitional=False)
        labels = [_wire_label(label) for label in domain.removesuffix(".").lower().split(".")]
    except (idna.IDNAError, UnicodeError):
        raise BadAddress("the domain isn't valid") from None
    wire = ".".join(labels)
    if len(wire) > LONGEST_DOMAIN:
        raise BadAddress("the domain is too long")
    return wire


def _wire_label(label: str) -> str:
    if not label.isascii():
        return idna.alabel(label).decode()
    if label.startswith("xn--") and idna.alabel(idna.ulabel(label)).decode() != label:
        raise BadAddress("the domain contains invalid punycode")
    if not _LABEL.fullmatch(label):
        raise BadAddress("the domain isn't valid")
    return label


def wire_form(email: str) -> str:
    """The address as mail goes to it. Raises `BadAddress`."""
    local, at, domain = email.strip().rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise BadAddress("this isn't an email address")
    # Of ASCII the pattern above lets nothing through that is not seen.
    if not local.isascii() and any(unicodedata.category(each) in _UNSEEN_LOCAL for each in local):
        raise BadAddress("it contains an invisible character")
    if len(local.encode()) > LONGEST_LOCAL:
        raise BadAddress("the part before the @ is too long")
    wire = f"{local}@{wire_domain(domain)}"
    if len(wire.encode()) > LONGEST:
        raise BadAddress("it is too long")
    return wire


def checked(email: str) -> str:
    """The wire form of an address that a newsletter may be sent to. Raises `BadAddress`.

    Stricter than `wire_form`: the domain has a dot, what stands before the @ is seen, and it is
    ASCII unless NON_ASCII_ADDRESSES says that the mail server takes others.
    """
    wire = wire_form(email)
    local, _at, domain = wire.rpartition("@")
    if "." not in domain or domain.rpartition(".")[2].isdigit():
        raise BadAddress("the domain isn't a public one")
    composed = unicodedata.normalize("NFKC", email.strip())
    if any(len(character.lower()) > 1 for character in composed):
        raise BadAddress("it contains a letter that has no lowercase form")
    if local.isascii():
        return wire
    if not settings.NON_ASCII_ADDRESSES:
        raise BadAddress("the part before the @ must be plain letters, digits and symbols")
    folded = _folded(local)
    if not _LOCAL.fullmatch(folded) or len(folded.encode()) > LONGEST_LOCAL:
        raise BadAddress("this isn't an email address")
    if any(unicodedata.category(character) in _UNSEEN for character in folded):
        raise BadAddress("it contains an invisible character")
    return wire


def address_of(email: str, typed: str | None) -> str:
    """Where emails go: the address as `typed`, unless the row was given another `email` since, by a
    version that knows of one column alone.
    """
    return typed if typed and normalized_email(typed) == email else email


def validate_address(value: str) -> None:
    """Raise Django's `ValidationError` unless a newsletter may be sent to `value`."""
    try:
        checked(value)
    except BadAddress:
        text = _("This doesn’t look like an email address. Please check it.")
        raise ValidationError(text, code="invalid") from None


def _folded(text: str) -> str:
    """NFKC in lower case. Once is not enough for all letters: some fold to what folds again."""
    if text.isascii():
        return text.lower()
    while (folded := unicodedata.normalize("NFKC", text).lower()) != text:
        text = folded
    return text


def key_of(email: str) -> str:
    """What is equal for all spellings of one mailbox, and different for two. Of what is no address
    it is the folded text.
    """
    local, at, domain = email.strip().rpartition("@")
    try:
        return f"{_folded(local).strip()}{at}{wire_domain(domain)}"
    except BadAddress:
        return _folded(email).strip()


def flood_key(email: str) -> str:
    """The inbox in which mail to an address ends up, as far as that can be told: without `+tag`,
    and without dots where the provider makes nothing of them. For limits alone: readers who differ
    in these are different readers.
    """
    local, at, domain = key_of(email).rpartition("@")
    inbox = local.partition("+")[0] or local
    if domain in _FOLDS_DOTS:
        inbox, domain = inbox.replace(".", ""), "gmail.com"
    return f"{inbox}{at}{domain}"


def address_hash(email: str) -> str:
    """A keyed hash (HMAC-SHA256, first 128 bits, hex) that recognizes a mailbox we erased."""
    return keyed_hash(key_of(email))


def address_hashes(email: str) -> list[str]:
    """All hashes under which a mailbox may be kept: `address_hash` first, then those that earlier
    versions made, of the address trimmed and in lower case with its domain as it was typed, in
    Unicode or in ASCII.
    """
    texts = [key_of(email), email.strip().lower()]
    local, at, domain = texts[1].rpartition("@")
    with suppress(BadAddress, idna.IDNAError, UnicodeError):  # what is no domain has one spelling
        wire = wire_domain(domain)
        texts.append(f"{local}{at}{wire}")
        if "xn--" in wire:
            texts.append(f"{local}{at}{idna.decode(wire)}")
    return [keyed_hash(text) for text in dict.fromkeys(texts)]


def keyed_hash(text: str) -> str:
    """The hash of a text as it stands; see `address_hash`."""
    mac = mac_under(_hash_key(settings.ADDRESS_HASH_KEY))
    return mac(text.encode("utf-8", "surrogatepass"))[:16].hex()


@lru_cache(maxsize=8)
def _hash_key(secret: str) -> bytes:
    return hashlib.sha256(b"broadsheet.suppression" + secret.encode()).digest()


def normalized_email(email: str) -> str:
    """The spelling by which an address is found: trimmed, its wire form where it has one, and in
    lower case. Emails go to the `wire_form`, which is kept beside it where the two differ.

    It is because of the version before, which may run beside this one while it is rolled out, and
    be rolled back to. That one finds a reader by this spelling and not by the key: of a row that
    holds "Alice@…" its forms would find nothing, try to make a second row, and fail at the
    constraint that an address stands there once in whatever case; and it would neither erase nor
    suppress the reader. From the release on that follows the one with keys, one column will do.
    """
    try:
        return wire_form(email).lower()
    except BadAddress:
        return email.strip().lower()


def typed_form(email: str) -> str | None:
    """The wire form of an address, whose local part is as typed, where it is not its
    `normalized_email`; else None. RFC 5321 lets a local part be case-sensitive.
    """
    try:
        wire = wire_form(email)
    except BadAddress:
        return None
    return wire if wire != normalized_email(email) else None


def masked(address: str) -> str:
    """An address as those see it who need not know it: a…@e….org."""
    local, _, domain = address.rpartition("@")
    host, _, ending = domain.rpartition(".")
    return f"{local[:1]}…@{(host or ending)[:1]}…{f'.{ending}' if host else ''}"
