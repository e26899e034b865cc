"""Claim, check, compose, send, settle."""

import datetime as dt
import errno
import os

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.delivery import backend_state, continuity, ledger, worker
from newsletter.delivery.journal import Journal
from newsletter.events import consequences, intake, reputation
from newsletter.issues.freezing import build_issue
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.mail.transports.backend import open_transport
from newsletter.models import Delivery, Event, Issue
from papers.models import Paper
from subscriptions.models import Feedback, Subscriber, Suppression
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.newsletter.transports import ACCEPTED, RecordingTransport

pytestmark = pytest.mark.django_db


def make_day(topic, *titles, day=DAY):
    """An issue of `day` whose papers all match `topic`."""
    for title in titles:
        make_match(make_paper(title, day=day), topic)
    issue = build_issue(day, NOW)
    assert issue is not None
    return issue


def run(transport, tmp_path, now=NOW):
    return worker.drain(transport=transport, directory=tmp_path, clock=lambda: now)


def state_of(subscriber):
    return Delivery.objects.get(subscriber=subscriber).state


@pytest.fixture
def topic():
    return make_topic("Agents")


@pytest.fixture
def alice(topic):
    return make_subscriber("alice@example.org", topics=[topic])


def test_a_digest_goes_to_the_local_part_as_it_was_typed(topic, tmp_path):
    alice = make_subscriber(
        "alice.b@example.org", topics=[topic], email_typed="Alice.B@example.org"
    )
    make_delivery(make_day(topic, "Acting on things"), alice)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert transport.addresses == ["Alice.B@example.org"]


def test_each_reader_gets_a_digest_of_their_own(topic, alice, tmp_path):
    other = make_topic("Vision")
    bob = make_subscriber("bob@example.org", topics=[other])
    make_match(make_paper("Seeing things"), other)
    issue = make_day(topic, "Acting on things")
    for reader in (alice, bob):
        make_delivery(issue, reader)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert transport.addresses == ["alice@example.org", "bob@example.org"]
    mails = {mail.to_addr: mail for mail in transport.sent}
    text = {to: "".join(fragment.text for fragment in mail.text) for to, mail in mails.items()}
    assert "Acting on things" in text["alice@example.org"]
    assert "Seeing things" in text["bob@example.org"]
    row = Delivery.objects.get(subscriber=alice)
    assert row.state == Delivery.State.SENT
    assert row.sent_at == NOW
    ((_, _, topics, why),) = row.choices
    assert topics == [topic.pk]
    assert why.startswith("Matches Agents · trending #")
    assert list(tmp_path.glob("*.journal")) == []


@pytest.mark.parametrize("status", ["left", "pending", "suppressed"])
def test_whoever_left_after_planning_gets_nothing(topic, alice, tmp_path, status):
    make_delivery(make_day(topic, "A paper"), alice)
    Subscriber.objects.update(status=status)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert transport.sent == []
    assert state_of(alice) == Delivery.State.SKIPPED


def test_suppressed_subscriber_gets_no_delivery(topic, alice, tmp_path):
    make_delivery(make_day(topic, "A paper"), alice)
    Suppression.objects.add_address("Alice@Example.org", Suppression.Reason.REQUEST, NOW)
    Subscriber.objects.update(status=Subscriber.Status.ACTIVE)  # whatever the row says
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert transport.sent == []
    assert "suppressed" in Delivery.objects.get().reason


def test_erased_subscriber_gets_nothing_and_the_row_stays(topic, alice, tmp_path):
    make_delivery(make_day(topic, "A paper"), alice)
    alice.delete()
    run(RecordingTransport(), tmp_path)
    assert Delivery.objects.get().state == Delivery.State.SKIPPED


def test_empty_digest_is_not_sent_and_says_so(topic, alice, tmp_path):
    make_delivery(make_day(make_topic("Other"), "A paper"), alice)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert transport.sent == []
    row = Delivery.objects.get()
    assert (row.state, row.reason) == ("skipped", "nothing new on the reader's topics")


