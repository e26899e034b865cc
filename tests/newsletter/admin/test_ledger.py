"""The admin's view of issues and the ledger."""

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Event, Issue
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> {{ settings.SECRET_KEY }} & \u202egnp"


@pytest.fixture
def client():
    user = get_user_model().objects.create_superuser("admin", "admin@example.org", "password")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def row():
    topic = make_topic("Agents")
    make_match(make_paper(HOSTILE), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    place = issue.places.get()
    return make_delivery(
        issue,
        make_subscriber(topics=[topic]),
        choices=[[place.paper_id, place.pk, [topic.pk], '"agents" in the title · trending #1']],
        state=Delivery.State.UNKNOWN,
    )


def test_ledger_explains_every_paper(client, row):
    page = client.get(reverse("admin:newsletter_delivery_change", args=[row.pk]))
    text = page.content.decode()
    assert "trending #1" in text
    assert "Agents" in text
    assert "<script>alert(1)" not in text


def test_preview_shows_what_a_subscriber_would_get_and_sends_nothing(client, row):
    url = reverse("admin:newsletter_issue_preview", args=[row.issue_id])
    page = client.get(url, {"subscriber": "alice@example.org"})
    assert "alice@example.org" in page.content.decode()
    assert "<script>alert(1)" not in page.content.decode()
    html = client.get(url, {"subscriber": "alice@example.org", "part": "html"})
    assert "&lt;script&gt;alert(1)" in html.content.decode()
    assert "sandbox" in html["Content-Security-Policy"]
    row.refresh_from_db()
    assert row.state == Delivery.State.UNKNOWN
    assert Delivery.objects.count() == 1


def test_preview_for_an_unknown_address_says_so(client, row):
    url = reverse("admin:newsletter_issue_preview", args=[row.issue_id])
    assert "No active subscriber" in client.get(url, {"subscriber": "x@y.z"}).content.decode()
    assert client.get(url, {"subscriber": "x@y.z", "part": "html"}).status_code == 404


def test_resend_asks_first_and_then_queues(client, row):
    url = reverse("admin:newsletter_delivery_resend_one", args=[row.pk])
    assert "gets it twice" in client.get(url).content.decode()
    row.refresh_from_db()
    assert row.state == Delivery.State.UNKNOWN
    client.post(url)
    row.refresh_from_db()
    assert row.state == Delivery.State.PENDING


@pytest.mark.parametrize(
    ("action", "state"), [("pause", "paused"), ("stop", "stopped"), ("resume", "running")]
)
def test_issue_is_paused_resumed_and_stopped(client, row, action, state):
    if action == "resume":
        row.issue.pause("for now")
    client.post(
        reverse("admin:newsletter_issue_changelist"),
        {"action": action, "_selected_action": [row.issue_id]},
    )
    assert Issue.objects.get().state == state


@pytest.mark.parametrize("name", ["delivery", "issue"])
def test_lists_take_no_more_queries_for_more_rows(client, row, name):
    url = reverse(f"admin:newsletter_{name}_changelist")
    counts = []
    for size in (1, 12):
        for number in range(size):
            make_delivery(row.issue, make_subscriber(f"r{size}-{number}@example.org"))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_ledger_is_found_by_address_and_issue(client, row):
    url = reverse("admin:newsletter_delivery_changelist")
    found = client.get(url, {"q": "alice@example.org", "issue__id__exact": row.issue_id})
    assert "alice@example.org" in found.content.decode()
    assert client.get(url, {"q": "bob@example.org"}).status_code == 200


def test_delivery_shows_its_events_in_the_order_in_which_they_happened(client, row):
    for number, (kind, minutes) in enumerate([("bounced", 9), ("delivered", 1), ("deferred", 5)]):
        Event.objects.create(
            delivery=row,
            provider="Test",
            event_id=str(number),
            kind=kind,
            description=HOSTILE,
            at=NOW + dt.timedelta(minutes=minutes),
            received_at=NOW,
        )
    page = client.get(reverse("admin:newsletter_delivery_change", args=[row.pk])).content.decode()
    places = [page.index(f">{kind}<") for kind in ("delivered", "deferred", "bounced")]
    assert places == sorted(places)
    assert "<script>alert(1)" not in page
    assert "bounced" in client.get(reverse("admin:newsletter_event_changelist")).content.decode()


def test_issue_shows_what_came_back(client, row):
    Delivery.objects.update(state=Delivery.State.SENT, bounce="hard", bounced_at=NOW)
    Issue.objects.update(warning="hard bounces: 1 of 1 digests (100.00%)")
    page = client.get(reverse("admin:newsletter_issue_change", args=[row.issue_id]))
    assert "Hard bounces: 1 (100.00%)" in page.content.decode()
    changelist = client.get(reverse("admin:newsletter_issue_changelist")).content.decode()
    assert "hard bounces: 1 of 1 digests" in changelist
