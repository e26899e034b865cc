"""Papers that a reader follows and that found no place in a digest: they wait for the next one."""

from typing import ClassVar

from django.db import models

from newsletter.models.issue import IssuePaper
from subscriptions.models import Following, Subscriber


class WaitingPaper(models.Model):
    """A paper that had no room beside the others, offered to its reader once more."""

    subscriber = models.ForeignKey(
        Subscriber,
        on_delete=models.CASCADE,
        related_name="waiting_papers",
        # The version before erases readers without knowing of this table.
        db_constraint=False,
    )
    following = models.ForeignKey(
        Following, on_delete=models.CASCADE, related_name="waiting_papers"
    )
    place = models.ForeignKey(
        IssuePaper,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        help_text="The paper, in the issue that it was in.",
    )
    day = models.DateField(
        help_text="The day of the issue that it was in, or whose email had no room for it."
    )
    left_by = models.BigIntegerField(
        help_text="The delivery that had no room for it; 0 if it matched only later."
    )
    offered_in = models.BigIntegerField(
        null=True, help_text="The delivery it waited for; later ones don’t include it."
    )

    class Meta:
        """A paper waits once for each interest."""

        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("following", "place"), name="waiting_paper_once")
        ]

    def __str__(self) -> str:
        return f"{self.place_id} for {self.subscriber_id}"
