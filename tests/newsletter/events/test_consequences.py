"""What follows from events: for the ledger, for readers, and for an issue that does harm."""

import datetime as dt
import threading
from itertools import count

import pytest
from anymail.signals import EventType, RejectReason
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.events import consequences, reputation, scanners
from newsletter.events.intake import Report, store
from newsletter.models import Delivery, Event, Issue
from subscriptions.models import Consent, Notice, Subscriber, Suppression
from subscriptions.readers import preferences
from tests.factories import DAY, NOW, make_delivery, make_issue, make_subscriber

pytestmark = pytest.mark.django_db

ALICE = "alice@example.org"
HARD, SOFT, BLOCKED = "hard", "soft", "blocked"
SENT = {"state": Delivery.State.SENT, "sent_at": NOW}
_numbers = count(1)


@pytest.fixture(autouse=True)
def _tracking(settings):
    settings.TRACK_OPENS = settings.TRACK_CLICKS = True


@pytest.fixture
def alice():
    return make_subscriber(ALICE)


@pytest.fixture
def row(alice):
    return make_delivery(make_issue(), alice, **SENT)


def report(row, kind, **kwargs):
    defaults = {
        "provider": "Test",
        "identity": f"e{next(_numbers)}",
        "delivery_id": row.pk,
        "kind": kind,
        "at": NOW,
        "recipient": ALICE,
    }
    return Report(**defaults | kwargs)


def hear(*reports, now=NOW):
    store(reports, now)
    return consequences.process(now)


def bounce(row, severity, **kwargs):
    return report(row, EventType.BOUNCED, severity=severity, **kwargs)


def deliveries(subscriber, days, **kwargs):
    """One sent delivery for each of so many days, the last of them today's."""
    made = []
    for ago in range(days):
        day = DAY - dt.timedelta(days=ago)
        issue = Issue.objects.filter(day=day).first() or make_issue(day)
        sent_at = NOW - dt.timedelta(days=ago)
        made.append(make_delivery(issue, subscriber, **SENT | {"sent_at": sent_at} | kwargs))
    return made


