"""An optional proof of work: a visitor's browser computes for a second before we send an email.

With PROOF_OF_WORK the forms that send mail to whatever address is typed carry a challenge, in the
form of ALTCHA (https://altcha.org/docs/v2/proof-of-work/), signed and kept by nobody. A script of
ours solves it in the background, with nothing fetched from another host. One person does not
notice; whoever wants to sign up a million addresses does.

A visitor without JavaScript has no proof. That is let through as well, within a limit of its own
that is far stricter, see `subscriptions.readers.limits`. So is a proof that is wrong, old or used
up.
"""

import datetime as dt
import hashlib
import logging
from typing import Any

import altcha
from django.conf import settings
from django.core.cache import cache

logger = logging.getLogger(__name__)

NEEDED_FOR = frozenset({"subscribe", "link"})
"""Actions that send mail to an address that nobody has shown to own."""

GOOD_FOR = dt.timedelta(minutes=30)
"""How long a challenge may be solved and handed in."""

ALGORITHM = "PBKDF2/SHA-256"
COST = 3_000
"""Rounds of one derivation, one to three milliseconds. A browser needs 256 derivations on average,
until a key begins with a zero byte; we need one to check."""

_LONGEST = 4_000


def challenge(now: dt.datetime) -> dict[str, Any]:
    """A new challenge, for the script to solve."""
    made = altcha.create_challenge(
        ALGORITHM, COST, expires_at=now + GOOD_FOR, hmac_secret=_secret(settings.SECRET_KEY)
    )
    return made.to_dict()


def is_given(text: str) -> bool:
    """Whether `text` proves the work, and for the first time; True where no proof is asked for."""
    if not settings.PROOF_OF_WORK:
        return True
    if not text or len(text) > _LONGEST:
        return False
    try:
        proof = altcha.Payload.from_base64(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    if not altcha.verify_solution(proof, _secret(settings.SECRET_KEY)).verified:
        return False
    used = f"proof:{proof.challenge.signature}"
    try:
        return bool(cache.add(used, 1, timeout=int(GOOD_FOR.total_seconds()) + 60))
    except Exception:  # each cache has errors of its own, and none may cost us a reader
        logger.warning("the cache didn't answer; a proof may be used twice", exc_info=True)
        return True


def _secret(key: str) -> bytes:
    return hashlib.sha256(b"broadsheet.proof\0" + key.encode()).digest()
