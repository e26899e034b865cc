"""The ledger: one delivery for each reader and issue, one a day of what a reader follows, and one
for each reader and letter.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Coalesce

from newsletter.mail.bounce_rules import Bounce
from newsletter.models.issue import Issue
from newsletter.models.letter import Letter
from subscriptions.models import Subscriber


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries, narrowed down by what callers ask for."""

    def resend(self, now: dt.datetime, deadline: dt.datetime) -> int:
        """Put those in doubt, failed or expired back in the queue, as an operator wants it; how
        many. One statement for each thousand rows.
        """
        states = (Delivery.State.UNKNOWN, Delivery.State.FAILED, Delivery.State.EXPIRED)
        chosen = self.filter(state__in=states, subscriber__isnull=False).order_by()
        keys = list(chosen.values_list("pk", flat=True))
        done = 0
        for at in range(0, len(keys), 1_000):
            again = Delivery.objects.filter(pk__in=keys[at : at + 1_000], state__in=states)
            done += again.update(
                state=Delivery.State.PENDING,
                reason="an operator chose to send it again",
                not_before=now,
                deadline=deadline,
                claim="",
                lease_until=None,
                channel=None,
            )
        return done

    def open(self) -> Self:
        """Deliveries that are not settled yet."""
        return self.filter(state__in=(Delivery.State.PENDING, Delivery.State.CLAIMED))

    def ready(self, now: dt.datetime) -> Self:
        """Deliveries that may be claimed now: their issue runs and no retry waits."""
        return self.filter(
            state=Delivery.State.PENDING,
            not_before__lte=now,
            deadline__gt=now,
        ).filter(
            models.Q(issue__in=Issue.objects.running().values("pk"))
            | models.Q(interests_of__in=Issue.objects.running().values("pk"))
            | models.Q(letter__in=Letter.objects.running().values("pk"))
        )

    def readable(self) -> Self:
        """Digests whose papers their reader got, or most likely got; newest issue first."""
        states = (Delivery.State.SENT, Delivery.State.UNKNOWN, Delivery.State.FEED)
        return self.filter(state__in=states, letter=None).order_by(
            Coalesce("issue__day", "interests_of__day").desc(), "-pk"
        )

    def through(self, channel: str) -> Self:
        """Deliveries that went to their readers through the channel of this name."""
        return self.filter(Delivery.went_through(channel))

    def overdue(self, now: dt.datetime) -> Self:
        """Pending deliveries whose digest would be stale."""
        return self.filter(state=Delivery.State.PENDING, deadline__lte=now)

    def stopped(self, since: dt.date) -> Self:
        """Pending deliveries of issues that were stopped, of the days from `since` on."""
        stopped = Issue.objects.filter(state=Issue.State.STOPPED, day__gte=since)
        ids = list(stopped)
        return self.filter(state=Delivery.State.PENDING).filter(
            models.Q(issue__in=ids) | models.Q(interests_of__in=ids)
        )

    def lapsed(self, now: dt.datetime) -> Self:
        """Claimed deliveries whose lease has run out."""
        return self.filter(state=Delivery.State.CLAIMED, lease_until__lte=now)

    def counted_by_state(self, issues: Iterable[Issue]) -> dict[int, Counter[str]]:
        """How many deliveries are in which state, by the key of each of these issues; those that
        went to their readers by the name of the channel instead. One query.
        """
        counts: dict[int, Counter[str]] = {issue.pk: Counter() for issue in issues}
        counted = (
            self.filter(issue__in=counts)
            .order_by()
            .values_list("issue_id", "state", "channel")
            .annotate(models.Count("pk"))
        )
        for issue_id, state, channel, count in counted:
            if issue_id is None:
                continue
            counts[issue_id][Delivery.channel_of(state, channel) or state] += count
        return counts


ODD_STATES = ("failed", "unknown", "skipped", "expired", "feed")
"""States of digests that were not sent: found by an index of their own."""


