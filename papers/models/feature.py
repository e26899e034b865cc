"""On which days which source listed a paper, and how many papers each day has.

The numbers are kept, so that a calendar need not read six weeks of listings. Whoever writes
listings has their days counted again once that is committed, in statements of their own: counted
within the transaction, the day's row would be locked until its end. A day that was never counted is
counted when it is asked for, and so is what editors hid, for there is little of it.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from typing import Any, ClassVar, Self

from django.db import connection, models, transaction
from django.db.models import Count
from django.db.models.functions import Coalesce
from django.db.models.signals import post_delete, post_save

from papers.models.page_version import WatchedQuerySet, renew_on_commit
from papers.models.pick import hidden_papers, is_hidden
from papers.models.source import Source


class FeatureQuerySet(WatchedQuerySet["Feature"]):
    """Listings, narrowed down by what callers ask for. Writing them has their days counted."""

    def update(self, **kwargs: Any) -> int:
        """As Django's."""
        if not COUNTED_BY & kwargs.keys():
            return super().update(**kwargs)
        days = set(self.order_by().values_list("day", flat=True).distinct())
        changed = super().update(**kwargs)
        count_on_commit(
            days | ({kwargs["day"]} if isinstance(kwargs.get("day"), dt.date) else set())
        )
        return changed

    def bulk_create(self, objs: Iterable["Feature"], *args: Any, **kwargs: Any) -> list["Feature"]:
        """As Django's."""
        made = super().bulk_create(objs, *args, **kwargs)
        count_on_commit(one.day for one in made)
        return made

    def shown(self) -> Self:
        """Listings of papers that no editor hid, each work on the days of its first name alone."""
        return self.once().exclude(is_hidden("paper_id"))

    def once(self) -> Self:
        """Without those of works that were listed before under another name: the article of a
        preprint is no news.
        """
        return self.filter(is_again=False)

    def papers_by_day(self) -> dict[dt.date, int]:
        """How many works were listed on each day that any of these listings is of."""
        work = Count(Coalesce("paper__merged_into_id", "paper_id"), distinct=True)
        counted = self.once().order_by().values("day").annotate(n=work)
        return dict(counted.values_list("day", "n"))

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

    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="features", db_index=False
    )
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
        indexes: ClassVar = [
            # In place of the one that a foreign key has: what a source listed is asked for by day.
            models.Index(fields=("source", "day"), name="feature_of_source")
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} on {self.day}"


COUNTED_BY = frozenset({"day", "is_again", "paper", "paper_id"})
"""What decides on which day a listing counts."""


class ListedDayManager(models.Manager["ListedDay"]):
    """Counting days, and what was counted."""

    def papers_on(self, days: Collection[dt.date]) -> dict[dt.date, int]:
        """By day, how many works were listed on it that no editor hid, if any. Two queries, and one
        more where some of the days were never counted.
        """
        counts = dict(self.filter(day__in=days).values_list("day", "papers"))
        if unknown := [day for day in days if day not in counts]:
            counts |= Feature.objects.filter(day__in=unknown).papers_by_day()
        first, *more = hidden_papers()
        hidden = Feature.objects.filter(paper__in=first.union(*more), day__in=days)
        for day, papers in hidden.papers_by_day().items():
            counts[day] = counts.get(day, 0) - papers
        return {day: papers for day, papers in counts.items() if papers > 0}

    def recount(self, days: Iterable[dt.date]) -> None:
        """Count the papers of these days and keep the numbers. Three statements, and one for those
        that changed. Others that count the same days wait, so that the last one sees all listings.
        """
        wanted = sorted(set(days))
        if not wanted:
            return
        with transaction.atomic():
            rows = [ListedDay(day=day, papers=0) for day in wanted]
            self.bulk_create(rows, ignore_conflicts=True)
            mine = self.select_for_update().filter(day__in=wanted).order_by("day")
            known = dict(mine.values_list("day", "papers"))
            counts = Feature.objects.filter(day__in=wanted).papers_by_day()
            changed = [
                ListedDay(day=day, papers=counts.get(day, 0))
                for day in wanted
                if known.get(day) != counts.get(day, 0)
            ]
            if changed:
                self.bulk_update(changed, ["papers"], batch_size=500)
                renew_on_commit()


class ListedDay(models.Model):
    """A day, and how many papers were listed on it."""

    day = models.DateField(primary_key=True)
    papers = models.PositiveIntegerField(
        help_text="Works listed on the day, each once; those that editors hid are among them."
    )

    objects = ListedDayManager()

    def __str__(self) -> str:
        return f"{self.papers} on {self.day}"


class _DaysToCount:
    """Days that wait for the transaction under way."""

    def __init__(self, days: Iterable[dt.date]) -> None:
        self.days = set(days)
        self.is_done = False

    def __call__(self) -> None:
        self.is_done = True
        ListedDay.objects.recount(self.days)


def count_on_commit(days: Iterable[dt.date]) -> None:
    """Count these days when the transaction under way is committed; once, however often asked."""
    for _, waiting, *_ in connection.run_on_commit:
        if isinstance(waiting, _DaysToCount) and not waiting.is_done:
            waiting.days.update(days)
            return
    # The listings stand by now; where counting fails, the next ranking counts again.
    transaction.on_commit(_DaysToCount(days), robust=True)


def _changed(instance: Feature, **kwargs: Any) -> None:
    if not kwargs.get("raw"):
        count_on_commit([instance.day])


post_save.connect(_changed, sender=Feature, dispatch_uid="count the day of a listing")
post_delete.connect(_changed, sender=Feature, dispatch_uid="count the day of a listing")
