"""Addresses: the spelling under which they are kept, and the hash that outlives them."""

import hashlib
import hmac

from django.conf import settings


def normalized_email(email: str) -> str:
    """The spelling under which an address is kept and compared: trimmed, lower case.

    RFC 5321 lets a local part be case-sensitive; no provider of note makes use of it, and readers
    type their own address in any case they like.
    """
    return email.strip().lower()


def address_hash(email: str) -> str:
    """A keyed hash (HMAC-SHA256, first 128 bits, hex) that recognises an address we erased."""
    key = hashlib.sha256(b"broadsheet.suppression" + settings.ADDRESS_HASH_KEY.encode()).digest()
    return hmac.digest(key, normalized_email(email).encode(), "sha256")[:16].hex()
