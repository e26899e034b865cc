"""Readers who want their digests at another address."""

import datetime as dt
from typing import ClassVar, Self

from django.db import models

from subscriptions.addresses import address_of


class AddressChangeQuerySet(models.QuerySet["AddressChange"]):
    """Changes of address, narrowed down by what callers ask for."""

    def open(self, now: dt.datetime) -> Self:
        """Changes that may still be confirmed."""
        return self.filter(asked_at__gt=now - AddressChange.WITHIN, is_cancelled=False)

    def lapsed(self, now: dt.datetime) -> Self:
        """Changes whose time is over."""
        return self.filter(asked_at__lte=now - AddressChange.WITHIN)


class AddressChange(models.Model):
    """A reader wants the digests at another address. It takes a button at both ends."""

    WITHIN: ClassVar = dt.timedelta(days=3)
    """How long both ends may take to confirm; then the row is deleted."""

    subscriber = models.ForeignKey(
        "subscriptions.Subscriber", on_delete=models.CASCADE, related_name="address_changes"
    )
    new_email = models.EmailField(max_length=254, help_text="Trimmed and in lower case.")
    new_email_typed = models.CharField(
        max_length=254,
        null=True,
        blank=True,
        help_text="As typed, if that wasn't in lower case.",
    )
    asked_at = models.DateTimeField()
    old_confirmed_at = models.DateTimeField(null=True, help_text="When the old address agreed.")
    new_confirmed_at = models.DateTimeField(null=True, help_text="When the new address agreed.")
    is_cancelled = models.BooleanField(
        default=False, help_text="Canceled from either address, or replaced by a later change."
    )

    objects = AddressChangeQuerySet.as_manager()

    class Meta:
        """Oldest first."""

        ordering = ("id",)
        verbose_name_plural = "changes of address"

    @property
    def new_address(self) -> str:
        """Where emails go once it is carried out."""
        return address_of(self.new_email, self.new_email_typed)

    def __str__(self) -> str:
        return f"{self.subscriber_id} moves, asked at {self.asked_at:%Y-%m-%d %H:%M}"
