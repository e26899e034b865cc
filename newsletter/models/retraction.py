"""Retracted papers, and which of their readers are to be told."""

from typing import ClassVar, Self

from django.db import models

from newsletter.models.delivery import Delivery
from papers.models import Paper
from subscriptions.models import Subscriber

TOLD = (Delivery.State.SENT, Delivery.State.FEED, Delivery.State.UNKNOWN)
"""States of a delivery whose reader has what it holds, or most likely has it."""


class RetractionQuerySet(models.QuerySet["Retraction"]):
    """Retractions, narrowed down by what callers ask for."""

    def telling(self) -> Self:
        """Those that some reader still has to hear of, and that hold: a source may have erred."""
        return self.filter(
            state=Retraction.State.TELLING,
            paper__status__in=(Paper.Status.RETRACTED, Paper.Status.WITHDRAWN),
        )


class Retraction(models.Model):
    """A stored paper that was retracted or withdrawn, and how far its readers were told."""

    class State(models.TextChoices):
        """What comes next."""

        NOTICED = "noticed", "its readers are being looked for"
        TELLING = "telling", "their next digests tell them"
        DONE = "done", "all of them have been told"

    paper = models.OneToOneField(Paper, on_delete=models.CASCADE, related_name="retraction")
    noticed_at = models.DateTimeField(help_text="When it was first seen to be retracted.")
    state = models.CharField(max_length=7, choices=State, default=State.NOTICED)

    objects = RetractionQuerySet.as_manager()

    class Meta:
        """Few are ever looked at."""

        ordering = ("-noticed_at",)
        indexes: ClassVar = [
            models.Index(
                fields=("state",), condition=~models.Q(state="done"), name="retraction_open"
            )
        ]

    def __str__(self) -> str:
        return f"retraction of {self.paper_id} ({self.get_state_display()})"


class RetractionAlertQuerySet(models.QuerySet["RetractionAlert"]):
    """Alerts, narrowed down by what callers ask for."""

    def told(self) -> Self:
        """Those that went out, although nobody has said so on the row yet."""
        return self.filter(told_at=None, delivery__state__in=TOLD)

    def waiting(self) -> Self:
        """Those that no digest carries, or only one that did not go out."""
        gone = (*TOLD, Delivery.State.CLAIMED)
        return self.filter(told_at=None).exclude(delivery__state__in=gone)


class RetractionAlert(models.Model):
    """A reader who got, saved or liked a paper before it was retracted, and the digest that says
    so. One row a reader and paper, so each is told once.
    """

    subscriber = models.ForeignKey(
        Subscriber,
        on_delete=models.CASCADE,
        related_name="retraction_alerts",
        db_index=False,
    )
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="retraction_alerts")
    delivery = models.ForeignKey(
        Delivery,
        null=True,
        on_delete=models.SET_NULL,
        related_name="retraction_alerts",
        help_text="The digest that tells of it, written before that is sent.",
    )
    told_at = models.DateTimeField(null=True, help_text="When that was found to have gone out.")

    objects = RetractionAlertQuerySet.as_manager()

    class Meta:
        """Once a reader and paper; those to come are found by a small partial index."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("subscriber", "paper"), name="retraction_told_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=("subscriber",),
                condition=models.Q(told_at=None),
                name="retraction_alert_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.paper_id}"
