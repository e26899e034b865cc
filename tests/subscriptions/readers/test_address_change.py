"""Moving to another address: both ends agree, and nobody learns who else is here."""

import datetime as dt

import pytest
from django.db import transaction

from subscriptions.links import Purpose
from subscriptions.models import AddressChange, Consent, Notice, Subscriber, Suppression
from subscriptions.readers import address_change
from subscriptions.tasks import forget
from tests.factories import NOW, make_subscriber

pytestmark = pytest.mark.django_db

Kind, Status = Notice.Kind, Subscriber.Status
FROM, TO = Purpose.MOVE_FROM, Purpose.MOVE_TO
NEW = "new@example.org"
DAY = dt.timedelta(days=1)


@pytest.fixture
def alice(topics):
    return make_subscriber(topics=topics[:2])


def due() -> list[str]:
    """The kinds of the emails that were asked for, in order."""
    return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


def ask(subscriber: Subscriber, email: str = NEW, now: dt.datetime = NOW) -> AddressChange:
    address_change.ask(subscriber, email, now)
    change = address_change.open_change(subscriber, now)
    assert change is not None
    return change


@pytest.mark.parametrize("ends", [(FROM, TO), (TO, FROM), (TO, TO, FROM)])
def test_the_address_changes_once_both_ends_agreed(alice, ends):
    change = ask(alice)
    for end in ends[:-1]:
        assert not address_change.agree(alice, change.pk, end, NOW)
        alice.refresh_from_db()
        assert alice.email == "alice@example.org"
    assert address_change.agree(alice, change.pk, ends[-1], NOW + DAY)
    assert due() == [Kind.MOVE_FROM, Kind.MOVE_TO, Kind.MOVED]
    alice.refresh_from_db()
    assert (alice.email, alice.link_version, alice.topics.count()) == (NEW, 2, 2)
    assert Consent.objects.get().action == Consent.Action.MOVED
    assert not AddressChange.objects.exists()
    assert not address_change.agree(alice, change.pk, ends[-1], NOW + DAY)


def test_the_new_address_keeps_its_local_part_as_typed(alice):
    change = ask(alice, "New.Name@EXAMPLE.org")
    assert (change.new_email, change.new_address) == (
        "new.name@example.org",
        "New.Name@example.org",
    )
    for end in (FROM, TO):
        address_change.agree(alice, change.pk, end, NOW)
    alice.refresh_from_db()
    assert (alice.email, alice.address) == ("new.name@example.org", "New.Name@example.org")


def test_three_days_are_the_time_there_is(alice):
    change = ask(alice)
    address_change.agree(alice, change.pk, FROM, NOW)
    late = NOW + AddressChange.WITHIN
    assert address_change.agree(alice, change.pk, TO, late - dt.timedelta(seconds=1))
    bob = make_subscriber("bob@example.org")
    change = ask(bob, "bob@new.example.org")
    address_change.agree(bob, change.pk, FROM, NOW)
    assert not address_change.agree(bob, change.pk, TO, late)
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"


def test_a_change_that_was_withdrawn_or_replaced_is_void(alice):
    first = ask(alice)
    second = ask(alice, "newer@example.org")
    for end in (FROM, TO):
        assert not address_change.agree(alice, first.pk, end, NOW)
    assert address_change.cancel(alice, NOW)
    assert not address_change.agree(alice, second.pk, FROM, NOW)
    assert not address_change.cancel(alice, NOW)


def test_nobody_agrees_for_somebody_else(alice):
    change = ask(alice)
    bob = make_subscriber("bob@example.org")
    assert not address_change.agree(bob, change.pk, FROM, NOW)
    assert not address_change.agree(bob, change.pk, TO, NOW)


def test_asking_for_the_same_again_asks_nobody_again(alice):
    ask(alice)
    assert address_change.ask(alice, NEW, NOW) is None
    assert due() == [Kind.MOVE_FROM, Kind.MOVE_TO]


SPELLINGS = ["{}@example.org", " {}@EXAMPLE.org. ", "{}@ｅxample.org"]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_the_same_in_another_spelling_is_the_same(alice, spelled):
    ask(alice)
    assert address_change.ask(alice, spelled.format("new"), NOW) is None
    assert due() == [Kind.MOVE_FROM, Kind.MOVE_TO]
    assert AddressChange.objects.count() == 1


