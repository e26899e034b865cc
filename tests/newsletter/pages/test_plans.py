"""Pages and feeds ask the database for what they show, however much is stored: their plans."""

import pytest
from django.db import connection

from tests.benchmarks import bench_pages
from tests.factories import make_match, make_paper, make_topic

pytestmark = pytest.mark.django_db

STORED, A_DAY = 20_000, 50
"""Papers, on four hundred days. The full text of so many is made in a few seconds."""

MOST_ROWS = 12_000
"""Rows that the plans of one page may read from tables, of 80,000 there are: a file of the sitemap
has 10,000 papers, six weeks of the calendar 2,100, and a search looks at some thousands."""


def test_no_page_reads_more_for_all_that_is_stored(client):
    bench_pages.fill(STORED, 20, A_DAY)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # of small tables, reading all is often cheapest
            cursor.execute("SET LOCAL enable_seqscan = off")
    found = {}
    for address in bench_pages.addresses():
        asked = bench_pages.ask(client, address)
        scans = asked.whole & set(bench_pages.LARGE)
        if asked.rows > MOST_ROWS or scans:
            found[address] = asked.rows, sorted(scans)
    assert found == {}


def test_what_is_asked_does_not_grow(client, django_assert_max_num_queries):
    topic = make_topic("Robots", slug="robots")
    for number in range(30):
        make_match(make_paper(f"Robots {number}", categories=["arxiv:cs.RO"]), topic)
    for address, most in (
        ("/day/2026-06-10/", 18),
        ("/topics/robots/", 14),
        ("/topics/", 5),
        ("/fields/computer-science/", 14),
        ("/search/?q=a", 20),
    ):
        with django_assert_max_num_queries(most):
            client.get(address)
