"""The full text of papers on whichever database there is.

`papers.search.sqlite` and `papers.search.postgres` each do the same things in their
database's own dialect; everything else asks here.
"""

import logging
from collections.abc import Iterable
from types import ModuleType

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from papers.search import postgres, sqlite
from papers.search.filters import ANYWHERE, Within
from papers.search.hits import Hit
from papers.search.query import Phrase, Query, pairs

logger = logging.getLogger(__name__)


def dialect(using: BaseDatabaseWrapper) -> ModuleType:
    """The module that speaks the database's dialect."""
    return postgres if using.vendor == "postgresql" else sqlite


def install(using: BaseDatabaseWrapper) -> None:
    """Make the index and what keeps it right anew, from all papers there are."""
    with using.cursor() as cursor:
        dialect(using).install(cursor)


def uninstall(using: BaseDatabaseWrapper) -> None:
    """Remove the index and what keeps it right."""
    with using.cursor() as cursor:
        dialect(using).uninstall(cursor)


def lookup(
    query: Query, enough: int, within: Within = ANYWHERE, plain: Query | None = None
) -> list[Hit]:
    """The papers `within` that the full text finds, each once, in no order.

    Papers that lack one of the words are looked for where those that have all are not `enough`: of
    `plain`, the same words with fewer phrases that stand for them, for each phrase takes time.
    """
    if not query.terms:
        return []
    with connection.cursor() as cursor:
        hits: list[Hit] = dialect(connection).lookup(cursor, query, within)
    return hits + lacking_one(plain or query, within, hits) if len(hits) < enough else hits


def lacking_one(query: Query, within: Within, hits: Iterable[Hit]) -> list[Hit]:
    """The papers `within` that hold all words but one, which may not be one in quotes, and are not
    among `hits`.
    """
    if len(query.terms) < 2 or all(term.is_exact for term in query.terms):
        return []
    known = {hit.paper_id for hit in hits}
    with connection.cursor() as cursor:
        found: list[Hit] = dialect(connection).lacking_one(cursor, query, within)
    return [hit for hit in found if hit.paper_id not in known]


def spelled_out(query: Query, typed: Query, within: Within = ANYWHERE) -> list[Hit]:
    """The newest papers `within` that hold all words of `query`, in which acronyms are written out,
    but not all of `typed`, the same words as they were typed.
    """
    with connection.cursor() as cursor:
        found: list[Hit] = dialect(connection).spelled_out(cursor, query, typed, within)
    return found


def newest(query: Query, within: Within, before: int | None, most: int) -> list[int]:
    """The ids of papers `within` that hold all words, hidden ones too: the `most` newest, or those
    stored before the one with the id `before`.
    """
    if not query.terms:
        return []
    with connection.cursor() as cursor:
        found: list[int] = dialect(connection).newest(cursor, query, within, before, most)
    return found


def beginning(whole: Phrase, prefix: str, most: int) -> tuple[list[int], list[int]]:
    """The ids of the newest papers, at most `most` each, that hold the words `whole` and one that
    begins with `prefix`: in their titles, and in their authors' names.
    """
    with connection.cursor() as cursor:
        found: tuple[list[int], list[int]] = dialect(connection).beginning(
            cursor, whole, prefix, most
        )
    return found


def alike(title: str) -> list[int]:
    """The ids of papers whose titles share two words with `title`, the best matches first.

    Only the longest words of `title` are looked at, and of the papers only the newest.
    """
    if not pairs(title):
        return []
    with connection.cursor() as cursor:
        found: list[int] = dialect(connection).alike(cursor, title)
    return found


def mend(using: str) -> None:
    """Install the index anew where a migration has taken it, or its triggers, away.

    Called after every `migrate`. SQLite drops a table's triggers when Django rebuilds the table.
    """
    database = connections[using]
    if "papers_paper" not in database.introspection.table_names():
        return
    with database.cursor() as cursor:
        if dialect(database).is_installed(cursor):
            return
    logger.warning("indexing the full text of all papers again")
    install(database)