class TestLedger:
    def test_times_are_noted_and_the_earliest_counts(self, row):
        late, early = NOW, NOW - dt.timedelta(minutes=3)
        for kind in (EventType.DELIVERED, EventType.COMPLAINED, EventType.OPENED):
            hear(report(row, kind, at=late))
            hear(report(row, kind, at=early))
            hear(report(row, kind, at=late))
        hear(bounce(row, SOFT, at=early))
        row.refresh_from_db()
        times = (row.delivered_at, row.complained_at, row.opened_at, row.bounced_at)
        assert times == (early,) * 4

    def test_the_worst_bounce_counts(self, row):
        for severity, expected in ((BLOCKED, BLOCKED), (SOFT, SOFT), (BLOCKED, SOFT), (HARD, HARD)):
            hear(bounce(row, severity))
            row.refresh_from_db()
            assert row.bounce == expected
        hear(bounce(row, SOFT))
        row.refresh_from_db()
        assert row.bounce == HARD

    @pytest.mark.parametrize("kind", sorted(consequences.PROOFS))
    def test_a_delivery_in_doubt_is_resolved_by_an_event(self, row, kind):
        Delivery.objects.update(state=Delivery.State.UNKNOWN, sent_at=None)
        hear(report(row, kind))
        row.refresh_from_db()
        assert row.state == Delivery.State.SENT
        assert row.sent_at == NOW

    @pytest.mark.parametrize("kind", [EventType.REJECTED, EventType.FAILED, EventType.QUEUED])
    def test_what_proves_nothing_leaves_the_doubt(self, row, kind):
        Delivery.objects.update(state=Delivery.State.UNKNOWN, sent_at=None)
        hear(report(row, kind))
        row.refresh_from_db()
        assert row.state == Delivery.State.UNKNOWN

    @pytest.mark.parametrize(
        "state", [Delivery.State.FAILED, Delivery.State.PENDING, Delivery.State.CLAIMED]
    )
    def test_other_states_are_the_workers_business(self, row, state):
        Delivery.objects.update(state=state)
        hear(report(row, EventType.DELIVERED))
        row.refresh_from_db()
        assert (row.state, row.delivered_at) == (state, NOW)

    def test_an_event_waits_until_it_is_processed_and_then_no_more(self, row):
        store([report(row, EventType.DELIVERED)], NOW)
        row.refresh_from_db()
        assert row.delivered_at is None
        assert consequences.process(NOW) == 1
        assert consequences.process(NOW) == 0
        assert Event.objects.get().processed_at == NOW

    def test_the_number_of_statements_does_not_grow_with_the_events(self, alice):
        counts = []
        for size in (3, 30):
            rows = [
                make_delivery(make_issue(DAY - dt.timedelta(days=size * 10 + n)), alice, **SENT)
                for n in range(size)
            ]
            store([report(one, EventType.DELIVERED) for one in rows], NOW)
            with CaptureQueriesContext(connection) as queries:
                assert consequences.process(NOW) == size
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestReaders:
    def test_a_dead_address_is_suppressed(self, row, alice):
        hear(bounce(row, HARD))
        alice.refresh_from_db()
        assert alice.status == Subscriber.Status.SUPPRESSED
        assert alice.next_digest_at is None
        assert Suppression.objects.get().reason == Suppression.Reason.BOUNCE

    @pytest.mark.parametrize("severity", [SOFT, BLOCKED])
    def test_a_full_mailbox_and_a_block_are_no_reason(self, row, alice, severity):
        hear(bounce(row, severity))
        alice.refresh_from_db()
        assert alice.is_mailable
        assert not Suppression.objects.exists()

    def test_a_complaint_unsubscribes_at_once_and_for_good(self, row, alice):
        hear(report(row, EventType.COMPLAINED))
        alice.refresh_from_db()
        assert alice.status == Subscriber.Status.SUPPRESSED
        assert alice.left_at == NOW
        assert Suppression.objects.get().reason == Suppression.Reason.COMPLAINT
        assert alice.consents.get().action == Consent.Action.LEFT

    def test_a_complaint_is_the_graver_reason(self, row):
        hear(bounce(row, HARD))
        hear(report(row, EventType.COMPLAINED))
        assert Suppression.objects.get().reason == Suppression.Reason.COMPLAINT
        hear(bounce(row, HARD))
        assert Suppression.objects.get().reason == Suppression.Reason.COMPLAINT

    def test_unsubscribed_at_the_provider_is_unsubscribed_here(self, row, alice):
        hear(report(row, EventType.UNSUBSCRIBED))
        alice.refresh_from_db()
        assert alice.status == Subscriber.Status.LEFT
        assert not Suppression.objects.exists()

    def test_who_came_back_since_stays(self, row, alice):
        alice.confirmed_at = NOW
        alice.save()
        hear(report(row, EventType.UNSUBSCRIBED, at=NOW - dt.timedelta(hours=1)))
        alice.refresh_from_db()
        assert alice.is_mailable

    @pytest.mark.parametrize(
        ("reason", "severity", "status", "why"),
        [
            (RejectReason.INVALID, HARD, Subscriber.Status.SUPPRESSED, "bounce"),
            (RejectReason.BOUNCED, HARD, Subscriber.Status.SUPPRESSED, "bounce"),
            (RejectReason.SPAM, BLOCKED, Subscriber.Status.SUPPRESSED, "complaint"),
            (RejectReason.UNSUBSCRIBED, BLOCKED, Subscriber.Status.LEFT, None),
            (RejectReason.TIMED_OUT, SOFT, Subscriber.Status.ACTIVE, None),
            (RejectReason.BLOCKED, SOFT, Subscriber.Status.ACTIVE, None),
            (RejectReason.OTHER, BLOCKED, Subscriber.Status.ACTIVE, None),
        ],
    )
    def test_the_providers_list_and_ours_agree(self, row, alice, reason, severity, status, why):
        hear(report(row, EventType.REJECTED, reason=reason, severity=severity))
        alice.refresh_from_db()
        assert alice.status == status
        suppression = Suppression.objects.first()
        assert (suppression.reason if suppression else None) == why

    def test_a_filter_that_says_spam_is_not_a_reader_who_does(self, row, alice):
        hear(bounce(row, BLOCKED, reason=RejectReason.SPAM))
        alice.refresh_from_db()
        assert alice.is_mailable

    @pytest.mark.parametrize("kind", [EventType.BOUNCED, EventType.COMPLAINED, "unsubscribed"])
    def test_another_address_than_the_readers_moves_nobodys_subscription(self, row, alice, kind):
        bob = make_subscriber("bob@example.org")
        severity = HARD if kind == EventType.BOUNCED else ""
        hear(report(row, kind, severity=severity, recipient=bob.email))
        for one in (alice, bob):
            one.refresh_from_db()
            assert one.is_mailable
        assert not Suppression.objects.exists()

    def test_a_changed_address_is_not_blamed_for_the_old_one(self, row, alice):
        store([bounce(row, HARD)], NOW)
        Subscriber.objects.filter(pk=alice.pk).update(email="alice@new.example.org")
        consequences.process(NOW)
        alice.refresh_from_db()
        assert alice.is_mailable

    @pytest.mark.parametrize(
        ("kept", "reported"),
        [
            (ALICE, " Alice@Example.ORG "),
            (ALICE, "<alice@example.org>"),
            ("alice@bücher.example", "alice@xn--bcher-kva.example"),
        ],
    )
    def test_an_address_is_known_however_it_is_written(self, kept, reported):
        subscriber = make_subscriber(kept)
        row = make_delivery(make_issue(), subscriber, **SENT)
        hear(bounce(row, HARD, recipient=reported))
        subscriber.refresh_from_db()
        assert subscriber.status == Subscriber.Status.SUPPRESSED

    def test_without_an_address_the_delivery_says_whose_it_is(self, row, alice):
        hear(bounce(row, HARD, recipient=""))
        alice.refresh_from_db()
        assert alice.status == Subscriber.Status.SUPPRESSED

    def test_an_erased_readers_event_does_no_harm(self, row, alice):
        alice.delete()
        assert hear(report(row, EventType.COMPLAINED)) == 1
        assert not Suppression.objects.exists()


