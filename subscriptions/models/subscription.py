"""Who follows which topic."""

from typing import ClassVar

from django.db import models

from papers.models import Topic


class Subscription(models.Model):
    """A subscriber follows a topic."""

    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        on_delete=models.CASCADE,
        related_name="subscriptions",
        db_index=False,
    )
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="subscriptions")

    came_with = models.ForeignKey(
        "subscriptions.TopicChange",
        null=True,
        on_delete=models.SET_NULL,
        related_name="subscriptions",
        help_text="The change of topics that made it; empty where the reader chose it.",
    )

    class Meta:
        """Followed once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("subscriber", "topic"), name="subscription_once")
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} follows {self.topic_id}"
