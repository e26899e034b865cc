"""Coming and going: one behavior for every address, and nobody subscribed but by themselves."""

import datetime as dt
import threading
import unicodedata

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from subscriptions.addresses import BadAddress, checked
from subscriptions.models import Consent, Notice, Subscriber, Suppression
from subscriptions.notices.letters import letter_for, recipient_of
from subscriptions.readers import signup
from subscriptions.readers.signup import SignupChoices
from tests.factories import NOW, make_subscriber

Kind, Status = Notice.Kind, Subscriber.Status
DAY = dt.timedelta(days=1)
TOKYO = SignupChoices(rhythm="weekly", weekday=2, hour=22, timezone="Asia/Tokyo")

pytestmark = pytest.mark.django_db


def slugs(subscriber: Subscriber) -> list[str]:
    return list(subscriber.topics.values_list("slug", flat=True))


def sent(subscriber: Subscriber) -> None:
    """The confirmation of the subscriber went out."""
    Notice.objects.filter(subscriber=subscriber).update(state=Notice.State.SENT)
    Subscriber.objects.filter(pk=subscriber.pk).update(asked_to_confirm_at=NOW)


def test_an_unknown_address_waits_for_confirmation(topics, settings):
    settings.DIGEST_PAPERS = 12
    outgoing = signup.subscribe(" Alice@Example.ORG ", topics[:2], TOKYO, NOW, "Subscribe")
    alice = Subscriber.objects.get()
    assert outgoing == Kind.CONFIRM
    assert (alice.email, alice.status) == ("alice@example.org", Status.PENDING)
    assert (alice.rhythm, alice.weekday, alice.hour, alice.timezone) == (
        "weekly",
        2,
        22,
        "Asia/Tokyo",
    )
    assert alice.papers_wanted == 12
    assert alice.next_digest_at is None
    assert slugs(alice) == ["agents", "robots"]
    consent = alice.consents.get()
    assert (consent.action, consent.at, consent.wording) == ("asked", NOW, "Subscribe")


def test_a_pending_address_keeps_the_newest_choices_and_is_asked_once_a_day(topics):
    alice = make_subscriber(status=Status.PENDING, asked_to_confirm_at=NOW, next_digest_at=None)
    assert signup.subscribe(alice.email, topics[2:], TOKYO, NOW + DAY / 2) is None
    alice.refresh_from_db()
    assert slugs(alice) == ["vision"]
    assert alice.hour == 22
    again = signup.subscribe(alice.email, topics[:1], TOKYO, NOW + DAY)
    assert again == Kind.CONFIRM


def test_an_active_address_is_told_so_and_nothing_of_it_changes(topics):
    alice = make_subscriber(topics=topics[:1])
    before = Subscriber.objects.values().get()
    outgoing = signup.subscribe(alice.email, topics[1:], TOKYO, NOW)
    assert outgoing == Kind.ALREADY
    assert Subscriber.objects.values().get() == before
    assert slugs(alice) == ["agents"]
    assert not Consent.objects.exists()


def test_one_who_left_is_asked_and_stays_gone_until_confirmed(topics):
    alice = make_subscriber(status=Status.LEFT, left_at=NOW - DAY, next_digest_at=None)
    assert signup.subscribe(alice.email, topics, TOKYO, NOW) == Kind.CONFIRM
    alice.refresh_from_db()
    assert alice.status == Status.LEFT


def test_a_suppressed_address_is_not_even_written_down(topics):
    Suppression.objects.add_address("alice@example.org", Suppression.Reason.COMPLAINT, NOW)
    assert signup.subscribe("ALICE@example.org", topics, TOKYO, NOW) is None
    assert not Subscriber.objects.exists()
    bob = make_subscriber("bob@example.org")
    Suppression.objects.add_address(bob.email, Suppression.Reason.BOUNCE, NOW)
    assert signup.subscribe(bob.email, topics, TOKYO, NOW) is None
    bob.refresh_from_db()
    assert bob.status == Status.SUPPRESSED


def test_confirming_makes_active_and_sets_the_first_digest(topics):
    signup.subscribe("alice@example.org", topics, TOKYO, NOW)
    alice = Subscriber.objects.get()
    assert signup.confirm(alice, NOW, NOW, "Yes")
    alice.refresh_from_db()
    assert (alice.status, alice.confirmed_at) == (Status.ACTIVE, NOW)
    assert alice.next_digest_at == alice.due_after(NOW)
    assert signup.confirm(alice, NOW, NOW + DAY)  # again changes nothing
    alice.refresh_from_db()
    assert alice.confirmed_at == NOW
    assert [row.action for row in alice.consents.all()] == ["asked", "confirmed"]


def test_a_link_from_before_leaving_does_not_bring_back(topics):
    alice = make_subscriber()
    alice.leave(NOW)
    assert not signup.confirm(alice, NOW - DAY, NOW + DAY)
    alice.refresh_from_db()
    assert alice.status == Status.LEFT
    assert signup.confirm(alice, NOW + DAY, NOW + DAY)
    alice.refresh_from_db()
    assert (alice.status, alice.left_at) == (Status.ACTIVE, None)


def test_a_suppressed_address_cannot_be_confirmed(topics):
    alice = make_subscriber(status=Status.PENDING)
    Suppression.objects.add_address(alice.email, Suppression.Reason.BOUNCE, NOW)
    assert not signup.confirm(alice, NOW, NOW)
    alice.refresh_from_db()
    assert alice.status == Status.SUPPRESSED


