"""Domains that belong together, as DMARC sees it (RFC 7489 section 3.1).

DMARC asks for the same organizational domain: the one that somebody registered. Who may register
what is in the Public Suffix List, which changes every week and is not part of Broadsheet. The rule
here knows that some countries have a second level for everybody (co.uk, com.au) and takes the last
two labels otherwise. That is wrong for domains under such suffixes as github.io, where it is too
generous; mailbox providers use the whole list.
"""

import re

_SECOND_LEVEL = re.compile(
    r"(ac|co|com|edu|go|gob|gouv|gov|ltd|me|mil|ne|net|or|org|plc|sch)\.[a-z]{2}"
)


def organizational_domain(domain: str) -> str:
    """The registered domain that `domain` is, or is below."""
    labels = domain.lower().rstrip(".").split(".")
    keep = 3 if _SECOND_LEVEL.fullmatch(".".join(labels[-2:])) else 2
    return ".".join(labels[-keep:])


def are_aligned(one: str, other: str) -> bool:
    """Whether two domains have the same organizational domain: DMARC's relaxed alignment."""
    return bool(one) and organizational_domain(one) == organizational_domain(other)
