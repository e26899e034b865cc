"""The welcome: once, right after the confirmation, and nothing of it twice."""

import datetime as dt
import importlib
import time

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from newsletter import tasks
from newsletter.delivery import planning, watch, welcome, worker
from newsletter.issues.freezing import build_issue
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.models import Delivery, Issue
from subscriptions.models import Subscriber, Suppression
from tests.factories import DAY, NOW, make_match, make_paper, make_subscriber, make_topic
from tests.newsletter.transports import ACCEPTED, RecordingTransport

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def topic():
    return make_topic("Agents")


@pytest.fixture
def week(topic):
    """Two days with issues of two papers each; the older day's are the more trending ones."""
    for day, score in ((DAY - dt.timedelta(days=1), 5.0), (DAY, 1.0)):
        for name in ("first", "second"):
            paper = make_paper(
                f"The {name} of {day:%d}",
                day=day,
                trending_score=score,
                upvotes=int(10 * score) + (name == "first"),
            )
            make_match(paper, topic)
        build_issue(day, NOW)


@pytest.fixture
def alice(topic):
    """Alice, who is about to confirm; her digests come at six, two hours before `NOW`."""
    return make_subscriber(
        topics=[topic], status=Subscriber.Status.PENDING, hour=6, next_digest_at=None
    )


def sent(tmp_path, now=NOW):
    transport = RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: now)
    return transport.sent


def text_of(mail):
    return "".join(fragment.text for fragment in mail.text)


def test_who_confirms_is_welcomed_with_the_best_of_the_week(week, alice, tmp_path):
    alice.confirm(NOW)
    assert welcome.plan(NOW + MINUTE) == 1
    (mail,) = sent(tmp_path, NOW + MINUTE)
    assert mail.subject == "Welcome to Broadsheet: The first of 09 and 3 more papers"
    assert mail.tags == ("welcome",)
    text = text_of(mail)
    assert "Welcome." in text
    assert [text.index(f"The {name}") for name in ("first of 09", "second of 10")]
    assert dict(mail.headers)["List-Unsubscribe-Post"]


def test_one_welcome_however_often_it_is_planned_and_whoever_returns(week, alice, tmp_path):
    alice.confirm(NOW)
    assert [welcome.plan(NOW), welcome.plan(NOW)] == [1, 0]
    assert len(sent(tmp_path)) == 1
    alice.leave(NOW + MINUTE)
    alice.confirm(NOW + 2 * MINUTE)
    assert welcome.plan(NOW + 2 * MINUTE) == 0
    assert Delivery.objects.count() == 1


def test_no_paper_of_the_welcome_comes_again(week, topic, alice, tmp_path):
    alice.confirm(NOW)
    welcome.plan(NOW)
    assert len(sent(tmp_path)) == 1
    tomorrow = NOW + dt.timedelta(days=1)
    make_match(make_paper("A new one", day=DAY + dt.timedelta(days=1)), topic)
    old = Delivery.objects.get().choices[0][0]
    issue = build_issue(DAY + dt.timedelta(days=1), tomorrow)
    assert issue is not None
    issue.places.create(paper_id=old, rank=9, score=9.0, **_card_of(old))
    alice.refresh_from_db()
    assert alice.next_digest_at is not None
    assert NOW < alice.next_digest_at < tomorrow
    planning.plan(tomorrow)
    (mail,) = sent(tmp_path, tomorrow)
    assert mail.subject.startswith("A new one ·")
    assert "The first of" not in text_of(mail)


def _card_of(paper_id):
    place = Issue.objects.filter(places__paper=paper_id).get().places.get(paper=paper_id)
    return {"card": place.card, "topics": place.topics}


def test_digest_that_was_due_at_the_same_time_becomes_the_welcome(week, alice, tmp_path):
    alice.confirm(NOW - MINUTE)
    Subscriber.objects.update(next_digest_at=NOW)
    planning.plan(NOW)
    welcome.plan(NOW)
    (mail,) = sent(tmp_path)
    assert mail.subject.startswith("Welcome to Broadsheet:")


def test_who_confirmed_long_ago_left_or_is_suppressed_is_not_welcomed(week, alice, tmp_path):
    make_subscriber("old@example.org", confirmed_at=NOW - dt.timedelta(days=2))
    alice.confirm(NOW)
    Suppression.objects.add_address(alice.email, Suppression.Reason.REQUEST, NOW)
    assert welcome.plan(NOW) == 0
    assert sent(tmp_path) == []


def test_welcome_waits_for_an_issue_of_the_last_week(topic, alice):
    alice.confirm(NOW)
    assert welcome.plan(NOW) == 0
    Issue.objects.create(day=DAY - dt.timedelta(days=7), frozen_at=NOW)
    assert welcome.plan(NOW) == 0
    make_match(make_paper("At last"), topic)
    build_issue(DAY, NOW)
    assert welcome.plan(NOW + MINUTE) == 1


