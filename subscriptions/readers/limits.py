"""How often strangers may make us send mail, and readers vote and submit: per address, per network,
and in total.

Counts live in the shared cache, in fixed hours, under hashes. They guard against nuisance and not
against the reader: when the cache is down, that is logged and everybody is let through.
"""

import datetime as dt
import hashlib
import ipaddress
import logging
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from subscriptions.addresses import address_hash

logger = logging.getLogger(__name__)

WINDOW = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many requests of one kind an hour allows."""

    per_address: int
    per_network: int
    in_total: int


def allowance(action: str) -> Allowance:
    """What the settings allow of `action`: "subscribe" and "link" send mail to whomever a stranger
    names; so does "unproven", either of them without the proof of work that was asked for; "upvote"
    and "submit" are for readers who have shown who they are, of whom a network may have many.
    """
    in_total = settings.LIMIT_IN_TOTAL
    match action:
        case "upvote":
            return Allowance(settings.LIMIT_UPVOTES, 10 * settings.LIMIT_UPVOTES, 10 * in_total)
        case "submit":
            most = settings.LIMIT_SUBMISSIONS
            return Allowance(most, 10 * most, in_total)
        case "unproven":
            per_network = max(1, settings.LIMIT_PER_NETWORK // 10)
            return Allowance(settings.LIMIT_PER_ADDRESS, per_network, settings.LIMIT_UNPROVEN)
    return Allowance(settings.LIMIT_PER_ADDRESS, settings.LIMIT_PER_NETWORK, in_total)


def address_of(request: HttpRequest) -> str | None:
    """The visitor's IP address; None where it is not known. Axes asks here, too: behind a proxy the
    peer's address is everybody's, and one who guesses passwords would lock the editors out.
    """
    address = _visitor(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        settings.TRUSTED_PROXIES,
    )
    return str(address) if address else None


def network(remote: str, forwarded: str, trusted: int) -> str:
    """The visitor's network, /24 for IPv4 and /64 for IPv6; empty where it is not known.

    `remote` is the peer's address and `forwarded` the X-Forwarded-For header. Each of the
    `trusted` proxies in front of us added one entry at its right, so the visitor is the
    `trusted`-th from the right, and whatever stands left of it may be made up.
    """
    address = _visitor(remote, forwarded, trusted)
    if address is None:
        return ""
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


def _visitor(
    remote: str, forwarded: str, trusted: int
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The visitor's address, without port or zone; see `network`."""
    entries = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
    visitor = entries[-trusted] if 0 < trusted <= len(entries) else remote.strip()
    if visitor.startswith("["):
        visitor = visitor[1:].partition("]")[0]
    elif visitor.count(":") == 1:
        visitor = visitor.partition(":")[0]
    try:
        address = ipaddress.ip_address(visitor.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def seconds_to_wait(action: str, email: str, visitor: str, now: dt.datetime) -> int:
    """Count one `action` (see `allowance`) for `email` from the network `visitor`; 0 when it
    may go on, else the seconds until it may.

    One who is refused does not count towards the total, so that one network cannot use it up.
    """
    window, passed = divmod(int(now.timestamp()), int(WINDOW.total_seconds()))
    networks = hashlib.sha256(visitor.encode()).hexdigest()[:32]
    most = allowance(action)
    counted = [(f"network:{networks}", most.per_network)] if visitor else []
    counted += [(f"address:{address_hash(email)}", most.per_address), ("total", most.in_total)]
    for who, limit in counted:
        if _count(f"limits:{action}:{window}:{who}") > limit:
            logger.warning("limit reached", extra={"action": action, "of": who.split(":")[0]})
            return int(WINDOW.total_seconds()) - passed
    return 0


def _count(key: str) -> int:
    """Count one more; how many that makes."""
    try:
        cache.add(key, 0, timeout=int(WINDOW.total_seconds()) + 60)
        return cache.incr(key)
    except ValueError:  # it ran out between the two
        return 1
    except Exception:  # each cache has errors of its own, and none may cost us a reader
        logger.warning("the cache did not answer; limits are off", exc_info=True)
        return 0
