"""Where papers come from."""

from django.db import models


class Source(models.Model):
    """A place papers come from, as configured by an editor."""

    class Kind(models.TextChoices):
        """The kinds of source there is a module for in `papers.sources`, and our own readers, who
        are not fetched from anywhere: see `papers.ingest.community`.
        """

        HUGGINGFACE = "huggingface", "Hugging Face Daily Papers"
        SAMPLE = "sample", "Sample that ships with Broadsheet"
        COMMUNITY = "community", "Readers of this site"

    kind = models.CharField(max_length=20, choices=Kind)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    is_active = models.BooleanField(
        default=True, help_text="Inactive sources are not fetched; what they gave stays."
    )
    last_fetched_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(
        max_length=300,
        blank=True,
        editable=False,
        help_text="Why the last fetch failed; empty after a fetch that worked.",
    )

    class Meta:
        """Sources by name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
