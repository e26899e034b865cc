"""Summaries of abstracts by a language model, and how often it was asked on a day.

A summary belongs to one text and one model: where either changes, there is none yet.
"""

import datetime as dt
import hashlib

from django.db import models
from django.db.models import F

from papers.models.page_version import WatchedQuerySet


def hash_of(text: str) -> str:
    """What a text is known by: the first 128 bits of its SHA-256, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class MachineSummary(models.Model):
    """What a model made of a paper's abstract, or how the attempts went."""

    paper = models.ForeignKey(
        "papers.Paper", on_delete=models.CASCADE, related_name="machine_summaries"
    )
    model = models.CharField(max_length=200, help_text="The model's name, as sent in requests.")
    text_hash = models.CharField(
        max_length=32, help_text="Digest of the abstract that was summarized."
    )
    text = models.TextField(
        blank=True, help_text="One or two sentences; empty if there are none yet."
    )
    made_at = models.DateTimeField(null=True, help_text="When the summary was made.")
    failed = models.PositiveSmallIntegerField(
        default=0, help_text="Failed attempts, including one in progress."
    )
    next_try_at = models.DateTimeField(
        null=True, help_text="When to try again; empty if there's a summary or no point in trying."
    )
    reason = models.CharField(max_length=300, blank=True, help_text="Why the last attempt failed.")

    objects = WatchedQuerySet["MachineSummary"].as_manager()
    #: For attempts: no page shows them, so they need not outdate the pages that are kept.
    unwatched = models.Manager["MachineSummary"]()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("paper", "model", "text_hash"), name="one_summary_of_a_text"
            ),
        )

    def __str__(self) -> str:
        return f"summary of {self.paper_id} by {self.model}"


class SummaryDay(models.Model):
    """How often a model was asked on a day of UTC, by all machines together."""

    day = models.DateField(unique=True)
    asked = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(
        null=True, help_text="The service asked us to wait until then."
    )

    def __str__(self) -> str:
        return f"{self.asked} on {self.day}"

    @classmethod
    def of(cls, now: dt.datetime) -> "SummaryDay":
        """The row of the day; made where there is none yet."""
        return cls.objects.get_or_create(day=now.astimezone(dt.UTC).date())[0]

    @classmethod
    def take_one(cls, now: dt.datetime, most: int) -> bool:
        """Count one question of the day, of `most`; False where none is left, or where the service
        wants to be left alone. One of two machines that ask at once takes the last.
        """
        if cls.objects.filter(not_before__gt=now).exists():
            return False
        mine = cls.objects.filter(pk=cls.of(now).pk, asked__lt=most)
        return bool(mine.update(asked=F("asked") + 1))
