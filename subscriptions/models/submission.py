"""Papers that readers submit. As with upvotes, the rows are the reader's."""

import datetime as dt
from typing import ClassVar, Self

from django.db import models

from papers.identifiers import MAX_LENGTH
from papers.models import Paper


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Submissions, narrowed down by what callers ask for."""

    def unchecked(self, now: dt.datetime) -> Self:
        """Submissions that arXiv is to be asked about now, oldest first."""
        checking = Submission.State.CHECKING
        return self.filter(state=checking, check_after__lte=now).order_by("check_after", "pk")

    def waiting(self) -> Self:
        """Submissions that wait for an editor."""
        return self.filter(state=Submission.State.WAITING)


class Submission(models.Model):
    """A paper that a reader wants on the list. One row a paper, whoever else submits it."""

    class State(models.TextChoices):
        """How far it is."""

        CHECKING = "checking", "being looked up"
        MISSING = "missing", "not found"
        WAITING = "waiting", "waiting for an editor"
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"

    identifier = models.CharField(
        max_length=MAX_LENGTH,
        unique=True,
        help_text="Scheme and identifier, such as arxiv:2605.13779.",
    )
    state = models.CharField(max_length=8, choices=State, default=State.CHECKING)
    title = models.CharField(max_length=Paper.TITLE_LENGTH, blank=True)
    facts = models.JSONField(
        default=dict,
        blank=True,
        help_text="What was found when the paper was looked up, cleaned.",
    )
    name = models.CharField(
        max_length=60, blank=True, help_text="The name to show next to the paper, if any."
    )
    reason = models.CharField(
        max_length=300, blank=True, help_text="Why it was declined; shown to the reader."
    )
    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        null=True,
        on_delete=models.SET_NULL,
        related_name="submissions",
        help_text="Empty once the subscriber is deleted.",
    )
    paper = models.ForeignKey(
        Paper, null=True, on_delete=models.SET_NULL, related_name="submissions"
    )
    submitted_at = models.DateTimeField()
    check_after = models.DateTimeField(help_text="When to look it up next.")
    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Number of failed attempts to look it up."
    )
    decided_at = models.DateTimeField(null=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        """Newest first; the queue is found by a small partial index."""

        ordering = ("-submitted_at", "-id")
        indexes: ClassVar = [
            models.Index(
                fields=("check_after", "id"),
                condition=models.Q(state="checking"),
                name="submission_unchecked",
            ),
            models.Index(fields=("-submitted_at", "-id"), name="submission_newest"),
            models.Index(fields=("state", "-submitted_at", "-id"), name="submission_state"),
        ]

    def __str__(self) -> str:
        return f"{self.identifier} ({self.get_state_display()})"
