"""Actions on many rows: each row once, whatever is interrupted, and what became of it is told."""

import datetime as dt

import pytest
from django.db import OperationalError

from papers import bulk, leases
from papers.bulk import Job, Kind
from papers.models import BulkAction, BulkPiece, Topic
from tests.factories import NOW, make_topic

pytestmark = pytest.mark.django_db

State = BulkAction.State


def hide(keys, job: Job) -> int:
    return Topic.objects.filter(pk__in=keys, is_active=True).update(is_active=False)


def kind_of(act=hide, **kwargs) -> Kind:
    defaults = {
        "key": "test.hide",
        "model": Topic,
        "words": "Hide",
        "permission": "papers.change_topic",
        "done": "hidden",
        "means": "Nobody sees them.",
        "act": act,
        "chunk": 2,
    }
    return Kind(**(defaults | kwargs))


@pytest.fixture
def topics() -> list[Topic]:
    Topic.objects.all().delete()
    return [make_topic(f"Topic {number}") for number in range(5)]


def begin(kind: Kind) -> BulkAction:
    return bulk.make(kind, Topic.objects.all(), NOW, narrowed="q=a", reason="Because")


def work(kind: Kind, now: dt.datetime = NOW, **kwargs) -> bool:
    return bulk.work({kind.key: kind}, lambda: now, **kwargs)


def test_it_is_done_to_all_rows_in_chunks_and_says_so(topics):
    seen = []

    def act(keys, job):
        seen.append(list(keys))
        assert job.reason == "Because"
        return hide(keys, job)

    kind = kind_of(act)
    Topic.objects.filter(pk=topics[0].pk).update(is_active=False)
    begun = begin(kind)
    assert (begun.total, begun.state, begun.percent) == (5, "running", 0)
    assert not work(kind)
    begun.refresh_from_db()
    assert [len(keys) for keys in seen] == [2, 2, 1]
    assert (begun.state, begun.position, begun.changed) == ("done", 5, 4)
    assert begun.result == "4 of 5 hidden."
    assert begun.ended_at == NOW
    assert not BulkPiece.objects.exists()
    assert not Topic.objects.filter(is_active=True).exists()


def test_only_rows_that_would_change_are_noted(topics):
    Topic.objects.filter(pk=topics[0].pk).update(is_active=False)
    assert begin(kind_of(fits=lambda rows: rows.filter(is_active=True))).total == 4


def test_what_there_is_no_time_for_is_done_in_the_next_round(topics):
    kind = kind_of()
    begun = begin(kind)
    assert work(kind, seconds=0)
    begun.refresh_from_db()
    assert (begun.position, begun.claim) == (2, "")
    assert begun.percent == 40
    assert not work(kind)
    begun.refresh_from_db()
    assert begun.state == State.DONE


def test_a_chunk_that_fails_is_not_done_by_half_and_ends_it_with_a_sentence(topics):
    def act(keys, job):
        done = hide(keys, job)
        if topics[2].pk in keys:
            raise ValueError("alice@example.org is odd")
        return done

    kind = kind_of(act)
    begun = begin(kind)
    assert not work(kind)
    begun.refresh_from_db()
    assert (begun.state, begun.position, begun.changed) == ("failed", 2, 2)
    assert begun.result == "2 hidden, then it failed: ValueError."
    assert Topic.objects.filter(is_active=True).count() == 3
    assert not BulkPiece.objects.exists()


def test_while_the_database_fails_it_waits_and_nothing_is_lost(topics, caplog):
    fails = [True]

    def act(keys, job):
        if fails[0]:
            raise OperationalError("gone")
        return hide(keys, job)

    kind = kind_of(act)
    begun = begin(kind)
    work(kind)
    fails.clear()
    fails.append(False)
    begun.refresh_from_db()
    assert (begun.state, begun.position) == ("running", 0)
    work(kind)  # nobody else takes it before its claim has run out
    begun.refresh_from_db()
    assert begun.position == 0
    work(kind, NOW + leases.LEASE)
    begun.refresh_from_db()
    assert (begun.state, begun.changed) == ("done", 5)


def test_who_lost_the_claim_writes_nothing(topics):
    def act(keys, job):
        BulkAction.objects.update(claim="another", position=99)
        return hide(keys, job)

    # What the other process did is seen by the next chunk.
    kind = kind_of(act)
    begun = begin(kind)
    work(kind)
    begun.refresh_from_db()
    assert begun.state == State.RUNNING
    assert Topic.objects.filter(is_active=True).count() == 3


def test_stopped_it_stays_as_it_is(topics):
    kind = kind_of()
    begun = begin(kind)
    work(kind, seconds=0)
    assert bulk.stop(begun, NOW)
    assert not bulk.stop(begun, NOW)
    assert not work(kind)
    assert begun.state == State.STOPPED
    assert Topic.objects.filter(is_active=True).count() == 3
    assert not BulkPiece.objects.exists()


def test_what_this_version_does_not_know_ends_with_a_sentence(topics):
    begun = begin(kind_of())
    assert not bulk.work({}, lambda: NOW)
    begun.refresh_from_db()
    assert begun.state == State.FAILED
    assert "doesn't know" in begun.result


def test_it_names_no_address(topics):
    def act(keys, job):
        job.problems.append("bob@example.org is odd")
        return 0

    kind = kind_of(act)
    rows = Topic.objects.all()
    begun = bulk.make(kind, rows, NOW, narrowed="q=alice@example.org", reason="bob@example.org")
    work(kind)
    begun.refresh_from_db()
    assert begun.problems == ["…@… is odd"] * 3
    assert "@example" not in f"{begun.filter} {begun.reason} {begun.result}"