def test_paper_sent_once_is_never_sent_again(topic, alice, tmp_path):
    make_delivery(make_day(topic, "Once"), alice)
    run(RecordingTransport(), tmp_path)
    paper = Delivery.objects.get().drawn_on.places.get().paper
    tomorrow = DAY + dt.timedelta(days=1)
    paper.features.create(source=paper.features.get().source, day=tomorrow)
    make_delivery(make_day(topic, "New", day=tomorrow), alice)
    transport = RecordingTransport()
    run(transport, tmp_path)
    (mail,) = transport.sent
    text = "".join(fragment.text for fragment in mail.text)
    assert "New" in text
    assert "Once" not in text


def test_paper_of_a_weekly_digest_is_not_repeated_by_a_daily_one(topic, alice, tmp_path):
    monday, friday = dt.date(2026, 6, 1), dt.date(2026, 6, 5)
    make_day(topic, "Monday's", day=monday)
    Subscriber.objects.update(rhythm="weekly")
    make_delivery(make_day(topic, "Friday's", day=friday), alice)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert "Monday's" in "".join(fragment.text for fragment in transport.sent[0].text)
    Subscriber.objects.update(rhythm="daily")
    paper = Issue.objects.get(day=monday).places.get().paper
    paper.features.create(source=paper.features.get().source, day=DAY)
    make_delivery(make_day(topic, "Today's", day=DAY), alice)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert "Monday's" not in "".join(fragment.text for fragment in transport.sent[0].text)


def test_digest_in_doubt_counts_as_had(topic, alice, tmp_path):
    make_delivery(make_day(topic, "Perhaps"), alice)
    run(RecordingTransport(lambda mail: Outcome(Kind.IN_DOUBT, "timeout", "?")), tmp_path)
    assert state_of(alice) == Delivery.State.UNKNOWN
    paper = Delivery.objects.get().drawn_on.places.get().paper
    tomorrow = DAY + dt.timedelta(days=1)
    paper.features.create(source=paper.features.get().source, day=tomorrow)
    make_delivery(make_day(topic, day=tomorrow), alice)
    run(RecordingTransport(), tmp_path)
    assert Delivery.objects.get(issue__day=tomorrow).state == Delivery.State.SKIPPED


def test_two_digests_of_one_reader_in_one_batch_share_no_paper(topic, alice, tmp_path):
    first = make_day(topic, "Seen on both days", "Seen yesterday")
    tomorrow = DAY + dt.timedelta(days=1)
    both = Paper.objects.get(title="Seen on both days")
    both.features.create(source=both.features.get().source, day=tomorrow)
    second = make_day(topic, "Seen today", day=tomorrow)
    make_delivery(first, alice)
    make_delivery(second, alice)
    run(RecordingTransport(), tmp_path)
    given = [
        row[0] for choices in Delivery.objects.values_list("choices", flat=True) for row in choices
    ]
    assert len(given) == len(set(given)) == 3


def test_disliked_paper_is_left_out(topic, alice, tmp_path):
    issue = make_day(topic, "Liked", "Disliked")
    paper = issue.places.get(card__title="Disliked").paper
    Feedback.objects.create(subscriber=alice, paper=paper, value=-1, at=NOW)
    make_delivery(issue, alice)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert len(Delivery.objects.get().choices) == 1


@pytest.mark.parametrize(
    ("outcome", "state", "attempts"),
    [
        (ACCEPTED, "sent", 1),
        (Outcome(Kind.REFUSED, "550", "policy"), "failed", 1),
        (Outcome(Kind.DEFERRED, "451", "later"), "pending", 1),
        (Outcome(Kind.DEFERRED, "unreachable", "refused", tried=False), "pending", 0),
        (Outcome(Kind.IN_DOUBT, "timeout", "?"), "unknown", 1),
        (Outcome(Kind.BROKEN, "535", "password"), "pending", 1),
    ],
)
def test_outcome_becomes_the_state(topic, alice, tmp_path, outcome, state, attempts):
    make_delivery(make_day(topic, "A paper"), alice)
    run(RecordingTransport(lambda mail: outcome), tmp_path)
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == (state, attempts)
    assert row.lease_until is None


