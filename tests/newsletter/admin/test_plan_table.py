"""Which indexes the admin's larger pages go by, and which tables they never read as a whole."""

import logging
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.issues import counting
from newsletter.models import Delivery, Issue
from papers.admin import large
from papers.models import Paper, Source, Topic
from tests.benchmarks import admin_rows

pytestmark = pytest.mark.django_db

PLANS = [
    # page, what the statement that is meant has in it, an expression of an index in its plan
    # By days alone does as well where one source lists all.
    ("papers/feature/?source__id__exact={listing}", '"."day" DESC', "feature_(of_source|day)"),
    ("papers/feature/?source__id__exact={silent}", '"."day" DESC', "feature_of_source"),
    # PostgreSQL knows how few were ever changed.
    ("papers/topic/{topic}/change/", '"second_look" IN', "match_(by_day|second_look)"),
    ("papers/match/?topic__id__exact={topic}", "COUNT(*)", "topic"),
    ("newsletter/issue/", "'pending'", "delivery_ready"),
    ("newsletter/issue/{issue}/pause/", "'pending'", "delivery_ready"),
    ("newsletter/issue/{issue}/stop/", "'pending'", "delivery_ready"),
    (
        "newsletter/delivery/?state__exact=pending&issue__id__exact={issue}",
        "COUNT(*)",
        "delivery_ready",
    ),
    ("newsletter/trouble/status/", "= 'expired'", "delivery_odd"),
]  # fmt: skip

NEVER_READ_AS_A_WHOLE = [
    # page, table
    ("papers/join/", "papers_paper"),
    ("papers/join/?state__exact=question", "papers_paper"),
    ("papers/join/?q=500", "papers_paper"),
    ("papers/match/", "papers_paper"),
    ("papers/match/?p=2", "papers_paper"),
    ("papers/pick/?o=2", "papers_paper"),
    ("papers/paper/?listed=7", "papers_paper"),
    ("papers/paper/{paper}/change/", "papers_paper"),
    ("subscriptions/submission/?o=4", "subscriptions_subscriber"),
    ("newsletter/issue/{issue}/preview/", "papers_paper"),
]
"""On SQLite alone: of tables so small, PostgreSQL reads all where it should not in larger ones."""


@pytest.fixture
def browser(monkeypatch):
    """Of an editor of a site with many rows, as far as these pages go."""
    monkeypatch.setattr(large, "LARGE", 100)
    monkeypatch.setattr(counting, "MOST_COUNTED", 150)
    admin_rows.fill(800, 5, 12, 800, timezone.now(), a_day=30)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    client = Client()
    user = User.objects.create_superuser("admin", "admin@example.org", "a long password")
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def names() -> dict[str, Any]:
    """What addresses of the tables stand for."""
    newest = Issue.objects.order_by("-day")[0]
    assert Delivery.objects.filter(issue=newest, state="pending").exists()
    with_listings = Source.objects.exclude(features=None).distinct().get()
    return {
        "listing": with_listings.pk,
        "silent": Source.objects.exclude(pk=with_listings.pk)[0].pk,
        "topic": Topic.objects.order_by("pk")[0].pk,
        "issue": newest.pk,
        "paper": Paper.objects.latest("pk").pk,
    }


def statements(client: Client, page: str) -> list[str]:
    """What a page asks for, once what is remembered is."""
    logging.disable(logging.CRITICAL)
    try:
        client.get(f"/admin/{page}")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/admin/{page}").status_code == 200
    finally:
        logging.disable(logging.NOTSET)
    return [str(one["sql"]) for one in asked if str(one["sql"]).startswith(("SELECT", "(SELECT"))]


def plan_of(sql: str) -> list[str]:
    """The steps of a statement's plan."""
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}")
        return [str(row[-1]) for row in cursor.fetchall()]


def test_pages_go_by_the_indexes_made_for_them_and_read_no_large_table_as_a_whole(browser):
    known = names()
    wrong: dict[Any, Any] = {}
    for page, part, index in PLANS:
        address = page.format(**known)
        plans = [plan_of(sql) for sql in statements(browser, address) if part in sql]
        if not plans or not all(any(re.search(index, step) for step in plan) for plan in plans):
            wrong[address, part] = plans
    for page, table in NEVER_READ_AS_A_WHOLE if connection.vendor == "sqlite" else ():
        address = page.format(**known)
        for sql in statements(browser, address):
            for step in plan_of(sql):
                is_end = sql.endswith(" LIMIT 1")  # the first row or the last one
                if step.startswith(f"SCAN {table}") and "INDEX" not in step and not is_end:
                    wrong[address, table] = step, sql[:1_000]
    assert not wrong, wrong