class TestPause:
    """Five soft bounces over a week."""

    def test_five_digests_that_came_back_within_a_week_pause_the_reader(self, alice, caplog):
        rows = deliveries(alice, 5)
        for row in rows[1:]:
            hear(bounce(row, SOFT, at=row.sent_at))
        alice.refresh_from_db()
        assert alice.paused_until is None
        hear(bounce(rows[0], SOFT, at=rows[0].sent_at))
        alice.refresh_from_db()
        assert alice.paused_until == dt.date(2026, 7, 9)
        assert alice.next_digest_at == dt.datetime(2026, 7, 9, 8, tzinfo=dt.UTC)
        assert alice.is_mailable
        assert alice.is_paused_for_bounces(NOW)
        assert list(Subscriber.objects.paused_for_bounces(NOW.date())) == [alice]
        assert alice.consents.get().action == Consent.Action.PAUSED
        assert "paused a reader" in caplog.text

    def test_five_bounces_of_one_digest_are_one(self, row, alice):
        hear(*(bounce(row, SOFT) for _ in range(9)))
        alice.refresh_from_db()
        assert alice.paused_until is None

    def test_five_over_a_longer_time_do_not(self, alice):
        for row in deliveries(alice, 20)[::3]:
            hear(bounce(row, SOFT, at=row.sent_at))
        alice.refresh_from_db()
        assert alice.paused_until is None

    def test_a_weekly_reader_has_five_weeks(self, alice):
        Subscriber.objects.update(rhythm=Subscriber.Rhythm.WEEKLY)
        for row in deliveries(alice, 29)[::7]:
            hear(bounce(row, SOFT, at=row.sent_at))
        alice.refresh_from_db()
        assert alice.paused_until is not None

    def test_a_receiver_that_blocks_us_does_not_pause_its_readers(self, alice):
        for row in deliveries(alice, 7):
            hear(bounce(row, BLOCKED, at=row.sent_at))
        alice.refresh_from_db()
        assert alice.paused_until is None

    def test_the_readers_own_longer_pause_stays(self, alice):
        preferences.pause(alice, 200, NOW)
        until = alice.paused_until
        hear(*(bounce(row, SOFT, at=row.sent_at) for row in deliveries(alice, 5)))
        alice.refresh_from_db()
        assert (alice.paused_until, alice.pause_reason) == (until, "")

    def test_a_reader_who_ends_it_is_not_paused_again_for_the_same(self, alice):
        rows = deliveries(alice, 6)
        hear(*(bounce(row, SOFT, at=row.sent_at) for row in rows[1:]))
        alice.refresh_from_db()
        preferences._set(alice, {"paused_until": None}, NOW + dt.timedelta(minutes=1))
        hear(bounce(rows[0], SOFT, at=NOW))
        alice.refresh_from_db()
        assert alice.paused_until is None
        assert alice.pause_reason == ""
        assert alice.next_digest_at is not None

    def test_what_came_back_before_the_reader_confirmed_again_does_not_count(self, alice):
        rows = deliveries(alice, 6)
        Subscriber.objects.update(confirmed_at=NOW - dt.timedelta(hours=1))
        hear(*(bounce(row, SOFT, at=row.sent_at) for row in rows))
        alice.refresh_from_db()
        assert alice.paused_until is None


