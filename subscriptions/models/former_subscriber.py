"""Subscribers that were another spelling of one mailbox, and were joined with it."""

from typing import ClassVar

from django.db import models


class FormerSubscriber(models.Model):
    """A row that is gone, kept so that the links signed for it act on the one that stayed."""

    former_id = models.BigIntegerField(
        primary_key=True, help_text="The number that the subscriber had."
    )
    link_version = models.PositiveIntegerField(help_text="Of the links that are still good.")
    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        on_delete=models.CASCADE,
        related_name="former",
        help_text="The subscriber it was merged into.",
    )
    survivor_version = models.PositiveIntegerField(
        help_text="The link version of the subscriber who stayed: once that is raised, the former "
        "links no longer work as well."
    )

    class Meta:
        """Oldest first."""

        ordering: ClassVar = ("former_id",)

    def __str__(self) -> str:
        return f"{self.former_id}, now {self.subscriber_id}"
