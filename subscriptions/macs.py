"""HMAC-SHA256 (RFC 2104) of very many short texts under a few keys.

Every digest holds several signatures. `hmac.digest` prepares its key anew each time, which is most
of its work for a text this short; here a key is prepared once, and a text then costs a third.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache

_BLOCK = 64
"""Bytes of a block of SHA-256."""


@lru_cache(maxsize=256)
def mac_under(key: bytes) -> Callable[[bytes], bytes]:
    """The function from a text to its 32 bytes of HMAC-SHA256 under `key`; threads may share it."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    block = key.ljust(_BLOCK, b"\0")
    inside = hashlib.sha256(bytes(byte ^ 0x36 for byte in block)).copy
    outside = hashlib.sha256(bytes(byte ^ 0x5C for byte in block)).copy

    def mac(text: bytes) -> bytes:
        inner = inside()
        inner.update(text)
        outer = outside()
        outer.update(inner.digest())
        return outer.digest()

    return mac