class TestReputation:
    """An issue that does harm is paused."""

    @pytest.fixture
    def issue(self):
        return make_issue()

    def send(self, issue, number, domain="example.org"):
        people = Subscriber.objects.bulk_create(
            Subscriber(email=f"r{n}@{domain}", status="active") for n in range(number)
        )
        return Delivery.objects.bulk_create(
            Delivery(issue=issue, subscriber=one, due_at=NOW, not_before=NOW, deadline=NOW, **SENT)
            for one in people
        )

    @pytest.mark.parametrize(
        ("sent", "kind", "severity", "number", "is_paused"),
        [
            (100, EventType.COMPLAINED, "", 4, False),  # 4 %, but by chance
            (100, EventType.COMPLAINED, "", 5, True),
            (5001, EventType.COMPLAINED, "", 5, False),  # under 0.1 %
            (4999, EventType.COMPLAINED, "", 5, True),
            (100, EventType.BOUNCED, HARD, 9, False),
            (100, EventType.BOUNCED, HARD, 10, True),
            (500, EventType.BOUNCED, HARD, 10, False),  # exactly 2 %
            (499, EventType.BOUNCED, HARD, 10, True),
            (100, EventType.BOUNCED, SOFT, 60, False),
            (100, EventType.BOUNCED, BLOCKED, 19, False),
            (100, EventType.BOUNCED, BLOCKED, 20, True),
        ],
    )
    def test_limits(self, issue, sent, kind, severity, number, is_paused):
        rows = self.send(issue, sent)
        hear(*(report(row, kind, severity=severity, recipient="") for row in rows[:number]))
        issue.refresh_from_db()
        assert (issue.state == Issue.State.PAUSED) is is_paused
        assert bool(issue.warning) is is_paused

    def test_the_operator_is_told_once(self, issue, settings, caplog):
        settings.ADMINS = [("", "operator@example.org")]
        rows = self.send(issue, 100)
        hear(*(report(row, EventType.COMPLAINED, recipient="") for row in rows[:6]))
        note = Notice.objects.get()
        assert (note.kind, note.day, note.operator) == (Notice.Kind.OPERATOR, issue.day, 0)
        assert "paused an issue" in caplog.text
        issue.refresh_from_db()
        assert issue.state_reason == issue.warning == "complaints: 6 of 100 digests (6.00%)"
        Notice.objects.update(state=Notice.State.SENT)
        issue.resume()
        hear(*(report(row, EventType.COMPLAINED, recipient="") for row in rows[6:9]))
        issue.refresh_from_db()
        assert issue.state == Issue.State.RUNNING
        assert Notice.objects.count() == 1

    def test_refusals_in_the_dialogue_count_against_sent_and_refused(self, issue):
        rows = self.send(issue, 100)
        Delivery.objects.filter(pk__in=[row.pk for row in rows[:25]]).update(
            state="failed", bounce="hard"
        )
        rates = reputation.rates_of(issue)
        assert (rates.sent, rates.hard_bounces) == (100, 25)
        assert rates.share(rates.hard_bounces) == 0.25

    def test_a_stopped_issue_stays_stopped(self, issue):
        issue.stop("enough")
        rows = self.send(issue, 100)
        hear(*(report(row, EventType.COMPLAINED, recipient="") for row in rows[:6]))
        issue.refresh_from_db()
        assert issue.state == Issue.State.STOPPED
        assert issue.warning

    def test_events_of_another_issue_do_not_count(self, issue):
        other = make_issue(DAY - dt.timedelta(days=1))
        rows = self.send(issue, 60) + self.send(other, 60, "other.example.org")
        hear(*(report(row, EventType.COMPLAINED, recipient="") for row in rows[57:63]))
        assert not Issue.objects.exclude(warning="").exists()


class TestScanners:
    def click(self, row, link, seconds, **kwargs):
        at = NOW - dt.timedelta(hours=1) + dt.timedelta(seconds=seconds)
        return report(row, EventType.CLICKED, description=link, at=at, **kwargs)

    def test_a_click_is_a_persons_until_there_are_many_at_once(self, row):
        hear(self.click(row, "a", 0))
        row.refresh_from_db()
        assert row.clicked_at is not None
        hear(self.click(row, "b", 1), self.click(row, "c", 2))
        row.refresh_from_db()
        assert row.clicked_at is None
        assert Event.objects.filter(by_machine=True).count() == 3
        hear(self.click(row, "b", 600))
        row.refresh_from_db()
        assert row.clicked_at == NOW - dt.timedelta(minutes=50)

    def test_one_link_pressed_again_and_again_is_a_persons(self, row):
        hear(*(self.click(row, "a", second) for second in range(5)))
        row.refresh_from_db()
        assert row.clicked_at is not None

    def test_a_machines_own_word_is_believed(self, row):
        hear(self.click(row, "a", 0, by_machine=True))
        hear(report(row, EventType.OPENED, by_machine=True))
        row.refresh_from_db()
        assert (row.clicked_at, row.opened_at) == (None, None)

    @pytest.mark.parametrize(
        ("agent", "is_machine"),
        [
            ("Mozilla/5.0", True),
            ("Mozilla/5.0 (Windows NT 5.1) Firefox/11.0 (via ggpht.com GoogleImageProxy)", True),
            ("Barracuda Sentinel (EE)", True),
            ("python-requests/2.31", True),
            ("Mozilla/5.0 (compatible; bingbot/2.0)", True),
            ("", False),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", False),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.4 Safari/605.1.15", False),
            ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0.0.0 Mobile Safari", False),
        ],
    )
    def test_user_agents(self, agent, is_machine):
        assert scanners.is_machine(agent) is is_machine


