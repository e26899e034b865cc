"""What is told, of what, and when: with the change itself or not at all."""

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from newsletter.events import consequences
from newsletter.issues.freezing import build_issue
from newsletter.issues.sent import note_sent
from newsletter.models import Event, Issue, WebhookEvent, WebhookMessage
from newsletter.webhooks import recording
from subscriptions.readers import personal_data, signup
from subscriptions.readers.signup import SignupChoices
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_issue,
    make_notice,
    make_paper,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, Any]]:
    return list(WebhookEvent.objects.order_by("pk").values_list("kind", "data"))


def kinds() -> set[str]:
    return {kind for kind, _ in told()}


def test_a_reader_who_signs_up_confirms_and_leaves_is_told_of(make_webhook):
    make_webhook()
    topics = [make_topic()]
    signup.subscribe("bob@example.org", topics, SignupChoices(), NOW)
    from subscriptions.models import Subscriber

    bob = Subscriber.objects.get()
    assert told() == [("subscriber.subscribed", {"subscriber": bob.pk})]
    signup.confirm(bob, NOW, NOW)
    signup.leave(bob, NOW, "Unsubscribe")
    signup.leave(bob, NOW, "Unsubscribe")
    assert WebhookMessage.objects.count() == 3
    assert kinds() == {"subscriber.subscribed", "subscriber.confirmed", "subscriber.left"}


@pytest.mark.parametrize(
    ("kind", "severity", "expected"),
    [
        ("bounced", "hard", ("subscriber.bounced", "hard")),
        ("bounced", "soft", ("subscriber.bounced", "soft")),
        ("complained", "", ("subscriber.complained", None)),
        ("delivered", "", None),
        ("opened", "", None),
    ],
)
@pytest.mark.parametrize("about", ["delivery", "notice"])
def test_bounces_and_complaints_are_told_of(kind, severity, expected, about, make_webhook):
    make_webhook(kinds=["subscriber.bounced", "subscriber.complained"])
    bob = make_subscriber("bob@example.org")
    row = make_delivery(make_issue(), bob) if about == "delivery" else make_notice(bob)
    Event.objects.create(
        **{about: row},
        provider="Test",
        event_id="1",
        kind=kind,
        severity=severity,
        at=NOW,
        received_at=NOW,
    )
    consequences.process(NOW)
    consequences.process(NOW)
    if expected is None:
        assert told() == []
    else:
        ((found, data),) = told()
        assert (found, data.get("bounce")) == expected
        assert data["subscriber"] == bob.pk


def test_an_issue_is_told_of_when_it_is_frozen_published_and_sent(make_webhook):
    make_webhook()
    make_paper()
    issue = build_issue(DAY, NOW)
    assert issue == build_issue(DAY, NOW)
    assert issue is not None
    assert kinds() == {"issue.frozen", "issue.published"}
    row = make_delivery(issue, make_subscriber("bob@example.org"), state="claimed")
    later = NOW + dt.timedelta(days=1)
    make_issue(DAY + dt.timedelta(days=1), frozen_at=later)
    assert note_sent(later) == 0
    row.state, row.sent_at = "sent", NOW + dt.timedelta(hours=5)
    row.save()
    assert [note_sent(later), note_sent(later)] == [1, 0]
    event = WebhookEvent.objects.get(kind="issue.sent")
    assert (event.at, event.data["digests"]) == (row.sent_at, 1)
    assert Issue.objects.get(pk=issue.pk).sent_at == row.sent_at


def test_what_is_undone_is_not_told(make_webhook):
    make_webhook()
    bob = make_subscriber("bob@example.org")
    with transaction.atomic():
        bob.leave(NOW)
        transaction.set_rollback(True)
    assert told() == []


@pytest.mark.parametrize(
    "of", [{"kinds": ["issue.sent"]}, {"is_active": False}], ids=["others", "none"]
)
def test_nothing_is_written_that_nobody_wants_to_know(of, make_webhook, django_assert_num_queries):
    make_webhook(**of)
    bob = make_subscriber("bob@example.org")
    happening = recording.Happening("subscriber.left", NOW, {"subscriber": bob.pk}, bob.pk)
    with django_assert_num_queries(1):
        assert recording.record([happening], NOW) == 0
    assert not WebhookEvent.objects.exists()


def test_an_issue_is_told_of_once_whoever_tells(make_webhook):
    make_webhook()
    issue = make_issue()
    for _ in range(2):
        recording.issue_is_out(issue, NOW)
    assert len(told()) == 2


def test_erasure_cuts_what_was_told_from_the_reader(make_webhook):
    make_webhook()
    bob = make_subscriber("bob@example.org")
    bob.leave(NOW)
    assert "webhook events" in personal_data.export(bob)
    personal_data.erase(bob)
    event = WebhookEvent.objects.get()
    assert event.subscriber is None
    assert "bob" not in str(event.data)
