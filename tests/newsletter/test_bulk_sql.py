"""Many values in one parameter, on whichever database the tests run."""

import datetime as dt

import pytest

from newsletter import bulk_sql
from subscriptions.models import Subscriber, Subscription
from tests.factories import NOW, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

HOSTILE = ['a"b@example.org', "{x}@example.org", "a,b@example.org", "ü\\'@example.org", "%s@a.org"]


def test_rows_are_found_by_their_ids():
    alice, bob, charlie = (
        make_subscriber(f"{name}@example.org") for name in ("alice", "bob", "charlie")
    )
    asked = bulk_sql.among(Subscriber, "id", [alice.pk, charlie.pk, 10**12])
    assert set(Subscriber.objects.filter(asked)) == {alice, charlie}
    assert bob not in Subscriber.objects.filter(asked)


@pytest.mark.parametrize("values", [HOSTILE, dict.fromkeys(HOSTILE, 1), HOSTILE[:1]])
def test_rows_are_found_by_any_text(values):
    for text in HOSTILE:
        make_subscriber(text)
    make_subscriber("alice@example.org")
    found = Subscriber.objects.filter(bulk_sql.among(Subscriber, "email", values, "text"))
    assert set(found.values_list("email", flat=True)) == set(values)


@pytest.mark.parametrize(("column", "kind"), [("id", "id"), ("email", "text")])
def test_nothing_is_among_nothing(column, kind):
    make_subscriber("alice@example.org")
    assert not Subscriber.objects.filter(bulk_sql.among(Subscriber, column, [], kind)).exists()


def test_numbers_are_joined_for_each_row_of_a_group():
    topics = [make_topic(f"Topic {n}") for n in range(3)]
    alice, bob = make_subscriber("alice@example.org"), make_subscriber("bob@example.org")
    for reader, followed in ((alice, topics), (bob, topics[:1])):
        for topic in followed:
            Subscription.objects.get_or_create(subscriber=reader, topic=topic)
    rows = (
        Subscription.objects.filter(topic__in=topics)
        .order_by()
        .values_list("subscriber_id")
        .annotate(ids=bulk_sql.JoinedNumbers("topic_id"))
    )
    found = {pk: sorted(map(int, ids.split(","))) for pk, ids in rows}
    assert found == {alice.pk: sorted(t.pk for t in topics), bob.pk: [topics[0].pk]}


def test_a_moment_is_the_same_whatever_its_time_zone():
    there = dt.timezone(dt.timedelta(hours=5, minutes=30))
    assert bulk_sql.timestamp_text(NOW.astimezone(there)) == bulk_sql.timestamp_text(NOW)
    text = bulk_sql.timestamp_text(NOW)
    assert dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) == NOW
    later = NOW + dt.timedelta(seconds=7)
    packed = bulk_sql.packed([{"a": NOW, "b": NOW, "c": later}, {"a": later, "b": None, "c": NOW}])
    assert [packed.count(bulk_sql.timestamp_text(moment)) for moment in (NOW, later)] == [3, 2]


def test_what_no_database_takes_is_refused():
    with pytest.raises(TypeError, match="can't store a set"):
        bulk_sql.packed([{"a": {1}}])
