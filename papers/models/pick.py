"""What an editor decided about papers."""

from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from papers.models.page_version import WatchedQuerySet


class PickQuerySet(WatchedQuerySet["Pick"]):
    """Picks, narrowed down by what callers ask for."""

    def hides(self) -> Self:
        """Those that hide a paper. One hides it on all days and everywhere, whatever day it is
        for: see `PaperQuerySet.shown`.
        """
        return self.filter(kind=Pick.Kind.HIDE)

    def pins(self) -> Self:
        """Those that put a paper on top of their day."""
        return self.filter(kind=Pick.Kind.PIN)

    def hidden_papers(self) -> frozenset[int]:
        """The ids of all hidden papers. One query."""
        return frozenset(self.hides().values_list("paper_id", flat=True))


class Pick(models.Model):
    """An editor's hand on a paper for a day."""

    class Kind(models.TextChoices):
        """What the editor did."""

        PIN = "pin", "Pin to the top"
        HIDE = "hide", "Hide"
        NOTE = "note", "Only a note"

    day = models.DateField(help_text="The day of the issue that the pick is for.")
    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="picks")
    kind = models.CharField(max_length=4, choices=Kind)
    note = models.CharField(
        max_length=300, blank=True, help_text="Shown to readers beside the paper."
    )
    position = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text="Order among the day's pins.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL
    )

    objects = PickQuerySet.as_manager()

    class Meta:
        """One hand on a paper for a day."""

        ordering = ("-day", "position")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("day", "paper"), name="pick_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.paper_id} on {self.day}"
