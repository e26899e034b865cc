"""What readers said about papers."""

from typing import ClassVar

from django.db import models

from papers.models import Paper


class Feedback(models.Model):
    """What a reader said about a paper."""

    class Value(models.IntegerChoices):
        """Which way."""

        LESS = -1, "less like this"
        MORE = 1, "more like this"

    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        on_delete=models.CASCADE,
        related_name="feedback",
        db_index=False,
    )
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="feedback")
    value = models.SmallIntegerField(choices=Value)
    at = models.DateTimeField()

    class Meta:
        """The last word counts."""

        verbose_name_plural = "feedback"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("subscriber", "paper"), name="feedback_once")
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.get_value_display()} ({self.paper_id})"
