"""Which papers have to do with which topics, and why."""

from typing import ClassVar, Self

from django.db import models

from papers.evidence import why_of
from papers.models.page_version import WatchedQuerySet
from papers.models.pick import STANDING, is_hidden
from papers.models.topic import Topic


class MatchQuerySet(WatchedQuerySet["Match"]):
    """Matches, narrowed down by what callers ask for."""

    def sendable(self) -> Self:
        """Matches that readers see: sure enough, or an editor's word, of active topics."""
        return self.filter(topic__is_active=True).filter(
            models.Q(verdict=Match.Verdict.PINNED)
            | models.Q(verdict=Match.Verdict.NONE, is_sendable=True)
        )

    def shown(self) -> Self:
        """Matches of papers that are shown: see `PaperQuerySet.shown`."""
        return self.filter(paper__merged_into=None, paper__status__in=STANDING).exclude(
            is_hidden("paper_id")
        )


class Match(models.Model):
    """A paper has to do with a topic, for reasons that are kept with it."""

    class Verdict(models.TextChoices):
        """An editor's word, which no later matching overrules."""

        NONE = "", "as matched"
        PINNED = "pinned", "pinned by an editor"
        VETOED = "vetoed", "vetoed by an editor"

    class SecondLook(models.TextChoices):
        """What a topic's classifier changed."""

        NONE = "", "nothing"
        VETOED = "vetoed", "vetoed"
        LET_IN = "let in", "let in"

    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="matches")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="matches")
    score = models.FloatField(help_text="Ranks papers within a topic; higher is closer.")
    is_sendable = models.BooleanField(help_text="Whether the match is certain enough for a digest.")
    evidence = models.JSONField(
        default=list,
        help_text="Why it matches: where keywords were found, the category, how close in meaning.",
    )
    second_look = models.CharField(
        max_length=6,
        choices=SecondLook,
        default=SecondLook.NONE,
        db_default=SecondLook.NONE,
        blank=True,
        help_text="What the topic's classifier changed of what its rule says.",
    )
    verdict = models.CharField(max_length=6, choices=Verdict, default=Verdict.NONE, blank=True)

    objects = MatchQuerySet.as_manager()

    class Meta:
        """One row for a paper and a topic."""

        verbose_name_plural = "matches"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("paper", "topic"), name="match_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=("topic", "is_sendable", "-score"), name="match_rank")
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} in {self.topic_id}"

    @property
    def why(self) -> str:
        """The evidence as a reader understands it, strongest first; empty where there is none."""
        return why_of(self.evidence) if self.evidence else ""
