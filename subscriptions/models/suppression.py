"""Addresses that must never be emailed again."""

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar, Self

from django.db import models, transaction

from subscriptions.addresses import address_hash, address_hashes
from subscriptions.models.subscriber import Subscriber


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """Suppressions."""

    def covers(self, email: str) -> bool:
        """Whether `email` must not be emailed, however it is spelled."""
        return self.of(email).exists()

    def of(self, email: str) -> Self:
        """The rows about `email`: more than one where an earlier version hashed other spellings."""
        return self.filter(address_hash__in=address_hashes(email))

    @transaction.atomic
    def add_address(self, email: str, reason: "Suppression.Reason", now: dt.datetime) -> bool:
        """Never mail `email` again; whether that is new. Its subscriber, if any, is suppressed.

        A complaint is the graver reason and replaces that of a dead address.
        """
        known = self.covers(email)
        _, created = self.get_or_create(
            address_hash=address_hash(email), defaults={"reason": reason, "created_at": now}
        )
        if not created and reason == Suppression.Reason.COMPLAINT:
            self.of(email).filter(reason=Suppression.Reason.BOUNCE).update(reason=reason)
        Subscriber.objects.with_email(email).update(
            status=Subscriber.Status.SUPPRESSED, next_digest_at=None
        )
        return created and not known

    @transaction.atomic
    def add_addresses(self, reasons: "Mapping[str, Suppression.Reason]", now: dt.datetime) -> None:
        """`add_address` for many at once, each address with its reason. A handful of statements."""
        if not reasons:
            return
        hashes = {email: address_hash(email) for email in reasons}
        self.bulk_create(
            [
                Suppression(address_hash=hashes[email], reason=reason, created_at=now)
                for email, reason in reasons.items()
            ],
            ignore_conflicts=True,
        )
        complaints = [
            hashes[e] for e, why in reasons.items() if why == Suppression.Reason.COMPLAINT
        ]
        self.filter(pk__in=complaints, reason=Suppression.Reason.BOUNCE).update(
            reason=Suppression.Reason.COMPLAINT
        )
        Subscriber.objects.with_emails(reasons).update(
            status=Subscriber.Status.SUPPRESSED, next_digest_at=None
        )


class Suppression(models.Model):
    """An address never to be emailed again. It survives the subscriber's erasure, hashed."""

    class Reason(models.TextChoices):
        """Why."""

        BOUNCE = "bounce", "the address does not exist"
        COMPLAINT = "complaint", "the reader complained"
        REQUEST = "request", "asked for"

    address_hash = models.CharField(
        max_length=32, primary_key=True, help_text="Keyed hash of the address, see address_hash()."
    )
    reason = models.CharField(max_length=9, choices=Reason)
    created_at = models.DateTimeField()

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ("-created_at",)
        indexes: ClassVar = [
            models.Index(fields=("-created_at", "-address_hash"), name="suppression_newest"),
            models.Index(
                fields=("reason", "-created_at", "-address_hash"), name="suppression_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} ({self.address_hash[:8]}…)"
