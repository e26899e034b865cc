"""Emails that are not digests: rows of the ledger, sent once, beside the digests."""

import datetime as dt
import threading

import pytest
from django.core.management import call_command
from django.db import connection

from newsletter.delivery import backfill, ledger, notices, rates, worker
from newsletter.delivery.journal import Journal
from newsletter.events import consequences, intake
from newsletter.mail.encoding import UnsendableMail
from newsletter.mail.message_ids import notice_id_of, notice_message_id
from newsletter.mail.outcomes import Kind as Answer
from newsletter.mail.outcomes import Outcome, sort_error
from newsletter.mail.return_paths import notice_return_path, returned_in
from newsletter.models import Delivery, Event, RateBucket
from newsletter.tasks import send_mail_to
from papers.models import Topic
from subscriptions.models import AddressChange, FormEntry, Notice, Subscriber, Suppression
from subscriptions.notices import due, letters
from subscriptions.readers import address_change, form_entries, personal_data, signup
from subscriptions.readers.signup import SignupChoices
from tests.factories import DAY, NOW, make_delivery, make_notice, make_subscriber, make_topic
from tests.newsletter.delivery.test_worker import make_day
from tests.newsletter.transports import ACCEPTED, RecordingTransport

pytestmark = pytest.mark.django_db

Kind, State, Status = Notice.Kind, Notice.State, Subscriber.Status
ONE_DAY = dt.timedelta(days=1)
NEW = "new@example.org"
SUITING = {
    Kind.CONFIRM: Status.PENDING,
    Kind.PERMISSION: Status.PENDING,
    Kind.GOODBYE: Status.LEFT,
}
HARD = Outcome(Answer.REFUSED, "550 5.1.1", "no such user", suppress=True, bounce="hard")
SOFT = Outcome(Answer.REFUSED, "552 5.2.2", "over quota", bounce="soft")
BLOCKED = Outcome(Answer.REFUSED, "550 5.7.1", "unwanted", bounce="blocked")
LATER = Outcome(Answer.DEFERRED, "451", "later")
RELAY = Outcome(Answer.BROKEN, "550 5.7.1", "relaying denied")
LOGIN = Outcome(Answer.BROKEN, "535", "bad password", tried=False)
NOBODY = Outcome(Answer.DEFERRED, "unreachable", "nobody there", tried=False)
DOUBT = Outcome(Answer.IN_DOUBT, "timeout", "no answer")


def run(transport, tmp_path, now=NOW):
    return worker.drain(transport=transport, directory=tmp_path, clock=lambda: now)


def answering(outcome):
    return RecordingTransport(lambda mail: outcome)


def moving(subscriber, **kwargs):
    return subscriber.address_changes.create(**({"new_email": NEW, "asked_at": NOW} | kwargs))


def suiting(kind, email="alice@example.org"):
    """A reader who may get an email of this kind, and the row that asks for it."""
    reader = make_subscriber(email, status=SUITING.get(kind, Status.ACTIVE))
    change = moving(reader) if kind in Notice.MOVES else None
    due.ask_for(kind, reader.pk, NOW, change)
    return reader, Notice.objects.get(subscriber=reader)


