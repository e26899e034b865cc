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
        max_length=16, default=new_identity, help_text="Tells this database from another new one."
    )
    batches = models.BigIntegerField(default=0, help_text="Batches that were ever begun.")
    held_since = models.DateTimeField(
        null=True, help_text="Since when nothing goes out; empty where mail does."
    )
    held_because = models.CharField(
        max_length=300, blank=True, db_default="", default="", help_text="Why."
    )
    backed_up_at = models.DateTimeField(
        null=True, help_text="When the backup was made that this database was restored from."
    )

    class Meta:
        """One row."""

        verbose_name_plural = "continuity"

    def __str__(self) -> str:
        return f"batch {self.batches}"
