"""Statistics of tables that grew at one stroke."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.models import Feature, Paper
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


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has no such statistics")
def test_sqlite_is_left_alone(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert renew_grown(Paper) == []


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
