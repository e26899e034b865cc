"""Signs of life: when each part was last seen."""

import datetime as dt
from typing import Any, ClassVar, Self

from django.db import models


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Signs of life, narrowed down by what callers ask for."""

    def of(self, kind: "Heartbeat.Kind") -> Self:
        """Those of one kind, the latest first."""
        return self.filter(kind=kind).order_by("-at")

    def record(
        self,
        kind: "Heartbeat.Kind",
        name: str,
        now: dt.datetime,
        *,
        is_new: bool = False,
        **details: Any,
    ) -> None:
        """Note that the part was seen at `now`, with what there is to say about it. `is_new` where
        something begins with this.
        """
        seen = {"kind": kind, "at": now, "details": details}
        if is_new:
            seen["since"] = now
        self.update_or_create(name=name, defaults=seen, create_defaults={**seen, "since": now})

    def delete_silent(self, before: dt.datetime) -> int:
        """Forget parts that were not seen since then; how many that were."""
        return self.filter(at__lt=before).delete()[0]


class Heartbeat(models.Model):
    """When one part of the service was last seen alive. It is a row and not a message, so that it
    can be read where the broker, or the part itself, is silent.
    """

    class Kind(models.TextChoices):
        """What was seen."""

        BEAT = "beat", "beat"
        WORKER = "worker", "worker"
        TICK = "tick", "the minute's tick"
        BACKEND = "backend", "the mail backend"
        WATCH = "watch", "the watch over troubles"

    name = models.CharField(max_length=150, unique=True, help_text="Such as worker celery@host.")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField(help_text="When it was last seen.")
    since = models.DateTimeField(help_text="When it started, or when its state last changed.")
    details = models.JSONField(default=dict, help_text="Details.")

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        """By name."""

        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
