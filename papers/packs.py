"""Topic packs: topics of one field that come with Broadsheet, each pack a file in `data/packs`.

A pack is installed into the site's own topics. A topic remembers the pack that it came with and a
fingerprint of what the pack said (`Topic.shipped`): as long as that is also the fingerprint of the
topic itself nobody edited it, and a newer pack may update it, or the pack be taken out again. What
an editor changed is theirs and stays as it is. The topics of machine learning, with which a new
site starts, are a pack as any other.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from papers.categories import canonical
from papers.models import Match, Topic

FOLDER = Path(__file__).resolve().parent / "data" / "packs"

FIRST = FOLDER.parent / "topics.json"
"""The topics of machine learning, as the first migration reads them."""

MACHINE_LEARNING = "machine-learning"

STEP = 10
"""Between the positions of topics, so that an editor can put one in between."""


@dataclass(frozen=True, slots=True)
class PackTopic:
    """One topic as a pack has it."""

    slug: str
    name: str
    group: str
    description: str
    keywords: tuple[str, ...]
    categories: tuple[str, ...]
    names: dict[str, dict[str, str]]
    """Name and group in other languages."""

    def values(self) -> dict[str, Any]:
        """The fields of a `Topic` that a pack decides."""
        return {
            "name": self.name,
            "group": self.group,
            "description": self.description,
            "keywords": list(self.keywords),
            "categories": list(self.categories),
            "names": self.names,
        }


@dataclass(frozen=True, slots=True)
class Pack:
    """The topics of one field."""

    slug: str
    name: str
    field: str
    """A key of `papers.fields.FIELDS`."""
    topics: tuple[PackTopic, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What happens, or would, with one topic of a pack."""

    NEW = "new"
    UPDATED = "updated"
    SAME = "unchanged"
    EDITED = "kept as edited"
    TAKEN = "name in use"
    REMOVED = "removed"
    USED = "kept, in use"

    topic: str
    """Its name."""
    slug: str
    what: str
    why: str = ""


@cache
def all_packs() -> dict[str, Pack]:
    """Every pack by its slug, that of machine learning first, the others by slug."""
    first = json.loads(FIRST.read_text(encoding="utf-8"))
    packs = [Pack(MACHINE_LEARNING, "Machine learning", "computer-science", _topics(first, "", {}))]
    for path in sorted(FOLDER.glob("*.json")):
        said = json.loads(path.read_text(encoding="utf-8"))
        topics = _topics(said["topics"], said["group"], said["names"])
        packs.append(Pack(said["slug"], said["name"], said["field"], topics))
    return {pack.slug: pack for pack in packs}


def _topics(
    entries: Iterable[dict[str, Any]], group: str, names: dict[str, dict[str, str]]
) -> tuple[PackTopic, ...]:
    return tuple(
        PackTopic(
            slug=entry["slug"],
            name=entry["name"],
            group=entry.get("group", group),
            description=entry["description"],
            keywords=tuple(entry["keywords"]),
            categories=tuple(map(canonical, entry["categories"])),
            names={
                language: named
                if isinstance(named, dict)
                else {"name": named, "group": names.get(language, {}).get("group", group)}
                for language, named in entry["names"].items()
            },
        )
        for entry in entries
    )


def fingerprint(values: dict[str, Any]) -> str:
    """16 hexadecimal digits of what a topic says to readers and to matching."""
    said = [
        values["name"],
        values["group"],
        values["description"],
        list(values["keywords"]),
        [canonical(category) for category in values["categories"]],
        values["names"] or {},
    ]
    text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_untouched(topic: Topic) -> bool:
    """Whether a topic says exactly what its pack said when it came or was last updated."""
    own = {name: getattr(topic, name) for name in _SAID}
    return bool(topic.pack) and topic.shipped == fingerprint(own)


_SAID = ("name", "group", "description", "keywords", "categories", "names")


