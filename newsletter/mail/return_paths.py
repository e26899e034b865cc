"""The return path of an email: an address of its own for each, so that a bounce says whose it is.

Servers write bounces in a hundred forms, but all send them to the envelope sender. With
BOUNCE_ADDRESS set that is `bounce+<delivery>.<address>.<mac>@domain` (VERP): the delivery's number,
the beginning of the address's keyed hash, and a MAC over both, so that nobody but who got the email
can make one up, and a reader who changed address since is not blamed for the old one. Letters are
lower case, because servers on the way may make them so.
"""

import hmac
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from newsletter.mail import headers
from newsletter.mail.encoding import UnsendableMail
from newsletter.mail.message_ids import mac
from newsletter.mail.outcomes import clean
from subscriptions.addresses import address_hash, address_hashes

HASH_LENGTH = 8
"""Hexadecimal digits of the address's hash."""


@dataclass(frozen=True, slots=True)
class Returned:
    """Whose mail it was that came back."""

    delivery_id: int | None
    """None where it was a notice."""
    address_hash: str
    """The first `HASH_LENGTH` digits of the hash of the address that it was sent to."""
    notice_id: int | None = None


def hash_of(email: str) -> str:
    """The keyed hash under which a recipient is compared with a subscriber: of the address on the
    wire, since providers write a domain as the DNS does.
    """
    email = clean(email).strip("<> ")
    try:
        return address_hash(headers.address("the recipient", email))
    except UnsendableMail:
        return address_hash(email)


def is_of(email: str, hashed: str) -> bool:
    """Whether a hash, or the beginning of one, is that of `email`: made by `hash_of`, or by a
    version before from another spelling. What was sent before an upgrade comes back after it.
    """
    email = clean(email).strip("<> ")
    spellings = [email]
    with suppress(UnsendableMail):
        spellings.append(headers.address("the recipient", email))
    return any(one.startswith(hashed) for each in spellings for one in address_hashes(each))


def return_path(delivery_id: int | None, email: str, default: str) -> str:
    """The envelope sender of a digest to `email`; `default` where there is no BOUNCE_ADDRESS, or
    no delivery.
    """
    if not settings.BOUNCE_ADDRESS or delivery_id is None:
        return default
    return _signed(str(delivery_id), email)


def notice_return_path(notice_id: int | None, email: str, default: str) -> str:
    """The same for a notice, whose number has an "n" before it."""
    if not settings.BOUNCE_ADDRESS or notice_id is None:
        return default
    return _signed(f"n{notice_id}", email)


def _signed(number: str, email: str) -> str:
    local, _, domain = settings.BOUNCE_ADDRESS.partition("@")
    body = f"{number}.{hash_of(email)[:HASH_LENGTH]}"
    return f"{local}+{body}.{_mac(body, settings.SECRET_KEY)}@{domain}"


def returned_in(text: str) -> Returned | None:
    """Whose return path stands in `text`, a header for instance; None where there is none of ours.
    Earlier secret keys count as well.
    """
    if not settings.BOUNCE_ADDRESS:
        return None
    for number, hashed, signed in _pattern(settings.BOUNCE_ADDRESS).findall(text.lower())[:20]:
        body = f"{number}.{hashed}"
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            if hmac.compare_digest(_mac(body, secret), signed):
                if number.startswith("n"):
                    return Returned(None, hashed, int(number[1:]))
                return Returned(int(number), hashed)
    return None


def _mac(body: str, secret: str) -> str:
    return mac(b"return." + body.encode(), secret)


@lru_cache(maxsize=4)
def _pattern(address: str) -> re.Pattern[str]:
    local, _, domain = address.lower().partition("@")
    return re.compile(
        rf"{re.escape(local)}\+(n?[0-9]{{1,18}})\.([0-9a-f]{{{HASH_LENGTH}}})\.([0-9a-f]{{16}})"
        rf"@{re.escape(domain)}(?![a-z0-9.-])"
    )
