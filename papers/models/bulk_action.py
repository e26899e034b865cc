"""What people do to many rows at once: the action, and the keys of the rows that wait for it."""

import datetime as dt
from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from papers.leases import free


class Leased(models.Model):
    """A row that one process at a time has in hand; see `papers.leases`."""

    claim = models.CharField(max_length=64, blank=True, help_text="The process at work on it.")
    lease_until = models.DateTimeField(null=True, help_text="When the claim expires.")

    class Meta:
        abstract = True


class BulkActionQuerySet(models.QuerySet["BulkAction"]):
    """Actions, narrowed down by what callers ask for."""

    def waiting(self, now: dt.datetime) -> Self:
        """Actions with work to do that nobody has in hand, oldest first."""
        return self.filter(free(now), state=BulkAction.State.RUNNING).order_by("id")

    def over(self, before: dt.datetime) -> Self:
        """Actions that ended before then."""
        return self.filter(ended_at__lt=before)


class BulkAction(Leased):
    """One action of one person on many rows. It names rows by their keys, never by an address."""

    class State(models.TextChoices):
        """Where it stands."""

        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        STOPPED = "stopped", "stopped"

    kind = models.CharField(max_length=60, help_text="What is done, by its key.")
    words = models.CharField("action", max_length=200, help_text="What is done, in words.")
    model = models.CharField(max_length=100, help_text="To what kind of thing, as app.model.")
    filter = models.CharField(
        max_length=500, blank=True, help_text="How the list was narrowed down that it is done to."
    )
    reason = models.CharField(max_length=500, blank=True, help_text="Why, as the person said.")
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    position = models.PositiveBigIntegerField(
        default=0, help_text="Rows worked off: where it continues after an interruption."
    )
    total = models.PositiveBigIntegerField(default=0, help_text="How many rows it is done to.")
    changed = models.PositiveBigIntegerField(
        default=0, help_text="Rows that it changed; the others were so already."
    )
    result = models.CharField(max_length=300, blank=True, help_text="What became of it.")
    problems = models.JSONField(default=list, help_text="What went wrong with single rows.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who does it; empty once the account is deleted.",
    )
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = BulkActionQuerySet.as_manager()

    class Meta:
        """Newest first; what runs is found by a small index."""

        verbose_name = "action on many rows"
        verbose_name_plural = "actions on many rows"
        ordering = ("-id",)
        default_permissions = ("view", "change")
        indexes: ClassVar = [
            models.Index(
                fields=("id",), condition=models.Q(state="running"), name="bulk_action_running"
            ),
        ]

    @property
    def is_running(self) -> bool:
        """Whether a worker has something to do."""
        return self.state == self.State.RUNNING

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return min(100, self.position * 100 // self.total) if self.total else 0

    def __str__(self) -> str:
        return f"{self.words} ({self.made_at:%Y-%m-%d %H:%M})"


class BulkPiece(models.Model):
    """Keys of some rows that wait for the action. Deleted with the work on them, and all together
    when the action is over.
    """

    action = models.ForeignKey(
        BulkAction, on_delete=models.CASCADE, related_name="pieces", db_index=False
    )
    number = models.PositiveIntegerField()
    keys = models.JSONField(help_text="Of the rows, in order.")

    class Meta:
        """In order."""

        ordering = ("action", "number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("action", "number"), name="bulk_piece_once")
        ]

    def __str__(self) -> str:
        return f"piece {self.number} of action {self.action_id}"
