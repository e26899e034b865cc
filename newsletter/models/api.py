"""Who may use the API, with which scopes, and what was changed through it."""

import datetime as dt
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

SCOPES = {
    "papers:read": "Papers and days",
    "topics:read": "Topics",
    "topics:write": "Add and change topics",
    "issues:read": "Published issues",
    "subscribers:read": "Subscribers, without their addresses",
    "subscribers:write": "Sign up, change, unsubscribe and erase subscribers",
    "addresses:read": "The addresses of subscribers, beside subscribers:read",
    "suppressions:read": "Suppressions, as hashes",
    "suppressions:write": "Suppress addresses",
    "statistics:read": "Daily statistics",
}
"""What a token may be allowed to do, and what each scope covers."""


def known_scopes(value: Any) -> None:
    """Raise `ValidationError` unless `value` is a list of scopes."""
    if not isinstance(value, list) or not value or not all(one in SCOPES for one in value):
        raise ValidationError(f"Choose at least one of {', '.join(SCOPES)}.")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens, narrowed down by what callers ask for."""

    def valid(self, now: dt.datetime) -> Self:
        """Tokens that let a program in at `now`."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


class ApiToken(models.Model):
    """What a program shows to be let in. Only a hash of it is kept."""

    name = models.CharField(max_length=80, help_text="Which program uses it.")
    hint = models.CharField(
        max_length=12, editable=False, help_text="How it begins, to tell tokens apart."
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(
        default=list, validators=[known_scopes], help_text="What it may be used for."
    )
    created_at = models.DateTimeField(editable=False)
    created_by = models.CharField(
        max_length=150, editable=False, help_text="A user of the admin, or the command."
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="When it stops working; empty if it never does."
    )
    last_used_at = models.DateTimeField(
        null=True, editable=False, help_text="When it was last used, to the minute."
    )
    revoked_at = models.DateTimeField(null=True, editable=False)
    revoked_by = models.CharField(max_length=150, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        """Newest first. Tokens are revoked rather than deleted: what they changed is on record."""

        verbose_name = "API token"
        ordering = ("-id",)
        default_permissions = ("add", "change", "view")

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    def allows(self, scope: str) -> bool:
        """Whether it has this scope."""
        return scope in self.scopes

    def is_valid(self, now: dt.datetime) -> bool:
        """Whether it lets a program in at `now`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def revoke(self, now: dt.datetime, by: str) -> bool:
        """End it; whether that changed anything."""
        mine = ApiToken.objects.filter(pk=self.pk, revoked_at=None)
        changed = mine.update(revoked_at=now, revoked_by=by)
        self.refresh_from_db()
        return bool(changed)


class ApiWrite(models.Model):
    """One change that was made through the API. Rows are only ever added.

    Readers are named by id: no address is kept here.
    """

    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, related_name="writes")
    made_by = models.CharField(max_length=150, help_text="Who made the token.")
    at = models.DateTimeField()
    action = models.CharField(max_length=40, help_text="What was done, such as topic.changed.")
    target = models.CharField(max_length=100, help_text="To what, such as topic:robots.")
    before = models.JSONField(null=True, help_text="The values before; empty for new rows.")
    after = models.JSONField(null=True, help_text="The values after; empty if it was deleted.")
    request_id = models.CharField(
        max_length=36, blank=True, help_text="The request’s ID in the log."
    )

    class Meta:
        """Newest first."""

        verbose_name = "API change"
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes: ClassVar = [models.Index(fields=("target",), name="api_write_target")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