class Delivery(models.Model):
    """One digest to one subscriber. Its state is the truth about what was sent."""

    class State(models.TextChoices):
        """Where the delivery stands; see the design for the moves."""

        PENDING = "pending", "waiting"
        CLAIMED = "claimed", "being sent"
        SENT = "sent", "sent"
        # Written by the version before, which had no channels; `newsletter.delivery.backfill`.
        FEED = "feed", "added to the reader's feed"
        FAILED = "failed", "failed"
        UNKNOWN = "unknown", "in doubt"
        SKIPPED = "skipped", "nothing to send"
        EXPIRED = "expired", "too late"

    Bounce = Bounce

    # One of the three is set. An email of interests has a column of its own rather than a kind
    # beside the issue: the version before claims what has an issue, and would send a digest.
    issue = models.ForeignKey(
        Issue,
        null=True,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
        help_text="The issue whose digest it is.",
    )
    interests_of = models.ForeignKey(
        Issue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="interest_deliveries",
        db_index=False,
        help_text="For a daily email of interests: the issue its papers come from.",
    )
    letter = models.ForeignKey(
        Letter,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
        help_text="Of a letter: which one it is.",
    )
    subscriber = models.ForeignKey(
        Subscriber,
        null=True,
        on_delete=models.SET_NULL,
        related_name="deliveries",
        help_text="Empty once the subscriber is deleted.",
    )
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    channel = models.CharField(
        max_length=20,
        null=True,
        blank=True,
        help_text="How it was delivered, such as email; decided when the digest is composed.",
    )
    reason = models.CharField(max_length=300, blank=True, help_text="Why it's in this state.")
    since = models.DateField(
        null=True,
        editable=False,
        help_text="Day of the earliest issue it includes, if the reader missed earlier ones; "
        "empty if only its own.",
    )
    no_new_issue_at = models.JSONField(
        null=True,
        editable=False,
        help_text="Times when the next digest was due but this issue was still the newest.",
    )
    due_at = models.DateTimeField(help_text="When the digest is due.")
    deadline = models.DateTimeField(help_text="After this time it isn't sent anymore.")
    not_before = models.DateTimeField(help_text="When it may be tried next.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Number of attempts.")
    claim = models.CharField(
        max_length=64, blank=True, help_text="The worker whose journal has the result."
    )
    lease_until = models.DateTimeField(null=True, help_text="When the claim expires.")
    choices = models.JSONField(
        default=list,
        help_text="The papers in the digest and why each was chosen.",
    )
    interests = models.JSONField(
        null=True,
        editable=False,
        help_text="By place: IDs of the followed interests that the paper was chosen for.",
    )
    provider_id = models.CharField(
        max_length=200, blank=True, help_text="The provider's ID for this message."
    )
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True, help_text="When it first bounced.")
    bounce = models.CharField(
        max_length=7,
        choices=Bounce,
        blank=True,
        db_default="",
        default="",
        help_text="How severely it bounced.",
    )
    complained_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        """One row per reader, issue and kind; the queue is found by a small partial index."""

        verbose_name_plural = "deliveries"
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("issue", "subscriber"), name="delivery_once"),
            models.UniqueConstraint(
                fields=("interests_of", "subscriber"),
                condition=models.Q(interests_of__isnull=False),
                name="delivery_of_interests_once",
            ),
            models.UniqueConstraint(
                fields=("letter", "subscriber"),
                condition=models.Q(letter__isnull=False),
                name="delivery_of_letter_once",
            ),
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
            # Most are sent. SQLite sees that a state is among these where each stands by itself.
            models.Index(
                fields=("state", "issue", "id"),
                condition=models.Q.create(
                    [("state", state) for state in ODD_STATES], connector=models.Q.OR
                ),
                name="delivery_odd",
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
    def drawn_on(self) -> Issue:
        """The issue whose papers it has, whichever kind it is."""
        found = self.issue or self.interests_of
        assert found is not None  # a letter draws on none, and nobody asks for its papers
        return found

    @property
    def what(self) -> str:
        """What it brings, such as "digest of Monday, 1 June 2026"."""
        if self.letter is not None:
            return f"letter “{self.letter}”"
        return f"{'interests' if self.is_of_interests else 'digest'} of {self.drawn_on}"

    @property
    def is_of_interests(self) -> bool:
        """Whether it is a daily email of interests, and no digest."""
        return self.interests_of_id is not None

    @property
    def asked_in_vain(self) -> list[dt.datetime]:
        """When the reader's rhythm asked again, and there was no newer issue; UTC, in order."""
        moments = map(dt.datetime.fromisoformat, self.no_new_issue_at or ())
        return [at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC) for at in moments]

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
        changed = Delivery.objects.filter(pk=self.pk).resend(now, deadline)
        self.refresh_from_db()
        return bool(changed)
