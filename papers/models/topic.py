"""The subjects that readers can follow."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import get_language

from papers import categories as schemes
from papers import fields
from papers.models.page_version import WatchedQuerySet


def list_of_strings(value: Any) -> None:
    """Raise `ValidationError` unless `value` is a list of strings of 1 to 120 characters."""
    if not isinstance(value, list) or not all(
        isinstance(item, str) and 0 < len(item.strip()) <= 120 for item in value
    ):
        raise ValidationError("Enter a list of phrases, each 1 to 120 characters long.")


def list_of_categories(value: Any) -> None:
    """Raise `ValidationError` unless `value` is a list of categories with known forms."""
    list_of_strings(value)
    faults = [fault for fault in map(schemes.fault, value) if fault]
    if faults:
        raise ValidationError(faults)


def known_field(value: str) -> None:
    """Raise `ValidationError` unless `value` names a field."""
    if value not in fields.FIELDS:
        raise ValidationError("There is no such field.")


_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_LONGEST = {"name": 80, "group": 60}


def names_by_language(value: Any) -> None:
    """Raise `ValidationError` unless `value` has names and groups by language, as in
    `{"de": {"name": "Robotik", "group": "Maschinen"}}`; either may be left out.
    """
    if value is None:
        return
    if not isinstance(value, dict) or len(value) > 50:
        raise ValidationError('Give names by language, such as {"de": {"name": "Robotik"}}.')
    for language, names in value.items():
        if not _LANGUAGE.fullmatch(language):
            raise ValidationError(f"“{language[:20]}” isn’t a language code, such as de.")
        if not isinstance(names, dict) or not names.keys() <= _LONGEST.keys():
            raise ValidationError('A language has a "name" and a "group", and nothing else.')
        for key, text in names.items():
            is_text = isinstance(text, str) and text == " ".join(text.split())
            if not is_text or not text.isprintable() or not 0 < len(text) <= _LONGEST[key]:
                most = _LONGEST[key]
                raise ValidationError(
                    f"The {key} in “{language}” must be one line of up to {most} characters."
                )


def collated(text: str) -> str:
    """What names are sorted by: without case and accents, so that "Ä" stands with "A"."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in bare if not unicodedata.combining(character))


@dataclass(frozen=True, slots=True)
class TopicNames:
    """What topics are called in one language."""

    by_id: dict[int, str]
    """In the order in which topics are named."""
    by_name: dict[str, str]
    """By the English name, under which cards are frozen."""

    def of(self, name: str) -> str:
        """The name for a topic with this English one; `name` itself where there is none now."""
        return self.by_name.get(name, name)


class TopicQuerySet(WatchedQuerySet["Topic"]):
    """Topics, narrowed down by what callers ask for."""

    def active(self) -> Self:
        """Topics that readers can follow."""
        return self.filter(is_active=True)

    def named(self) -> TopicNames:
        """What they are called in the active language. One query."""
        topics = in_order(self.only("name", "names", "position"))
        return TopicNames(
            {topic.pk: topic.label for topic in topics},
            {topic.name: topic.label for topic in topics},
        )


