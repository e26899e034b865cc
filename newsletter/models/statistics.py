"""Counts that outlive the rows they were made of: what happened on each day and of each issue.

No row names a reader. `newsletter.statistics.rollups` writes them, `newsletter.statistics.reports`
reads them, and nobody else should, because small numbers about people are not for showing.
"""

from typing import ClassVar

from django.db import models

from newsletter.models.issue import Issue

LONGEST_KEY = 60


class Measure(models.TextChoices):
    """What is counted."""

    READERS = "readers", "active readers"
    """A stock: how many there were at the end of the day. All others happened on the day."""
    ASKED = "asked", "asked to subscribe"
    CONFIRMED = "confirmed", "confirmed"
    IMPORTED = "imported", "imported from a file"
    LEFT = "left", "unsubscribed"
    PAUSED = "paused", "paused because emails bounced"
    SENT = "sent", "digests delivered"
    """By whatever channel: sent by email, or added to a private feed."""
    RECEIVED = "received", "accepted by the receiver"
    FAILED = "failed", "failed"
    UNKNOWN = "unknown", "in doubt"
    SKIPPED = "skipped", "nothing to send"
    EXPIRED = "expired", "too late"
    BOUNCED = "bounced", "bounced"
    COMPLAINED = "complained", "complained"
    OPENED = "opened", "opened"
    CLICKED = "clicked", "clicked"
    LIKED = "liked", "liked"
    DISLIKED = "disliked", "disliked"
    SAVED = "saved", "saved for later"


class Dimension(models.TextChoices):
    """What a count is broken down by. The key's meaning depends on it."""

    ALL = "", "all"
    """Not broken down; the key is empty."""
    TOPIC = "topic", "topic"
    """Key: the topic's slug. A reader of two topics counts for both."""
    SOURCE = "source", "source of the sign-up"
    """Key: what the form was told by `?from=`, "file: Mailchimp" of an import, or empty."""
    CHANNEL = "channel", "way of delivery"
    """Key: "email" or "feed", or another channel's name."""
    WAY = "way", "way of leaving"
    """Key: see `subscriptions.readers.leaving`."""
    REASON = "reason", "reason given"
    """Key: a value of `Consent.Reason`; empty where none was given."""
    HOUR = "hour", "hour"
    """Key: "00" to "23", UTC."""
    SEVERITY = "severity", "kind of bounce"
    """Key: a value of `Delivery.Bounce`."""
    PAPER = "paper", "paper"
    """Key: the paper's id."""


class DailyCount(models.Model):
    """How often something happened on a day (UTC), in all or with one key of a dimension.

    There is a row with the dimension `ALL` for each measure of a day, zero or not; keys without a
    count have none.
    """

    day = models.DateField(help_text="UTC.")
    measure = models.CharField(max_length=12, choices=Measure)
    dimension = models.CharField(max_length=8, choices=Dimension, blank=True)
    key = models.CharField(max_length=LONGEST_KEY, blank=True)
    count = models.PositiveBigIntegerField()

    class Meta:
        """Once; found by what a page asks for: a dimension's measures over some days."""

        verbose_name_plural = "statistics"
        ordering = ("day", "measure", "dimension", "key")
        default_permissions = ()
        permissions: ClassVar = [
            ("view_statistics", "Can see statistics"),
            ("export_statistics", "Can export statistics"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("dimension", "measure", "day", "key"), name="daily_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.count} {self.measure} {self.key}".rstrip()


class IssueCount(models.Model):
    """What became of one issue's digests, whenever it happened, in all or with one key."""

    issue = models.ForeignKey(
        Issue, on_delete=models.CASCADE, related_name="counts", db_index=False
    )
    measure = models.CharField(max_length=12, choices=Measure)
    dimension = models.CharField(max_length=8, choices=Dimension, blank=True)
    key = models.CharField(max_length=LONGEST_KEY, blank=True)
    count = models.PositiveBigIntegerField()

    class Meta:
        """Once an issue."""

        ordering = ("issue", "measure", "dimension", "key")
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("issue", "dimension", "measure", "key"), name="issue_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"issue {self.issue_id}: {self.count} {self.measure} {self.key}".rstrip()


class CountedDay(models.Model):
    """A day whose counts are there, so that one that was missed shows."""

    day = models.DateField(primary_key=True, help_text="UTC.")
    counted_at = models.DateTimeField(
        help_text="When it was last counted. Late arrivals are added for a while."
    )

    class Meta:
        """In order."""

        ordering = ("day",)
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.day)
