"""Many feeds at once: each feed of an OPML file becomes a row of its own.

A row is inactive until somebody looked at it, unless it is asked for otherwise, and a feed that has
a row already gets no second one, so the same file can be brought in again.
"""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from papers.models import Source
from papers.sources import feed_names, opml
from papers.sources.feed import Feed
from papers.sources.settings import BadSetting, read


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of the feeds of a file."""

    added: tuple[Source, ...]
    """Rows, saved unless it was only tried."""
    known: tuple[opml.Listed, ...] = ()
    """Feeds that have a row already."""
    problems: tuple[str, ...] = ()


def bring_in(body: bytes, *, is_active: bool = False, dry_run: bool = False) -> Brought:
    """Add a row for each feed that an OPML file lists and that has none. Raises `BadOpml`."""
    listed = opml.read(body)
    rows = Source.objects.all()
    addresses = {
        _key(str((row.settings or {}).get("address", ""))) for row in rows if row.kind == Feed.kind
    }
    names = {row.name.casefold() for row in rows}
    slugs = {row.slug for row in rows}
    added: list[Source] = []
    known: list[opml.Listed] = []
    problems = list(listed.problems)
    for feed in listed.feeds:
        if _key(feed.address) in addresses:
            known.append(feed)
            continue
        settings: dict[str, Any] = {"address": feed.address}
        try:
            read(Feed.Settings, settings)
        except BadSetting as error:
            problems.append(f"{feed.name} was left out: {error}")
            continue
        name = _free(feed.name, names, 80)
        slug = _free(slugify(feed.name)[:45] or "feed", slugs, 50, "-{}")
        source = Source(
            kind=Feed.kind, name=name, slug=slug, settings=settings, is_active=is_active
        )
        if not dry_run:
            try:
                with transaction.atomic():
                    source.save()
            except IntegrityError:  # somebody added one of that name at the same moment
                problems.append(f"{feed.name} was left out: its name was just taken. Try again.")
                continue
        added.append(source)
    return Brought(tuple(added), tuple(known), tuple(problems))


def _key(address: str) -> str:
    return feed_names.same_link(feed_names.clean_link(address))


def _free(wanted: str, taken: set[str], most: int, pattern: str = " ({})") -> str:
    """A name that no row has: the one that is wanted, or it with a number."""
    name, number = wanted[:most], 1
    while name.casefold() in taken:
        number += 1
        ending = pattern.format(number)
        name = wanted[: most - len(ending)].rstrip() + ending
    taken.add(name.casefold())
    return name
