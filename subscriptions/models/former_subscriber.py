"""Subscribers that were another spelling of one mailbox, and were joined with it."""

from typing import ClassVar

from django.db import models


class FormerSubscriber(models.Model):
    """A row that is gone, kept so that the links signed for it act on the one that stayed."""

    former_id = models.BigIntegerField(primary_key=True, help_text="The ID the subscriber had.")
    link_version = models.PositiveIntegerField(help_text="Version of the links that still work.")
    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        on_delete=models.CASCADE,
        related_name="former",
        help_text="The subscriber it was merged into.",
    )
    survivor_version = models.PositiveIntegerField(
        help_text="Link version of the remaining subscriber. Once that is increased, the former "
        "links stop working too."
    )

    class Meta:
        """Oldest first."""

        ordering: ClassVar = ("former_id",)

    def __str__(self) -> str:
        return f"{self.former_id}, now {self.subscriber_id}"
