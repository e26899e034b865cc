"""What machines ask for: probes, robots and sitemaps."""

import datetime as dt
import json
from xml.etree import ElementTree

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.issues.freezing import build_issue
from newsletter.pages import health
from tests.factories import DAY, NOW, make_paper, make_topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _morning():
    with time_machine.travel(NOW, tick=False):
        yield


def get(path):
    return Client().get(path, secure=True)


def test_live_asks_nothing_of_others(django_assert_num_queries):
    with django_assert_num_queries(0):
        response = get("/health/live")
    assert response.json() == {"status": "ok"}


def test_probes_come_by_plain_http(monkeypatch):
    monkeypatch.setattr(health, "broker", lambda: "ok")
    assert Client().get("/health/live").status_code == 200
    assert Client().get("/health/ready").status_code == 200


@pytest.mark.parametrize("part", ["database", "broker", "migrations"])
def test_ready_names_the_part_that_fails_and_keeps_its_words(part, monkeypatch):
    def broken():
        raise ConnectionError("no route to redis://:secret@10.0.0.1")

    monkeypatch.setattr(health, "broker", lambda: "ok")
    monkeypatch.setattr(health, part, broken)
    response = get("/health/ready")
    assert response.status_code == 503
    parts = response.json()["parts"]
    assert {name for name, state in parts.items() if state != "ok"} == {part}
    assert "secret" not in json.dumps(response.json())


def test_pending_migrations_mean_not_ready(monkeypatch):
    monkeypatch.setattr(health, "broker", lambda: "ok")
    monkeypatch.setattr(
        "django.db.migrations.executor.MigrationExecutor.migration_plan",
        lambda *_: [("a migration", False)],
    )
    assert get("/health/ready").json()["parts"]["migrations"] == "1 pending"


def test_robots_and_sitemaps_name_public_addresses():
    paper = make_paper()
    make_topic("Robots")
    build_issue(DAY, NOW)
    assert b"Sitemap: https://papers.example.org/sitemap.xml" in get("/robots.txt").content
    found = set()
    for section in ElementTree.fromstring(get("/sitemap.xml").content):
        address = section[0].text or ""
        assert address.startswith("https://papers.example.org/sitemap-")
        page = get(address.removeprefix("https://papers.example.org"))
        found |= {url[0].text for url in ElementTree.fromstring(page.content)}
    for path in ("/day/2026-06-10/", "/month/2026-06/", "/issues/2026-06-10/", "/topics/t-robots/"):
        assert f"https://papers.example.org{path}" in found
    assert f"https://papers.example.org{paper.get_absolute_url()}" in found


def test_sitemaps_name_no_day_that_is_still_to_come():
    """A paper submitted on a weekend is listed on Monday, and that day has no page yet."""
    make_paper(day=DAY)
    make_paper(day=timezone.now().date() + dt.timedelta(days=40))
    days = get("/sitemap-days.xml").content.decode()
    assert days.count("<loc>") == 1
    assert get("/sitemap-months.xml").content.decode().count("<loc>") == 1
