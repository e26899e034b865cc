"""How fast and how much may be sent."""

from django.db import models


class RateBucket(models.Model):
    """How fast and how much one mail backend may still send; one row, shared by all workers."""

    name = models.CharField(max_length=100, primary_key=True, help_text="The mail backend.")
    free_at = models.DateTimeField(help_text="When the next email may go out.")
    day = models.DateField(help_text="The UTC day that `used` counts.")
    used = models.PositiveIntegerField(default=0, help_text="Emails reserved on `day`.")

    def __str__(self) -> str:
        return self.name