def test_new_readers_are_welcomed_in_chunks(week, topic, monkeypatch):
    monkeypatch.setattr(welcome, "CHUNK", 2)
    for number in range(5):
        make_subscriber(f"reader{number}@example.org", topics=[topic], confirmed_at=NOW)
    assert welcome.plan(NOW) == 5
    assert Delivery.objects.count() == 5


def test_the_minute_tick_welcomes(week, alice, monkeypatch):
    woken = []
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    monkeypatch.setattr(tasks.drain, "apply_async", lambda **options: woken.append(options))
    alice.confirm(NOW)
    tasks.tick()
    assert len(woken) == 1
    assert Delivery.objects.filter(subscriber=alice).count() == 1


def test_readers_of_long_ago_are_not_welcomed_when_they_come_back(week, alice, tmp_path):
    """They were here before there was a welcome; the migration says so."""
    migration = importlib.import_module("subscriptions.migrations.0006_whom_to_welcome")
    new = make_subscriber("bob@example.org", confirmed_at=timezone.now())
    alice.confirm(NOW - dt.timedelta(days=300))
    migration.take_for_welcomed(apps, None)
    alice.refresh_from_db()
    assert alice.welcomed_on == (NOW - dt.timedelta(days=300)).date()
    new.refresh_from_db()
    assert new.welcomed_on is None
    new.delete()
    alice.leave(NOW)
    alice.confirm(NOW + MINUTE)
    assert welcome.plan(NOW + MINUTE) == 0


def test_looking_for_whom_to_welcome_reads_an_index_of_those_alone():
    new = Subscriber.objects.mailable().unwelcomed(NOW).order_by("confirmed_at", "pk")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # an empty table is read whole otherwise
            cursor.execute("SET LOCAL enable_seqscan = off")
        assert "subscriber_unwelcomed" in new[:10].explain()


class TestWhileAQueueRuns:
    """Who has just confirmed looks into the inbox now, however many digests wait."""

    def readers(self, topic, count):
        issue = Issue.objects.get(day=DAY)
        for number in range(count):
            reader = make_subscriber(f"r{number}@example.org", topics=[topic], welcomed_on=DAY)
            Delivery.objects.create(
                issue=issue,
                subscriber=reader,
                due_at=NOW - 60 * MINUTE,
                not_before=NOW - 60 * MINUTE,
                deadline=NOW + 600 * MINUTE,
            )

    def confirming(self, alice, at, seconds):
        """A slow mail server, while which Alice confirms; and when what was taken."""
        taken: list[tuple[str, float]] = []

        def answer(mail):
            time.sleep(seconds)
            taken.append((mail.to_addr, time.monotonic()))
            if len(taken) == at:
                alice.confirm(NOW)
            return ACCEPTED

        return taken, RecordingTransport(answer)

    def test_a_welcome_is_sent_within_five_seconds(self, week, topic, alice, tmp_path):
        self.readers(topic, 220)
        taken, transport = self.confirming(alice, at=60, seconds=0.04)
        worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)
        when = dict(taken)
        names = [name for name, _ in taken]
        assert when[alice.email] - taken[59][1] < 5
        assert names.index(alice.email) < len(names) - 30  # so it did not wait for the queue
        assert len(names) == len(set(names)) == 221

    def test_so_is_one_whose_digest_was_planned_already(self, week, topic, alice, tmp_path):
        self.readers(topic, 40)
        alice.confirm(NOW)
        issue = Issue.objects.get(day=DAY)
        Delivery.objects.create(
            issue=issue,
            subscriber=alice,
            due_at=NOW,
            not_before=NOW,
            deadline=NOW + 600 * MINUTE,
        )
        taken, transport = self.confirming(alice, at=-1, seconds=0)
        worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)
        assert taken[0][0] == alice.email

    def test_a_welcome_that_failed_once_waits_like_the_others(self, week, alice, tmp_path):
        alice.confirm(NOW)
        later = Outcome(Kind.DEFERRED, "451", "later")
        transport = RecordingTransport(lambda mail: later)
        worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)
        assert Delivery.objects.get().not_before > NOW
        assert not welcome.are_waiting(NOW + MINUTE)

    def test_a_pool_that_is_busy_with_something_else_glances(self, week, alice, monkeypatch):
        looked = []
        monkeypatch.setattr(timezone, "now", lambda: NOW)
        monkeypatch.setattr(worker, "drain", lambda **_: looked.append(1))
        assert not watch._someone_waits()
        alice.confirm(NOW)
        assert watch._someone_waits()
        assert Delivery.objects.get().subscriber == alice