def installed(packs: Iterable[Pack]) -> dict[str, int]:
    """How many topics of each pack are there, by slug. One query."""
    counts = {pack.slug: 0 for pack in packs}
    for slug in Topic.objects.exclude(pack="").values_list("pack", flat=True):
        if slug in counts:
            counts[slug] += 1
    return counts


@transaction.atomic
def install(pack: Pack, *, dry_run: bool = False) -> list[Step]:
    """Add the pack's topics and update those that nobody edited; what changed is to be matched.

    Safe to repeat. A topic whose slug or name another topic has is left out.
    """
    _lock()
    by_slug = {topic.slug: topic for topic in Topic.objects.all()}
    by_name = {topic.name: topic for topic in by_slug.values()}
    position = Topic.objects.aggregate(most=Max("position"))["most"] or 0
    steps = []
    for offered in pack.topics:
        values = offered.values()
        topic = by_slug.get(offered.slug)
        namesake = by_name.get(offered.name)
        if topic is None and namesake is not None:
            why = f"another topic ({namesake.slug}) has this name; rename it first"
            steps.append(Step(offered.name, offered.slug, Step.TAKEN, why))
            continue
        if topic is not None and topic.pack != pack.slug:
            why = "a topic of yours has this slug; change that first"
            steps.append(Step(offered.name, offered.slug, Step.TAKEN, why))
            continue
        if topic is None:
            position += STEP
            topic = Topic(slug=offered.slug, pack=pack.slug, field=pack.field, position=position)
            what = Step.NEW
        elif not is_untouched(topic):
            why = "an editor changed it"
            steps.append(Step(offered.name, offered.slug, Step.EDITED, why))
            continue
        elif topic.shipped == fingerprint(values):
            steps.append(Step(offered.name, offered.slug, Step.SAME))
            continue
        elif namesake is not None and namesake.pk != topic.pk:
            why = f"another topic ({namesake.slug}) has this name; rename it first"
            steps.append(Step(offered.name, offered.slug, Step.TAKEN, why))
            continue
        else:
            what = Step.UPDATED
        steps.append(Step(offered.name, offered.slug, what))
        if not dry_run:
            for name, value in values.items():
                setattr(topic, name, value)
            topic.shipped = fingerprint(values)
            topic.save()
    return steps


@transaction.atomic
def remove(pack: Pack, *, dry_run: bool = False) -> list[Step]:
    """Take the pack's topics out again: those that nobody edited and nobody uses.

    A topic that a reader follows, or that anything but matches refers to, stays.
    """
    _lock()
    steps = []
    for topic in Topic.objects.filter(pack=pack.slug):
        if not is_untouched(topic):
            steps.append(Step(topic.name, topic.slug, Step.EDITED, "an editor changed it"))
        elif use := _use(topic):
            steps.append(Step(topic.name, topic.slug, Step.USED, use))
        else:
            steps.append(Step(topic.name, topic.slug, Step.REMOVED))
            if not dry_run:
                topic.delete()
    return steps


def changed(steps: Sequence[Step]) -> list[Topic]:
    """The topics that an installation added or updated, which are to be matched now."""
    slugs = [step.slug for step in steps if step.what in (Step.NEW, Step.UPDATED)]
    return list(Topic.objects.filter(slug__in=slugs))


def _use(topic: Topic) -> str:
    """Who or what refers to a topic, in words; empty for nobody."""
    for relation in Topic._meta.related_objects:
        model = relation.related_model
        if model is Match and not Match.objects.filter(topic=topic).exclude(verdict="").exists():
            continue
        rows = model._default_manager.filter(**{relation.field.name: topic}).count()
        if rows:
            named = model._meta.verbose_name if rows == 1 else model._meta.verbose_name_plural
            return f"{rows} {named} refer to it; deactivate it instead"
    return ""


def _lock() -> None:
    """Two installations at once take turns."""
    list(Topic.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
