"""What people do to many rows at once is done in statements over all of them, and only once."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter import tasks
from newsletter.delivery import in_bulk, watch, worker
from newsletter.delivery.worker import Tally
from newsletter.models import Delivery, Webhook, WebhookEvent
from papers import bulk, leases
from papers.bulk import Job, Kind
from papers.models import BulkAction, Feature
from subscriptions.models import Consent, Notice, Submission, Subscriber, Suppression
from subscriptions.readers import in_bulk as of_readers
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_frozen_issue,
    make_match,
    make_notice,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.newsletter.delivery.test_kills import ROOT, database_url

Status = Subscriber.Status
FACTS = {
    "abstract": "We study wishes.",
    "authors": [{"name": "Alice Adams"}],
    "categories": ["arxiv:cs.LG"],
    "published_on": "2026-06-01",
}


def readers(first: int, count: int) -> list[Subscriber]:
    return [make_subscriber(f"r{number}@example.org") for number in range(first, first + count)]


def submitted(first: int, count: int) -> list[Submission]:
    return Submission.objects.bulk_create(
        Submission(
            identifier=f"arxiv:2606.{number:05d}",
            title=f"A wish {number}",
            facts=FACTS,
            state=Submission.State.WAITING,
            submitted_at=NOW,
            check_after=NOW,
        )
        for number in range(first, first + count)
    )


def failed_notices(first: int, count: int) -> list[Notice]:
    return [make_notice(one, state=Notice.State.FAILED) for one in readers(first, count)]


def failed_digests(first: int, count: int) -> list[Delivery]:
    make_match(make_paper(f"Robots {first}"), make_topic("Robots"))
    issue = Delivery.objects.order_by("pk").first()
    found = issue.issue if issue and issue.issue else make_frozen_issue(DAY)
    return [make_delivery(found, one, state="failed") for one in readers(first, count)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        (of_readers.ACCEPT, submitted),
        (of_readers.DECLINE, submitted),
        (of_readers.UNSUBSCRIBE, readers),
        (of_readers.SUPPRESS, readers),
        (of_readers.SEND_LINKS, readers),
        (in_bulk.RESEND, failed_digests),
        (in_bulk.RESEND_NOTICES, failed_notices),
    ],
    ids=lambda one: getattr(one, "key", ""),
)
def test_many_take_as_many_statements_as_few(kind: Kind, make):
    Webhook.objects.create(
        name="Shop", url="https://shop.example.org/", kinds=["subscriber.left"], created_at=NOW
    )

    def statements(first: int, count: int) -> int:
        rows = make(first, count)
        with CaptureQueriesContext(connection) as queries:
            assert kind.act([row.pk for row in rows], Job(NOW, "Because")) == count
        return len(queries)

    statements(100, 1)  # what is remembered
    few = statements(200, 3)
    assert statements(300, 40) <= few + 2


@pytest.mark.django_db
def test_accepting_many_lists_each_and_asks_again_for_what_is_lost():
    rows = submitted(100, 12)
    Submission.objects.filter(pk=rows[3].pk).update(facts={})
    job = Job(NOW)
    assert of_readers.ACCEPT.act([row.pk for row in rows], job) == 11
    assert Feature.objects.count() == 11
    assert "arxiv:2606.00103" in job.problems[0]
    states = Submission.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["accepted"] * 3 + ["checking"] + ["accepted"] * 8
    accepted = Submission.objects.filter(state="accepted")
    assert all(row.paper and row.paper.identifier == row.identifier for row in accepted)
    assert of_readers.ACCEPT.act([row.pk for row in rows], Job(NOW)) == 0


@pytest.mark.django_db
def test_leaving_together_is_on_record_and_told_as_leaving_alone():
    Webhook.objects.create(
        name="Shop", url="https://shop.example.org/", kinds=["subscriber.left"], created_at=NOW
    )
    alice, bob, charlie = readers(0, 3)
    charlie.leave(NOW)
    WebhookEvent.objects.all().delete()
    keys = [one.pk for one in (alice, bob, charlie)]
    assert of_readers.UNSUBSCRIBE.act(keys, Job(NOW)) == 2
    told = WebhookEvent.objects.order_by("pk").values_list("kind", "subscriber_id")
    assert sorted(told) == [("subscriber.left", alice.pk), ("subscriber.left", bob.pk)]
    left = Consent.objects.filter(action="left", subscriber__in=[alice, bob])
    assert {row.wording for row in left} == {"an editor, on request"}
    alice.refresh_from_db()
    assert (alice.status, alice.left_at, alice.next_digest_at) == (Status.LEFT, NOW, None)


@pytest.mark.django_db
def test_of_several_emails_of_a_kind_the_newest_is_sent_again_and_none_beside_an_open_one():
    alice, bob = readers(0, 2)
    older, newer = (make_notice(alice, state=Notice.State.FAILED) for _ in range(2))
    other = make_notice(alice, kind=Notice.Kind.GOODBYE, state=Notice.State.EXPIRED)
    lost = make_notice(bob, state=Notice.State.UNKNOWN)
    make_notice(bob)
    assert Notice.objects.all().resend(NOW) == 2
    again = Notice.objects.filter(reason__contains="operator")
    assert {row.pk for row in again} == {newer.pk, other.pk}
    older.refresh_from_db()
    lost.refresh_from_db()
    assert (older.state, lost.state) == ("failed", "unknown")


@pytest.mark.django_db
def test_a_reader_is_erased_with_all_that_is_held():
    alice, bob = readers(0, 2)
    make_notice(alice)
    Suppression.objects.add_address(bob.email, Suppression.Reason.REQUEST, NOW)
    assert of_readers.ERASE.act([alice.pk, bob.pk, 0], Job(NOW)) == 2
    assert not Subscriber.objects.exists()
    assert not Notice.objects.exists()
    assert Suppression.objects.count() == 1


@pytest.mark.django_db
def test_workers_find_it_without_a_message_and_with_one(monkeypatch):
    readers(0, 5)
    monkeypatch.setattr(watch, "LOOK_EVERY", 0.01)
    for way in ("task", "watch"):
        Subscriber.objects.update(status=Status.ACTIVE)
        begun = bulk.make(of_readers.UNSUBSCRIBE, Subscriber.objects.all(), timezone.now())
        if way == "task":
            tasks.run_bulk_actions()
        else:
            monkeypatch.setattr(worker, "drain", lambda seconds: Tally())
            monkeypatch.setattr(watch._stop, "wait", lambda seconds: True)
            monkeypatch.setattr(watch, "close_old_connections", lambda: None)
            monkeypatch.setattr(connections, "close_all", lambda: None)
            watch._watch()
        begun.refresh_from_db()
        assert (begun.state, begun.changed) == ("done", 5), way


def test_every_kind_has_a_key_of_its_own_and_a_permission_that_there_is(db):
    from django.contrib.auth.models import Permission

    known = {
        f"{row.content_type.app_label}.{row.codename}"
        for row in Permission.objects.select_related("content_type")
    }
    assert {kind.permission for kind in in_bulk.KINDS.values()} <= known
    assert all(key == kind.key for key, kind in in_bulk.KINDS.items())


WORKER = """
import sys
import django
django.setup()
from dataclasses import replace
from django.utils import timezone
from newsletter.delivery import in_bulk
from papers import bulk, leases
later = int(sys.argv[1]) * leases.LEASE
bulk.work(in_bulk.KINDS, lambda: timezone.now() + later, seconds=120)
"""
READERS, KILLS = 3_000, 2


@pytest.mark.django_db(transaction=True)
def test_it_survives_kill_9_of_its_worker():
    Subscriber.objects.bulk_create(
        Subscriber(email=f"r{number}@example.org", status=Status.ACTIVE)
        for number in range(READERS)
    )
    from dataclasses import replace

    kind = replace(of_readers.UNSUBSCRIBE, chunk=10)
    begun = bulk.make(kind, Subscriber.objects.all(), timezone.now())
    killed = 0
    for number in range(KILLS):
        before = begun.position
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(2 * number)],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "newsletter.settings",
                "DATABASE_URL": database_url(),
                "LOG_LEVEL": "ERROR",
            },
        )
        end = time.monotonic() + 120
        while begun.position <= before + 100 and process.poll() is None:
            assert time.monotonic() < end
            begun.refresh_from_db()
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
        begun.refresh_from_db()
    assert killed, "the worker was done before it could be killed"
    assert begun.is_running
    assert Subscriber.objects.filter(status=Status.LEFT).count() == begun.position
    assert 0 < begun.position < READERS

    later = 2 * KILLS * leases.LEASE
    assert not bulk.work(in_bulk.KINDS, lambda: timezone.now() + later)

    begun.refresh_from_db()
    assert (begun.state, begun.changed) == ("done", READERS)
    assert Consent.objects.filter(action="left").count() == READERS
    assert BulkAction.objects.count() == 1
