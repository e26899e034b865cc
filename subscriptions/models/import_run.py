"""Files of readers that are brought in: the run that works through one, and what it said."""

import datetime as dt
from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from papers.leases import free
from papers.models import Leased


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    """Runs, narrowed down by what callers ask for."""

    def waiting(self, now: dt.datetime) -> Self:
        """Runs with work to do that nobody has in hand, oldest first."""
        return self.filter(free(now), state__in=ImportRun.AT_WORK).order_by("id")

    def abandoned(self, before: dt.datetime) -> Self:
        """Runs whose file was given before then, and which nobody started or stopped."""
        open_states = (ImportRun.State.CHECKING, ImportRun.State.CHECKED)
        return self.filter(state__in=open_states, created_at__lt=before)


class ImportRun(Leased):
    """One file of readers on its way in: checked first, then declared for and started.

    The row stays as the record of who brought in what, on which declaration; the file does not.
    """

    class State(models.TextChoices):
        """Where it stands."""

        CHECKING = "checking", "being checked"
        CHECKED = "checked", "checked, not started"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        STOPPED = "stopped", "stopped"

    AT_WORK: ClassVar = (State.CHECKING, State.RUNNING)
    OVER: ClassVar = (State.DONE, State.FAILED, State.STOPPED)

    state = models.CharField(max_length=8, choices=State, default=State.CHECKING)
    profile = models.CharField(max_length=30, help_text="Which program wrote the file.")
    file_name = models.CharField(max_length=150)
    file_hash = models.CharField(max_length=64, help_text="SHA-256 of the file, in hex.")
    file_size = models.PositiveBigIntegerField(help_text="Bytes.")
    encoding = models.CharField(max_length=20, help_text="How the file's text is encoded.")
    options = models.JSONField(
        default=dict, help_text="Columns, topics, rhythm and whatever else was chosen."
    )
    is_confirmed = models.BooleanField(
        default=False,
        help_text="Readers start without being asked again; otherwise each is asked by email.",
    )
    declaration = models.TextField(
        blank=True, help_text="What was declared about the consent of these readers."
    )
    declared_by = models.CharField(max_length=150, blank=True, help_text="Who declared it.")
    declared_at = models.DateTimeField(null=True)
    position = models.PositiveBigIntegerField(
        default=0, help_text="Records processed: where it continues after an interruption."
    )
    total = models.PositiveBigIntegerField(default=0, help_text="Records, once counted.")
    counts = models.JSONField(default=dict, help_text="How many lines had which outcome.")
    examples = models.JSONField(
        default=dict, help_text="A few lines of each outcome, deleted with the file."
    )
    error = models.CharField(max_length=300, blank=True, help_text="Why it failed.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        """Newest first."""

        verbose_name = "import"
        ordering = ("-id",)
        default_permissions = ("view",)
        permissions: ClassVar = [("import_readers", "Can import readers from a file")]

    @property
    def is_at_work(self) -> bool:
        """Whether a worker has something to do."""
        return self.state in self.AT_WORK

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return min(100, self.position * 100 // self.total) if self.total else 0

    def __str__(self) -> str:
        return f"{self.file_name} ({self.created_at:%Y-%m-%d %H:%M})"


class ImportPiece(models.Model):
    """A piece of the file, in the database because the worker may be another machine than the one
    that was given the file. Deleted when the run is over.
    """

    run = models.ForeignKey(
        ImportRun, on_delete=models.CASCADE, related_name="pieces", db_index=False
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        """In order."""

        ordering = ("run", "number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("run", "number"), name="import_piece_once")
        ]

    def __str__(self) -> str:
        return f"piece {self.number} of import {self.run_id}"


class ImportReport(models.Model):
    """What became of some lines in a row. Lines are named by number, so no address is kept."""

    run = models.ForeignKey(
        ImportRun, on_delete=models.CASCADE, related_name="reports", db_index=False
    )
    position = models.PositiveBigIntegerField(help_text="Of the first record.")
    lines = models.JSONField(help_text="For each: its number, the outcome, and why.")

    class Meta:
        """In order; the lines of one record are reported once."""

        ordering = ("run", "position")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("run", "position"), name="import_report_once")
        ]

    def __str__(self) -> str:
        return f"report of import {self.run_id} from {self.position}"


class ImportedReaderQuerySet(models.QuerySet["ImportedReader"]):
    """Imported readers, narrowed down by what callers ask for."""

    def to_ask(self) -> Self:
        """Those whom a letter has yet to ask, in the order of their import."""
        return self.filter(is_to_be_asked=True, asked_at=None).order_by("subscriber_id")


class ImportedReader(models.Model):
    """A reader who came with a file: when the first digest may go out, or that a letter asks."""

    subscriber = models.OneToOneField(
        "subscriptions.Subscriber",
        primary_key=True,
        on_delete=models.CASCADE,
        # The version before erases readers without knowing of this table, and must not fail at it.
        db_constraint=False,
        related_name="imported",
    )
    run = models.ForeignKey(
        ImportRun, on_delete=models.CASCADE, related_name="readers", db_index=False
    )
    starts_on = models.DateField(null=True, help_text="No digest before this day (UTC).")
    is_to_be_asked = models.BooleanField(
        default=False, help_text="Whether an email asks if digests are wanted."
    )
    asked_at = models.DateTimeField(null=True, help_text="When that email was due.")

    objects = ImportedReaderQuerySet.as_manager()

    class Meta:
        """By reader; what is asked for regularly is found by small indexes."""

        ordering = ("subscriber",)
        indexes: ClassVar = [
            models.Index(fields=("starts_on",), name="imported_starts"),
            models.Index(
                fields=("subscriber",),
                condition=models.Q(is_to_be_asked=True, asked_at=None),
                name="imported_to_ask",
            ),
            models.Index(
                fields=("asked_at",),
                condition=models.Q(asked_at__isnull=False),
                name="imported_asked",
            ),
        ]

    def __str__(self) -> str:
        return f"reader {self.subscriber_id} of import {self.run_id}"


class ReaderExport(models.Model):
    """The record of one export: who took what along, and when. Rows are only ever added."""

    what = models.CharField(max_length=20, help_text="Which table.")
    rows = models.PositiveBigIntegerField(
        null=True, help_text="How many rows; empty if it broke off or is still running."
    )
    by = models.CharField(max_length=150, help_text="Who: a user of the admin, or the command.")
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        verbose_name = "export"
        ordering = ("-id",)
        default_permissions = ("view",)
        permissions: ClassVar = [("export_readers", "Can export readers with their addresses")]

    def __str__(self) -> str:
        return f"{self.what} by {self.by}, {self.at:%Y-%m-%d %H:%M}"
