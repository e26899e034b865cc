"""On which days which source listed a paper."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Coalesce

from papers.models.page_version import WatchedQuerySet
from papers.models.pick import is_hidden
from papers.models.source import Source


class FeatureQuerySet(WatchedQuerySet["Feature"]):
    """Listings, narrowed down by what callers ask for."""

    def shown(self) -> Self:
        """Listings of papers that no editor hid, each work on the days of its first name alone."""
        return self.once().exclude(is_hidden("paper_id"))

    def once(self) -> Self:
        """Without those of works that were listed before under another name: the article of a
        preprint is no news.
        """
        return self.filter(is_again=False)

    def works(self) -> "models.QuerySet[Feature, Any]":
        """The ids of the papers that stand for what was listed, for a subquery."""
        return self.order_by().values(work=Coalesce("paper__merged_into_id", "paper_id"))


class Feature(models.Model):
    """A source listed a paper on a day."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="features")
    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="features")
    day = models.DateField(db_index=True, help_text="The issue day it's listed on.")
    source_day = models.DateField(
        null=True,
        blank=True,
        help_text="The day the source gives, such as a Saturday; empty if unknown.",
    )
    submitted_by = models.CharField(
        max_length=120, blank=True, help_text="Who put the paper on the source's list."
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    is_again = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="The same work was already listed on an earlier day under another identifier.",
    )

    objects = FeatureQuerySet.as_manager()

    class Meta:
        """One row however often the day is fetched."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("source", "paper", "day"), name="feature_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} on {self.day}"
