"""What attention papers got, counted at one source at one time."""

from typing import ClassVar, Self

from django.db import models

from papers.models.page_version import WatchedQuerySet
from papers.models.source import Source


class ObservationQuerySet(WatchedQuerySet["Observation"]):
    """Observations, narrowed down by what callers ask for."""

    def elsewhere(self) -> Self:
        """Counts that sources gave of the papers they list, without those of this site's own
        readers and of services that only observe: only the former can be compared with one another.
        """
        return self.exclude(source__kind__in=(Source.COMMUNITY, *Source.OBSERVING))


class Observation(models.Model):
    """A paper's counts at one source at one time. Rows are only ever added."""

    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="observations")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="observations")
    observed_at = models.DateTimeField()
    upvotes = models.PositiveIntegerField(null=True, help_text="Empty if the source didn't say.")
    comments = models.PositiveIntegerField(null=True, help_text="Empty if the source didn't say.")
    stars = models.PositiveIntegerField(null=True, help_text="Empty if the source didn't say.")
    saves = models.PositiveIntegerField(
        null=True, help_text="Readers who saved it for later; this site's own count."
    )
    clicks = models.PositiveIntegerField(
        null=True, help_text="Readers who followed its links; only where clicks are tracked."
    )

    objects = ObservationQuerySet.as_manager()

    class Meta:
        """Two observations of one moment are one observation."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("paper", "source", "observed_at"), name="observation_once_a_moment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} at {self.observed_at:%Y-%m-%d %H:%M}"
