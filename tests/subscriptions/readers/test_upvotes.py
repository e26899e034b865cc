"""Upvotes: once for each reader and paper, and gone with the reader."""

import datetime as dt

import pytest

from papers.models import Observation, Paper
from subscriptions.models import SavedPaper, Suppression, Upvote
from subscriptions.readers import personal_data, upvotes
from tests.factories import NOW, make_paper, make_subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper():
    return make_paper("A paper")


def counted(paper: Paper) -> int:
    upvotes.count(NOW)
    paper.refresh_from_db()
    return paper.reader_upvotes


def test_a_reader_upvotes_once_and_can_take_it_back(paper):
    alice = make_subscriber()
    assert [upvotes.give(alice, paper, NOW) for _ in range(2)] == [True, False]
    assert (upvotes.is_given(alice, paper), upvotes.total(paper)) == (True, 1)
    assert counted(paper) == 1
    assert [upvotes.take_back(alice, paper) for _ in range(2)] == [True, False]
    assert (upvotes.is_given(alice, paper), upvotes.total(paper)) == (False, 0)
    assert counted(paper) == 0


@pytest.mark.parametrize("status", ["pending", "left", "suppressed"])
def test_only_confirmed_readers_upvote(paper, status):
    bob = make_subscriber("bob@example.org", status=status)
    assert not upvotes.give(bob, paper, NOW)
    assert not Upvote.objects.exists()


def test_who_leaves_can_still_take_an_upvote_back(paper):
    alice = make_subscriber()
    upvotes.give(alice, paper, NOW)
    alice.leave(NOW)
    assert upvotes.take_back(alice, paper)


def test_a_crowd_that_signed_up_for_a_paper_does_not_count_yet(paper):
    crowd = [make_subscriber(f"{n}@example.org", confirmed_at=NOW) for n in range(10)]
    for one in [*crowd, make_subscriber()]:
        assert upvotes.give(one, paper, NOW)
    assert counted(paper) == 1
    assert upvotes.total(paper) == 11
    upvotes.count(NOW + upvotes.READER_FOR)
    paper.refresh_from_db()
    assert paper.reader_upvotes == 11


def test_upvotes_of_suppressed_and_lost_readers_no_longer_count(paper):
    alice, bob = make_subscriber(), make_subscriber("bob@example.org")
    for reader in (alice, bob):
        upvotes.give(reader, paper, NOW)
    assert counted(paper) == 2
    Suppression.objects.add_address(alice.email, Suppression.Reason.BOUNCE, NOW)
    bob.leave(NOW)
    assert counted(paper) == 0


def test_erasing_a_reader_takes_the_upvotes_along(paper):
    alice, bob = make_subscriber(), make_subscriber("bob@example.org")
    upvotes.give(alice, paper, NOW)
    upvotes.give(bob, paper, NOW)
    assert counted(paper) == 2
    personal_data.erase(alice)
    assert counted(paper) == 1


def test_all_votes_between_two_counts_are_one_observation(paper):
    before = Observation.objects.count()
    readers = [make_subscriber(f"{number}@example.org") for number in range(30)]
    for reader in readers:
        upvotes.give(reader, paper, NOW)
    assert counted(paper) == 30
    assert Observation.objects.count() == before + 1
    assert upvotes.count(NOW) == 0


def test_saves_of_readers_are_observed_and_no_count_of_the_papers(paper):
    alice, bob, carol = (make_subscriber(f"{name}@example.org") for name in ("a", "b", "c"))
    for reader in (alice, bob):
        SavedPaper.objects.create(subscriber=reader, paper=paper, at=NOW)
    carol.confirmed_at = NOW  # a reader of today
    carol.save()
    SavedPaper.objects.create(subscriber=carol, paper=paper, at=NOW)

    assert upvotes.count_saves(NOW) == 1
    assert upvotes.count_saves(NOW + dt.timedelta(minutes=5)) == 0
    assert counted(paper) == 0
    upvotes.give(alice, paper, NOW)
    upvotes.count(NOW)
    SavedPaper.objects.all().delete()
    assert upvotes.count_saves(NOW + dt.timedelta(hours=1)) == 1
    seen = paper.observations.filter(source__kind="community").order_by("observed_at")
    assert list(seen.values_list("upvotes", "saves")) == [(None, 2), (1, None), (None, 0)]
