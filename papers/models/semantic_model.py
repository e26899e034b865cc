"""The semantic models as they were fitted, and papers' vectors."""

from typing import ClassVar, Self

from django.db import models

from papers.models.paper import Paper


class FittedModelQuerySet(models.QuerySet["FittedModel"]):
    """Fitted models, narrowed down by what callers ask for."""

    def ready(self) -> Self:
        """Models with which every paper of their time has been embedded, newest first."""
        return self.filter(ready_at__isnull=False).order_by("-ready_at", "-pk")


class FittedModel(models.Model):
    """A semantic model as it was fitted once; the newest that is ready is the one in use."""

    version = models.CharField(
        max_length=40, unique=True, help_text="When its fitting began: year, month, day and hour."
    )
    started_at = models.DateTimeField(help_text="When a machine started fitting it.")
    ready_at = models.DateTimeField(
        null=True, help_text="When every paper had its vector; empty until then."
    )
    fitted_on = models.PositiveIntegerField(
        default=0, help_text="Number of papers it was fitted on."
    )
    dimensions = models.PositiveSmallIntegerField(default=0, help_text="Length of each vector.")
    data = models.BinaryField(help_text="The fitted model, serialized by its to_bytes.")
    encoder = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text="Digest of the encoder combined with it, if any.",
    )
    view = models.BinaryField(
        null=True,
        help_text="How it uses the encoder, serialized by EncoderView.to_bytes.",
    )

    objects = FittedModelQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ("-started_at",)

    def __str__(self) -> str:
        return self.version


class PaperVector(models.Model):
    """What a paper is about, as a fitted model's unit vector.

    A paper whose text changed gets a new row rather than a changed one: whoever keeps vectors in
    memory finds it by its number.
    """

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="vectors")
    fitted = models.ForeignKey(
        FittedModel, on_delete=models.CASCADE, related_name="vectors", db_index=False
    )
    text_hash = models.CharField(
        max_length=16, help_text="Digest of the embedded text, to notice changes."
    )
    vector = models.BinaryField(help_text="Little-endian half-precision numbers.")

    class Meta:
        """One vector for a paper and a model, found by paper or, in their order, by model."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("fitted", "paper"), name="paper_vector_once")
        ]
        indexes: ClassVar = [models.Index(fields=("fitted", "id"), name="paper_vector_order")]

    def __str__(self) -> str:
        return f"{self.paper_id} by {self.fitted_id}"
