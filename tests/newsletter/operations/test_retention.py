"""What is not kept any longer is deleted, and nothing else."""

import datetime as dt
import json
from dataclasses import replace
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter import tasks
from newsletter.api.tokens import make_token
from newsletter.models import ApiWrite, Delivery, Event, WebhookEvent
from newsletter.operations import retention
from newsletter.operations.retention import Forgotten, delete_expired
from papers.ingest.records import store
from papers.models import Join, Paper, SourceRecord, SourceRun
from papers.sources.record import (
    IS_RETRACTION_OF,
    LISTED,
    NEW_TO_SOURCE,
    NOT_LISTED,
    PaperRecord,
    Relation,
)
from subscriptions.models import Subscriber, Suppression
from tests.factories import (
    NOW,
    make_delivery,
    make_issue,
    make_paper,
    make_source,
    make_subscriber,
)

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
Status = Subscriber.Status


@pytest.fixture(autouse=True)
def _times(settings):
    settings.KEEP_UNCONFIRMED_DAYS = 14
    settings.KEEP_LEFT_DAYS = 100
    settings.KEEP_EVENTS_DAYS = 50
    settings.KEEP_DELIVERIES_DAYS = 200


def made(email: str, days_ago: int, **kwargs) -> Subscriber:
    """A subscriber who came so long ago."""
    one = make_subscriber(email, **kwargs)
    Subscriber.objects.filter(pk=one.pk).update(created_at=NOW - days_ago * DAY)
    return one


def left() -> set[str]:
    return set(Subscriber.objects.values_list("email", flat=True))


def test_who_never_confirmed_is_erased_in_time():
    made("alice@example.org", 15, status=Status.PENDING)
    made("bob@example.org", 13, status=Status.PENDING)
    asked = NOW - 2 * DAY
    made("charlie@example.org", 15, status=Status.PENDING, asked_to_confirm_at=asked)
    made("dora@example.org", 999)

    assert delete_expired(NOW) == Forgotten(unconfirmed=1)
    assert left() == {"bob@example.org", "charlie@example.org", "dora@example.org"}
    assert delete_expired(NOW) == Forgotten()
    assert delete_expired(NOW + 13 * DAY).unconfirmed == 2


def test_what_webhooks_were_told_and_programs_changed_goes_in_time():
    token, _ = make_token("Shop", ["topics:write"], "alice", NOW)
    for days in (49, 51, 201):
        WebhookEvent.objects.create(kind="issue.sent", at=NOW - days * DAY, data={})
        ApiWrite.objects.create(
            token=token, at=NOW - days * DAY, action="topic.changed", target=str(days)
        )
    assert delete_expired(NOW) == Forgotten(webhooks=3)
    assert WebhookEvent.objects.count() == 1
    assert set(ApiWrite.objects.values_list("target", flat=True)) == {"49", "51"}


def test_who_left_is_erased_in_time():
    made("alice@example.org", 999, status=Status.LEFT, left_at=NOW - 101 * DAY)
    made("bob@example.org", 999, status=Status.LEFT, left_at=NOW - 99 * DAY)
    back = {"left_at": NOW - 101 * DAY, "asked_to_confirm_at": NOW - DAY}
    made("charlie@example.org", 999, status=Status.LEFT, **back)

    assert delete_expired(NOW) == Forgotten(left=1)
    assert left() == {"bob@example.org", "charlie@example.org"}


def test_a_suppressed_reader_is_erased_and_stays_suppressed():
    reason = Suppression.Reason.BOUNCE
    for email, days in (("alice@example.org", 101), ("bob@example.org", 99)):
        made(email, 999)
        Suppression.objects.add_address(email, reason, NOW - days * DAY)

    assert delete_expired(NOW) == Forgotten(suppressed=1)
    assert left() == {"bob@example.org"}
    assert Suppression.objects.covers("alice@example.org")


def test_events_and_logins_go_in_time(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for number, days in enumerate((1, 49, 51, 52, 53)):
        at = NOW - days * DAY
        Event.objects.create(
            provider="x", event_id=str(number), kind="opened", at=at, received_at=at
        )
        attempt = AccessAttempt.objects.create(username="editor", failures_since_start=1)
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=at)

    assert delete_expired(NOW) == Forgotten(events=3, logins=3)
    assert Event.objects.count() == AccessAttempt.objects.count() == 2


def test_the_log_of_fetches_goes_in_time(settings):
    settings.KEEP_FETCHES_DAYS = 60
    for ago in (59, 61):
        at = NOW - ago * DAY
        make_source().runs.create(day=at.date(), started_at=at, duration_ms=5, outcome="ok")

    assert delete_expired(NOW, dry_run=True).fetches == 1
    assert delete_expired(NOW).fetches == 1
    assert SourceRun.objects.count() == 1


def test_the_ledger_forgets_who_and_what_and_keeps_its_numbers():
    alice = make_subscriber()
    days = [NOW.date() - ago * DAY for ago in (201, 199)]
    old, young = (
        make_delivery(
            make_issue(day),
            alice,
            state=Delivery.State.SENT,
            sent_at=NOW,
            opened_at=NOW,
            provider_id="abc",
            choices=[[1, 1, [1], "because"]],
        )
        for day in days
    )

    assert delete_expired(NOW) == Forgotten(deliveries=1)
    assert delete_expired(NOW) == Forgotten()
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.subscriber, old.choices, old.provider_id, old.opened_at) == (None, [], "", None)
    assert (old.state, old.sent_at) == (Delivery.State.SENT, NOW)
    assert (young.subscriber, young.provider_id) == (alice, "abc")


