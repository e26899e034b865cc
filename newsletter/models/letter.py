"""Letters: emails that editors write, to readers whom a filter names."""

import datetime as dt
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models

SUBJECT_LENGTH = 150
BODY_LENGTH = 20_000


class LetterQuerySet(models.QuerySet["Letter"]):
    """Letters, narrowed down by what callers ask for."""

    def running(self) -> Self:
        """Letters that may be sent."""
        return self.filter(state=Letter.State.RUNNING)

    def sent_or_sending(self) -> Self:
        """Letters that were approved, whatever became of them since."""
        return self.exclude(approved_at=None)

    def waiting(self) -> Self:
        """Letters that somebody finished and nobody approved yet."""
        return self.filter(state=Letter.State.WAITING)

    def to_plan(self) -> Self:
        """Approved letters of which some readers have no row yet."""
        return self.running().filter(planned_at=None)


class Letter(models.Model):
    """What an editor writes to readers. Once it is approved, each reader whom the filter names has
    a delivery of it: claimed, checked for consent, sent and counted like a digest.
    """

    class Kind(models.TextChoices):
        """What it is about."""

        WORD = "word", "a word from the editor"
        CORRECTION = "correction", "a correction"
        TOPIC = "topic", "to readers of topics"
        PERMISSION = "permission", "asking for permission again"

    class State(models.TextChoices):
        """Whether it may go out."""

        DRAFT = "draft", "a draft"
        WAITING = "waiting", "waiting for approval"
        RUNNING = "running", "approved"
        PAUSED = "paused", "paused"
        STOPPED = "stopped", "stopped"

    WITHIN: ClassVar = dt.timedelta(days=3)
    """How long after its approval it is worth sending."""

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.WORD)
    title = models.CharField(
        max_length=100, help_text="What editors call it; readers don’t see it."
    )
    texts = models.JSONField(
        default=dict,
        help_text="By language, a subject and a body in Markdown. Readers of a language without "
        "one get the first.",
    )
    recipients = models.JSONField(
        default=dict, help_text="Which readers get it; empty means all who get digests by email."
    )
    state = models.CharField(max_length=7, choices=State, default=State.DRAFT)
    state_reason = models.CharField(
        max_length=200, blank=True, help_text="Why it is in this state."
    )
    made_at = models.DateTimeField(help_text="When it was first written.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who wrote it.",
    )
    approved_at = models.DateTimeField(null=True, help_text="From when on it goes out.")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who approved it.",
    )
    planned_to = models.BigIntegerField(
        default=0, help_text="Readers with numbers up to this one have their rows."
    )
    planned_at = models.DateTimeField(null=True, help_text="When all its readers had their rows.")
    counts = models.JSONField(default=dict, help_text="What became of it, as last counted.")
    counted_at = models.DateTimeField(null=True, help_text="When it was last counted.")

    objects = LetterQuerySet.as_manager()

    class Meta:
        """The latest first."""

        ordering: ClassVar = ["-id"]
        permissions: ClassVar = [("approve_letter", "Can approve a letter, which then goes out")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_written(self) -> bool:
        """Whether it may still be changed."""
        return self.state in (self.State.DRAFT, self.State.WAITING)

    @property
    def languages(self) -> list[str]:
        """The languages that it has a whole text in, in the site's order."""
        return [
            code
            for code, _ in settings.LANGUAGES
            if (text := self.texts.get(code)) and text.get("subject") and text.get("body")
        ]

    def text_for(self, language: str) -> tuple[str, dict[str, str]]:
        """The text for readers of this language, and the language that it is in. Raises
        `LookupError` where there is none at all.
        """
        there = self.languages
        if not there:
            raise LookupError("the letter has no whole text in any language")
        chosen = language if language in there else there[0]
        return chosen, self.texts[chosen]

    def submit(self) -> bool:
        """Have it wait for approval; whether that changed anything."""
        return self._move(self.State.WAITING, "", (self.State.DRAFT,))

    def approve(self, now: dt.datetime, by: Any) -> bool:
        """Let it go out; whether that changed anything."""
        before = (self.State.DRAFT, self.State.WAITING)
        return self._move(self.State.RUNNING, "", before, approved_at=now, approved_by=by)

    def pause(self, reason: str) -> bool:
        """Send nothing more until `resume`; whether that changed anything."""
        return self._move(self.State.PAUSED, reason, (self.State.RUNNING,))

    def resume(self) -> bool:
        """Go on; whether that changed anything. A stopped letter stays stopped."""
        return self._move(self.State.RUNNING, "", (self.State.PAUSED,))

    def stop(self, reason: str) -> bool:
        """Never send it to anyone else; whether that changed anything."""
        before = (self.State.WAITING, self.State.RUNNING, self.State.PAUSED)
        return self._move(self.State.STOPPED, reason, before)

    def _move(self, state: State, reason: str, before: tuple[State, ...], **also: Any) -> bool:
        changed = Letter.objects.filter(pk=self.pk, state__in=before).update(
            state=state, state_reason=reason[:200], **also
        )
        self.refresh_from_db()
        return bool(changed)
