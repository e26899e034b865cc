"""How many papers that were noticed each author has.

Told from thousands of papers, which a ranking reads once. It leaves the numbers in the cache for
the pages that explain a single score, under a name that its measurement tells: so a page explains
what the ranking saw. Where the cache has lost them, they are read again.
"""

import logging
from collections import Counter
from typing import Any

from django.core.cache import cache
from django.db.models import Q

from papers.matching import priors
from papers.models import Paper

logger = logging.getLogger(__name__)

MOST_READ = 20_000
"""The newest papers that were noticed, from which authors' records are told."""

KEPT_FOR = 7 * 86_400
"""Seconds; the next ranking has others."""


def read() -> Counter[str]:
    """By `priors.key_of`. Reads `MOST_READ` rows."""
    noticed = Paper.objects.filter(
        Q(upvotes__gt=0) | Q(stars__gt=0) | Q(reader_upvotes__gt=0), merged_into=None
    )
    rows = noticed.order_by("-pk").values_list("authors", flat=True)[:MOST_READ]
    return priors.records(rows.iterator(chunk_size=2_000))


def keep(name: str, records: Counter[str]) -> None:
    """Leave what a ranking read to those who explain it."""
    try:
        cache.set(_key(name), dict(records), KEPT_FOR)
    except Exception:  # each cache has errors of its own, and the next page reads again
        logger.warning("couldn't store the records of authors in the cache", exc_info=True)


def kept(name: str) -> Counter[str]:
    """What a ranking read, or, where that is gone, what there is now."""
    if not name:
        return read()  # of a ranking that left nothing
    found: Any = None
    try:
        found = cache.get(_key(name))
    except Exception:  # as above
        logger.warning("couldn't read the records of authors from the cache", exc_info=True)
    if isinstance(found, dict):
        return Counter(found)
    records = read()
    keep(name, records)
    return records


def _key(name: str) -> str:
    return f"papers.author-records:{name}"
