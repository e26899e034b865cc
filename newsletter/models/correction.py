"""Corrections: what an issue shows differently than it was frozen."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from newsletter.models.issue import IssuePaper
from papers.models import Paper


class Correction(models.Model):
    """What is read in place of one frozen place, from when it was made: mended facts of its card,
    or another paper. The frozen row stays as it is, and taking the correction back brings it back.
    """

    place = models.OneToOneField(
        IssuePaper,
        on_delete=models.CASCADE,
        related_name="correction",
        help_text="The place that is corrected.",
    )
    paper = models.ForeignKey(
        Paper,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The paper that stands there instead; empty where it is the same one.",
    )
    card = models.JSONField(help_text="The fields of the card that are read differently.")
    topics = models.JSONField(
        null=True, help_text="Of another paper: its topics, as a place keeps them."
    )
    reason = models.CharField(
        max_length=200, blank=True, help_text="Why it was corrected, for other editors."
    )
    made_at = models.DateTimeField(
        help_text="What went out before has what was frozen, or an earlier correction."
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whose hand it was.",
    )
    reached = models.PositiveIntegerField(
        null=True,
        help_text="How many digests with the place went out before; empty until it is counted.",
    )

    class Meta:
        """The latest first."""

        ordering: ClassVar = ["-made_at"]

    def __str__(self) -> str:
        return f"correction of place {self.place_id}"
