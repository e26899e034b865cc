"""Whether the database is the one that the last emails were sent from."""

import secrets

from django.db import models


def new_identity() -> str:
    """A name for a database that nothing was sent from yet."""
    return secrets.token_hex(8)


class Continuity(models.Model):
    """A number that rises with every batch, kept here and beside the database. A database that lags
    behind was restored, and does not know what went out since. One row.
    """

    identity = models.CharField(
        max_length=16, default=new_identity, help_text="Identifies this database."
    )
    batches = models.BigIntegerField(default=0, help_text="Number of batches ever started.")
    held_since = models.DateTimeField(
        null=True, help_text="When sending stopped; empty while emails are sent."
    )
    held_because = models.CharField(
        max_length=300, blank=True, db_default="", default="", help_text="Why."
    )
    backed_up_at = models.DateTimeField(
        null=True, help_text="When the backup this database was restored from was made."
    )

    class Meta:
        """One row."""

        verbose_name_plural = "continuity"

    def __str__(self) -> str:
        return f"batch {self.batches}"