def test_retry_waits_as_long_as_asked(topic, alice, tmp_path):
    make_delivery(make_day(topic, "A paper"), alice)
    later = Outcome(Kind.DEFERRED, "429", "slow down", retry_after=900.0)
    run(RecordingTransport(lambda mail: later), tmp_path)
    row = Delivery.objects.get()
    assert dt.timedelta(minutes=15) <= row.not_before - NOW < dt.timedelta(minutes=16)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert transport.sent == []
    run(transport, tmp_path, now=row.not_before)
    assert len(transport.sent) == 1


def test_bad_address_is_suppressed(topic, alice, tmp_path):
    make_delivery(make_day(topic, "A paper"), alice)
    no_user = Outcome(Kind.REFUSED, "550 5.1.1", "no such user", suppress=True)
    run(RecordingTransport(lambda mail: no_user), tmp_path)
    assert Suppression.objects.covers("alice@example.org")
    alice.refresh_from_db()
    assert alice.status == Subscriber.Status.SUPPRESSED


def test_doubt_is_retried_where_the_setting_says_so(topic, alice, tmp_path, settings):
    settings.RETRY_UNKNOWN = True
    make_delivery(make_day(topic, "A paper"), alice)
    run(RecordingTransport(lambda mail: Outcome(Kind.IN_DOUBT, "timeout", "?")), tmp_path)
    assert state_of(alice) == Delivery.State.PENDING


def test_server_that_is_away_is_asked_once_and_costs_no_attempt(topic, tmp_path):
    issue = make_day(topic, "A paper")
    for number in range(20):
        make_delivery(issue, make_subscriber(f"r{number}@example.org", topics=[topic]))
    asked = []

    def away(mail):
        asked.append(mail)
        return Outcome(Kind.DEFERRED, "unreachable", "connection refused", tried=False)

    tally = run(RecordingTransport(away), tmp_path)
    assert tally.is_stuck
    assert len(asked) == 1
    assert set(Delivery.objects.values_list("state", "attempts")) == {("pending", 0)}
    transport = RecordingTransport()
    run(transport, tmp_path, now=NOW + dt.timedelta(minutes=2))
    assert len(transport.sent) == 20


def test_run_of_doubtful_answers_stops_the_worker(topic, tmp_path):
    issue = make_day(topic, "A paper")
    for number in range(20):
        make_delivery(issue, make_subscriber(f"r{number}@example.org", topics=[topic]))
    doubt = Outcome(Kind.IN_DOUBT, "HTTP 502", "bad gateway")
    run(RecordingTransport(lambda mail: doubt), tmp_path)
    assert Delivery.objects.filter(state="unknown").count() == 5
    assert Delivery.objects.filter(state="pending").count() == 15


def test_one_bad_digest_does_not_stop_the_others(topic, alice, tmp_path):
    issue = make_day(topic, "A paper")
    Subscriber.objects.filter(pk=alice.pk).update(email="not an address")
    bob = make_subscriber("bob@example.org", topics=[topic])
    for reader in (alice, bob):
        make_delivery(issue, reader)
    run(open_transport("null"), tmp_path)
    assert state_of(alice) == Delivery.State.FAILED
    assert "address" in Delivery.objects.get(subscriber=alice).reason
    assert state_of(bob) == Delivery.State.SENT


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_issue_that_does_not_run_is_not_sent(topic, alice, tmp_path, state):
    issue = make_day(topic, "A paper")
    make_delivery(issue, alice)
    Issue.objects.update(state=state)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert transport.sent == []
    issue.refresh_from_db()
    if issue.resume():
        run(transport, tmp_path)
        assert len(transport.sent) == 1


