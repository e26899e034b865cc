"""Which papers have to do with which topics, and why."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Count, Max

from papers.evidence import why_of
from papers.models.by_ids import rows_by_ids
from papers.models.feature import Feature
from papers.models.page_version import WatchedQuerySet
from papers.models.pick import STANDING, is_hidden
from papers.models.topic import Topic

NEVER = dt.date(1970, 1, 1)
"""The day of papers that no source ever listed: before all others."""


def last_listed(papers: Collection[int]) -> dict[int, dt.date]:
    """The day on which each of these papers was listed last, under whatever name; those that never
    were are missing. One or two queries.
    """
    once = Feature.objects.once().order_by()
    days = dict(once.filter(paper__in=papers).values_list("paper").annotate(last=Max("day")))
    rest = [pk for pk in papers if pk not in days]
    if rest:
        aliases = once.filter(paper__merged_into__in=rest)
        days |= aliases.values_list("paper__merged_into").annotate(last=Max("day"))
    return days


class MatchQuerySet(WatchedQuerySet["Match"]):
    """Matches, narrowed down by what callers ask for."""

    def sendable(self) -> Self:
        """Matches that readers see: sure enough, or an editor's word, of active topics."""
        return self.filter(topic__is_active=True).certain()

    def certain(self) -> Self:
        """As `sendable`, of topics that are known to be active."""
        return self.filter(
            models.Q(verdict=Match.Verdict.PINNED)
            | models.Q(verdict=Match.Verdict.NONE, is_sendable=True)
        )

    def certain_of(self, papers: Collection[int]) -> list[tuple[int, int]]:
        """Topic and paper of each certain match of these papers, however many. One query."""
        return rows_by_ids(
            self.model,
            "paper_id",
            papers,
            ("topic_id", "paper_id"),
            "verdict = %s OR verdict = %s AND is_sendable",
            [Match.Verdict.PINNED.value, Match.Verdict.NONE.value],
        )

    def shown(self) -> Self:
        """Matches of papers that are shown: see `PaperQuerySet.shown`."""
        return self.filter(paper__merged_into=None, paper__status__in=STANDING).exclude(
            is_hidden("paper_id")
        )

    def newest_first(self) -> Self:
        """Those of papers that were listed last first; of one day, the closest match first. The
        order of an index that begins with the topic.
        """
        return self.order_by("-listed", "-score", "-paper_id")

    def older_than(self, listed: dt.date, paper_id: int) -> Self:
        """Those after this paper of one topic's in `newest_first`, which was listed last on that
        day; from that day's first on where it matches no more. One query.
        """
        score = self.filter(paper=paper_id).order_by().values_list("score", flat=True).first()
        rest = self.filter(listed__lte=listed)
        if score is None:
            return rest
        before = models.Q(score__gt=score) | models.Q(score=score, paper_id__gte=paper_id)
        return rest.exclude(before, listed=listed)

    def note_listings(self, papers: Collection[int]) -> None:
        """Bring the days of these papers' matches in line with when they were listed last. Two or
        three queries, and one more for each day that matches move to.
        """
        days = last_listed(papers)
        # Each paper once: it has a match for every topic that it is anything to.
        moved: dict[dt.date, list[int]] = defaultdict(list)
        mine = self.filter(paper__in=papers).order_by()
        for paper, listed in mine.values_list("paper_id", "listed").distinct():
            if listed != (day := days.get(paper, NEVER)):
                moved[day].append(paper)
        for day, rows in moved.items():
            self.filter(paper__in=rows).update(listed=day)

    def count_papers(self) -> None:
        """Keep with each topic how many papers readers find there, hidden ones included, which
        pages take off: this reads all matches, which no page may.
        """
        standing = self.filter(paper__merged_into=None, paper__status__in=STANDING)
        counts = dict(standing.sendable().order_by().values_list("topic").annotate(n=Count("pk")))
        changed = [
            Topic(pk=pk, paper_count=counts.get(pk, 0))
            for pk, known in Topic.objects.values_list("pk", "paper_count")
            if known != counts.get(pk, 0)
        ]
        Topic.objects.bulk_update(changed, ["paper_count"], batch_size=500)


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
    listed = models.DateField(
        default=NEVER,
        db_default=NEVER,
        editable=False,
        help_text="When the paper was last listed, under any identifier; 1970 if it never was.",
    )

    objects = MatchQuerySet.as_manager()

    class Meta:
        """One row for a paper and a topic."""

        verbose_name_plural = "matches"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("paper", "topic"), name="match_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=("topic", "is_sendable", "-score"), name="match_rank"),
            models.Index(
                fields=("verdict", "-paper", "-score"),
                condition=models.Q(verdict="pinned") | models.Q(verdict="vetoed"),
                name="match_verdict",
            ),
            models.Index(
                fields=("second_look", "-paper", "-score"),
                condition=models.Q(second_look="vetoed") | models.Q(second_look="let in"),
                name="match_second_look",
            ),
            models.Index(fields=("topic", "-listed", "-score", "-paper"), name="match_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} in {self.topic_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's; a new one takes the day on which its paper was listed last."""
        is_new = self._state.adding
        super().save(*args, **kwargs)
        if is_new:
            Match.objects.filter(pk=self.pk).note_listings([self.paper_id])
            self.refresh_from_db(fields=["listed"])

    @property
    def why(self) -> str:
        """The evidence as a reader understands it, strongest first; empty where there is none."""
        return why_of(self.evidence) if self.evidence else ""
