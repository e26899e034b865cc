"""What readers already had, found through indexes whose cost does not grow with the ledger.

A paper can be in a digest only if it stood in that digest's issue, or, for a weekly one, in an
issue of its week. So to know which papers of a shelf a reader had, only the deliveries of those
few issues matter: the ones that hold a paper of the shelf, and the six days after each. They are
found through the unique index (issue, subscriber), one reader after the other. However long the
history, a paper is listed on a handful of days, so this stays a handful of index probes for each
reader.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from django.db import connection

from newsletter import bulk_sql
from newsletter.digests.choices import paper_ids
from newsletter.issues.freezing import WEEK
from newsletter.models import Delivery, Issue, IssuePaper
from papers.models import Paper

#: States in which a reader has the papers, or may have them.
HAD = (
    Delivery.State.SENT,
    Delivery.State.FEED,  # of the version before
    Delivery.State.UNKNOWN,
    Delivery.State.CLAIMED,
)


def issues_sharing(paper_ids: Iterable[int]) -> list[int]:
    """Ids of the issues whose digests may hold one of these papers, under whatever name."""
    return issues_holding(Paper.objects.works_of(paper_ids))


def issues_holding(names: Iterable[int]) -> list[int]:
    """The same, of papers of whom all names are given: `PaperQuerySet.works_of`. Two queries."""
    days: set[dt.date] = set()
    listed = IssuePaper.objects.filter(paper_id__in=list(names))
    for day in listed.order_by().values_list("issue__day", flat=True).distinct():
        days.update(day + dt.timedelta(days=after) for after in range(WEEK))
    return list(Issue.objects.filter(day__in=days).values_list("pk", flat=True))


def _note(
    rows: Iterable[tuple[int, int, str]],
    but: Collection[int],
    works: Mapping[int, int],
    had: dict[int, set[int]],
) -> None:
    for subscriber_id, pk, stored in rows:
        if pk not in but and (choices := json.loads(stored)):
            ids = paper_ids(choices)
            had.setdefault(subscriber_id, set()).update([works.get(one, one) for one in ids])


@lru_cache(maxsize=64)
def _for_had(vendor: str, column: str, issue_ids: tuple[int, ...]) -> bulk_sql.Statement:
    return bulk_sql.Statement.for_each(
        "i.id, d.id, d.choices",
        f"{bulk_sql.table(Delivery)} d",
        f"d.subscriber_id = i.id AND d.{column} IN ({bulk_sql.placeholders(issue_ids)})"
        f" AND d.state IN ({bulk_sql.placeholders(HAD)})",
        (*issue_ids, *[state.value for state in HAD]),
    )


def papers_had(
    subscriber_ids: Sequence[int],
    issue_ids: Collection[int],
    but: Collection[int] = (),
    works: Mapping[int, int] | None = None,
    daily: Collection[int] = (),
) -> dict[int, set[int]]:
    """By subscriber id, the ids of papers they had in digests of these issues.

    `but`: ids of deliveries that do not count, the ones being made. `works`: by the id of a paper,
    that of the one that stands for its work now; whoever had it under one name had it under all.
    `daily`: of these subscribers the daily emails of interests count, too. One query, or two.
    """
    works = works or {}
    had: dict[int, set[int]] = {}
    if not issue_ids or not subscriber_ids:
        return had
    issues = tuple(sorted(issue_ids))
    for column, readers in (("issue_id", subscriber_ids), ("interests_of_id", daily)):
        # Of few readers, the latter are found by an index of few rows.
        if readers:
            _note(_for_had(connection.vendor, column, issues).rows(readers), but, works, had)
    return had
