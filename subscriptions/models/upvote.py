"""Readers' upvotes.

The rows tie a reader to what they did, so they are the reader's: they are in the download of
everything held, and go when the reader is erased. `papers.ingest.community` gets the rest, without
names.
"""

import datetime as dt
from typing import ClassVar, Self

from django.db import models

from papers.models import Paper


class UpvoteQuerySet(models.QuerySet["Upvote"]):
    """Upvotes, narrowed down by what callers ask for."""

    def counting(self, before: dt.datetime) -> Self:
        """Upvotes of active readers who confirmed before then."""
        # In words and not by the model's own, which is made of this module.
        return self.filter(subscriber__status="active", subscriber__confirmed_at__lte=before)


class Upvote(models.Model):
    """A reader thinks that others should see the paper."""

    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        on_delete=models.CASCADE,
        related_name="upvotes",
        db_index=False,
    )
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="votes")
    at = models.DateTimeField()

    objects = UpvoteQuerySet.as_manager()

    class Meta:
        """Once for each reader and paper."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("subscriber", "paper"), name="upvote_once")
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} for {self.paper_id}"