def test_pause_takes_effect_within_one_batch(topic, tmp_path, settings):
    settings.DELIVERY_BATCH = 5
    issue = make_day(topic, "A paper")
    for number in range(20):
        make_delivery(issue, make_subscriber(f"r{number}@example.org", topics=[topic]))

    def pausing(mail):
        issue.pause("enough")
        return ACCEPTED

    transport = RecordingTransport(pausing)
    run(transport, tmp_path)
    assert len(transport.sent) == 5


def test_past_its_deadline_a_digest_is_not_sent_but_expires(topic, alice, tmp_path):
    make_delivery(make_day(topic, "A paper"), alice)
    late = NOW + dt.timedelta(hours=12)
    transport = RecordingTransport()
    run(transport, tmp_path, now=late)
    assert transport.sent == []
    ledger.sweep(tmp_path, late)
    assert state_of(alice) == Delivery.State.EXPIRED


def test_number_of_statements_does_not_depend_on_the_batch(topic, tmp_path, settings):
    settings.DELIVERY_BATCH = 100
    continuity.row()  # this row and the next are made once for ever
    backend_state.note(NOW, is_refusing=False)
    issue = make_day(topic, "A paper", "Another")
    counts = []
    for size in (2, 40):
        for number in range(size):
            reader = make_subscriber(f"r{size}-{number}@example.org", topics=[topic])
            make_delivery(issue, reader)
        with CaptureQueriesContext(connection) as queries:
            assert run(RecordingTransport(), tmp_path).states["sent"] == size
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 46


def test_rate_per_day_holds(topic, tmp_path, settings):
    settings.DELIVERY_RATE_PER_DAY = 4  # one of which is kept for other emails
    issue = make_day(topic, "A paper")
    for number in range(5):
        make_delivery(issue, make_subscriber(f"r{number}@example.org", topics=[topic]))
    transport = RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW, seconds=5)
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW, seconds=5)
    assert len(transport.sent) == 3


def test_full_disk_under_the_mailbox_delays_and_loses_nothing(topic, tmp_path, monkeypatch):
    issue = make_day(topic, "A paper")
    for number in range(10):
        make_delivery(issue, make_subscriber(f"r{number}@example.org", topics=[topic]))
    box = tmp_path / "mailbox"
    real, room = os.write, [3 * 20_000]

    def write(file, data):
        """A disk with room for a few emails, as the kernel would tell of it."""
        if len(data) > 1_000:
            if room[0] <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data = data[: room[0]]
            room[0] -= len(data)
        return real(file, data)

    monkeypatch.setattr("newsletter.mail.local_mailbox.os.write", write)
    mailbox = open_transport("newsletter.mail.local_mailbox.MailboxBackend", directory=box)
    tally = run(mailbox, tmp_path / "journal")
    kept = len(list(box.iterdir()))
    assert tally.is_stuck
    assert 0 < kept < 10
    assert Delivery.objects.filter(state="sent").count() == kept
    assert Delivery.objects.filter(state="pending", attempts=0).count() == 10 - kept
    monkeypatch.undo()
    run(mailbox, tmp_path / "journal", now=NOW + dt.timedelta(minutes=5))
    assert Delivery.objects.filter(state="sent").count() == 10
    assert len(list(box.glob("*.eml"))) == 10


# --- After a crash --------------------------------------------------------------------------


def crashed_batch(issue, tmp_path, readers):
    """A worker that claimed `readers`' deliveries, was answered for the first, was handing over
    the second, and died.
    """
    for reader in readers:
        make_delivery(issue, reader)
    dead = Journal(tmp_path)
    claimed = ledger.claim(dead.name, 100, NOW)
    dead.begin(claimed[0].id)
    dead.end(claimed[0].id, ACCEPTED)
    dead.begin(claimed[1].id)
    dead.close()
    return dead


