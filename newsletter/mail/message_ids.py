"""The Message-ID of a digest or a notice: stable, under the sender's domain, known again when it
returns, and saying which of the two it is.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings

from newsletter.mail.headers import address
from subscriptions.macs import mac_under

_MESSAGE_ID = re.compile(r"<?([dn])([0-9]{1,18})\.([0-9a-f]{16})@[^<>@\s]+>?")


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return hashlib.sha256(f"broadsheet.message-id\0{secret}".encode()).digest()


def mac(name: bytes, secret: str) -> str:
    """HMAC-SHA256 over `name`, cut to 64 bits, in hex."""
    return mac_under(_key(secret))(name)[:8].hex()


@lru_cache(maxsize=8)
def _ascii(domain: str) -> str:
    return address("the sender's domain", f"x@{domain}").removeprefix("x@")


def message_id(delivery_id: int) -> str:
    """The Message-ID of a delivery, the same every time; nobody else can make one up."""
    return _of_deliveries(settings.SECRET_KEY, settings.MAIL_DOMAIN)(delivery_id)


@lru_cache(maxsize=8)
def _of_deliveries(secret: str, domain: str) -> Callable[[int], str]:
    sign, end = mac_under(_key(secret)), f"@{_ascii(domain)}>"

    def made(number: int) -> str:
        return f"<d{number}.{sign(b'%d' % number)[:8].hex()}{end}"

    return made


def notice_message_id(notice_id: int) -> str:
    """The same for a notice."""
    signed = mac(b"n%d" % notice_id, settings.SECRET_KEY)
    return f"<n{notice_id}.{signed}@{_ascii(settings.MAIL_DOMAIN)}>"


def preview_id(name: str) -> str:
    """A Message-ID for an email that belongs to no delivery; the same for the same `name`."""
    signed = mac(b"preview." + name.encode(), settings.SECRET_KEY)
    return f"<preview.{signed}@{_ascii(settings.MAIL_DOMAIN)}>"


def delivery_id_of(message_id: str) -> int | None:
    """The delivery that `message_id`, with or without its brackets, was made for; None for one
    that is not ours. Earlier secret keys count as well.
    """
    return _number_of(message_id, "d", b"%d")


def notice_id_of(message_id: str) -> int | None:
    """The same for a notice."""
    return _number_of(message_id, "n", b"n%d")


def _number_of(message_id: str, letter: str, name: bytes) -> int | None:
    found = _MESSAGE_ID.fullmatch(message_id.strip())
    if found is None or found[1] != letter:
        return None
    number = int(found[2])
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if hmac.compare_digest(mac(name % number, secret), found[3]):
            return number
    return None
