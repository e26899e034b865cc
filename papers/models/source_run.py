"""What each fetch of a source brought."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.db import models

from papers.models.source import Source

PROBLEMS_KEPT = 20
"""Sentences kept of a run; their number is kept whole."""

LONGEST_SENTENCE = 300


class SourceRunQuerySet(models.QuerySet["SourceRun"]):
    """Runs, narrowed down by what callers ask for."""

    def answered(self) -> Self:
        """Runs in which the source could be read."""
        return self.filter(outcome=SourceRun.Outcome.OK)

    def complete_on(self, day: dt.date) -> Self:
        """Runs after which the list of `day` was complete, as the source said."""
        return self.answered().filter(day=day, is_complete=True)


class SourceRun(models.Model):
    """One fetch of one source for one day: the fetch log. `newsletter` forgets old ones."""

    class Outcome(models.TextChoices):
        """How a fetch ended."""

        OK = "ok", "answered"
        FAILED = "failed", "failed"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    day = models.DateField(help_text="The day that the source was asked for.")
    started_at = models.DateTimeField(db_index=True)
    duration_ms = models.PositiveIntegerField(
        "duration in milliseconds", help_text="From the request until everything was stored."
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    is_complete = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether the source said that its list for the day is complete.",
    )
    counts = models.JSONField(
        default=dict, help_text="Papers, new and updated ones, observations, problems."
    )
    left_out = models.JSONField(
        default=dict, help_text="How many items the source's rules left out, by reason."
    )
    notes = models.JSONField(default=list, help_text="Notes from the source to the operator.")
    problems = models.JSONField(
        default=list, help_text=f"The first {PROBLEMS_KEPT} messages about bad records."
    )
    error = models.CharField(
        max_length=LONGEST_SENTENCE, blank=True, help_text="Why it couldn't be read."
    )

    objects = SourceRunQuerySet.as_manager()

    class Meta:
        """The latest first."""

        ordering = ("-started_at", "-pk")
        indexes: ClassVar = [
            models.Index(fields=("source", "-started_at"), name="source_runs"),
            models.Index(fields=("day", "source"), name="source_runs_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}, {self.started_at:%-d %b %Y %H:%M} UTC, of {self.day}"

    @property
    def said(self) -> str:
        """What it brought, in words."""
        if self.outcome != SourceRun.Outcome.OK:
            return f"failed: {self.error}"
        counts = self.counts
        text = f"{counts.get('papers', 0)} papers, {counts.get('new', 0)} new"
        if self.left_out:
            reasons = ", ".join(f"{count} {why}" for why, count in self.left_out.items())
            text += f"; left out: {reasons}"
        if problems := counts.get("problems"):
            text += f"; {problems} problems"
        return f"{text}; the list is complete" if self.is_complete else text

    @property
    def duration(self) -> dt.timedelta:
        """How long it took."""
        return dt.timedelta(milliseconds=self.duration_ms)


def kept(sentences: Any) -> list[str]:
    """The first sentences, each of bounded length, as a run keeps them."""
    return [str(one)[:LONGEST_SENTENCE] for one in list(sentences)[:PROBLEMS_KEPT]]


def kept_counts(left_out: Mapping[str, int]) -> dict[str, int]:
    """The most frequent reasons, as a run keeps them."""
    ordered = sorted(left_out.items(), key=lambda item: (-item[1], item[0]))
    return {why[:LONGEST_SENTENCE]: count for why, count in ordered[:PROBLEMS_KEPT]}