def test_looking_deletes_nothing_and_counts_the_same(monkeypatch):
    made("alice@example.org", 15, status=Status.PENDING)
    bob = made("bob@example.org", 999, status=Status.LEFT, left_at=NOW - 101 * DAY)
    make_delivery(make_issue(NOW.date() - 201 * DAY), bob)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)

    out = StringIO()
    call_command("forget", "--dry-run", stdout=out)
    assert "Would delete 1 subscribers who never confirmed, 1 who unsubscribed" in out.getvalue()
    assert Subscriber.objects.count() == 2
    seen = delete_expired(NOW, dry_run=True)
    out = StringIO()
    call_command("forget", "--json", stdout=out)
    done = json.loads(out.getvalue())
    # Bob's erasure unties his delivery before the ledger is looked at.
    assert done == {
        "unconfirmed": seen.unconfirmed,
        "left": seen.left,
        "suppressed": 0,
        "events": 0,
        "deliveries": 0,
        "logins": 0,
        "notices": 0,
        "fetches": 0,
        "waiting": 0,
        "questions": 0,
        "alerts": 0,
        "webhooks": 0,
        "actions": 0,
        "left_over": 0,
    }
    assert not Subscriber.objects.exists()


def test_the_task_forgets(monkeypatch):
    made("alice@example.org", 15, status=Status.PENDING)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    tasks.forget()
    assert not Subscriber.objects.exists()


def test_a_large_issue_is_forgotten_batch_by_batch_in_the_order_of_its_index(monkeypatch):
    """In that of its rows' ids PostgreSQL walks over the whole ledger, once for each batch."""
    monkeypatch.setattr(retention, "BATCH", 2)
    issue = make_issue(NOW.date() - 201 * DAY)
    for number in range(5):
        make_delivery(issue, make_subscriber(f"{number}@example.org"))

    with CaptureQueriesContext(connection) as queries:
        assert delete_expired(NOW) == Forgotten(deliveries=5)
    assert not Delivery.objects.filter(subscriber__isnull=False).exists()
    looked = [
        one["sql"]
        for one in queries
        if one["sql"].startswith("SELECT") and 'FROM "newsletter_delivery"' in one["sql"]
    ]
    assert len(looked) == 5  # four of digests, one of emails of interests
    assert all('ORDER BY "newsletter_delivery"."subscriber_id"' in sql for sql in looked)


def test_texts_of_papers_that_nobody_listed_go_and_that_they_were_given_stays(settings):
    settings.KEEP_WAITING_DAYS = 40
    source = make_source(slug="feed", kind="feed")
    known = PaperRecord(
        "feed:https://example.org/1",
        "An item that a feed held when it was first read",
        abstract="Long words.",
        listing=NOT_LISTED,
    )
    notice = PaperRecord(
        "doi:10.5555/note",
        "Retraction note",
        kind="retraction",
        status="retracted",
        listing=NOT_LISTED,
        relations=(Relation(IS_RETRACTION_OF, "doi:10.5555/unheard"),),
    )
    store([known, notice], source, NOW.date(), NOW - 41 * DAY)

    assert delete_expired(NOW - 2 * DAY) == Forgotten()
    assert delete_expired(NOW, dry_run=True) == Forgotten(waiting=1)
    assert delete_expired(NOW) == Forgotten(waiting=1)
    assert delete_expired(NOW) == Forgotten()
    row = SourceRecord.objects.get(identifier=known.identifier)
    assert row.facts == {}
    # The feed still has it: it is no news, and does not bring the text back.
    again = replace(known, listing=NEW_TO_SOURCE)
    assert store([again], source, NOW.date(), NOW).new == 0
    assert SourceRecord.objects.get(pk=row.pk).facts == {}
    # Somebody else lists it: it is a paper like any other.
    other = make_source(slug="other", kind="feed")
    assert store([replace(known, listing=LISTED)], other, NOW.date(), NOW).new == 1
    paper = Paper.objects.get(identifier=known.identifier)
    assert (paper.title, paper.abstract) == (known.title, known.abstract)
    # The notice waits for its paper.
    store([PaperRecord("doi:10.5555/unheard", "A work")], source, NOW.date(), NOW)
    assert Paper.objects.get(identifier="doi:10.5555/unheard").status == "retracted"


def test_questions_that_no_editor_answered_go_in_time(settings):
    settings.KEEP_QUESTIONS_DAYS = 100
    papers = [make_paper(day=None) for _ in range(3)]
    for first, second, state in ((0, 1, "question"), (0, 2, "refused"), (1, 2, "question")):
        join = Join.objects.create(first=papers[first], second=papers[second], state=state)
        days = 99 if first else 101
        Join.objects.filter(pk=join.pk).update(created_at=NOW - days * DAY)

    assert delete_expired(NOW, dry_run=True) == Forgotten(questions=1)
    assert delete_expired(NOW) == Forgotten(questions=1)
    assert set(Join.objects.values_list("state", flat=True)) == {"refused", "question"}
