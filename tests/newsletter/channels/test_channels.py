"""Channels: what the registry promises, and one more channel than there are."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import gettext_lazy

from newsletter.channels import registry
from newsletter.channels.base import HandedOver
from newsletter.delivery import ledger, rates, worker
from newsletter.delivery.journal import Journal
from newsletter.digests.choices import ChosenPaper, chosen_papers, paper_ids, stored_form
from newsletter.digests.readers import readers_of
from newsletter.digests.selection import Choice
from newsletter.events import reputation
from newsletter.issues.freezing import build_issue
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.models import Delivery, RateBucket
from subscriptions import ways
from subscriptions.models import Subscriber, Suppression
from subscriptions.pages.forms import PreferencesForm
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.newsletter.digest_readers import make_place
from tests.newsletter.transports import ACCEPTED, RecordingTransport

BROKEN = Outcome(Kind.DEFERRED, "refused", "nobody answers", tried=False)
NO_SUCH = Outcome(Kind.REFUSED, "gone", "nobody there", suppress=True)


class PushSender(RecordingTransport):
    """Remembers what was pushed, and answers as it is told to."""

    answer_with = ACCEPTED

    def send(self, message: Any, /) -> Outcome:
        self.sent.append(message)
        return self.answer_with


class PushChannel(HandedOver):
    """A channel that a test adds."""

    name = "push"
    wish = "push message"
    label = gettext_lazy("As a push message")

    def __init__(self) -> None:
        self.sender = PushSender()

    def compose(self, press, reader, choices, delivery_id) -> str:
        return f"{len(choices)} papers for {reader.email}"

    def open(self) -> PushSender:
        return self.sender


@pytest.fixture
def push(monkeypatch) -> PushChannel:
    channel = PushChannel()
    monkeypatch.setattr(ways, "_ways", dict(ways._ways))
    monkeypatch.setattr(registry, "CHANNELS", (*registry.CHANNELS, channel))
    registry.offer()
    return channel


@pytest.fixture
def topic():
    return make_topic("Agents")


@pytest.fixture
def deliver(topic, tmp_path):
    """Make a delivery for every subscriber and send; what was mailed."""
    make_match(make_paper("Agents at work"), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None

    def deliver(answer=lambda mail: ACCEPTED, now=NOW) -> RecordingTransport:
        for subscriber in Subscriber.objects.filter(deliveries=None).order_by("pk"):
            make_delivery(issue, subscriber)
        transport = RecordingTransport(answer)
        worker.drain(transport=transport, directory=tmp_path, clock=lambda: now, seconds=5)
        return transport

    return deliver


def row_of(subscriber) -> Delivery:
    return Delivery.objects.get(subscriber=subscriber)


class TestRegistry:
    def test_every_folder_is_registered_under_a_name_and_a_wish_of_its_own(self):
        room = Path(registry.__file__).parent
        folders = {path.parent.name for path in room.glob("*/__init__.py")}
        channels = registry.CHANNELS
        assert {type(channel).__module__.split(".")[-1] for channel in channels} == folders
        for names in ([one.name for one in channels], [one.wish for one in channels]):
            assert len(set(names)) == len(names)
            assert max(map(len, names)) <= 20

    def test_readers_may_choose_each(self):
        assert [value for value, _ in ways.choices()] == [one.wish for one in registry.CHANNELS]
        assert [ways.is_mail(one.wish) for one in registry.CHANNELS] == [True, False]


@pytest.mark.django_db
class TestOneMoreChannel:
    def test_readers_who_choose_it_get_their_digests_by_it_alone(self, push, topic, deliver):
        alice = make_subscriber("alice@example.org", topics=[topic])
        bob = make_subscriber("bob@example.org", topics=[topic])
        form = PreferencesForm(subscriber=bob, now=NOW)
        assert (push.wish, push.label) in form.fields["receives_by"].choices  # type: ignore[attr-defined]
        Subscriber.objects.filter(pk=bob.pk).update(receives_by=push.wish)
        assert deliver().addresses == [alice.email]
        assert push.sender.sent == ["1 papers for bob@example.org"]
        row = row_of(bob)
        assert (row.state, row.channel, row.sent_at) == ("sent", "push", NOW)
        assert row_of(alice).channel == "email"
        assert reputation.rates_of(row.drawn_on).sent == 1

    def test_it_uses_up_no_mails_of_the_day(self, push, topic, deliver, settings):
        settings.DELIVERY_RATE_PER_DAY = 10
        for name in ("alice", "bob"):
            make_subscriber(f"{name}@example.org", topics=[topic], receives_by=push.wish)
        make_subscriber("charlie@example.org", topics=[topic])
        deliver()
        assert len(push.sender.sent) == 2
        assert RateBucket.objects.get().used == 1

    def test_its_refusals_say_nothing_about_an_address(self, push, topic, deliver):
        bob = make_subscriber("bob@example.org", topics=[topic], receives_by=push.wish)
        push.sender.answer_with = NO_SUCH
        deliver()
        assert (row_of(bob).state, row_of(bob).channel) == ("failed", "push")
        assert not Suppression.objects.exists()

    @pytest.mark.parametrize("is_mail_broken", [True, False])
    def test_where_one_channel_is_stuck_the_other_goes_on(
        self, push, topic, deliver, is_mail_broken
    ):
        readers = []
        for number in range(4):
            wish = push.wish if number % 2 else "mail"
            reader = make_subscriber(f"{number}@example.org", topics=[topic], receives_by=wish)
            readers.append(reader)
        push.sender.answer_with = ACCEPTED if is_mail_broken else BROKEN
        deliver(lambda mail: BROKEN if is_mail_broken else ACCEPTED)
        states = [row_of(reader).state for reader in readers]
        assert states == (["pending", "sent"] if is_mail_broken else ["sent", "pending"]) * 2

    @pytest.mark.parametrize(
        ("answer", "state"),
        [(ACCEPTED, "sent"), (NO_SUCH, "failed"), (None, "unknown")],
    )
    def test_a_journal_tells_the_channel_after_a_crash(self, topic, tmp_path, answer, state):
        bob = make_subscriber("bob@example.org", topics=[topic])
        row = make_delivery(build_issue_of(topic), bob)
        dead = Journal(tmp_path)
        ledger.claim(dead.name, 1, NOW)
        dead.begin(row.pk, "push")
        if answer:
            dead.end(row.pk, answer)
        dead.close(keep=True)
        ledger.recover(tmp_path, NOW)
        assert (row_of(bob).state, row_of(bob).channel) == (state, "push")
        assert not Suppression.objects.exists()


def build_issue_of(topic):
    make_match(make_paper("Agents at work"), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    return issue


@pytest.mark.django_db
class TestWishes:
    def test_who_wishes_what_no_channel_does_gets_nothing_rather_than_mail(self, topic, deliver):
        bob = make_subscriber("bob@example.org", topics=[topic], receives_by="pigeon")
        assert deliver().sent == []
        row = row_of(bob)
        assert (row.state, row.channel) == ("failed", None)
        assert "pigeon" in row.reason

    def test_a_digest_that_is_tried_again_may_go_another_way(self, topic, deliver):
        bob = make_subscriber("bob@example.org", topics=[topic])
        deliver(lambda mail: BROKEN)
        assert (row_of(bob).state, row_of(bob).channel) == ("pending", None)
        Subscriber.objects.update(receives_by="feed")
        later = NOW + dt.timedelta(hours=2)
        assert deliver(now=later).sent == []
        assert (row_of(bob).state, row_of(bob).channel) == ("sent", "feed")


@pytest.mark.django_db
class TestRates:
    """Rates are for mails."""

    def test_feeds_go_on_when_the_days_mails_are_used_up(self, topic, deliver, settings):
        settings.DELIVERY_RATE_PER_DAY = 1
        alice = make_subscriber("alice@example.org", topics=[topic])
        charlie = make_subscriber("charlie@example.org", topics=[topic])
        feeds = [
            make_subscriber(f"{n}@example.org", topics=[topic], receives_by="feed")
            for n in range(3)
        ]
        assert deliver().addresses == [alice.email]
        assert rates.is_spent(settings.EMAIL_BACKEND, NOW)
        assert not rates.is_spent(settings.EMAIL_BACKEND, NOW + dt.timedelta(days=1))
        assert [row_of(reader).state for reader in feeds] == ["sent"] * 3
        assert (row_of(charlie).state, row_of(charlie).attempts) == ("pending", 0)

    def test_who_goes_back_to_mail_meanwhile_waits_like_others(
        self, topic, deliver, settings, monkeypatch
    ):
        settings.DELIVERY_RATE_PER_DAY = 1
        make_subscriber("alice@example.org", topics=[topic])
        bob = make_subscriber("bob@example.org", topics=[topic], receives_by="feed")

        def change_of_mind(ids):
            if bob.pk in ids:
                Subscriber.objects.filter(pk=bob.pk).update(receives_by="mail")
            return readers_of(ids)

        monkeypatch.setattr(worker, "readers_of", change_of_mind)
        assert deliver().addresses == ["alice@example.org"]
        row = row_of(bob)
        assert (row.state, row.attempts, row.channel) == ("pending", 0, None)
        assert row.not_before > NOW


class TestStoredChoices:
    """The papers of a digest in the ledger."""

    RECORD = ChosenPaper(7, 70, (3, 1), "because")

    @pytest.mark.parametrize(
        "stored",
        [
            [7, 70, [3, 1], "because"],
            {"paper": 7, "place": 70, "topics": [3, 1], "why": "because"},
        ],
        ids=["by position", "by name"],
    )
    def test_both_forms_are_read(self, stored):
        assert chosen_papers([stored]) == [self.RECORD]
        assert list(paper_ids([stored, stored])) == [7, 7]

    def test_what_is_written_is_read_and_the_version_before_can_take_it_apart(self):
        place = make_place(7)
        stored = json.loads(stored_form([Choice(place, (3, 1), "because")]))
        assert chosen_papers(stored) == [ChosenPaper(place.paper_id, place.id, (3, 1), "because")]
        assert stored == [[place.paper_id, place.id, [3, 1], "because"]]