class Topic(models.Model):
    """A subject that a reader can follow."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80, unique=True)
    group = models.CharField(max_length=60, help_text="The heading it's listed under on forms.")
    description = models.TextField(
        help_text="One or two sentences for readers; also used for matching."
    )
    keywords = models.JSONField(
        default=list,
        validators=[list_of_strings],
        help_text="Phrases, one per line. Matched as whole words, in any number and spelling.",
    )
    categories = models.JSONField(
        default=list,
        blank=True,
        validators=[list_of_categories],
        help_text="Categories that support a match, each with its scheme, such as arxiv:cs.CL, "
        "biorxiv:neuroscience or issn:1476-4687.",
    )
    field = models.CharField(
        max_length=20,
        blank=True,
        db_default="",
        validators=[known_field],
        help_text="The field it’s listed under. Empty: decided by its categories.",
    )
    pack = models.CharField(
        max_length=40,
        blank=True,
        db_default="",
        help_text="The pack that it came with; empty for your own.",
    )
    shipped = models.CharField(
        max_length=16,
        blank=True,
        db_default="",
        help_text="Hash of what the pack said. If it differs from the topic’s own, an editor "
        "changed the topic.",
    )
    names = models.JSONField(
        null=True,
        blank=True,
        validators=[names_by_language],
        help_text='Its name and its group in other languages, such as {"de": {"name": "Robotik", '
        '"group": "Maschinen"}}. Where there’s none, English is used.',
    )
    position = models.PositiveIntegerField(default=0, help_text="Lower numbers come first.")
    is_active = models.BooleanField(
        default=True,
        help_text="Inactive topics aren't offered or matched; readers who follow them keep them.",
    )
    updated_at = models.DateTimeField(auto_now=True)
    paper_count = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How many papers readers find for it; counted when papers are matched.",
    )

    objects = TopicQuerySet.as_manager()

    class Meta:
        """In the editor's order."""

        ordering = ("position", "name")

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """Its name in the active language."""
        return self._translated("name") or self.name

    @property
    def group_label(self) -> str:
        """Its group's name in the active language."""
        return self._translated("group") or self.group

    def _translated(self, key: str) -> str:
        language = get_language() or ""
        for code in (language, language.partition("-")[0]):
            names = (self.names or {}).get(code)
            if names and names.get(key):
                return str(names[key])
        return ""

    @property
    def field_key(self) -> str:
        """The field it is listed under, a key of `papers.fields.FIELDS`."""
        return self.field if self.field in fields.FIELDS else fields.field_of(self.categories)

    def get_absolute_url(self) -> str:
        """The topic's page on this site."""
        return reverse("papers:topic", args=[self.slug])


@dataclass(frozen=True, slots=True)
class TopicGroup:
    """Topics under one heading."""

    name: str
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class FieldOfTopics:
    """The topics of one field, under their headings."""

    key: str
    """Of `papers.fields.FIELDS`."""
    name: str
    groups: tuple[TopicGroup, ...]

    @property
    def topics(self) -> tuple[Topic, ...]:
        """All of them."""
        return tuple(topic for group in self.groups for topic in group.topics)


def by_field(topics: Iterable[Topic]) -> list[FieldOfTopics]:
    """The topics by field, in the order of fields, and by group within one, in the editor's.

    Where all that tell their field are of one, the others are listed with them.
    """
    ordered = in_order(topics)
    told = {topic.field_key for topic in ordered} - {fields.OTHER}
    rest = told.pop() if len(told) == 1 else fields.OTHER
    found: dict[str, dict[str, list[Topic]]] = {}
    for topic in ordered:
        key = rest if topic.field_key == fields.OTHER else topic.field_key
        found.setdefault(key, {}).setdefault(topic.group, []).append(topic)
    return [
        FieldOfTopics(
            key,
            str(name),
            tuple(TopicGroup(each[0].group_label, tuple(each)) for each in found[key].values()),
        )
        for key, name in fields.FIELDS.items()
        if key in found
    ]


def in_order(topics: Iterable[Topic]) -> list[Topic]:
    """The topics in the editor's order; those that share a position by their names in the active
    language.
    """
    return sorted(topics, key=lambda topic: (topic.position, collated(topic.label), topic.pk))


class TopicCount(models.Model):
    """How many readers and matches a topic has, as last counted: for lists of many topics. Beside
    the topic, so that counting changes no topic.
    """

    topic = models.OneToOneField(
        Topic, primary_key=True, on_delete=models.CASCADE, related_name="counted"
    )
    readers = models.PositiveIntegerField(
        default=0, help_text="Confirmed subscribers who follow it."
    )
    matches = models.PositiveIntegerField(
        default=0, help_text="Papers of the last days that its readers get."
    )
    counted_at = models.DateTimeField()

    class Meta:
        """One a topic; made by the hour."""

        default_permissions = ()

    def __str__(self) -> str:
        return f"topic {self.topic_id}: {self.readers} readers, {self.matches} matches"
