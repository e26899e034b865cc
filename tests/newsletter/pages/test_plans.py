"""Pages of days, topics and searches ask the database through indexes, however much is stored."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.models import Paper, Source
from tests.factories import DAY, make_match, make_paper, make_topic

pytestmark = pytest.mark.django_db

LARGE = {"papers_paper", "papers_feature", "papers_match", "papers_observation"}
"""Tables that grow with the papers."""


def is_large(name: str, sql: str) -> bool:
    """Whether a name in a plan stands for one of these tables, by itself or as an alias. A name
    that also stands for a small table somewhere in the statement is given the benefit.
    """
    tables = set(re.findall(rf'"(\w+)" {name}\b', sql)) or {name}
    return tables <= LARGE


@pytest.fixture
def stored(db):
    topic = make_topic("Robots", slug="robots")
    for number in range(30):
        paper = make_paper(f"Robots {number}", categories=["arxiv:cs.RO"])
        make_match(paper, topic)
    make_paper("Cells", categories=["biorxiv:genomics"])
    return topic


def scans(client, address: str) -> list[str]:
    """The steps of the plans of a page's queries that read all of a large table."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    found = []
    with connection.cursor() as cursor:
        for query in asked:
            if not query["sql"].startswith("SELECT"):
                continue
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}".replace("%", "%%"))
            steps = [row[3] for row in cursor.fetchall()]
            found += [
                f"{step}: {query['sql'][:300]}"
                for step in steps
                if (scan := re.match(r"SCAN (\w+)\b(?! USING .*INDEX)", step))
                and is_large(scan[1], query["sql"])
            ]
    return found


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="plans of small tables on SQLite alone")
@pytest.mark.parametrize(
    "address",
    [
        "/day/2026-06-10/",
        "/day/2026-06-10/?topic=robots",
        "/day/2026-06-10/?field=biology",
        "/topics/robots/",
        "/topics/robots/feed.atom",
        "/feeds/fields/biology.atom",
        "/search/?q=robots",
    ],
)
def test_no_page_scans_a_large_table(client, stored, address):
    assert DAY.isoformat() == "2026-06-10"
    assert scans(client, address) == []


def test_what_is_asked_does_not_grow(client, stored, django_assert_max_num_queries):
    assert Paper.objects.count() == 31
    assert Source.objects.exists()
    for address, most in (("/day/2026-06-10/", 16), ("/topics/robots/", 14), ("/search/?q=a", 20)):
        with django_assert_max_num_queries(most):
            client.get(address)
