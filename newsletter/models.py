"""The ledger: issues as they were frozen, one delivery for each reader and issue, and what mail
providers reported.
"""

import datetime as dt
from typing import ClassVar, Self

from django.db import models
from django.urls import reverse

from papers.models import Paper
from subscriptions.models import Subscriber


class IssueQuerySet(models.QuerySet["Issue"]):
    """Issues, narrowed down by what callers ask for."""

    def running(self) -> Self:
        """Issues that may be sent."""
        return self.filter(state=Issue.State.RUNNING)

    def up_to(self, day: dt.date) -> Self:
        """Issues of `day` and before, newest first."""
        return self.filter(day__lte=day).order_by("-day")


class Issue(models.Model):
    """One day's papers, ranked and frozen."""

    class State(models.TextChoices):
        """Whether its digests may go out."""

        RUNNING = "running", "running"
        PAUSED = "paused", "paused"
        STOPPED = "stopped", "stopped"

    day = models.DateField(unique=True, help_text="The feature day whose papers these are.")
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    state_reason = models.CharField(max_length=200, blank=True, help_text="Why it does not run.")
    note = models.TextField(blank=True, help_text="The editor's note, shown on top of the digest.")
    warning = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text="What came back so often that sending was paused, such as complaints.",
    )
    frozen_at = models.DateTimeField(help_text="When the papers and their order were fixed.")

    objects = IssueQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ("-day",)

    def __str__(self) -> str:
        return f"{self.day:%A, %-d %B %Y}"

    def get_absolute_url(self) -> str:
        """The issue's page on this site."""
        return reverse("newsletter:issue", args=[self.day.isoformat()])

    def pause(self, reason: str) -> bool:
        """Send no further digest until `resume`; whether that changed anything."""
        return self._move(self.State.PAUSED, reason, (self.State.RUNNING,))

    def resume(self) -> bool:
        """Go on sending; whether that changed anything. A stopped issue stays stopped."""
        return self._move(self.State.RUNNING, "", (self.State.PAUSED,))

    def stop(self, reason: str) -> bool:
        """Never send a further digest of this issue; whether that changed anything."""
        return self._move(self.State.STOPPED, reason, (self.State.RUNNING, self.State.PAUSED))

    def _move(self, state: State, reason: str, before: tuple[State, ...]) -> bool:
        changed = Issue.objects.filter(pk=self.pk, state__in=before).update(
            state=state, state_reason=reason[:200]
        )
        self.refresh_from_db()
        return bool(changed)


