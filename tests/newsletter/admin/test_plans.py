"""The pages of the admin ask for what they show, however much is stored."""

import logging
import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from newsletter.issues import coming, counting
from papers.admin import base, large
from subscriptions.admin import addresses as of_readers
from tests.benchmarks import admin_rows, bench_admin

pytestmark = pytest.mark.django_db

READERS, ISSUES, TOPICS, PAPERS = 800, 5, 12, 800

MOST_STATEMENTS = 20

MOST_ROWS = 3_500
"""Of 4,000 deliveries, 1,600 other emails and 2,400 topics followed. A list is counted up to 300
rows here, and a table of more than 100 is large. SQLite counts steps, and sorting takes some, too.
"""

KNOWN = re.compile(
    r"/admin/newsletter/(issue/\d+/preview/|trouble/status/|dailycount/)",
)
"""Pages that compose a digest, and that count the issue of today and the days of a month."""


@pytest.fixture
def small_limits(monkeypatch):
    """What is many on a site of a hundred thousand readers is many here."""
    monkeypatch.setattr(base, "MOST_COUNTED", 300)
    monkeypatch.setattr(base, "MOST_PAGED", 150)
    monkeypatch.setattr(base, "MOST_READ", 600)
    monkeypatch.setattr(large, "LARGE", 100)
    monkeypatch.setattr(of_readers, "LARGE", 300)
    monkeypatch.setattr(of_readers, "MOST_READERS", 20)
    monkeypatch.setattr(counting, "MOST_COUNTED", 150)
    monkeypatch.setattr(coming, "MOST_COUNTED", 150)
    monkeypatch.setattr(bench_admin, "MOST_CHOICES", 1)
    monkeypatch.setattr(bench_admin, "ORDERS", ("-",))


@pytest.mark.usefixtures("small_limits")
def test_no_page_reads_more_for_all_that_is_stored():
    admin_rows.fill(READERS, ISSUES, TOPICS, PAPERS, timezone.now(), a_day=30)
    if connection.vendor == "postgresql":
        # Of small tables, reading all is often cheapest, and so is joining a page with all.
        with connection.cursor() as cursor:
            for way in ("seqscan", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    client = Client()
    user = User.objects.create_superuser("admin", "admin@example.org", "a long password")
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    found = {}
    logging.disable(logging.CRITICAL)  # of pages that are not there for everything
    try:
        addresses = list(bench_admin.pages(client))
    finally:
        logging.disable(logging.NOTSET)
    for address in addresses:
        if address.endswith(("/add/", "/history/")) or KNOWN.match(address):
            continue
        cost = bench_admin.ask(client, address)
        if cost.statements > MOST_STATEMENTS:
            cost = bench_admin.ask(client, address)  # with what is remembered
        if cost.status >= 400 or cost.statements > MOST_STATEMENTS or cost.rows > MOST_ROWS:
            most = max(cost.asked, default=(0, ""))
            found[address] = cost.status, cost.statements, cost.rows, most[1][:1500]
    told = "\n".join(f"{address} {cost}" for address, cost in found.items())
    assert not found, told
