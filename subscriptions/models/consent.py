"""What readers agreed to or took back."""

from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.dispatch import Signal

many_recorded = Signal()
"""Sent with `rows`, the rows of consent that were just written in one statement. Rows that came
with a file are not told.
"""


class Consent(models.Model):
    """What a subscriber agreed to or took back, and when. Rows are only ever added, and change in
    one thing: who left may say why.

    Of one who came with a file, `wording` is what was declared about the consent.
    """

    class Action(models.TextChoices):
        """What happened."""

        ASKED = "asked", "asked to subscribe"
        CONFIRMED = "confirmed", "confirmed"
        KEPT = "kept", "agreed again"
        CHANGED = "changed", "changed preferences"
        MOVED = "moved", "changed the address"
        VOIDED = "voided", "invalidated old links"
        LEFT = "left", "unsubscribed"
        PAUSED = "paused", "paused because emails bounced"
        IMPORTED = "imported", "imported from a file"

    class Reason(models.TextChoices):
        """Why a reader left, as they say."""

        TOO_OFTEN = "too_often", "too many emails"
        NOT_MINE = "not_mine", "the papers don’t fit"
        NOT_ASKED = "not_asked", "never asked for it"
        ELSEWHERE = "elsewhere", "reads about papers elsewhere"
        OTHER = "other", "another reason"

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
        help_text="For an imported reader: program, file, its hash and the line.",
    )
    given_at = models.DateTimeField(
        null=True, blank=True, help_text="When the reader agreed, according to that file."
    )

    came_from = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="Source of the sign-up: what the form's address said with ?from=, or the "
        "program that wrote the file.",
    )
    reason = models.CharField(
        max_length=10,
        choices=Reason,
        blank=True,
        default="",
        db_default="",
        help_text="Why they left, if they said so.",
    )

    class Meta:
        """In the order of events. Statistics ask for those of a day."""

        ordering = ("at", "id")
        indexes: ClassVar = [models.Index(fields=("at",), name="consent_at")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} at {self.at:%Y-%m-%d %H:%M}"


def record_many(rows: Iterable[Consent]) -> None:
    """Add many rows at once, and tell who listens for them."""
    made = Consent.objects.bulk_create(rows)
    if made:
        many_recorded.send(Consent, rows=made)
