"""One work, many names: what each source said of it, what it is called, and what is joined.

A paper is a row of its own under each main identifier that a source gave. Rows that are one work
are joined, and a join writes no row anew: all but one of them become aliases, which say whose
(`Paper.merged_into`). What was stored for an alias, such as a reader's rating, stays with it, and
whoever asks looks through the alias; so a join can be undone.
"""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from papers.identifiers import MAX_LENGTH
from papers.models.page_version import WatchedQuerySet
from papers.models.source import Source


class PaperName(models.Model):
    """A source says that a paper is also called so. Two papers may claim one name: authors type
    the DOIs of their articles by hand. A paper's own identifier is a name, too.
    """

    OWN: ClassVar = "own"
    SAME: ClassVar = "same"
    """Another name for the same thing. All other kinds are relations that join."""

    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="names")
    identifier = models.CharField(max_length=MAX_LENGTH, db_index=True)
    kind = models.CharField(
        max_length=20, help_text="own, same, or how it relates to the work with that identifier."
    )

    class Meta:
        """Once each."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("paper", "identifier", "kind"), name="paper_name_said_once"
            )
        ]

    def __str__(self) -> str:
        return self.identifier


class SourceRecord(models.Model):
    """What one source says under one name, the last thing it said of each version. The paper's row
    is worked out from these: `papers.ingest.facts`.
    """

    source = models.ForeignKey(
        Source,
        null=True,
        on_delete=models.CASCADE,
        related_name="records",
        help_text="Empty for what was known before records were kept.",
    )
    paper = models.ForeignKey(
        "papers.Paper",
        null=True,
        on_delete=models.CASCADE,
        related_name="records",
        help_text="Empty until a source has listed a paper with that identifier.",
    )
    identifier = models.CharField(max_length=MAX_LENGTH, db_index=True)
    version = models.PositiveIntegerField(default=0)
    facts = models.JSONField(help_text="The cleaned record, without empty fields.")
    digest = models.CharField(
        max_length=32, help_text="Digest of the facts, to see whether they changed."
    )
    title_key = models.CharField(
        max_length=32,
        blank=True,
        db_index=True,
        help_text="Digest of the normalized title, plus the last names if the title is short.",
    )
    about = models.CharField(
        max_length=MAX_LENGTH,
        blank=True,
        help_text="For a retraction or correction: the identifier of the work it's about.",
    )
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="When the source last changed its facts.")

    class Meta:
        """One row for whatever a source says again."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("source", "identifier", "version"), name="source_record_once"
            ),
            models.UniqueConstraint(
                fields=("identifier",),
                condition=models.Q(source=None),
                name="source_record_known_before_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=("about",), condition=~models.Q(about=""), name="source_record_about"
            )
        ]

    def __str__(self) -> str:
        return self.identifier


class JoinQuerySet(WatchedQuerySet["Join"]):
    """Joins, narrowed down by what callers ask for."""

    def holding(self) -> Self:
        """Pairs that are one work, by the rules or by an editor's word."""
        return self.filter(state__in=(Join.State.JOINED, Join.State.CONFIRMED))

    def open_questions(self) -> Self:
        """Pairs that an editor is asked about."""
        return self.filter(state=Join.State.QUESTION)


class Join(models.Model):
    """Whether two papers are one work, and why. The first is the one whose identifier sorts
    before the other's, so that there is one row for a pair, whoever came first.
    """

    class State(models.TextChoices):
        """What was decided, and by whom."""

        JOINED = "joined", "joined by the rules"
        QUESTION = "question", "a question"
        CONFIRMED = "confirmed", "joined by an editor"
        REFUSED = "refused", "kept apart by an editor"

    first = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="joins_first")
    second = models.ForeignKey(
        "papers.Paper", on_delete=models.CASCADE, related_name="joins_second"
    )
    state = models.CharField(max_length=10, choices=State)
    evidence = models.JSONField(default=dict, help_text="What the rules found.")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The editor who joined them or keeps them apart.",
    )

    objects = JoinQuerySet.as_manager()

    class Meta:
        """Those of a state are found in the order of their list."""

        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("first", "second"), name="join_once_a_pair")
        ]
        indexes: ClassVar = [
            models.Index(fields=("state", "id"), name="join_state"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}: {self.get_state_display()}"