def test_next_worker_finishes_a_dead_ones_batch_with_one_in_doubt(topic, tmp_path):
    readers = [make_subscriber(f"r{number}@example.org", topics=[topic]) for number in range(5)]
    crashed_batch(make_day(topic, "A paper"), tmp_path, readers)
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert [state_of(reader) for reader in readers] == ["sent", "unknown", "sent", "sent", "sent"]
    assert transport.addresses == [f"r{number}@example.org" for number in (2, 3, 4)]


def test_claim_committed_after_the_first_recovery_is_found_by_the_next(topic, alice, tmp_path):
    dead = Journal(tmp_path)
    dead.close(keep=True)
    make_delivery(make_day(topic, "A paper"), alice)
    assert ledger.recover(tmp_path, NOW) == 0
    ledger.claim(dead.name, 10, NOW)
    run(RecordingTransport(), tmp_path)
    assert state_of(alice) == Delivery.State.SENT


def test_lost_machines_rows_are_in_doubt_until_it_comes_back(topic, tmp_path):
    readers = [make_subscriber(f"r{number}@example.org", topics=[topic]) for number in range(4)]
    lost_disk = tmp_path / "lost"
    crashed_batch(make_day(topic, "A paper"), lost_disk, readers)
    here = tmp_path / "here"
    ledger.sweep(here, NOW + dt.timedelta(seconds=299))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"claimed"}
    ledger.sweep(here, NOW + dt.timedelta(seconds=301))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"unknown"}
    ledger.recover(lost_disk, NOW + dt.timedelta(minutes=20))
    assert [state_of(r) for r in readers] == ["sent", "unknown", "pending", "pending"]


def test_recovering_twice_changes_nothing(topic, tmp_path):
    readers = [make_subscriber(f"r{number}@example.org", topics=[topic]) for number in range(4)]
    crashed_batch(make_day(topic, "A paper"), tmp_path, readers)
    assert ledger.recover(tmp_path, NOW) == 4
    assert ledger.recover(tmp_path, NOW) == 0


def test_live_workers_batch_is_nobodys_to_recover_whatever_its_lease(topic, alice, tmp_path):
    make_delivery(make_day(topic, "A paper"), alice)
    with Journal(tmp_path) as slow:
        ledger.claim(slow.name, 10, NOW)
        ledger.sweep(tmp_path, NOW + dt.timedelta(hours=1))
        assert state_of(alice) == Delivery.State.CLAIMED


def test_digest_that_kills_its_workers_is_given_up(topic, alice, tmp_path):
    make_delivery(make_day(topic, "A paper"), alice)
    for _ in range(ledger.MOST_ATTEMPTS):
        dead = Journal(tmp_path)
        ledger.claim(dead.name, 10, NOW)
        dead.close(keep=True)
        ledger.recover(tmp_path, NOW)
    assert state_of(alice) == Delivery.State.FAILED


def test_operator_may_resend_what_is_in_doubt(topic, alice, tmp_path):
    make_delivery(make_day(topic, "A paper"), alice, state=Delivery.State.UNKNOWN)
    row = Delivery.objects.get()
    assert row.resend(NOW, NOW + dt.timedelta(hours=1))
    assert not row.resend(NOW, NOW + dt.timedelta(hours=1))
    run(RecordingTransport(), tmp_path)
    assert state_of(alice) == Delivery.State.SENT


REFUSALS = {
    "hard": Outcome(Kind.REFUSED, "550 5.1.1", "no such user", suppress=True, bounce="hard"),
    "soft": Outcome(Kind.REFUSED, "552 5.2.2", "over quota", bounce="soft"),
    "blocked": Outcome(Kind.REFUSED, "550 5.7.1", "listed", bounce="blocked"),
}


