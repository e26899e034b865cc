"""Statistics of tables that grew at one stroke."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from papers.models import Feature, Join, Paper
from papers.planner_statistics import renew_grown

pytestmark = pytest.mark.django_db


def rows_by_statistics(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
        return float(cursor.fetchone()[0])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_only_a_table_that_grew_is_read_again():
    Paper.objects.bulk_create(
        [Paper(identifier=f"x:{n}", title=f"{n}", abstract="word " * 200) for n in range(900)]
    )
    assert renew_grown(Paper, Feature) == ["papers_paper"]
    assert rows_by_statistics("papers_paper") == Paper.objects.count()
    assert renew_grown(Paper, Feature) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="needs SQLite")
class TestOnSQLite:
    """Which renews nothing by itself."""

    @staticmethod
    def make(number: int, start: int = 0) -> None:
        Paper.objects.bulk_create(
            Paper(identifier=f"x:{n}", title=f"{n}") for n in range(start, start + number)
        )

    @staticmethod
    def known(table: str) -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = %s", [table])
            return {int(stat.split()[0]) for (stat,) in cursor.fetchall()}

    def test_a_few_rows_are_planned_for_without_any(self):
        self.make(900)
        assert renew_grown(Paper) == []

    def test_all_tables_are_read_once_one_grew(self):
        self.make(1_000)
        assert renew_grown(Feature) == ["papers_paper"]
        assert max(self.known("papers_paper")) == 1_000
        assert renew_grown(Paper) == []
        self.make(99, start=1_000)
        assert renew_grown(Paper) == []
        self.make(1, start=1_099)
        assert renew_grown(Paper) == ["papers_paper"]

    def test_an_empty_table_does_not_pass_for_a_large_one(self):
        self.make(1_000)
        renew_grown(Paper)
        assert self.known("papers_join") == {1}
        joins = Join.objects.select_related("first", "second")
        assert not any(step.startswith("SCAN papers_paper") for step in plan(joins))

    def test_a_table_that_lost_its_first_rows_has_not_grown(self):
        self.make(2_000)
        renew_grown(Paper)
        Paper.objects.filter(pk__in=Paper.objects.order_by("pk")[:500].values("pk")).delete()
        self.make(400, start=2_000)
        assert renew_grown(Paper) == []


def plan(rows: QuerySet[Any]) -> list[str]:
    """The steps in which SQLite would read these rows."""
    return rows.explain().splitlines()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a plan of SQLite's")
def test_sqlite_asks_for_aliases_without_reading_all_papers_where_statistics_know_of_none():
    Paper.objects.bulk_create(Paper(identifier=f"x:{n}", title=f"{n}") for n in range(3_000))
    paper = Paper.objects.order_by("pk").first()
    assert paper is not None
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE papers_paper")
        with CaptureQueriesContext(connection) as asked:
            assert Paper.objects.works_of([paper.pk]) == {paper.pk: paper.pk}
        for query in asked.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            steps = [row[3] for row in cursor.fetchall()]
            assert not any(step.startswith("SCAN papers_paper") for step in steps), steps