class IssuePaper(models.Model):
    """A paper's place in an issue, with everything a digest shows of it, as it was then."""

    issue = models.ForeignKey(
        Issue, on_delete=models.CASCADE, related_name="places", db_index=False
    )
    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="places")
    rank = models.PositiveSmallIntegerField(help_text="1 is the most trending.")
    score = models.FloatField(help_text="Trending score when the issue was frozen.")
    card = models.JSONField(
        help_text="What a digest shows of the paper, as it was when the issue froze."
    )
    topics = models.JSONField(
        default=dict, help_text="Topic id to {score, why} for every sendable match."
    )

    class Meta:
        """In the issue's order."""

        ordering = ("issue", "rank")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("issue", "paper"), name="issue_paper_once"),
            models.UniqueConstraint(fields=("issue", "rank"), name="issue_rank_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rank}. {self.card.get('title', self.paper_id)}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries, narrowed down by what callers ask for."""

    def open(self) -> Self:
        """Deliveries that are not settled yet."""
        return self.filter(state__in=(Delivery.State.PENDING, Delivery.State.CLAIMED))

    def ready(self, now: dt.datetime) -> Self:
        """Deliveries that may be claimed now: their issue runs and no retry waits."""
        return self.filter(
            state=Delivery.State.PENDING,
            not_before__lte=now,
            deadline__gt=now,
            issue__in=Issue.objects.running().values("pk"),
        )

    def readable(self) -> Self:
        """Deliveries whose papers their reader got, or most likely got; newest issue first."""
        states = (Delivery.State.SENT, Delivery.State.UNKNOWN, Delivery.State.FEED)
        return self.filter(state__in=states).order_by("-issue__day")

    def through(self, channel: str) -> Self:
        """Deliveries that went to their readers through the channel of this name."""
        return self.filter(Delivery.went_through(channel))

    def overdue(self, now: dt.datetime) -> Self:
        """Pending deliveries whose digest would be stale."""
        return self.filter(state=Delivery.State.PENDING, deadline__lte=now)

    def lapsed(self, now: dt.datetime) -> Self:
        """Claimed deliveries whose lease has run out."""
        return self.filter(state=Delivery.State.CLAIMED, lease_until__lte=now)


class Delivery(models.Model):
    """One digest to one subscriber. Its state is the truth about what was sent."""

    class State(models.TextChoices):
        """Where the delivery stands; see the design for the moves."""

        PENDING = "pending", "waiting"
        CLAIMED = "claimed", "being sent"
        SENT = "sent", "sent"
        # Written by the version before, which had no channels; `newsletter.delivery.backfill`.
        FEED = "feed", "put into the reader's feed"
        FAILED = "failed", "failed"
        UNKNOWN = "unknown", "in doubt"
        SKIPPED = "skipped", "nothing to send"
        EXPIRED = "expired", "too late"

    class Bounce(models.TextChoices):
        """How a mail came back; see newsletter.mail.bounce_severity."""

        HARD = "hard", "for good: there is no such address"
        SOFT = "soft", "for now: the mailbox is full, or cannot be reached"
        BLOCKED = "blocked", "unwanted: the receiver's policy, or the content"

    issue = models.ForeignKey(
        Issue, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    subscriber = models.ForeignKey(
        Subscriber,
        null=True,
        on_delete=models.SET_NULL,
        related_name="deliveries",
        help_text="Empty once the subscriber was erased.",
    )
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    channel = models.CharField(
        max_length=20,
        null=True,
        blank=True,
        help_text="How it went, such as email; decided when the digest is made, and written with "
        "the outcome.",
    )
    reason = models.CharField(max_length=300, blank=True, help_text="Why it is in this state.")
    due_at = models.DateTimeField(help_text="When the reader's rhythm asked for it.")
    deadline = models.DateTimeField(help_text="After this it is not sent but expired.")
    not_before = models.DateTimeField(help_text="When it may be tried (again).")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often it was tried.")
    claim = models.CharField(
        max_length=64, blank=True, help_text="Which worker's journal holds what became of it."
    )
    lease_until = models.DateTimeField(null=True, help_text="Until when the claim holds.")
    choices = models.JSONField(
        default=list,
        help_text="The papers of the digest, and why each.",
    )
    provider_id = models.CharField(
        max_length=200, blank=True, help_text="What the mail provider calls this message."
    )
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True, help_text="When it first came back.")
    bounce = models.CharField(
        max_length=7,
        choices=Bounce,
        blank=True,
        db_default="",
        default="",
        help_text="The worst way in which it came back.",
    )
    complained_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        """One row per reader and issue; the queue is found by a small partial index."""

        verbose_name_plural = "deliveries"
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("issue", "subscriber"), name="delivery_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=("not_before", "id"),
                condition=models.Q(state="pending"),
                name="delivery_ready",
            ),
            models.Index(
                fields=("lease_until",),
                condition=models.Q(state="claimed"),
                name="delivery_leases",
            ),
            # What the version before settled: none, once `newsletter.delivery.backfill` was there.
            models.Index(
                fields=("id",),
                condition=models.Q(
                    models.Q(channel=None) | models.Q(state="feed"), state__in=("feed", "sent")
                ),
                name="delivery_no_channel",
            ),
            # Few rows have either, so counting an issue's trouble costs nothing.
            models.Index(
                fields=("issue", "bounce"),
                condition=~models.Q(bounce=""),
                name="delivery_bounces",
            ),
            models.Index(
                fields=("issue",),
                condition=models.Q(complained_at__isnull=False),
                name="delivery_complaints",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk} ({self.get_state_display()})"

    @property
    def is_open(self) -> bool:
        """Whether it is not settled yet."""
        return self.state in (self.State.PENDING, self.State.CLAIMED)

    @classmethod
    def channel_of(cls, state: str, channel: str | None) -> str:
        """The channel through which a delivery of this state went; "" where it did not go.

        The version before wrote none: what it sent went by mail, and `feed` was a state.
        """
        if state == cls.State.FEED:
            return "feed"
        return (channel or "email") if state == cls.State.SENT else ""

    @classmethod
    def went_through(cls, channel: str) -> models.Q:
        """The condition that `channel_of` a row is this one."""
        found = models.Q(state=cls.State.SENT, channel=channel)
        if cls.channel_of(cls.State.SENT, None) == channel:
            found |= models.Q(state=cls.State.SENT, channel=None)
        if cls.channel_of(cls.State.FEED, None) == channel:
            found |= models.Q(state=cls.State.FEED)
        return found

    def resend(self, now: dt.datetime, deadline: dt.datetime) -> bool:
        """Put a delivery in doubt, failed or expired back in the queue, as an operator wants it;
        whether that changed anything.
        """
        changed = Delivery.objects.filter(
            pk=self.pk,
            state__in=(self.State.UNKNOWN, self.State.FAILED, self.State.EXPIRED),
            subscriber__isnull=False,
        ).update(
            state=self.State.PENDING,
            reason="an operator asked to send it again",
            not_before=now,
            deadline=deadline,
            claim="",
            lease_until=None,
            channel=None,
        )
        self.refresh_from_db()
        return bool(changed)


