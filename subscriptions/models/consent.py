"""What readers agreed to or took back."""

from django.db import models


class Consent(models.Model):
    """What a subscriber agreed to or took back, and when. Rows are only ever added.

    Of one who came with a file, `wording` is what was declared about the consent.
    """

    class Action(models.TextChoices):
        """What happened."""

        ASKED = "asked", "asked to subscribe"
        CONFIRMED = "confirmed", "confirmed"
        CHANGED = "changed", "changed preferences"
        MOVED = "moved", "changed the address"
        VOIDED = "voided", "invalidated old links"
        LEFT = "left", "unsubscribed"
        PAUSED = "paused", "paused because emails bounced"
        IMPORTED = "imported", "came with a file"

    subscriber = models.ForeignKey(
        "subscriptions.Subscriber", on_delete=models.CASCADE, related_name="consents"
    )
    action = models.CharField(max_length=9, choices=Action)
    at = models.DateTimeField()
    wording = models.CharField(
        max_length=300, blank=True, help_text="The wording of the button or link."
    )
    source = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text="Of a reader who came with a file: program, file, its hash and the line.",
    )
    given_at = models.DateTimeField(
        null=True, blank=True, help_text="When the reader agreed, as that file says."
    )

    class Meta:
        """In the order of events."""

        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.get_action_display()} at {self.at:%Y-%m-%d %H:%M}"