def test_leaving_and_subscribing_again_on_one_day_works(topics):
    signup.subscribe("alice@example.org", topics, TOKYO, NOW)
    alice = Subscriber.objects.get()
    sent(alice)
    signup.confirm(alice, NOW, NOW)
    alice.leave(NOW + DAY / 4)
    again = signup.subscribe(alice.email, topics, TOKYO, NOW + DAY / 2)
    assert again == Kind.CONFIRM
    assert Notice.objects.open().get().due_at == NOW + DAY / 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status.ACTIVE, Kind.PREFERENCES),
        (Status.LEFT, Kind.PREFERENCES),
        (Status.PENDING, Kind.CONFIRM),
        (Status.SUPPRESSED, None),
    ],
)
def test_a_lost_link(status, kind):
    alice = make_subscriber(status=status)
    assert signup.send_preferences_link("Alice@example.org", NOW) == kind
    assert list(Notice.objects.values_list("kind", flat=True)) == ([kind] if kind else [])
    assert signup.send_preferences_link("bob@example.org", NOW) is None
    Suppression.objects.add_address(alice.email, Suppression.Reason.REQUEST, NOW)
    assert signup.send_preferences_link(alice.email, NOW) is None


def test_leaving_by_the_button_is_said_goodbye_to_once():
    alice = make_subscriber()
    assert signup.leave(alice, NOW, "Leave")
    assert not signup.leave(alice, NOW, "Leave")
    assert Notice.objects.get().kind == Kind.GOODBYE


def test_undoing_works_for_a_day():
    alice = make_subscriber()
    alice.leave(NOW)
    assert signup.can_undo(alice, NOW + DAY)
    assert not signup.can_undo(alice, NOW + DAY + dt.timedelta(seconds=1))
    assert signup.come_back(alice, NOW + DAY / 2, "Undo")
    assert not signup.can_undo(alice, NOW + DAY)
    assert not signup.come_back(alice, NOW + DAY)
    assert [row.action for row in alice.consents.all()] == ["left", "confirmed"]


@pytest.mark.django_db(transaction=True)
def test_four_at_once_make_one_row_and_one_notice(topics):
    problems: list[Exception] = []
    start = threading.Barrier(4)

    def visit() -> None:
        try:
            start.wait()
            signup.subscribe("alice@example.org", topics, TOKYO, NOW)
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert not problems
    assert Notice.objects.get().subscriber == Subscriber.objects.get()
    assert sorted(slugs(Subscriber.objects.get())) == ["agents", "robots", "vision"]


SPELLINGS = [
    "alice@bücher.example",
    "alice@xn--bcher-kva.example",
    "ALICE@BÜCHER.EXAMPLE",
    "alice@ｂücher.example.",
    unicodedata.normalize("NFD", "alice@bücher.example"),
]


@pytest.mark.parametrize("first", SPELLINGS)
@pytest.mark.parametrize("second", SPELLINGS)
def test_two_spellings_of_one_mailbox_are_one_reader_and_get_one_mail(topics, first, second):
    for spelling in (first, second):
        signup.subscribe(spelling, topics[:1], TOKYO, NOW)
    alice = Subscriber.objects.get()
    assert Notice.objects.get().subscriber == alice
    assert alice.email == "alice@xn--bcher-kva.example"


@pytest.mark.parametrize("again", ["alice.b@example.org", "ALICE.B@Example.org."])
def test_mail_goes_to_the_local_part_as_it_was_typed_first(topics, again):
    signup.subscribe(" Alice.B@EXAMPLE.org ", topics[:1], TOKYO, NOW)
    signup.subscribe(again, topics[:1], TOKYO, NOW)
    alice = Subscriber.objects.get()
    assert (alice.email, alice.address) == ("alice.b@example.org", "Alice.B@example.org")
    assert recipient_of(Notice.objects.get()) == "Alice.B@example.org"
    assert letter_for(Notice.objects.get(), NOW).recipient == "Alice.B@example.org"
    Subscriber.objects.update(email="bob@example.org")  # as the version before does
    assert Subscriber.objects.get().address == "bob@example.org"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_who_left_or_is_suppressed_gets_no_mail_under_another_spelling(topics, spelling):
    alice = make_subscriber("alice@xn--bcher-kva.example")
    assert signup.send_preferences_link(spelling, NOW) == Kind.PREFERENCES
    Suppression.objects.add_address(spelling, Suppression.Reason.COMPLAINT, NOW)
    alice.refresh_from_db()
    assert alice.status == Status.SUPPRESSED
    for other in SPELLINGS:
        assert signup.subscribe(other, topics[:1], TOKYO, NOW) is None
        assert signup.send_preferences_link(other, NOW) is None
    assert Subscriber.objects.count() == 1


LETTERS = st.sampled_from("abcxyzäöüéñçøłαβгя09")


@given(
    local=st.text("abcxyz09", min_size=1, max_size=8),
    label=st.text(LETTERS, min_size=1, max_size=8),
    changes=st.lists(
        st.sampled_from(
            [
                str.upper,
                lambda text: unicodedata.normalize("NFD", text),
                lambda text: f"{text}.",
            ]
        ),
        max_size=3,
        unique=True,
    ),
)
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mailbox_gets_two_mails_however_it_is_spelled(topics, local, label, changes):
    email = f"{local}@{label}.example"
    try:
        checked(email)
    except BadAddress:
        return
    spelled = email
    for change in changes:
        spelled = change(spelled)
    spelled = f" {spelled}\n"
    with transaction.atomic():
        assert signup.subscribe(email, topics[:1], TOKYO, NOW) == Kind.CONFIRM
        signup.subscribe(spelled, topics[:1], TOKYO, NOW)
        assert Notice.objects.get().subscriber == Subscriber.objects.get()
        transaction.set_rollback(True)
