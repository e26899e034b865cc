"""What went wrong with the service, from when until when, and who was told."""

from typing import ClassVar, Self

from django.db import models


class TroubleQuerySet(models.QuerySet["Trouble"]):
    """Troubles, narrowed down by what callers ask for."""

    def open(self) -> Self:
        """Those that are not over."""
        return self.filter(over_at=None)


class Trouble(models.Model):
    """One thing that went wrong. There is one open row a trouble, however many workers see it."""

    key = models.CharField(max_length=150, help_text="Kind of trouble, such as source:arxiv.")
    text = models.CharField(max_length=500, help_text="What is wrong, in a sentence.")
    since = models.DateTimeField(help_text="When it was first seen.")
    seen_at = models.DateTimeField(help_text="When it was last seen.")
    told_at = models.DateTimeField(null=True, help_text="When the operators were last alerted.")
    over_at = models.DateTimeField(null=True, help_text="When it was over; empty while it lasts.")
    over_told_at = models.DateTimeField(
        null=True, help_text="When the operators were told that it's over."
    )

    objects = TroubleQuerySet.as_manager()

    class Meta:
        """Open ones first, then the latest."""

        ordering: ClassVar = ["-since", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("key",), condition=models.Q(over_at=None), name="trouble_open_once"
            )
        ]
        permissions: ClassVar = [
            ("view_status", "Can see the status of the service"),
            ("test_alerts", "Can send a test alert"),
        ]

    def __str__(self) -> str:
        return self.text