@pytest.mark.parametrize(
    "email",
    ["alice@example.org", " ALICE@example.org ", *(one.format("alice") for one in SPELLINGS)],
)
def test_ones_own_address_is_nothing_to_move_to(alice, email):
    assert address_change.ask(alice, email, NOW) is None
    assert due() == []


def test_asking_again_after_withdrawing_revives_what_was_mailed(alice):
    change = ask(alice)
    address_change.agree(alice, change.pk, TO, NOW)
    address_change.cancel(alice, NOW)
    assert address_change.ask(alice, NEW, NOW) is None
    assert not address_change.agree(alice, change.pk, FROM, NOW)  # both have to agree anew
    assert address_change.agree(alice, change.pk, TO, NOW)


@pytest.mark.parametrize("status", [Status.PENDING, Status.LEFT])
def test_what_is_left_of_the_new_address_makes_way(alice, status):
    make_subscriber(NEW, status=status)
    change = ask(alice)
    address_change.agree(alice, change.pk, FROM, NOW)
    assert address_change.agree(alice, change.pk, TO, NOW)
    assert Subscriber.objects.get().pk == alice.pk


@pytest.mark.parametrize("what", ["subscribed", "suppressed"])
def test_an_address_that_was_taken_meanwhile_is_not_taken_over(alice, what):
    change = ask(alice)
    address_change.agree(alice, change.pk, FROM, NOW)
    if what == "subscribed":
        make_subscriber(NEW)
    else:
        Suppression.objects.add_address(NEW, Suppression.Reason.REQUEST, NOW)
    assert not address_change.agree(alice, change.pk, TO, NOW)
    alice.refresh_from_db()
    assert (alice.email, alice.link_version) == ("alice@example.org", 1)
    assert address_change.open_change(alice, NOW) is None


def test_of_two_who_take_an_address_at_once_one_stays_as_they_were(alice, monkeypatch):
    change = ask(alice)
    address_change.agree(alice, change.pk, FROM, NOW)

    def look_away(email: str) -> bool:  # and then somebody subscribes
        make_subscriber(email)
        return True

    monkeypatch.setattr(address_change, "_make_room", look_away)
    with transaction.atomic():
        assert not address_change.agree(alice, change.pk, TO, NOW)
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


@pytest.mark.parametrize("status", [Status.PENDING, Status.LEFT, Status.SUPPRESSED])
def test_only_active_subscriptions_move(alice, status):
    change = ask(alice)
    Subscriber.objects.update(status=status)
    assert address_change.ask(alice, "other@example.org", NOW) is None
    for end in (FROM, TO):
        assert not address_change.agree(alice, change.pk, end, NOW)


def test_one_reader_cannot_have_many_strangers_mailed(alice):
    for number in range(address_change.MOST_ASKED):
        ask(alice, f"stranger{number}@example.org")
        address_change.cancel(alice, NOW)
    with pytest.raises(address_change.AskedTooOften):
        address_change.ask(alice, "one.more@example.org", NOW)
    ask(alice, "one.more@example.org", NOW + AddressChange.WITHIN)


def test_void_links_are_void_with_the_changes_they_began(alice):
    change = ask(alice)
    address_change.void_links(alice, NOW)
    assert due() == [Kind.MOVE_FROM, Kind.MOVE_TO, Kind.PREFERENCES]
    assert alice.link_version == 2
    assert not address_change.agree(alice, change.pk, FROM, NOW)
    assert Consent.objects.get().action == Consent.Action.VOIDED
    stale = Subscriber.objects.get(pk=alice.pk)
    address_change.void_links(alice, NOW)
    address_change.void_links(stale, NOW)
    assert stale.link_version == 4


def test_changes_that_ran_out_are_forgotten(alice, clock):
    ask(alice)
    clock.move_to(NOW + AddressChange.WITHIN - dt.timedelta(seconds=1))
    forget()
    assert AddressChange.objects.count() == 1
    clock.move_to(NOW + AddressChange.WITHIN)
    forget()
    assert not AddressChange.objects.exists()
