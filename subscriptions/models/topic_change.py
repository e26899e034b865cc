"""Changes of topics that move their readers."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class TopicChange(models.Model):
    """Topics that were ended, and the topics that their readers follow since: several into one is
    a merge, one into several a split, one into another a change of name and subject, and none is
    the end of a subject. It names no reader.
    """

    ended = models.JSONField(default=list, help_text="IDs of the topics that are not offered now.")
    successors = models.JSONField(
        default=list, help_text="IDs of the topics that their readers follow instead."
    )
    words = models.CharField(max_length=300, help_text="What was done, with the names of then.")
    made_at = models.DateTimeField(help_text="When it was done.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whose hand it was.",
    )
    moved = models.PositiveIntegerField(
        default=0, help_text="Readers who follow a successor since and did not before."
    )
    left = models.PositiveIntegerField(
        default=0, help_text="Readers who followed nothing else, and are told so by email."
    )

    class Meta:
        """The latest first."""

        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.words
