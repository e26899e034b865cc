"""On which days which source listed a paper."""

from typing import ClassVar, Self

from django.db import models

from papers.models.page_version import WatchedQuerySet
from papers.models.pick import Pick
from papers.models.source import Source


class FeatureQuerySet(WatchedQuerySet["Feature"]):
    """Listings, narrowed down by what callers ask for."""

    def shown(self) -> Self:
        """Listings of papers that no editor hid."""
        return self.exclude(paper__in=Pick.objects.hides().values("paper_id"))


class Feature(models.Model):
    """A source listed a paper on a day."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="features")
    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="features")
    day = models.DateField(db_index=True, help_text="The issue day that it stands on.")
    source_day = models.DateField(
        null=True,
        blank=True,
        help_text="The source's own day for it, such as a Saturday; empty where none is known.",
    )
    submitted_by = models.CharField(
        max_length=120, blank=True, help_text="Who put the paper on the source's list."
    )
    submitted_at = models.DateTimeField(null=True, blank=True)

    objects = FeatureQuerySet.as_manager()

    class Meta:
        """One row however often the day is fetched."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("source", "paper", "day"), name="feature_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} on {self.day}"
