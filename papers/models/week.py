"""The attention that papers got within a week, as it was counted once."""

from django.db import models


class WeekOfAttention(models.Model):
    """What was counted for the week that ends with a day, for all weekly digests of that day.

    Kept, so that readers at different hours get one order, though counts go on growing.
    """

    last_day = models.DateField(primary_key=True, help_text="The last of the week's seven days.")
    worth = models.JSONField(
        null=True, help_text="The score for what came within the week, by paper id."
    )
    gained = models.JSONField(help_text="Upvotes gained within the week, by paper id.")

    class Meta:
        """Named for editors who look at it."""

        verbose_name_plural = "weeks of attention"

    def __str__(self) -> str:
        return f"week to {self.last_day}"
