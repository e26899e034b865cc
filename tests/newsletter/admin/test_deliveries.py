"""The ledger in the admin: every paper explained, found by reader and issue, sent again."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.models import Delivery, Event
from tests.admin_pages import text
from tests.factories import NOW, make_delivery, make_issue, make_subscriber
from tests.newsletter.admin.conftest import HOSTILE

pytestmark = pytest.mark.django_db


def report(row: Delivery, number: int, kind: str, minutes: int = 0) -> Event:
    return Event.objects.create(
        delivery=row,
        provider="Test",
        event_id=str(number),
        kind=kind,
        description=HOSTILE,
        at=NOW + dt.timedelta(minutes=minutes),
        received_at=NOW,
    )


def test_ledger_explains_every_paper(client, row):
    page = text(client.get(reverse("admin:newsletter_delivery_change", args=[row.pk])))
    assert "trending #1" in page
    assert "Agents" in page
    assert "<script>alert(1)" not in page


def test_resend_asks_first_and_then_queues(client, row):
    url = reverse("admin:newsletter_delivery_resend_one", args=[row.pk])
    assert "get it twice" in text(client.get(url))
    row.refresh_from_db()
    assert row.state == Delivery.State.UNKNOWN
    client.post(url)
    row.refresh_from_db()
    assert row.state == Delivery.State.PENDING


def test_several_are_sent_again_from_the_list(client, row):
    url = reverse("admin:newsletter_delivery_changelist")
    sent = make_delivery(row.issue, make_subscriber("bob@example.org"), state=Delivery.State.SENT)
    data = {"action": "resend", "_selected_action": [row.pk, sent.pk]}
    assert "1 of 2 will be sent again." in text(client.post(url, data, follow=True))
    row.refresh_from_db()
    sent.refresh_from_db()
    assert (row.state, sent.state) == (Delivery.State.PENDING, Delivery.State.SENT)


@pytest.mark.parametrize("name", ["delivery", "issue", "event"])
def test_lists_take_no_more_queries_for_more_rows(client, row, name):
    url = reverse(f"admin:newsletter_{name}_changelist")
    counts = []
    for size in (1, 12):
        for number in range(size):
            reader = make_subscriber(f"r{size}-{number}@example.org")
            issue = make_issue(dt.date(2026, 1, size) + dt.timedelta(days=31 * number))
            report(make_delivery(issue, reader), size * 100 + number, "delivered")
        client.get(url)  # what is looked up once in a process
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_deliverys_page_takes_no_more_queries_for_more_events(client, row):
    url = reverse("admin:newsletter_delivery_change", args=[row.pk])
    counts = []
    for size in (1, 12):
        for number in range(size):
            report(row, size * 100 + number, "deferred", number)
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_ledger_is_found_by_address_and_issue(client, row):
    url = reverse("admin:newsletter_delivery_changelist")
    found = client.get(url, {"q": "alice@example.org", "issue__id__exact": row.issue_id})
    assert "alice@example.org" in text(found)
    assert client.get(url, {"q": "bob@example.org"}).status_code == 200


@pytest.mark.parametrize(
    "issue", ["0", "9" * 18, "9" * 19, "9" * 5000, "²", "x", "-1"], ids=lambda issue: issue[:20]
)
def test_an_issue_that_does_not_exist_is_no_error(client, row, issue):
    url = reverse("admin:newsletter_delivery_changelist")
    assert client.get(url, {"issue__id__exact": issue}).status_code == 200


def test_delivery_shows_its_events_in_the_order_in_which_they_happened(client, row):
    for number, (kind, minutes) in enumerate([("bounced", 9), ("delivered", 1), ("deferred", 5)]):
        report(row, number, kind, minutes)
    page = text(client.get(reverse("admin:newsletter_delivery_change", args=[row.pk])))
    places = [page.index(f">{kind}<") for kind in ("delivered", "deferred", "bounced")]
    assert places == sorted(places)
    assert "<script>alert(1)" not in page
    assert "bounced" in text(client.get(reverse("admin:newsletter_event_changelist")))
