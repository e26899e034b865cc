"""Emails that are not digests, each a row before it is sent, and the forms that lead to them."""

import datetime as dt
from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from subscriptions.models.address_change import AddressChange


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices, narrowed down by what callers ask for."""

    def open(self) -> Self:
        """Notices that are not settled yet."""
        return self.filter(state__in=(Notice.State.PENDING, Notice.State.CLAIMED))

    def ready(self, now: dt.datetime) -> Self:
        """Notices that may be claimed now."""
        return self.filter(state=Notice.State.PENDING, not_before__lte=now, deadline__gt=now)

    def overdue(self, now: dt.datetime) -> Self:
        """Pending notices that come too late to be of use."""
        return self.filter(state=Notice.State.PENDING, deadline__lte=now)

    def lapsed(self, now: dt.datetime) -> Self:
        """Claimed notices whose lease has run out."""
        return self.filter(state=Notice.State.CLAIMED, lease_until__lte=now)

    def resend(self, now: dt.datetime) -> int:
        """Put those in doubt, failed or expired back in the queue, as an operator wants it; how
        many. Nothing changes for readers of whom another of the kind is open, and of several of one
        kind the newest goes out. Three statements.
        """
        states = (Notice.State.UNKNOWN, Notice.State.FAILED, Notice.State.EXPIRED)
        rows = self.filter(state__in=states).order_by("-pk")
        newest: dict[object, int] = {}
        for key, reader, kind in rows.values_list("pk", "subscriber_id", "kind"):
            newest.setdefault((reader, kind) if reader is not None else key, key)
        readers = {one[0] for one in newest if isinstance(one, tuple)}
        open_rows = Notice.objects.open().filter(subscriber__in=readers)
        for taken in open_rows.values_list("subscriber_id", "kind"):
            newest.pop(taken, None)
        return Notice.objects.filter(pk__in=newest.values(), state__in=states).update(
            state=Notice.State.PENDING,
            reason="an operator chose to send it again",
            not_before=now,
            deadline=now + Notice.WITHIN,
            claim="",
            lease_until=None,
        )

    def settled(self) -> Self:
        """Notices of which nothing more becomes."""
        return self.exclude(state__in=(Notice.State.PENDING, Notice.State.CLAIMED))


class Notice(models.Model):
    """One email that is not a digest: a confirmation, a link, a goodbye, a note to the operator.

    It says to whom and of which kind, never an address or a text: those are looked up when it is
    sent. Its state moves like that of a digest's delivery.
    """

    class Kind(models.TextChoices):
        """Which email. The values are names of templates."""

        CONFIRM = "confirm", "confirmation"
        ALREADY = "already", "already subscribed"
        PREFERENCES = "preferences", "preferences link"
        GOODBYE = "goodbye", "goodbye"
        MOVE_FROM = "move_from", "change of address, to the old address"
        MOVE_TO = "move_to", "change of address, to the new address"
        MOVED = "moved", "address changed"
        PERMISSION = "permission", "asking an imported reader"
        NOTHING = "nothing", "nothing they follow is offered anymore"
        OPERATOR = "operator", "note to the operator"
        TEST = "test", "test of a digest or a letter"

    class State(models.TextChoices):
        """Where it stands."""

        PENDING = "pending", "waiting"
        CLAIMED = "claimed", "being sent"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        UNKNOWN = "unknown", "in doubt"
        SKIPPED = "skipped", "no longer needed"
        EXPIRED = "expired", "too late"

    BY_STRANGERS: ClassVar = frozenset((Kind.CONFIRM, Kind.ALREADY, Kind.PREFERENCES))
    """Kinds that whoever types an address into a form can cause."""

    ONCE_A_DAY: ClassVar = frozenset((Kind.CONFIRM, Kind.ALREADY, Kind.PERMISSION))
    """Kinds of which a reader gets one a day at most, however often the form is sent off."""

    MOVES: ClassVar = frozenset((Kind.MOVE_FROM, Kind.MOVE_TO))
    """Kinds that are about a change of address."""

    WITHIN: ClassVar = dt.timedelta(days=1)
    """How long a notice is worth sending; one about a change of address, as long as that holds."""

    subscriber = models.ForeignKey(
        "subscriptions.Subscriber",
        null=True,
        on_delete=models.CASCADE,
        # The version before erases readers without knowing of notices, and must not fail at it.
        db_constraint=False,
        related_name="notices",
        help_text="The reader it's about; empty for operators.",
    )
    kind = models.CharField(max_length=11, choices=Kind)
    change = models.ForeignKey(
        AddressChange,
        null=True,
        on_delete=models.SET_NULL,
        db_constraint=False,
        related_name="notices",
        help_text="The change of address it's about.",
    )
    day = models.DateField(
        null=True, help_text="The day of the issue a note to the operator is about."
    )
    operator = models.PositiveSmallIntegerField(
        null=True, help_text="Which of ADMINS a note goes to, counting from 0."
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="+",
        help_text="Who asked for a test, and gets it.",
    )
    about = models.JSONField(
        null=True, help_text="Of a test: which digest or letter, and as whom it is made."
    )
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it's in this state.")
    due_at = models.DateTimeField(help_text="When it was requested.")
    deadline = models.DateTimeField(help_text="After this time it isn't sent anymore.")
    not_before = models.DateTimeField(help_text="When it may be tried next.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Number of attempts.")
    was_in_doubt = models.BooleanField(
        default=False, help_text="It was in doubt once and was queued again."
    )
    claim = models.CharField(
        max_length=64, blank=True, help_text="The worker whose journal has the result."
    )
    lease_until = models.DateTimeField(null=True, help_text="When the claim expires.")
    provider_id = models.CharField(
        max_length=200, blank=True, help_text="The provider's ID for this message."
    )
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True, help_text="When it first bounced.")
    bounce = models.CharField(
        max_length=7, blank=True, default="", help_text="How severely it bounced."
    )
    complained_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        """At most one open notice per reader and kind; the queue is found by a partial index."""

        verbose_name = "other email"
        verbose_name_plural = "other emails"
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("subscriber", "kind"),
                condition=models.Q(state__in=("pending", "claimed")),
                name="notice_once",
            ),
            models.UniqueConstraint(
                fields=("day", "operator"),
                condition=models.Q(kind="operator"),
                name="notice_operator_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=("not_before", "id"),
                condition=models.Q(state="pending"),
                name="notice_ready",
            ),
            models.Index(
                fields=("lease_until",),
                condition=models.Q(state="claimed"),
                name="notice_leases",
            ),
            models.Index(fields=("claim",), condition=~models.Q(claim=""), name="notice_claims"),
            models.Index(fields=("due_at",), name="notice_due"),
            models.Index(fields=("kind", "id"), name="notice_kind"),
            # Most are sent. SQLite sees that a state is among these where each stands by itself.
            models.Index(
                fields=("state", "id"),
                condition=models.Q(state="failed")
                | models.Q(state="unknown")
                | models.Q(state="skipped")
                | models.Q(state="expired"),
                name="notice_odd",
            ),
            models.Index(
                fields=("bounce", "id"),
                condition=models.Q(bounce="hard")
                | models.Q(bounce="soft")
                | models.Q(bounce="blocked"),
                name="notice_bounce",
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.pk} ({self.get_kind_display()}, {self.get_state_display()})"

    @property
    def key(self) -> str:
        """How a journal names it; a bare number there is a digest's."""
        return f"n{self.pk}"

    def resend(self, now: dt.datetime) -> bool:
        """Put a notice in doubt, failed or expired back in the queue, as an operator wants it;
        whether that changed anything. Nothing changes while another of its kind is open.
        """
        changed = Notice.objects.filter(pk=self.pk).resend(now)
        self.refresh_from_db()
        return bool(changed)


