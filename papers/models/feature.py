"""On which days which source listed a paper."""

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any, ClassVar, Self

from django.db import connection, models
from django.db.models.functions import Coalesce

from papers.models.page_version import WatchedQuerySet
from papers.models.pick import hidden_papers, is_hidden
from papers.models.source import Source


class FeatureQuerySet(WatchedQuerySet["Feature"]):
    """Listings, narrowed down by what callers ask for."""

    def shown(self) -> Self:
        """Listings of papers that no editor hid, each work on the days of its first name alone."""
        return self.once().exclude(is_hidden("paper_id"))

    def once(self) -> Self:
        """Without those of works that were listed before under another name: the article of a
        preprint is no news.
        """
        return self.filter(is_again=False)

    def listed_on(self, days: Collection[dt.date]) -> frozenset[int]:
        """The ids of the papers that stand for what was listed on these days, hidden ones included.
        One query. A list of numbers leads to papers by their key, where a subquery of so many rows
        has the database read all papers.
        """
        work = Coalesce("paper__merged_into_id", "paper_id")
        listed = self.once().filter(day__in=days).order_by()
        return frozenset(listed.values_list(work, flat=True))

    def names_between(self, first: dt.date, last: dt.date) -> frozenset[int]:
        """The ids of the papers that were listed from `first` to `last`, as they were listed: some
        are other names of works. One query, without a join: of so many rows it reads all papers.
        """
        listed = self.once().filter(day__range=(first, last)).order_by()
        return frozenset(listed.values_list("paper_id", flat=True))

    def days(self, up_to: dt.date = dt.date.max) -> Iterator[dt.date]:
        """The days on which papers were listed, the last one first, each found through the index
        of days from the one before: two or three cost as little as they are. One query each.
        """
        rows = self.order_by("-day")
        while day := rows.filter(day__lte=up_to).values_list("day", flat=True).first():
            yield day
            if day == dt.date.min:
                break
            up_to = day - dt.timedelta(days=1)

    def every_day(self, up_to: dt.date) -> list[dt.date]:
        """All days up to this one on which papers were listed that no editor hid, the last one
        first. Three queries, each step of which goes from one day to the next in the index.
        """
        table = connection.ops.quote_name(self.model._meta.db_table)
        before = f"SELECT max(day) FROM {table} WHERE NOT is_again AND day"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH RECURSIVE found(day) AS ({before} <= %s UNION ALL "  # noqa: S608
                f"SELECT ({before} < found.day) FROM found WHERE found.day IS NOT NULL) "
                "SELECT day FROM found WHERE day IS NOT NULL",
                [up_to],
            )
            rows = [row[0] for row in cursor.fetchall()]
        days = [day if isinstance(day, dt.date) else dt.date.fromisoformat(day) for day in rows]
        first, *more = hidden_papers()
        of_hidden = self.filter(paper__in=first.union(*more)).order_by()
        doubtful = set(of_hidden.values_list("day", flat=True))
        kept = self.shown().filter(day__in=doubtful).order_by() if doubtful else self.none()
        gone = doubtful - set(kept.values_list("day", flat=True))
        return [day for day in days if day not in gone]

    def works(self) -> "models.QuerySet[Feature, Any]":
        """The ids of the papers that stand for what was listed, for a subquery."""
        return self.order_by().values(work=Coalesce("paper__merged_into_id", "paper_id"))


class Feature(models.Model):
    """A source listed a paper on a day."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="features")
    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="features")
    day = models.DateField(db_index=True, help_text="The issue day it's listed on.")
    source_day = models.DateField(
        null=True,
        blank=True,
        help_text="The day the source gives, such as a Saturday; empty if unknown.",
    )
    submitted_by = models.CharField(
        max_length=120, blank=True, help_text="Who put the paper on the source's list."
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    is_again = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="The same work was already listed on an earlier day under another identifier.",
    )

    objects = FeatureQuerySet.as_manager()

    class Meta:
        """One row however often the day is fetched."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=("source", "paper", "day"), name="feature_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} on {self.day}"
