"""Has anything that a page shows changed? One row says so, whoever changed it and wherever.

Pages that are the same for everyone are kept in memory by each web process, see
`papers.pages.page_cache`, and an editor's change must show at once in all of them. So every write
to what pages show renews the version, one random word in the database, and a page that was made
under another version is made again. A random word rather than a number, because a number may come
back with a restored backup.

Django's signals tell of single rows only. `WatchedQuerySet` therefore renews the version for
`update`, `bulk_create` and `bulk_update`, too, so that no caller has to think of it.

The version is renewed after the commit, in a statement of its own. Renewed within the transaction,
its row would be locked until the end, and whoever ingests a day would make editors wait.
"""

import secrets
from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models.signals import post_delete, post_save

M = TypeVar("M", bound=models.Model)


class PageVersion(models.Model):
    """The one row that changes with whatever pages show."""

    value = models.CharField(max_length=32, help_text="A random word, another after each change.")

    class Meta:
        db_table = "papers_stamp"  # its earlier name, which the version before still asks

    def __str__(self) -> str:
        return self.value


def current() -> str | None:
    """The version as it is now; None before anything changed for the first time. One query."""
    # The one query of most requests, and without the ORM half of what a kept page costs.
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT value FROM {PageVersion._meta.db_table} WHERE id = 1")  # noqa: S608
        row = cursor.fetchone()
    return row[0] if row else None


def renew() -> None:
    """Make every kept page out of date at once. One query."""
    PageVersion.objects.bulk_create(
        [PageVersion(pk=1, value=secrets.token_hex(16))],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["value"],
    )


def renew_on_commit() -> None:
    """Renew the version when the transaction under way is committed; once, however often asked."""
    if not any(waiting[1] is renew for waiting in connection.run_on_commit):
        # A page that is out of date for a while costs less than an error after a commit.
        transaction.on_commit(renew, robust=True)


class WatchedQuerySet(models.QuerySet[M]):
    """Rows that pages show: writing many of them at once renews the version."""

    def update(self, **kwargs: Any) -> int:
        """As Django's."""
        changed = super().update(**kwargs)
        if changed:
            renew_on_commit()
        return changed

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """As Django's."""
        made = super().bulk_create(objs, *args, **kwargs)
        if made:
            renew_on_commit()
        return made


def watch(*watched: type[models.Model]) -> None:
    """Renew the version when a row of one of these models is saved or deleted."""
    for model in watched:
        post_save.connect(_changed, sender=model, dispatch_uid=f"page version {model.__name__}")
        post_delete.connect(_changed, sender=model, dispatch_uid=f"page version {model.__name__}")


def _changed(**kwargs: Any) -> None:
    if not kwargs.get("raw"):  # fixtures are loaded before there need be a version
        renew_on_commit()
