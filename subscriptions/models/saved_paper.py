"""Papers that readers saved for later: their reading lists."""

from typing import ClassVar

from django.db import models

from papers.models import Paper
from papers.text.citations import byline


class SavedPaper(models.Model):
    """A paper on a reader's reading list."""

    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        on_delete=models.CASCADE,
        related_name="saved_papers",
        db_index=False,
    )
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="saves")
    at = models.DateTimeField(help_text="When the reader saved it.")

    class Meta:
        """A paper stands on a list once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("subscriber", "paper"), name="saved_once")
        ]

    @property
    def byline(self) -> str:
        """Its authors on one line, in the active language."""
        return byline(self.paper.authors)

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.paper_id}"
