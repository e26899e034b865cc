"""Webhooks: who is told of what, what there is to tell, and what became of it."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.crypto import get_random_string

from subscriptions.models import Subscriber

KINDS = {
    "subscriber.subscribed": "Someone signed up and hasn’t confirmed yet",
    "subscriber.confirmed": "A subscriber confirmed",
    "subscriber.left": "A subscriber unsubscribed",
    "subscriber.bounced": "An email to a subscriber bounced",
    "subscriber.complained": "A subscriber reported an email as unwanted",
    "issue.frozen": "The papers of an issue and their order are fixed",
    "issue.published": "An issue is on the site, and its digests may go out",
    "issue.sent": "The last digest of an issue is settled",
}
"""What can be told, and when that is."""

TEST = "webhook.test"
"""What a test tells; every webhook takes it."""


def known_kinds(value: Any) -> None:
    """Raise `ValidationError` unless `value` is a list of kinds of event."""
    if not isinstance(value, list) or not value or not all(one in KINDS for one in value):
        raise ValidationError(f"Choose at least one of {', '.join(KINDS)}.")


def new_seed() -> str:
    """What a secret is made of, beside SECRET_KEY."""
    return get_random_string(32)


class WebhookQuerySet(models.QuerySet["Webhook"]):
    """Webhooks, narrowed down by what callers ask for."""

    def active(self) -> Self:
        """Those that are told anything."""
        return self.filter(is_active=True)


class Webhook(models.Model):
    """An address that is told of events."""

    name = models.CharField(max_length=80, help_text="The program that is told.")
    url = models.CharField(
        "URL", max_length=500, help_text="Where events are posted: a public https address."
    )
    kinds = models.JSONField(
        default=list, validators=[known_kinds], help_text="Which events it is told of."
    )
    with_addresses = models.BooleanField(
        default=False, help_text="Tell it the addresses of subscribers, too."
    )
    is_active = models.BooleanField(default=True, help_text="Whether events are sent to it.")
    disabled_because = models.CharField(
        max_length=300,
        blank=True,
        editable=False,
        help_text="Why it was switched off automatically.",
    )
    failing_since = models.DateTimeField(
        null=True, editable=False, help_text="Since when no attempt has succeeded."
    )
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    last_success_at = models.DateTimeField(null=True, editable=False)
    seed = models.CharField(max_length=32, default=new_seed, editable=False)
    previous_seed = models.CharField(
        max_length=32, blank=True, editable=False, help_text="The previous secret."
    )
    previous_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Until when messages are also signed with the previous secret.",
    )
    created_at = models.DateTimeField(editable=False)
    created_by = models.CharField(max_length=150, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class WebhookEvent(models.Model):
    """Something that happened, as it is told. There is none where nobody wants to know."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    at = models.DateTimeField(help_text="When it happened.")
    data = models.JSONField(help_text="The event’s data, without an address.")
    subscriber = models.ForeignKey(
        Subscriber,
        null=True,
        on_delete=models.SET_NULL,
        # The version before erases readers without knowing of this table, and must not fail at it.
        db_constraint=False,
        related_name="webhook_events",
        help_text="The subscriber whose address is added for webhooks that may have it.",
    )
    once = models.CharField(
        max_length=80,
        null=True,
        unique=True,
        help_text="What is told only once, such as an issue; empty otherwise.",
    )

    class Meta:
        """Newest first."""

        ordering = ("-at",)
        indexes: ClassVar = [models.Index(fields=("at",), name="webhook_event_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class WebhookMessageQuerySet(models.QuerySet["WebhookMessage"]):
    """Messages, narrowed down by what callers ask for."""

    def open(self) -> Self:
        """Messages that are not settled."""
        return self.filter(state=WebhookMessage.State.PENDING)

    def ready(self, now: dt.datetime) -> Self:
        """Messages that may be claimed now: nobody's turn, and their webhook is active."""
        return self.open().filter(not_before__lte=now, webhook__is_active=True)


class WebhookMessage(models.Model):
    """One event for one webhook. The rows are the queue, and the log of what was sent."""

    class State(models.TextChoices):
        """What became of it."""

        PENDING = "pending", "waiting"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"

    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="messages")
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    not_before = models.DateTimeField(
        help_text="When it may be tried next. A worker that claims it moves this forward, so that "
        "it’s tried again if the worker dies."
    )
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Number of attempts.")
    claim = models.CharField(
        max_length=32, blank=True, help_text="The last worker that claimed it."
    )
    status = models.PositiveSmallIntegerField(
        null=True, help_text="What the receiver last answered, as an HTTP status."
    )
    error = models.CharField(max_length=300, blank=True, help_text="Why the last attempt failed.")
    settled_at = models.DateTimeField(null=True)

    objects = WebhookMessageQuerySet.as_manager()

    class Meta:
        """Newest first; what waits is found by a small index."""

        ordering = ("-id",)
        default_permissions = ("view", "change")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("webhook", "event"), name="webhook_message_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=("not_before", "id"),
                condition=models.Q(state="pending"),
                name="webhook_message_ready",
            ),
            models.Index(fields=("state", "id"), name="webhook_message_state"),
        ]

    def __str__(self) -> str:
        return f"{self.event.kind} to {self.webhook}"