# --- Any order, any doubling ---------------------------------------------------------------

KINDS = st.sampled_from(
    [
        (EventType.SENT, "", ""),
        (EventType.DELIVERED, "", ""),
        (EventType.DEFERRED, "", ""),
        (EventType.BOUNCED, "", HARD),
        (EventType.BOUNCED, "", SOFT),
        (EventType.BOUNCED, "", SOFT),
        (EventType.BOUNCED, "", BLOCKED),
        (EventType.REJECTED, RejectReason.SPAM, BLOCKED),
        (EventType.REJECTED, RejectReason.UNSUBSCRIBED, BLOCKED),
        (EventType.COMPLAINED, "", ""),
        (EventType.UNSUBSCRIBED, "", ""),
        (EventType.OPENED, "", ""),
        (EventType.CLICKED, "", ""),
        (EventType.CLICKED, "", ""),
    ]
)


@st.composite
def stories(draw):
    """Events of six deliveries, and the same ones again in another order, some of them doubled, cut
    into requests at other places.
    """
    told = draw(
        st.lists(
            st.tuples(
                KINDS,
                st.integers(0, 5),  # which delivery
                st.integers(0, 7 * 24 * 60),  # minutes ago
                st.sampled_from("abcd"),  # which link
            ),
            min_size=1,
            max_size=14,
        )
    )
    numbered = list(enumerate(told))
    again = draw(st.permutations(numbered + draw(st.lists(st.sampled_from(numbered), max_size=6))))
    cuts = draw(st.lists(st.booleans(), min_size=len(again), max_size=len(again)))
    return numbered, again, cuts


def _state():
    """All that events decide. A pause of one who gets no mail anyway does not matter."""
    rows = Delivery.objects.order_by("pk").values_list(
        "state", "bounce", "delivered_at", "bounced_at", "complained_at", "opened_at", "clicked_at",
        "sent_at",
    )  # fmt: skip
    subscriber = Subscriber.objects.get()
    return (
        list(rows),
        subscriber.status,
        subscriber.paused_until if subscriber.is_mailable else None,
        list(Suppression.objects.values_list("reason", flat=True)),
        sorted(Event.objects.values_list("event_id", "by_machine")),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(stories())
def test_any_order_and_any_doubling_lead_to_the_same(story):
    numbered, again, cuts = story
    states = []
    for events, ends in ((numbered, [False] * len(numbered)), (again, cuts)):
        with transaction.atomic():
            alice = make_subscriber(ALICE)
            rows = deliveries(alice, 6)
            Delivery.objects.filter(pk__in=[row.pk for row in rows[:3]]).update(
                state=Delivery.State.UNKNOWN, sent_at=None
            )
            waiting = []
            for (number, ((kind, reason, severity), at, minutes, link)), end in zip(
                events, ends, strict=True
            ):
                waiting.append(
                    report(
                        rows[at],
                        kind,
                        reason=reason,
                        severity=severity,
                        identity=str(number),
                        at=NOW - dt.timedelta(minutes=minutes),
                        description=link,
                    )
                )
                if end:
                    hear(*waiting)
                    waiting = []
            hear(*waiting)
            states.append(_state())
            transaction.set_rollback(True)
    assert states[0] == states[1]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_process_at_once_with_the_outcome_of_one():
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    issue = make_issue()
    people = [make_subscriber(f"r{n}@example.org") for n in range(60)]
    rows = [make_delivery(issue, one, **SENT) for one in people]
    store([bounce(row, SOFT, recipient="") for row in rows], NOW)
    store([report(row, EventType.COMPLAINED, recipient="") for row in rows], NOW)
    counted = []

    def work():
        counted.append(consequences.process(NOW))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counted) == 120
    assert Suppression.objects.count() == 60
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
