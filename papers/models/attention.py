"""Attention beside counts: places in sources' trending lists, and the yardsticks of the score."""

from typing import Any, ClassVar

from django.db import models

from papers.models.source import Source


class TrendingPlace(models.Model):
    """A source's own trending list showed the paper on a day."""

    source = models.ForeignKey(
        Source, on_delete=models.CASCADE, related_name="trending_places", db_index=False
    )
    paper = models.ForeignKey(
        "papers.Paper", on_delete=models.CASCADE, related_name="trending_places"
    )
    day = models.DateField(help_text="The day (UTC) on which the list was seen.")
    position = models.PositiveSmallIntegerField(help_text="1 is first; the best of the day.")
    length = models.PositiveSmallIntegerField(help_text="How many papers the list had.")
    seen_at = models.DateTimeField(help_text="When the list last showed it on that day.")

    class Meta:
        """One place a day."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("source", "paper", "day"), name="trending_place_once")
        ]

    def __str__(self) -> str:
        return f"{self.paper_id}: {self.position} of {self.length} on {self.day}"


class Measurement(models.Model):
    """The yardsticks that trending scores were last worked out with; one row."""

    ROW: ClassVar = 1

    measured_at = models.DateTimeField(help_text="When the papers of the last weeks were ranked.")
    data = models.JSONField(help_text="In the format of papers.matching.yardsticks.")

    class Meta:
        """Named for editors who look at it."""

        verbose_name = "measurement of attention"
        verbose_name_plural = "measurements of attention"

    def __str__(self) -> str:
        return f"{self.measured_at:%Y-%m-%d %H:%M}"

    @classmethod
    def keep(cls, data: dict[str, Any], now: Any) -> None:
        """Keep `data` in place of what was measured before."""
        cls.objects.update_or_create(pk=cls.ROW, defaults={"measured_at": now, "data": data})

    @classmethod
    def latest(cls) -> dict[str, Any] | None:
        """What was measured last; None before the first time."""
        found: dict[str, Any] | None = (
            cls.objects.filter(pk=cls.ROW).values_list("data", flat=True).first()
        )
        return found
