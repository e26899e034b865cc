"""Feedback steers what a reader gets, and only as far as it should."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.delivery import worker
from newsletter.delivery.composing import compose_for
from newsletter.digests.readers import ratings_of, readers_of
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery
from papers.models import Paper
from papers.semantics import current
from papers.semantics.fitting import fit_now
from subscriptions.models import Feedback
from subscriptions.readers import feedback, reading_list
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_match,
    make_paper,
    make_papers_about,
    make_subscriber,
    make_topic,
)
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db

CATS = "cat purr whisker paw milk"
CARS = "car engine wheel road brake"
BEFORE = DAY - dt.timedelta(days=20)


@pytest.fixture
def topic():
    return make_topic("Everything")


@pytest.fixture
def alice(topic):
    return make_subscriber("alice@example.org", topics=[topic])


@pytest.fixture
def issue(topic):
    """Two papers on cars stand above one on cats, if only by their upvotes; a model knows both
    subjects from before.
    """
    make_papers_about(CATS, CARS, day=BEFORE)
    make_match(make_paper("Engine and brake", abstract="car wheel", upvotes=30), topic)
    make_match(make_paper("The road of a car", abstract="engine", upvotes=20), topic)
    make_match(make_paper("A whisker and a paw", abstract="cat milk", upvotes=10), topic)
    assert fit_now(NOW)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    return issue


def rate(subscriber, about, value, count=10):
    for paper in Paper.objects.filter(abstract__contains=about, features__day=BEFORE)[:count]:
        feedback.say(subscriber, paper, value, NOW)


def sent(issue, subscriber, tmp_path):
    """The choices of the subscriber's digest: [(title, why)]."""
    make_delivery(issue, subscriber)
    worker.drain(transport=RecordingTransport(), directory=tmp_path, clock=lambda: NOW)
    row = Delivery.objects.get(subscriber=subscriber)
    titles = dict(Paper.objects.values_list("pk", "title"))
    return [(titles[paper], why) for paper, _, _, why in row.choices]


def test_without_feedback_the_most_trending_comes_first(issue, alice, tmp_path):
    titles = [title for title, _ in sent(issue, alice, tmp_path)]
    assert titles[0] == "Engine and brake"


def test_a_reader_who_likes_cats_gets_them_first_and_is_told_why(issue, alice, tmp_path):
    rate(alice, "cat", Feedback.Value.MORE)
    (title, why), *_ = sent(issue, alice, tmp_path)
    assert title == "A whisker and a paw"
    assert why.startswith("Because you liked “")
    assert "at" in why.partition("Because you liked")[2]


def test_the_mail_says_so_too(issue, alice, tmp_path):
    rate(alice, "cat", Feedback.Value.MORE)
    make_delivery(issue, alice)
    transport = RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)
    text = "".join(fragment.text for fragment in transport.sent[0].text)
    assert "Because you liked “" in text


def test_less_like_cars_moves_them_down_as_well(issue, alice, tmp_path):
    rate(alice, "car ", Feedback.Value.LESS)
    assert sent(issue, alice, tmp_path)[0][0] == "A whisker and a paw"


def test_with_learning_off_nothing_is_learned(issue, alice, tmp_path):
    rate(alice, "cat", Feedback.Value.MORE)
    alice.learns = False
    alice.save()
    (title, why), *_ = sent(issue, alice, tmp_path)
    assert title == "Engine and brake"
    assert "Because" not in why


def save(subscriber, about, count=10):
    for paper in Paper.objects.filter(abstract__contains=about, features__day=BEFORE)[:count]:
        reading_list.save(subscriber, paper, NOW)


@pytest.mark.parametrize(
    ("learns", "said", "comes_first"),
    [
        (True, None, True),
        (False, None, False),
        (True, Feedback.Value.LESS, False),
    ],
    ids=["counts as more like this", "but not with learning off", "nor against a rating"],
)
def test_a_saved_paper(issue, alice, tmp_path, learns, said, comes_first):
    alice.learns = learns
    alice.save()
    if said:
        rate(alice, "cat", said)
    save(alice, "cat")
    first, _ = sent(issue, alice, tmp_path)[0]
    assert (first == "A whisker and a paw") is comes_first


def test_erased_feedback_is_forgotten(issue, alice, tmp_path):
    rate(alice, "cat", Feedback.Value.MORE)
    alice.feedback.all().delete()
    assert sent(issue, alice, tmp_path)[0][0] == "Engine and brake"


def test_one_readers_taste_is_not_anothers(issue, topic, alice, tmp_path):
    bob = make_subscriber("bob@example.org", topics=[topic])
    rate(alice, "cat", Feedback.Value.MORE)
    make_delivery(issue, bob)
    assert sent(issue, alice, tmp_path)[0][0] == "A whisker and a paw"
    first = Delivery.objects.get(subscriber=bob).choices[0][0]
    assert Paper.objects.get(pk=first).title == "Engine and brake"


def test_liked_papers_of_another_topic_bring_in_none_of_its_papers(issue, tmp_path):
    other = make_topic("Nothing of it")
    charlie = make_subscriber("charlie@example.org", topics=[other])
    rate(charlie, "cat", Feedback.Value.MORE)
    make_delivery(issue, charlie)
    worker.drain(transport=RecordingTransport(), directory=tmp_path, clock=lambda: NOW)
    assert Delivery.objects.get(subscriber=charlie).state == Delivery.State.SKIPPED


def test_the_preview_of_a_digest_learns_as_well(issue, alice):
    rate(alice, "cat", Feedback.Value.MORE)
    reader = readers_of([alice.pk])[0][alice.pk]
    _, choices = compose_for(issue, reader)
    assert choices[0].place.card.title == "A whisker and a paw"


def test_a_model_that_was_replaced_in_between_does_no_harm(issue, alice):
    rate(alice, "cat", Feedback.Value.MORE)
    reader = readers_of([alice.pk])[0][alice.pk]
    assert ratings_of([reader], 999_999) == {}
    assert ratings_of([reader], None) == {}


def test_ratings_take_as_many_queries_for_many_readers_as_for_one(issue, topic):
    counts = []
    fitted = current.number_in_use()
    for number in range(1, 6):
        reader = make_subscriber(f"reader{number}@example.org", topics=[topic])
        rate(reader, "cat", Feedback.Value.MORE)
        ids = list(topic.subscribers.values_list("pk", flat=True))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            readers, _ = readers_of(ids)
            assert len(ratings_of(readers.values(), fitted)) == number
        counts.append(len(queries))
    assert len(set(counts)) == 1