@pytest.mark.parametrize(
    ("bounce", "status", "is_paused"),
    [("hard", "suppressed", False), ("soft", "active", True), ("blocked", "active", False)],
)
def test_five_refusals_are_like_five_digests_that_came_back(
    topic, alice, tmp_path, bounce, status, is_paused
):
    for days in range(5):
        day, now = DAY + dt.timedelta(days=days), NOW + dt.timedelta(days=days)
        issue = make_day(topic, f"Paper {days}", day=day)
        later = {"not_before": now, "deadline": now + dt.timedelta(hours=1)}
        make_delivery(issue, alice, due_at=now, **later)
        run(RecordingTransport(lambda mail: REFUSALS[bounce]), tmp_path, now)
        consequences.process(now)
        consequences.process(now)
    alice.refresh_from_db()
    assert alice.status == status
    assert (alice.paused_until is not None) == is_paused
    refused = Delivery.objects.filter(state="failed")
    assert {(row.bounce, row.bounced_at is not None) for row in refused} == {(bounce, True)}
    assert refused.count() == Event.objects.count() == (1 if bounce == "hard" else 5)


def test_a_refusal_that_the_provider_reports_as_well_counts_once(topic, alice, tmp_path):
    row = make_delivery(make_day(topic, "A paper"), alice)
    run(RecordingTransport(lambda mail: REFUSALS["soft"]), tmp_path)
    again = intake.Report("Test", "e1", row.pk, "bounced", NOW, severity="soft")
    intake.store([again], NOW)
    consequences.process(NOW + dt.timedelta(days=1))
    row.refresh_from_db()
    assert (row.state, row.bounce, row.bounced_at) == ("failed", "soft", NOW)
    rates = reputation.rates_of(row.drawn_on)
    assert (rates.sent, rates.soft_bounces) == (1, 1)


class TestARefusalThatBlamesOurSide:
    """By one recipient's server it is "blocked"; by all the queue waits for the operator."""

    LISTED = Outcome(Kind.BROKEN, "554 5.7.1", "Client host blocked using zen.spamhaus.org")

    def batch(self, topic, tmp_path, answer, minutes):
        issue = make_day(topic, "A paper")
        for name in ("a", "bob", "c", "d"):
            make_delivery(issue, make_subscriber(f"{name}@example.org", topics=[topic]))
        tally = None
        for minute in minutes:
            # Somebody else's digest is sent each time.
            other = make_subscriber(f"other{minute}@example.org", topics=[topic])
            now = NOW + dt.timedelta(minutes=minute)
            make_delivery(issue, other, not_before=NOW - dt.timedelta(minutes=1))
            tally = run(RecordingTransport(answer), tmp_path, now=now)
        return tally

    def test_of_one_recipient_fails_as_blocked_and_is_told(self, topic, tmp_path):
        def answer(mail):
            return self.LISTED if mail.to_addr.startswith("bob") else ACCEPTED

        self.batch(topic, tmp_path, answer, minutes=(0, 5))
        bob = Subscriber.objects.get(email="bob@example.org")
        row = Delivery.objects.get(subscriber=bob)
        assert (row.state, row.attempts) == ("failed", 2)
        event = Event.objects.get()
        assert (event.delivery_id, event.severity) == (row.pk, "blocked")
        consequences.process(NOW + dt.timedelta(minutes=6))
        bob.refresh_from_db()
        assert (bob.status, bob.paused_until) == ("active", None)
        row.refresh_from_db()
        assert row.bounce == "blocked"  # counts for the issue's warning

    def test_of_everybody_costs_nobody_the_digest(self, topic, tmp_path):
        tally = self.batch(topic, tmp_path, lambda mail: self.LISTED, minutes=range(0, 120, 10))
        assert tally.is_stuck
        assert set(Delivery.objects.values_list("state", flat=True)) == {"pending"}
        assert not Event.objects.exists()
        run(RecordingTransport(), tmp_path, now=NOW + dt.timedelta(hours=4))
        assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}

    def test_a_password_that_expired_is_nobodys_refusal(self, topic, tmp_path):
        expired = Outcome(Kind.BROKEN, "HTTP 401", "bad key")

        def answer(mail):
            return expired if mail.to_addr.startswith("bob") else ACCEPTED

        self.batch(topic, tmp_path, answer, minutes=(0, 5, 20))
        assert Delivery.objects.get(subscriber__email="bob@example.org").state == "pending"
