"""What readers follow beside topics, what they never want, and what matched of it.

An `Interest` is one row however many readers share it, so that matching costs what the different
interests cost; `Following` and `Muted` point to it and aren't read while a day is matched. Which
papers matched is kept in `InterestMatch`, with the evidence, for as long as digests may use it.

Rows tie a reader to what interests them, so they are the reader's: in the download, and gone with
the reader or the interest. The tables are newer than the version before, which must not fail at
them when it deletes a reader or a paper: so they have no constraints in the database toward older
tables, and `subscriptions.interests.cleaning` deletes what is left behind.
"""

import datetime as dt
import secrets
from typing import ClassVar, Self

from django.db import models

from papers.matching.interests.specs import InterestSpec, Kind
from papers.models import Paper


def new_token() -> str:
    """An opaque token for the addresses of one interest: 22 URL-safe characters, 128 bits."""
    return secrets.token_urlsafe(16)


class InterestQuerySet(models.QuerySet["Interest"]):
    """Interests, narrowed down by what callers ask for."""

    def orphans(self) -> Self:
        """Interests that nobody follows and nobody muted."""
        used = models.OuterRef("pk")
        return self.filter(
            ~models.Exists(Following.objects.filter(interest=used)),
            ~models.Exists(Muted.objects.filter(interest=used)),
        )


class Interest(models.Model):
    """One thing that readers can follow or mute: shared by all who ask for the same."""

    KINDS: ClassVar = [
        (Kind.WORDS.value, "words"),
        (Kind.AUTHOR.value, "author"),
        (Kind.ORGANIZATION.value, "organization"),
        (Kind.VENUE.value, "journal, venue, category or source"),
        (Kind.LIKENESS.value, "papers like these"),
        (Kind.CITING.value, "papers that cite this one"),
    ]

    kind = models.CharField(max_length=12, choices=KINDS)
    key = models.CharField(
        max_length=32,
        unique=True,
        help_text="Hash of what is followed; equal interests have equal ones.",
    )
    spec = models.JSONField(help_text="What is followed; see papers.matching.interests.specs.")
    vector = models.BinaryField(
        null=True, editable=False, help_text="For “papers like these”: the vector that they share."
    )
    fitted = models.BigIntegerField(
        null=True, editable=False, help_text="The semantic model that the vector belongs to."
    )
    is_new = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Whether it’s yet to be matched with days matched before it was added.",
    )
    created_at = models.DateTimeField()

    objects = InterestQuerySet.as_manager()

    class Meta:
        """In the order in which days are matched; the few new ones are found at once."""

        ordering = ("id",)
        indexes: ClassVar = [
            models.Index(fields=("id",), condition=models.Q(is_new=True), name="interest_new")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def asked(self) -> InterestSpec:
        """The spec, as data with types."""
        return InterestSpec.trusted(self.spec)


class FollowingQuerySet(models.QuerySet["Following"]):
    """What readers follow, narrowed down by what callers ask for."""

    def running(self) -> Self:
        """Neither paused nor waiting for its reader's confirmation."""
        return self.filter(is_paused=False, is_waiting=False)

    def listed(self) -> Self:
        """In the order in which a reader sees them, each with its interest."""
        return self.select_related("interest").order_by("id")


class Following(models.Model):
    """A reader follows an interest."""

    class Rhythm(models.TextChoices):
        """When its papers are sent."""

        DIGEST = "digest", "with the digest"
        DAILY = "daily", "every day"

    MOST: ClassVar = 10
    """Papers a mail unless the reader chooses otherwise."""

    NAME_LENGTH: ClassVar = 120

    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        on_delete=models.CASCADE,
        related_name="followings",
        db_constraint=False,
        db_index=False,
    )
    interest = models.ForeignKey(Interest, on_delete=models.PROTECT, related_name="followings")
    name = models.CharField(max_length=NAME_LENGTH, help_text="What the reader calls it.")
    token = models.CharField(
        max_length=32,
        unique=True,
        default=new_token,
        help_text="Part of the addresses of its page and feed. Renewing it ends the earlier ones.",
    )
    rhythm = models.CharField(
        max_length=6,
        choices=Rhythm,
        default=Rhythm.DIGEST,
        help_text="“Every day” only matters to weekly readers.",
    )
    most_papers = models.PositiveSmallIntegerField(
        default=MOST, help_text="Maximum number of its papers in one email."
    )
    takes_maybe = models.BooleanField(
        default=False, help_text="Also send possible matches, such as a namesake’s papers."
    )
    is_paused = models.BooleanField(default=False)
    is_waiting = models.BooleanField(
        default=False, help_text="Whether it waits until the reader confirms the address."
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = FollowingQuerySet.as_manager()

    class Meta:
        """A reader follows an interest once."""

        verbose_name = "followed interest"
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("subscriber", "interest"), name="following_once")
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} follows interest {self.interest_id}"


