"""What people did by hand: who, when, and what was there before and after."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """One action of one person, on one object or on many at once. Written once, never changed.

    Readers are named by their id alone, so that a reader's erasure has nothing to do here.
    """

    at = models.DateTimeField(default=timezone.now, editable=False, help_text="When it was done.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who did it; empty once the account is deleted.",
    )
    by = models.CharField(max_length=150, help_text="The account's name at that time.")
    what = models.CharField(max_length=200, help_text="What was done, in words.")
    model = models.CharField(max_length=100, help_text="What kind of thing, as app.model.")
    name = models.CharField(
        max_length=200, blank=True, help_text="What the one thing was called; empty for many."
    )
    changes = models.JSONField(
        default=dict,
        blank=True,
        help_text="By the object's key, then by field: the values before and after.",
    )
    filter = models.CharField(
        max_length=500, blank=True, help_text="How the list was narrowed down that was acted on."
    )
    number = models.PositiveIntegerField(default=1, help_text="How many things it was done to.")
    reason = models.CharField(max_length=500, blank=True, help_text="Why, as the person said.")

    class Meta:
        verbose_name = "action by a person"
        verbose_name_plural = "actions by people"
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["model", "-id"], name="audit_by_model"),
            models.Index(fields=["by", "-id"], name="audit_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.what}"


class AuditedObject(models.Model):
    """One of the objects that an action was done to, so that its page can show it."""

    entry = models.ForeignKey(
        AuditEntry, on_delete=models.CASCADE, related_name="objects_named", help_text="The action."
    )
    model = models.CharField(max_length=100, help_text="What kind of thing, as app.model.")
    object_id = models.CharField(max_length=64, help_text="Its key.")

    class Meta:
        verbose_name = "object of an action"
        verbose_name_plural = "objects of actions"
        indexes: ClassVar = [
            models.Index(fields=["model", "object_id", "-entry"], name="audit_by_object")
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.object_id}"
