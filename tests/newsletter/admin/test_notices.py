"""Other emails than digests in the admin: found, explained, sent again by whom may."""

import pytest
from django.urls import reverse

from newsletter.models import Event
from subscriptions.models import Notice
from tests.admin_pages import staff, text
from tests.factories import NOW, make_delivery, make_issue, make_notice, make_subscriber
from tests.newsletter.admin.conftest import HOSTILE

pytestmark = pytest.mark.django_db

ALL = ("subscriptions.view_subscriber", "newsletter.view_delivery", "subscriptions.view_notice")

LIST = reverse("admin:subscriptions_notice_changelist")


@pytest.fixture
def notice() -> Notice:
    return make_notice(make_subscriber(), state="unknown", reason=HOSTILE, kind="preferences")


def change(row: Notice) -> str:
    return reverse("admin:subscriptions_notice_change", args=[row.pk])


def resend(row: Notice) -> str:
    return reverse("admin:subscriptions_notice_resend_one", args=[row.pk])


def test_its_page_says_what_became_of_it(client, notice):
    Event.objects.create(
        notice=notice,
        provider="Test",
        event_id="1",
        kind="bounced",
        severity="soft",
        description="mailbox full",
        at=NOW,
        received_at=NOW,
    )
    page = text(client.get(change(notice)))
    assert "mailbox full" in page
    assert "in doubt" in page
    assert "<script>alert(1)" not in page
    events = text(client.get(reverse("admin:newsletter_event_changelist")))
    assert f"other email {notice.pk}" in events


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("?q=alice@example.org", True),
        ("?q=bob", False),
        ("?kind__exact=preferences", True),
        ("?kind__exact=confirm", False),
        ("?state__exact=unknown", True),
        ("?state__exact=sent", False),
    ],
)
def test_the_list_finds_by_reader_kind_and_state(client, notice, query, is_found):
    assert (change(notice) in text(client.get(LIST + query))) == is_found


def test_resend_asks_first_and_then_queues(client, notice):
    assert "get it twice" in text(client.get(resend(notice)))
    notice.refresh_from_db()
    assert notice.state == Notice.State.UNKNOWN
    client.post(resend(notice))
    notice.refresh_from_db()
    assert notice.state == Notice.State.PENDING


def test_it_is_not_sent_again_while_another_of_its_kind_waits(client, notice):
    make_notice(notice.subscriber, kind="preferences")
    assert "another of its kind is waiting" in text(client.post(resend(notice), follow=True))
    notice.refresh_from_db()
    assert notice.state == Notice.State.UNKNOWN


@pytest.mark.parametrize(
    ("permissions", "may_see", "may_resend"),
    [
        ((), False, False),
        (("subscriptions.view_notice",), True, False),
        (("newsletter.change_issue", "subscriptions.view_notice"), True, False),
        (("subscriptions.view_notice", "subscriptions.change_notice"), True, True),
    ],
)
def test_sending_again_takes_a_permission(notice, permissions, may_see, may_resend):
    client = staff(*permissions)
    assert (client.get(change(notice)).status_code == 200) == may_see
    assert (client.get(resend(notice)).status_code == 200) == may_resend
    client.post(resend(notice))
    client.post(LIST, {"action": "resend", "_selected_action": [notice.pk]})
    notice.refresh_from_db()
    assert (notice.state == Notice.State.PENDING) == may_resend


@pytest.mark.parametrize(
    ("permissions", "is_shown"),
    [
        (("subscriptions.view_subscriber",), False),
        (("subscriptions.view_subscriber", "newsletter.view_delivery"), False),
        (ALL, True),
    ],
)
def test_a_readers_page_shows_every_email_to_whom_may_see_those(notice, permissions, is_shown):
    reader = notice.subscriber
    delivery = make_delivery(make_issue(), reader, state="failed", bounce="soft")
    page = text(
        staff(*permissions).get(reverse("admin:subscriptions_subscriber_change", args=[reader.pk]))
    )
    address = reverse("admin:newsletter_delivery_change", args=[delivery.pk])
    for shown in (change(notice), address, "bounced (soft)"):
        assert (shown in page) == is_shown
    assert "<script>alert(1)" not in page
