"""What topics learned from the stored papers when a semantic model was fitted."""

from typing import ClassVar

from django.db import models

from papers.models.semantic_model import FittedModel
from papers.models.topic import Topic


class LearnedTopic(models.Model):
    """What one topic learned with one model: how its papers read.

    It goes with its model, and is used as long as the topic is what it was then.
    """

    fitted = models.ForeignKey(FittedModel, on_delete=models.CASCADE, related_name="topics")
    topic = models.ForeignKey(
        Topic, on_delete=models.CASCADE, related_name="learned", db_index=False
    )
    spec = models.CharField(
        max_length=16, help_text="Hash of what matching read of the topic, to see that it changed."
    )
    sent = models.PositiveIntegerField(help_text="Papers that its rule sends, of all it saw.")
    classifier = models.BinaryField(
        null=True, help_text="How its papers read; empty where the rule sends too few."
    )

    class Meta:
        """One row for a model and a topic."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("topic", "fitted"), name="topic_learned_once")
        ]

    def __str__(self) -> str:
        return f"{self.topic_id} by {self.fitted_id}"
