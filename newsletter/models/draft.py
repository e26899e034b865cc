"""Drafts: what an editor decided about an issue before it is frozen."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from newsletter.models.issue import PREVIEW_LENGTH, SUBJECT_LENGTH


class IssueDraft(models.Model):
    """What the issue of a day will say and whether it will wait. Its papers are those of the day;
    pins, hides and notes about papers are picks. Freezing moves it into the issue.
    """

    class Publishing(models.TextChoices):
        """What happens once the issue is frozen."""

        DEFAULT = "", "as the site's setting says"
        AT_ONCE = "at_once", "publish it at once"
        HOLD = "hold", "wait for approval"

    day = models.DateField(unique=True, help_text="The day of the issue.")
    publishing = models.CharField(
        max_length=7,
        choices=Publishing,
        default=Publishing.DEFAULT,
        blank=True,
        help_text="Whether the issue goes out when it is frozen or waits for approval.",
    )
    note = models.TextField(
        blank=True,
        max_length=5000,
        help_text="The editor's note, shown at the top of the digest.",
    )
    subject = models.CharField(
        max_length=SUBJECT_LENGTH,
        blank=True,
        help_text="The digest's subject, in place of the first paper's title. The date follows.",
    )
    preview_line = models.CharField(
        max_length=PREVIEW_LENGTH,
        blank=True,
        help_text="What inboxes show after the subject, in place of the next titles.",
    )
    changed_at = models.DateTimeField(auto_now=True, help_text="When it was last changed.")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        help_text="Who last changed it.",
    )

    class Meta:
        """The next day first."""

        ordering: ClassVar = ["day"]
        verbose_name = "coming issue"
        verbose_name_plural = "coming issues"

    def __str__(self) -> str:
        return f"{self.day:%A, %-d %B %Y}"
