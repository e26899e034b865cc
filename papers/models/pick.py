"""What an editor decided about papers."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce

from papers.models.page_version import WatchedQuerySet

STANDING = ("", "corrected")
"""States of a paper that may be listed and sent; others were withdrawn or retracted."""


class PickQuerySet(WatchedQuerySet["Pick"]):
    """Picks, narrowed down by what callers ask for."""

    def hides(self) -> Self:
        """Those that hide a paper. One hides it on all days and everywhere, whatever day it is
        for: see `PaperQuerySet.shown`.
        """
        return self.filter(kind=Pick.Kind.HIDE)

    def by_work(self) -> Self:
        """Each with the id of the paper that stands for its paper's work, as `work`."""
        return self.annotate(work=Coalesce("paper__merged_into_id", "paper_id"))

    def pins(self) -> Self:
        """Those that put a paper on top of their day."""
        return self.filter(kind=Pick.Kind.PIN)


def hidden_papers() -> "list[models.QuerySet[Pick, Any]]":
    """Queries of the ids of papers that an editor hid, under whichever of their names:
    a paper, its main paper, its aliases, and their other aliases. None of them is empty.
    """
    hides = Pick.objects.hides().order_by()
    paths = ("paper", "paper__merged_into", "paper__aliases", "paper__merged_into__aliases")
    return [hides.exclude(**{path: None}).values_list(f"{path}__pk", flat=True) for path in paths]


def is_hidden(column: str) -> models.Q:
    """Whether the paper in `column` is one that an editor hid, under whichever of its names. For
    queries that are narrowed down otherwise, since no index serves it.
    """
    found = models.Q()
    for ids in hidden_papers():
        found |= models.Q(**{f"{column}__in": ids})
    return found


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
        max_length=300, blank=True, help_text="Shown to readers next to the paper."
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
    work: int  # set by `by_work`

    class Meta:
        """One hand on a paper for a day."""

        ordering = ("-day", "position")
        indexes: ClassVar = [
            # Every page asks which papers are hidden, and few are.
            models.Index(fields=("paper",), condition=models.Q(kind="hide"), name="pick_hidden"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("day", "paper"), name="pick_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.paper_id} on {self.day}"
