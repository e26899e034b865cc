"""The metrics: closed without the token, true, read seldom, and the names that the docs watch."""

import json
import re
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from newsletter import VERSION
from newsletter.operations.watching import metrics
from papers.models import Source
from tests.factories import make_source, make_subscriber
from tests.newsletter.operations.test_status import make_alive

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent.parent.parent
TOKEN = "only-for-this-test-0123456789"


@pytest.fixture(autouse=True)
def token(settings):
    settings.METRICS_TOKEN = TOKEN
    metrics.reading.clear()
    yield
    metrics.reading.clear()


def scrape(client, token=TOKEN):
    return client.get("/metrics", headers={"authorization": f"Bearer {token}"})


def values(client):
    """Every sample, by name and labels."""
    text = scrape(client).content.decode()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"authorization": "Bearer \u00e4"},
    ],
)
def test_closed_without_the_token(client, headers):
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 401
    assert b"broadsheet_" not in response.content


def test_not_there_where_no_token_is_set(client, settings):
    settings.METRICS_TOKEN = ""
    assert scrape(client, "").status_code == 404


def test_numbers_are_those_of_the_status(client):
    Source.objects.all().delete()
    make_source()
    make_alive()
    found = values(client)
    assert found[("broadsheet_up", "beat", "beat")] == 0  # it was seen long ago
    assert found[("broadsheet_issue_ready",)] == 0
    assert found[("broadsheet_digests", "sent")] == 0
    assert found[("broadsheet_trouble", "beat")] == 1
    assert found[("broadsheet_source_failing", "huggingface")] == 0
    assert found[("broadsheet_info", VERSION)] == 1
    assert scrape(client)["Content-Type"].startswith("text/plain")


def test_the_database_is_read_once_in_fifteen_seconds(client, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("newsletter.operations.watching.metrics.time.monotonic", lambda: clock[0])
    metrics.reading.clear()
    costs = []
    for seconds in (0, 1, 14.9, 15):
        clock[0] = 1000.0 + seconds
        with CaptureQueriesContext(connection) as queries:
            scrape(client)
        costs.append(len(queries) > 0)
    assert costs == [True, False, False, True]


def test_no_metric_names_a_reader(client):
    make_subscriber("alice@example.org")
    assert b"@example.org" not in scrape(client).content


def watched(text):
    return set(re.findall(r"broadsheet_\w+", text))


@pytest.mark.parametrize("name", ["alerts.yml", "dashboard.json"])
def test_what_the_docs_watch_is_there(client, name):
    make_source()
    make_alive()
    families = {
        family.name for family in text_string_to_metric_families(scrape(client).content.decode())
    }
    text = (ROOT / "docs" / "monitoring" / name).read_text()
    assert watched(text)
    assert watched(text) <= families


def test_the_dashboard_shows_every_metric_and_the_rules_are_whole(client):
    yaml = pytest.importorskip("yaml")
    make_source()
    dashboard = json.loads((ROOT / "docs/monitoring/dashboard.json").read_text())
    shown = watched(json.dumps([panel["targets"] for panel in dashboard["panels"]]))
    text = scrape(client).content.decode()
    names = {family.name for family in text_string_to_metric_families(text)}
    names -= {"broadsheet_trouble", "broadsheet_up", "broadsheet_journal_disk_total_bytes"}
    assert names <= shown
    rules = yaml.safe_load((ROOT / "docs/monitoring/alerts.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        assert {"alert", "expr", "for", "labels", "annotations"} <= set(rule)
    assert len({rule["alert"] for rule in rules}) == len(rules)