class Muted(models.Model):
    """A reader wants no paper that this interest matches: an author with these co-authors, words.

    A mute outweighs everything: topics, what is followed, an editor's pin.
    """

    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        on_delete=models.CASCADE,
        related_name="muted",
        db_constraint=False,
        db_index=False,
    )
    interest = models.ForeignKey(Interest, on_delete=models.PROTECT, related_name="mutes")
    name = models.CharField(max_length=Following.NAME_LENGTH, help_text="What the reader sees.")
    created_at = models.DateTimeField()

    class Meta:
        """Muted once."""

        verbose_name = "mute"
        ordering = ("id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("subscriber", "interest"), name="muted_once")
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} mutes interest {self.interest_id}"


class InterestMatchQuerySet(models.QuerySet["InterestMatch"]):
    """Matches, narrowed down by what callers ask for."""

    def late(self) -> Self:
        """Found after their day, and not yet put before the readers whose digest had gone out."""
        return self.filter(is_late=True).order_by("id")


class InterestMatch(models.Model):
    """A paper of a day is what an interest asks for."""

    interest = models.ForeignKey(
        Interest,
        on_delete=models.CASCADE,
        related_name="matches",
        db_constraint=False,
        db_index=False,
    )
    paper = models.ForeignKey(
        Paper,
        on_delete=models.CASCADE,
        related_name="interest_matches",
        db_constraint=False,
    )
    day = models.DateField(help_text="The day of the issue that has the paper.")
    is_certain = models.BooleanField(
        help_text="Whether it surely matches; otherwise it’s only possible."
    )
    score = models.FloatField(help_text="How well it matches, to compare papers of one interest.")
    evidence = models.JSONField(default=list, help_text="Why, as with topics.")
    is_late = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether it was found after its day, and readers’ next email is yet to offer it.",
    )

    objects = InterestMatchQuerySet.as_manager()

    class Meta:
        """Found by day and interest; the few late ones are found at once."""

        verbose_name_plural = "matches of interests"
        ordering = ("id",)
        indexes: ClassVar = [
            models.Index(
                fields=("id",), condition=models.Q(is_late=True), name="interest_match_late"
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("day", "interest", "paper"), name="interest_match_once")
        ]

    def __str__(self) -> str:
        return f"interest {self.interest_id}, paper {self.paper_id}, {self.day}"


class InterestRunQuerySet(models.QuerySet["InterestRun"]):
    """Runs, narrowed down by what callers ask for."""

    def open(self, now: dt.datetime) -> Self:
        """Runs that aren't finished and that nobody has in hand."""
        free = models.Q(lease_until=None) | models.Q(lease_until__lte=now)
        return self.filter(free, finished_at=None).order_by("day")


class InterestRun(models.Model):
    """How far the interests are matched with the papers of a day.

    Each page of interests is written together with `position`, so that a run that is broken off
    goes on behind the last page, and nothing is matched twice.
    """

    day = models.DateField(unique=True)
    position = models.BigIntegerField(default=0, help_text="ID of the last interest matched.")
    interests = models.PositiveIntegerField(default=0, help_text="How many were matched.")
    matches = models.PositiveIntegerField(default=0, help_text="How many matches were stored.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    claim = models.CharField(max_length=64, blank=True, help_text="The process at work on it.")
    lease_until = models.DateTimeField(null=True, help_text="When the claim expires.")

    objects = InterestRunQuerySet.as_manager()

    class Meta:
        """Newest first."""

        verbose_name = "matching of interests"
        verbose_name_plural = "matchings of interests"
        ordering = ("-day",)

    def __str__(self) -> str:
        return f"interests with the papers of {self.day}"