class EventQuerySet(models.QuerySet["Event"]):
    """Events, narrowed down by what callers ask for."""

    def unheeded(self) -> Self:
        """Events that wait to be acted upon, oldest first."""
        return self.filter(processed_at=None).order_by("pk")

    def by_people(self) -> Self:
        """Events that no machine caused, as far as one can tell."""
        return self.filter(by_machine=False)


class Event(models.Model):
    """What a mail provider reported about a delivery, in Anymail's words."""

    delivery = models.ForeignKey(
        Delivery, null=True, on_delete=models.CASCADE, related_name="events"
    )
    provider = models.CharField(max_length=40)
    event_id = models.CharField(
        max_length=200, help_text="The provider's id of the event, or a digest of its content."
    )
    kind = models.CharField(max_length=20, help_text="Anymail's event type, such as bounced.")
    reject_reason = models.CharField(max_length=20, blank=True)
    severity = models.CharField(
        max_length=7,
        choices=Delivery.Bounce,
        blank=True,
        db_default="",
        default="",
        help_text="How it came back, where it did.",
    )
    address_hash = models.CharField(
        max_length=32,
        blank=True,
        db_default="",
        default="",
        help_text="Keyed hash of the recipient's address; empty where none was given.",
    )
    by_machine = models.BooleanField(
        default=False, db_default=False, help_text="Opened or clicked by a scanner, not a person."
    )
    description = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, help_text="When it was acted upon.")

    objects = EventQuerySet.as_manager()

    class Meta:
        """An event counts once, however often it is reported. The rows are the queue."""

        ordering = ("at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("provider", "event_id"), name="event_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=("id",), condition=models.Q(processed_at=None), name="event_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.provider})"


class RateBucket(models.Model):
    """How fast and how much one mail backend may still send; one row, shared by all workers."""

    name = models.CharField(max_length=100, primary_key=True, help_text="The mail backend.")
    free_at = models.DateTimeField(help_text="When the next mail may go out.")
    day = models.DateField(help_text="The UTC day that `used` counts.")
    used = models.PositiveIntegerField(default=0, help_text="Mails reserved on `day`.")

    def __str__(self) -> str:
        return self.name
