"""What mail providers reported."""

from typing import ClassVar, Self

from django.db import models

from newsletter.models.delivery import Delivery
from subscriptions.models import Notice


class EventQuerySet(models.QuerySet["Event"]):
    """Events, narrowed down by what callers ask for."""

    def unprocessed(self) -> Self:
        """Events that wait to be acted upon, oldest first."""
        return self.filter(processed_at=None).order_by("pk")

    def by_people(self) -> Self:
        """Events that no machine caused, as far as one can tell."""
        return self.filter(by_machine=False)


class Event(models.Model):
    """What was reported about an email, in Anymail's words: by a mail provider, by a bounce, or by
    the server that refused it.
    """

    delivery = models.ForeignKey(
        Delivery, null=True, on_delete=models.CASCADE, related_name="events"
    )
    notice = models.ForeignKey(
        Notice,
        null=True,
        on_delete=models.CASCADE,
        # The version before deletes readers, and with them notices, without looking here.
        db_constraint=False,
        related_name="events",
        help_text="The other email it's about, if it isn't about a delivery.",
    )
    provider = models.CharField(max_length=40)
    event_id = models.CharField(
        max_length=200, help_text="The provider's ID for the event, or a digest of its content."
    )
    kind = models.CharField(max_length=20, help_text="Anymail's event type, such as bounced.")
    reject_reason = models.CharField(max_length=20, blank=True)
    severity = models.CharField(
        max_length=7,
        choices=Delivery.Bounce,
        blank=True,
        db_default="",
        default="",
        help_text="How severely it bounced, if it did.",
    )
    address_hash = models.CharField(
        max_length=32,
        blank=True,
        db_default="",
        default="",
        help_text="Keyed hash of the recipient's address; empty if none was given.",
    )
    by_machine = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Opened or clicked by a scanner rather than a person.",
    )
    description = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, help_text="When it was processed.")

    objects = EventQuerySet.as_manager()

    class Meta:
        """An event counts once, however often it is reported. The rows are the queue."""

        ordering = ("at", "id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("provider", "event_id"), name="event_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=("id",), condition=models.Q(processed_at=None), name="event_queue"),
            models.Index(fields=("kind", "id"), name="event_kind"),
            models.Index(
                fields=("severity", "id"),
                condition=models.Q.create(
                    [("severity", one) for one in Delivery.Bounce.values], connector=models.Q.OR
                ),
                name="event_severity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.provider})"