class FormEntryQuerySet(models.QuerySet["FormEntry"]):
    """Form entries, narrowed down by what callers ask for."""

    def ready(self, now: dt.datetime) -> Self:
        """Entries to be worked off, oldest first."""
        return self.filter(not_before__lte=now).order_by("id")

    def stale(self, now: dt.datetime) -> Self:
        """Entries that nobody could work off within a day."""
        return self.filter(at__lte=now - FormEntry.WITHIN)


class FormEntry(models.Model):
    """What somebody typed into an open form, until a worker has worked it off.

    The page writes this row whatever the address is, so that neither its answer nor the time it
    takes tells whether the address is known.
    """

    class Form(models.TextChoices):
        """Which form."""

        SUBSCRIBE = "subscribe", "subscribe"
        LINK = "link", "lost link"

    WITHIN: ClassVar = dt.timedelta(days=1)
    """How long an entry is kept at most."""

    form = models.CharField(max_length=9, choices=Form)
    email = models.EmailField(max_length=254, help_text="As typed.")
    at = models.DateTimeField(help_text="When the form was submitted.")
    wording = models.CharField(max_length=300, blank=True, help_text="The wording of the button.")
    topics = models.JSONField(default=list, help_text="IDs of the chosen topics.")
    choices = models.JSONField(default=dict, help_text="Frequency, hour, time zone and language.")
    came_from = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="What the form's address said with ?from=.",
    )
    not_before = models.DateTimeField(help_text="When it may be processed next.")

    objects = FormEntryQuerySet.as_manager()

    class Meta:
        """Few rows, and for seconds only."""

        ordering = ("id",)
        verbose_name_plural = "form entries"

    def __str__(self) -> str:
        return f"{self.get_form_display()} at {self.at:%Y-%m-%d %H:%M}"