class TestWhatIsDue:
    @pytest.mark.parametrize("kind", letters.KINDS)
    def test_each_kind_goes_out_once_with_a_message_id_of_its_row(self, kind, tmp_path):
        _, row = suiting(kind)
        transport = RecordingTransport()
        run(transport, tmp_path)
        run(transport, tmp_path, NOW + dt.timedelta(minutes=5))
        (mail,) = transport.sent
        assert mail.to_addr == (NEW if kind is Kind.MOVE_TO else "alice@example.org")
        assert notice_id_of(mail.message_id) == row.pk
        row.refresh_from_db()
        assert (row.state, row.sent_at, row.attempts, row.reason) == (State.SENT, NOW, 1, "")
        assert list(tmp_path.glob("*.journal")) == []

    @pytest.mark.parametrize("kind", letters.KINDS)
    @pytest.mark.parametrize("status", Status)
    def test_only_where_it_still_fits_the_reader(self, kind, status, tmp_path):
        reader, row = suiting(kind)
        Subscriber.objects.filter(pk=reader.pk).update(status=status)
        transport = RecordingTransport()
        run(transport, tmp_path)
        row.refresh_from_db()
        fits = {
            Kind.CONFIRM: {Status.PENDING, Status.LEFT},
            Kind.PREFERENCES: {Status.ACTIVE, Status.LEFT},
        }.get(kind, {SUITING.get(kind, Status.ACTIVE)})
        assert bool(transport.sent) == (status in fits)
        assert row.state == (State.SENT if status in fits else State.SKIPPED)

    @pytest.mark.parametrize("kind", letters.KINDS)
    def test_a_suppressed_address_gets_nothing(self, kind, tmp_path):
        reader, row = suiting(kind)
        email = NEW if kind is Kind.MOVE_TO else reader.email
        Suppression.objects.add_address(email, Suppression.Reason.COMPLAINT, NOW)
        Subscriber.objects.update(status=reader.status)
        transport = RecordingTransport()
        run(transport, tmp_path)
        row.refresh_from_db()
        assert transport.sent == []
        assert (row.state, row.reason) == (State.SKIPPED, "the address is suppressed")

    @pytest.mark.parametrize("kind", letters.KINDS)
    def test_who_was_erased_leaves_no_row(self, kind):
        reader, _ = suiting(kind)
        FormEntry.objects.create(form="link", email=reader.email.upper(), at=NOW, not_before=NOW)
        assert "other emails" in personal_data.export(reader)
        assert len(personal_data.export(reader)["form entries"]) == 1
        personal_data.erase(reader)
        assert not Notice.objects.exists()
        assert not FormEntry.objects.exists()

    def test_a_row_whose_reader_the_version_before_erased_is_skipped(self, tmp_path):
        reader, row = suiting(Kind.PREFERENCES)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM subscriptions_subscriber WHERE id = %s", [reader.pk])
        run(RecordingTransport(), tmp_path)
        row.refresh_from_db()
        assert (row.state, row.reason) == (State.SKIPPED, "the subscriber was erased")

    @pytest.mark.parametrize("kind", letters.KINDS)
    def test_there_is_one_open_row_for_a_reader_and_kind(self, kind):
        reader, row = suiting(kind)
        due.ask_for(kind, reader.pk, NOW, row.change)
        assert Notice.objects.open().count() == 1
        Notice.objects.update(state=State.SENT)
        due.ask_for(kind, reader.pk, NOW, row.change)
        assert Notice.objects.open().count() == 1

    @pytest.mark.parametrize(
        ("kind", "within"),
        [
            (kind, AddressChange.WITHIN if kind in Notice.MOVES else ONE_DAY)
            for kind in letters.KINDS
        ],
    )
    def test_what_comes_too_late_is_not_sent(self, kind, within, tmp_path):
        reader, row = suiting(kind)
        Subscriber.objects.update(asked_to_confirm_at=row.due_at)
        assert row.deadline == NOW + within
        transport = RecordingTransport()
        run(transport, tmp_path, NOW + within)
        ledger.sweep(tmp_path, NOW + within)
        row.refresh_from_db()
        reader.refresh_from_db()
        assert transport.sent == []
        assert row.state == State.EXPIRED
        assert (reader.asked_to_confirm_at is None) == (kind in Notice.ONCE_A_DAY)

    @pytest.mark.parametrize("kind", sorted(Notice.ONCE_A_DAY))
    def test_asking_happens_once_a_day(self, kind, tmp_path):
        reader, _ = suiting(kind)
        transport = RecordingTransport()
        run(transport, tmp_path)
        for later, sent in ((ONE_DAY - dt.timedelta(seconds=1), 1), (ONE_DAY, 2)):
            due.ask_for(kind, reader.pk, NOW + later)
            run(transport, tmp_path, NOW + later)
            assert len(transport.sent) == sent

    @pytest.mark.django_db(transaction=True)
    def test_four_visitors_and_four_workers_at_once_make_one_email(self, tmp_path):
        make_topic("Agents")
        transport, problems = RecordingTransport(), []
        start = threading.Barrier(4)

        def visit():
            try:
                start.wait()
                form_entries.note_signup("alice@example.org", [], SignupChoices(), NOW, "Go")
                run(transport, tmp_path)
            except Exception as error:
                problems.append(error)
            finally:
                connection.close()

        visitors = [threading.Thread(target=visit) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        run(transport, tmp_path)
        assert not problems
        assert Subscriber.objects.count() == 1
        assert transport.addresses == ["alice@example.org"]
        assert not FormEntry.objects.exists()


class TestChangesOfAddress:
    def test_the_holder_of_the_new_address_is_told_instead(self, tmp_path):
        alice, bob = make_subscriber(), make_subscriber("bob@example.org")
        assert address_change.ask(alice, bob.email, NOW)
        transport = RecordingTransport()
        run(transport, tmp_path)
        assert transport.addresses == ["alice@example.org", "bob@example.org"]
        told = next(mail for mail in transport.sent if mail.to_addr == bob.email)
        assert told.subject == "You’re already subscribed to Broadsheet"
        bob.refresh_from_db()
        assert bob.asked_to_confirm_at == NOW

    def test_a_new_address_is_asked_once_a_day_whoever_asks(self, tmp_path):
        transport = RecordingTransport()
        for name in ("alice", "bob"):
            assert address_change.ask(make_subscriber(f"{name}@example.org"), NEW, NOW)
            run(transport, tmp_path)
        assert transport.addresses == ["alice@example.org", "bob@example.org", NEW]

    @pytest.mark.parametrize("kind", sorted(Notice.MOVES))
    @pytest.mark.parametrize("how", ["cancelled", "lapsed", "deleted"])
    def test_an_email_about_a_change_that_is_over_is_not_sent(self, kind, how, tmp_path):
        reader, row = suiting(kind)
        change = reader.address_changes.get()
        match how:
            case "cancelled":
                address_change.cancel(reader, NOW)
            case "lapsed":
                AddressChange.objects.update(asked_at=NOW - AddressChange.WITHIN)
            case "deleted":
                change.delete()
        transport = RecordingTransport()
        run(transport, tmp_path)
        row.refresh_from_db()
        assert (transport.sent, row.state) == ([], State.SKIPPED)

    def test_a_later_change_takes_the_place_of_one_that_waits(self, tmp_path):
        alice = make_subscriber()
        address_change.ask(alice, NEW, NOW)
        address_change.ask(alice, "newer@example.org", NOW)
        transport = RecordingTransport()
        run(transport, tmp_path)
        assert transport.addresses == ["alice@example.org", "newer@example.org"]

    def test_while_an_earlier_one_is_being_sent_a_change_is_not_begun(self):
        alice = make_subscriber()
        address_change.ask(alice, NEW, NOW)
        Notice.objects.update(state=State.CLAIMED, claim="w", lease_until=NOW)
        with pytest.raises(due.NoticeUnderWay):
            address_change.ask(alice, "newer@example.org", NOW)
        assert AddressChange.objects.get().new_email == NEW


class TestWhatBecomesOfIt:
    @pytest.mark.parametrize(
        ("outcome", "state", "bounce", "status"),
        [
            (ACCEPTED, State.SENT, "", Status.PENDING),
            (HARD, State.FAILED, "hard", Status.SUPPRESSED),
            (SOFT, State.FAILED, "soft", Status.PENDING),
            (BLOCKED, State.FAILED, "blocked", Status.PENDING),
            (LATER, State.PENDING, "", Status.PENDING),
            (RELAY, State.PENDING, "", Status.PENDING),
            (LOGIN, State.PENDING, "", Status.PENDING),
            (NOBODY, State.PENDING, "", Status.PENDING),
            (sort_error(UnsendableMail("no address")), State.FAILED, "", Status.PENDING),
        ],
        ids=lambda value: getattr(value, "code", None),
    )
    def test_of_a_confirmation(self, outcome, state, bounce, status, tmp_path):
        reader, row = suiting(Kind.CONFIRM)
        run(answering(outcome), tmp_path)
        consequences.process(NOW)
        row.refresh_from_db()
        reader.refresh_from_db()
        assert (row.state, row.bounce, reader.status) == (state, bounce, status)
        assert (row.bounced_at == NOW) == bool(bounce)
        assert row.attempts == (1 if outcome.tried else 0)
        assert list(tmp_path.glob("*.journal")) == []
        may_ask_at_once = state == State.FAILED and status == Status.PENDING
        if may_ask_at_once:
            assert signup.subscribe(reader.email, [], SignupChoices(), NOW) == Kind.CONFIRM
            transport = RecordingTransport()
            run(transport, tmp_path)
            assert transport.addresses == [reader.email]

    def test_a_refusal_counts_once_though_the_provider_reports_it_too(self, tmp_path):
        reader, row = suiting(Kind.CONFIRM)
        run(answering(SOFT), tmp_path)
        report = intake.Report(
            "Test", "e1", None, "bounced", NOW, severity="soft", notice_id=row.pk
        )
        intake.store([report], NOW)
        consequences.process(NOW + ONE_DAY)
        row.refresh_from_db()
        assert (row.bounce, row.bounced_at, row.state) == ("soft", NOW, State.FAILED)
        reader.refresh_from_db()
        assert reader.paused_until is None

    def test_a_confirmation_in_doubt_goes_out_once_more_under_the_same_message_id(self, tmp_path):
        _, row = suiting(Kind.CONFIRM)
        seen = []

        def answer(mail):
            seen.append(mail.message_id)
            return DOUBT

        transport = RecordingTransport(answer)
        run(transport, tmp_path)
        row.refresh_from_db()
        assert (row.state, row.attempts) == (State.UNKNOWN, 2)
        assert seen == [notice_message_id(row.pk)] * 2

    @pytest.mark.parametrize("kind", [kind for kind in letters.KINDS if kind != Kind.CONFIRM])
    def test_any_other_in_doubt_is_left_to_an_operator(self, kind, tmp_path):
        _, row = suiting(kind)
        run(answering(DOUBT), tmp_path)
        row.refresh_from_db()
        assert (row.state, row.attempts) == (State.UNKNOWN, 1)
        assert row.resend(NOW)
        transport = RecordingTransport()
        run(transport, tmp_path)
        assert len(transport.sent) == 1

    def test_no_address_stands_in_what_a_server_said(self, tmp_path):
        _, row = suiting(Kind.PREFERENCES)
        said = Outcome(Answer.REFUSED, "550", "<alice@example.org>: go away", bounce="blocked")
        run(answering(said), tmp_path)
        row.refresh_from_db()
        assert row.reason == "550: <[address]>: go away"
        assert "alice" not in Event.objects.get().description

    @pytest.mark.parametrize("kind", letters.KINDS)
    def test_what_came_back_is_known_by_its_return_path_and_message_id(
        self, kind, tmp_path, settings
    ):
        settings.BOUNCE_ADDRESS = "bounce@papers.example.org"
        _, row = suiting(kind)
        transport = RecordingTransport()
        run(transport, tmp_path)
        (mail,) = transport.sent
        found = returned_in(f"<{mail.envelope_from.upper()}>")
        assert found is not None
        assert (found.notice_id, found.delivery_id) == (row.pk, None)
        assert notice_return_path(row.pk, mail.to_addr, "") == mail.envelope_from

    def test_a_dead_new_address_does_not_end_the_subscription(self, tmp_path):
        reader, _ = suiting(Kind.MOVE_TO)
        run(answering(HARD), tmp_path)
        consequences.process(NOW)
        reader.refresh_from_db()
        assert reader.status == Status.ACTIVE
        assert Suppression.objects.covers(NEW)
        assert not Suppression.objects.covers(reader.email)

    def test_a_complaint_about_a_notice_is_one(self, tmp_path):
        reader, row = suiting(Kind.PREFERENCES)
        run(RecordingTransport(), tmp_path)
        intake.store([intake.Report("T", "e", None, "complained", NOW, notice_id=row.pk)], NOW)
        consequences.process(NOW)
        reader.refresh_from_db()
        assert reader.status == Status.SUPPRESSED
        row.refresh_from_db()
        assert row.complained_at == NOW

    def test_notices_count_towards_no_issue(self, tmp_path):
        topic = make_topic("Agents")
        issue = make_day(topic, "A paper")
        for number in range(30):
            reader = make_subscriber(f"r{number}@example.org", status=Status.PENDING)
            due.ask_for(Kind.CONFIRM, reader.pk, NOW)
        run(answering(BLOCKED), tmp_path)
        consequences.process(NOW)
        issue.refresh_from_db()
        assert issue.warning == ""
        assert Notice.objects.filter(bounce="blocked").count() == 30


class TestBesideDigests:
    @pytest.fixture
    def issue(self):
        return make_day(make_topic("Agents"), "A paper")

    def readers(self, issue, count):
        topic = Topic.objects.get(name="Agents")
        for number in range(count):
            reader = make_subscriber(f"r{number}@example.org", topics=[topic])
            make_delivery(issue, reader)

    def test_a_form_sent_off_during_a_batch_is_answered_within_it(
        self, issue, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(notices, "LOOK_EVERY", 0.0)
        self.readers(issue, 10)
        handed = []

        def answer(mail):
            handed.append(mail.to_addr)
            if len(handed) == 3:
                form_entries.note_signup("new@example.org", [], SignupChoices(), NOW, "Go")
            return ACCEPTED

        run(RecordingTransport(answer), tmp_path)
        assert handed.index("new@example.org") == 3
        assert Delivery.objects.filter(state="sent").count() == 10
        assert list(tmp_path.glob("*.journal")) == []

    def test_refused_notices_stop_no_digest(self, issue, tmp_path):
        self.readers(issue, 3)
        for number in range(10):
            reader = make_subscriber(f"new{number}@example.org", status=Status.PENDING)
            due.ask_for(Kind.CONFIRM, reader.pk, NOW)

        def answer(mail):
            return RELAY if mail.to_addr.startswith("new") else ACCEPTED

        tally = run(RecordingTransport(answer), tmp_path)
        assert not tally.is_stuck
        assert Delivery.objects.filter(state="sent").count() == 3
        assert Notice.objects.filter(state="pending", attempts=1).count() == 10

    def test_refused_digests_stop_no_notice(self, issue, tmp_path):
        self.readers(issue, 5)
        handed = []

        def answer(mail):
            handed.append(mail.to_addr)
            if len(handed) == 1:
                suiting(Kind.CONFIRM, "new@example.org")
            return ACCEPTED if mail.to_addr == "new@example.org" else RELAY

        transport = RecordingTransport(answer)
        assert run(transport, tmp_path).is_stuck
        assert not run(transport, tmp_path).notices.get("pending")
        assert transport.addresses == ["new@example.org"]

    def test_a_server_that_is_down_is_asked_once_for_many_notices(self, tmp_path):
        for number in range(5):
            reader = make_subscriber(f"new{number}@example.org", status=Status.PENDING)
            due.ask_for(Kind.CONFIRM, reader.pk, NOW)
        asked = []

        def answer(mail):
            asked.append(mail)
            return NOBODY

        run(RecordingTransport(answer), tmp_path)
        assert len(asked) == 1
        assert Notice.objects.filter(state="pending", attempts=0).count() == 5


class TestRates:
    def test_digests_leave_a_tenth_of_the_day_to_notices(self, settings):
        settings.DELIVERY_RATE_PER_DAY = 100
        assert rates.reserve("b", 500, NOW).count == 90
        assert rates.reserve("b", 500, NOW).count == 0
        assert rates.is_spent("b", NOW)
        granted = [rates.reserve_notice("b", NOW, by_stranger=False).count for _ in range(12)]
        assert sum(granted) == 10
        assert RateBucket.objects.get(name="b").used == 100

    def test_notices_before_digests_do_not_take_the_digests_share_twice(self, settings):
        settings.DELIVERY_RATE_PER_DAY = 100
        for _ in range(10):
            assert rates.reserve_notice("b", NOW, by_stranger=False).count
        assert rates.reserve("b", 500, NOW).count == 90

    def test_strangers_use_a_quarter_of_the_day(self, settings):
        settings.DELIVERY_RATE_PER_DAY = 100
        granted = [rates.reserve_notice("b", NOW, by_stranger=True) for _ in range(40)]
        assert sum(grant.count for grant in granted) == 25
        assert NOW + granted[-1].wait == dt.datetime(2026, 6, 12, tzinfo=dt.UTC)
        assert rates.reserve_notice("b", NOW, by_stranger=False).count == 1

    def test_what_was_not_used_is_given_back_to_every_share(self, settings):
        settings.DELIVERY_RATE_PER_DAY = 8
        for _ in range(5):
            grant = rates.reserve_notice("b", NOW, by_stranger=True)
            assert grant.count == 1
            rates.give_back_notice("b", grant, by_stranger=True)
        assert set(RateBucket.objects.values_list("used", flat=True)) == {0}

    def test_a_notice_finds_a_place_although_digests_take_all_they_can(self, settings):
        settings.DELIVERY_RATE_PER_SECOND = 5
        starts = []
        for tick in range(200):
            now = NOW + dt.timedelta(seconds=tick / 10)
            rates.reserve("b", 50, now)
            if tick % 20 == 0:
                grant = rates.reserve_notice("b", now, by_stranger=True)
                assert grant.count == 1
                starts.append((grant.start - now).total_seconds())
        assert max(starts) < 2.5

    def test_one_whose_turn_does_not_come_waits_in_the_queue(self, settings, tmp_path):
        settings.DELIVERY_RATE_PER_DAY = 4
        for number in range(3):
            suiting(Kind.CONFIRM, f"r{number}@example.org")
        transport = RecordingTransport()
        run(transport, tmp_path)
        assert len(transport.sent) == 1
        waiting = Notice.objects.filter(state=State.PENDING)
        midnight = dt.datetime(2026, 6, 12, tzinfo=dt.UTC)
        assert {(row.not_before, row.attempts) for row in waiting} == {(midnight, 0)}


class TestAfterACrash:
    def crash(self, tmp_path, *marks):
        """A worker that claimed five notices and died, having written these marks."""
        kept = Journal(tmp_path)
        claimed = ledger.claim_notices(kept.name, 5, NOW)
        for one, mark in zip(claimed, marks, strict=False):
            if mark is not None:
                kept.begin(one.key)
            if isinstance(mark, Outcome):
                kept.end(one.key, mark)
        kept.close(keep=True)
        return claimed

    @pytest.mark.parametrize("kind", [Kind.CONFIRM, Kind.PREFERENCES])
    def test_answered_doubtful_and_untouched_are_told_apart(self, kind, tmp_path):
        for number in range(4):
            suiting(kind, f"r{number}@example.org")
        self.crash(tmp_path, ACCEPTED, SOFT, "begun", None)
        ledger.recover(tmp_path, NOW)
        states = list(Notice.objects.order_by("pk").values_list("state", flat=True))
        doubtful = State.PENDING if kind == Kind.CONFIRM else State.UNKNOWN
        assert states == [State.SENT, State.FAILED, doubtful, State.PENDING]
        assert Event.objects.get().severity == "soft"
        transport = RecordingTransport()
        run(transport, tmp_path)
        again = ["r2@example.org"] if kind == Kind.CONFIRM else []
        assert transport.addresses == [*again, "r3@example.org"]

    def test_a_digest_of_the_same_number_is_another_message(self, tmp_path):
        reader, row = suiting(Kind.PREFERENCES)
        delivery = make_delivery(make_day(make_topic("Agents"), "A"), reader, pk=row.pk)
        kept = Journal(tmp_path)
        ledger.claim_notices(kept.name, 5, NOW)
        Delivery.objects.update(state="claimed", claim=kept.name)
        kept.begin(row.key)
        kept.end(row.key, ACCEPTED)
        kept.begin(delivery.pk)
        kept.close(keep=True)
        ledger.recover(tmp_path, NOW)
        row.refresh_from_db()
        delivery.refresh_from_db()
        assert (row.state, delivery.state) == ("sent", "unknown")

    def test_one_that_comes_up_again_in_the_same_journal_is_in_doubt_the_second_time(
        self, tmp_path
    ):
        _, row = suiting(Kind.PREFERENCES)
        kept = Journal(tmp_path)
        kept.begin(row.key)
        kept.end(row.key, LATER)
        ledger.claim_notices(kept.name, 5, NOW)
        kept.begin(row.key)
        kept.close(keep=True)
        ledger.recover(tmp_path, NOW)
        row.refresh_from_db()
        assert row.state == State.UNKNOWN

    @pytest.mark.parametrize("kind", [Kind.CONFIRM, Kind.PREFERENCES])
    def test_a_machine_that_is_gone_leaves_them_in_doubt(self, kind, tmp_path):
        _, row = suiting(kind)
        ledger.claim_notices("gone-1-aa", 5, NOW)
        ledger.sweep(tmp_path, NOW + dt.timedelta(hours=1))
        row.refresh_from_db()
        assert row.state == (State.PENDING if kind == Kind.CONFIRM else State.UNKNOWN)
        assert row.was_in_doubt == (kind == Kind.CONFIRM)


class TestTheVersionBefore:
    def test_its_messages_write_the_row_and_no_more(self, monkeypatch):
        woken = []
        monkeypatch.setattr("newsletter.tasks.drain.apply_async", lambda *_, **__: woken.append(1))
        alice = make_subscriber(status=Status.PENDING)
        for _ in range(3):  # as retries, or redelivered
            send_mail_to("confirm", alice.pk)
        row = Notice.objects.get()
        assert (row.kind, row.state, row.subscriber_id) == (Kind.CONFIRM, State.PENDING, alice.pk)
        assert len(woken) == 1

    @pytest.mark.parametrize("kind", ["anything", "nonsense", "operator", "move_from", "move_to"])
    def test_what_asks_for_nothing_writes_nothing(self, kind):
        send_mail_to(kind, make_subscriber().pk)
        send_mail_to(kind, 0)
        assert not Notice.objects.exists()

    def test_whoever_it_has_just_asked_is_not_asked_again(self, tmp_path):
        reader, row = suiting(Kind.CONFIRM)
        Subscriber.objects.update(asked_to_confirm_at=NOW + dt.timedelta(seconds=1))
        transport = RecordingTransport()
        run(transport, tmp_path, NOW + dt.timedelta(seconds=2))
        row.refresh_from_db()
        assert (transport.sent, row.state) == ([], State.SKIPPED)
        reader.refresh_from_db()
        assert reader.asked_to_confirm_at == NOW + dt.timedelta(seconds=1)

    def test_readers_it_never_mailed_get_their_row(self):
        def made(name, days, **kwargs):
            reader = make_subscriber(f"{name}@example.org", status=Status.PENDING, **kwargs)
            Subscriber.objects.filter(pk=reader.pk).update(created_at=NOW - dt.timedelta(days=days))

        made("alice", 1)
        made("bob", 8)
        made("charlie", 1, asked_to_confirm_at=NOW - ONE_DAY)
        assert due.ask_for_the_forgotten(NOW) == 1
        assert Subscriber.objects.get(notices__isnull=False).email == "alice@example.org"
        Notice.objects.update(state=State.FAILED)
        assert due.ask_for_the_forgotten(NOW) == 0


class TestForgetting:
    @pytest.mark.parametrize(
        ("status", "state", "days", "is_kept"),
        [
            (Status.ACTIVE, State.SENT, 89, True),
            (Status.ACTIVE, State.SENT, 91, False),
            (Status.ACTIVE, State.PENDING, 91, True),
            (Status.LEFT, State.FAILED, 91, False),
            (Status.PENDING, State.SENT, 13, True),
            (Status.PENDING, State.FAILED, 15, False),
        ],
    )
    def test_settled_rows_go_when_their_time_is_over(self, status, state, days, is_kept):
        reader = make_subscriber(status=status, asked_to_confirm_at=NOW)
        make_notice(reader, state=state, due_at=NOW - dt.timedelta(days=days))
        FormEntry.objects.create(
            form="link", email="bob@example.org", at=NOW - ONE_DAY, not_before=NOW
        )
        from newsletter.operations import retention

        counted = retention.delete_expired(NOW, dry_run=True)
        done = retention.delete_expired(NOW)
        assert counted.notices == done.notices == 2 - is_kept
        assert Notice.objects.exists() == is_kept
        assert not FormEntry.objects.exists()


def test_an_operator_is_told_of_an_issue_once(settings, tmp_path):
    from newsletter.issues import operator_notes

    settings.ADMINS = [("", "one@example.org"), ("", "two@example.org")]
    issue = make_day(make_topic("Agents"), "A paper")
    issue.warning = "complaints: 6 of 100 digests (6.00%)"
    issue.save()
    issue.pause(issue.warning)
    for _ in range(2):
        operator_notes.ask_for(issue, NOW)
    transport = RecordingTransport()
    run(transport, tmp_path)
    operator_notes.ask_for(issue, NOW)
    run(transport, tmp_path)
    assert transport.addresses == ["one@example.org", "two@example.org"]
    text = transport.sent[0].text[0].text
    assert "complaints: 6 of 100" in text
    assert f"control_issue resume --day {DAY.isoformat()}" in text


def test_one_form_that_cannot_be_worked_off_stops_no_other(tmp_path, caplog):
    FormEntry.objects.create(
        form="subscribe", email="bad@example.org", at=NOW, not_before=NOW, choices={"nonsense": 1}
    )
    form_entries.note_signup("alice@example.org", [], SignupChoices(), NOW, "Go")
    transport = RecordingTransport()
    run(transport, tmp_path)
    assert transport.addresses == ["alice@example.org"]
    assert "a form couldn't be processed" in caplog.text
    assert FormEntry.objects.get().not_before == NOW + form_entries.AGAIN_AFTER


def test_the_command_that_forgets_names_them(capsys):
    call_command("forget", "--dry-run")
    assert "other emails" in capsys.readouterr().out


def test_consent_keeps_the_time_and_the_words_of_the_form(tmp_path):
    topic = make_topic("Agents")
    choices = SignupChoices(rhythm="weekly", weekday=2, hour=22, timezone="Asia/Tokyo")
    form_entries.note_signup("Alice@Example.org", [topic], choices, NOW, "Subscribe")
    run(RecordingTransport(), tmp_path, NOW + dt.timedelta(hours=2))
    alice = Subscriber.objects.get()
    consent = alice.consents.get()
    assert (consent.at, consent.wording) == (NOW, "Subscribe")
    assert (alice.email, alice.hour, alice.timezone) == ("alice@example.org", 22, "Asia/Tokyo")
    assert list(alice.topics.all()) == [topic]
    assert Notice.objects.get().due_at == NOW


@pytest.mark.parametrize("state", ["failed", "unknown", "pending"])
def test_addresses_in_what_servers_said_before_are_taken_out(state):
    row = make_delivery(make_day(make_topic("Agents"), "A"), make_subscriber(), state=state)
    Delivery.objects.update(reason="550 5.1.1: <alice@example.org>: no such user @ here")
    assert backfill.clean_reasons() == 1
    assert backfill.clean_reasons() == 0
    row.refresh_from_db()
    assert row.reason == "550 5.1.1: <[address]>: no such user  at  here"


@pytest.mark.parametrize("rate", [0, 10])
def test_who_is_told_to_stop_puts_the_rest_back_for_another_at_once(tmp_path, settings, rate):
    settings.DELIVERY_RATE_PER_SECOND = rate
    for number in range(3):
        suiting(Kind.PREFERENCES, f"r{number}@example.org")
    make_delivery(make_day(make_topic("Agents"), "A"), make_subscriber("d@example.org"))

    def answer(mail):
        worker.stop_drains()
        return ACCEPTED

    transport = RecordingTransport(answer)
    run(transport, tmp_path)
    worker.allow_drains()
    assert len(transport.sent) == 1
    waiting = Notice.objects.filter(state=State.PENDING)
    assert {(row.not_before, row.attempts) for row in waiting} == {(NOW, 0)}
    assert waiting.count() == 2
    assert Delivery.objects.get().state == "pending"
    assert list(tmp_path.glob("*.journal")) == []
