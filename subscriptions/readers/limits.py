"""How often strangers may make us send mail, and readers vote and submit: per address, per network,
and in total.

Counts live in the shared cache, in fixed hours, under hashes. They guard against nuisance and not
against the reader: when the cache is down, that is logged and everybody is let through.

A provider hands out IPv6 networks of several sizes: a home may hold a /64, a /56 or a /48. So all
three are counted, and the wider ones may do more. Whoever has no address that can be read shares
one count with all such visitors. So do mail addresses that end up in one inbox, with and without a
`+tag`.
"""

import datetime as dt
import hashlib
import ipaddress
import logging
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from subscriptions.addresses import flood_key, keyed_hash

logger = logging.getLogger(__name__)

WINDOW = dt.timedelta(hours=1)

WIDER_IPV6 = ((56, 2), (48, 5))
"""Prefix lengths beside the /64, and how many times as much as that they may do."""


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
    "preview" shows a stranger what an interest would bring, which costs us more than a page.
    """
    in_total = settings.LIMIT_IN_TOTAL
    match action:
        case "upvote":
            return Allowance(settings.LIMIT_UPVOTES, 10 * settings.LIMIT_UPVOTES, 10 * in_total)
        case "submit":
            most = settings.LIMIT_SUBMISSIONS
            return Allowance(most, 10 * most, in_total)
        case "preview":
            most = 10 * settings.LIMIT_PER_NETWORK
            return Allowance(most, most, 10 * in_total)
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
    """The visitor's network, /24 for IPv4 and /64 for IPv6; empty where no address can be read.

    `remote` is the peer's address and `forwarded` the X-Forwarded-For header. Each of the
    `trusted` proxies in front of us added one entry at its right, so the visitor is the
    `trusted`-th from the right, and whatever stands left of it may be made up.
    """
    address = _visitor(remote, forwarded, trusted)
    if address is None:
        logger.warning(
            "a visitor's address can't be read; all such visitors share one limit",
            extra={"trusted_proxies": trusted, "peer": remote[:50]},
        )
        return ""
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


def networks(visitor: str) -> list[tuple[str, int]]:
    """The networks that count a visitor of `network`, and how many times the limit each may do."""
    found = [(visitor, 1)]
    if ":" in visitor:
        own = ipaddress.IPv6Network(visitor)
        found += [(str(own.supernet(new_prefix=bits)), times) for bits, times in WIDER_IPV6]
    return found


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
    """Count one `action` (see `allowance`) for `email` from `visitor` (see `network`); 0 when it
    may go on, else the seconds until it may.

    One who is refused does not count toward the total, so that one network cannot use it up.
    """
    window, passed = divmod(int(now.timestamp()), int(WINDOW.total_seconds()))
    most = allowance(action)
    counted = [
        (f"network:{hashlib.sha256(each.encode()).hexdigest()[:32]}", times * most.per_network)
        for each, times in networks(visitor)
    ]
    inbox = keyed_hash(flood_key(email))
    counted += [(f"address:{inbox}", most.per_address), ("total", most.in_total)]
    for who, limit in counted:
        if _count(f"limits:{action}:{window}:{who}") > limit:
            logger.warning("limit reached", extra={"action": action, "of": who.split(":")[0]})
            return int(WINDOW.total_seconds()) - passed
    return 0


def seconds_until_allowed(action: str, who: str, most: int, now: dt.datetime) -> int:
    """Count one `action` of `who`, a name without anything personal in it; 0 when it is one of the
    `most` that an hour allows, else the seconds until the next hour.
    """
    window, passed = divmod(int(now.timestamp()), int(WINDOW.total_seconds()))
    if _count(f"limits:{action}:{window}:{who}") <= most:
        return 0
    return int(WINDOW.total_seconds()) - passed


def _count(key: str) -> int:
    """Count one more; how many that makes."""
    try:
        cache.add(key, 0, timeout=int(WINDOW.total_seconds()) + 60)
        return cache.incr(key)
    except ValueError:  # it ran out between the two
        return 1
    except Exception:  # each cache has errors of its own, and none may cost us a reader
        logger.warning("the cache didn't answer; limits are off", exc_info=True)
        return 0
