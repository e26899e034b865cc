"""The subjects that readers can follow."""

from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse

from papers.models.page_version import WatchedQuerySet


def list_of_strings(value: Any) -> None:
    """Raise `ValidationError` unless `value` is a list of strings of 1 to 120 characters."""
    if not isinstance(value, list) or not all(
        isinstance(item, str) and 0 < len(item.strip()) <= 120 for item in value
    ):
        raise ValidationError("Give a list of phrases, each of 1 to 120 characters.")


class TopicQuerySet(WatchedQuerySet["Topic"]):
    """Topics, narrowed down by what callers ask for."""

    def active(self) -> Self:
        """Topics that readers can follow."""
        return self.filter(is_active=True)


class Topic(models.Model):
    """A subject that a reader can follow."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80, unique=True)
    group = models.CharField(max_length=60, help_text="The heading it stands under on forms.")
    description = models.TextField(
        help_text="One or two sentences for readers; matching reads them too."
    )
    keywords = models.JSONField(
        default=list,
        validators=[list_of_strings],
        help_text="Phrases, one a line. Found as whole words, in any inflection.",
    )
    categories = models.JSONField(
        default=list,
        blank=True,
        validators=[list_of_strings],
        help_text="arXiv categories that support a match, one a line, such as cs.CL.",
    )
    position = models.PositiveIntegerField(default=0, help_text="Lower comes first.")
    is_active = models.BooleanField(
        default=True,
        help_text="Inactive topics are offered to nobody and match nothing; readers keep them.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = TopicQuerySet.as_manager()

    class Meta:
        """In the editor's order."""

        ordering = ("position", "name")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The topic's page on this site."""
        return reverse("papers:topic", args=[self.slug])
