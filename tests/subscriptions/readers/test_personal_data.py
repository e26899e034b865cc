"""What is held about a reader: the export has all of it, the erasure leaves nothing."""

import json

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder

from newsletter.models import Delivery, Event, RetractionAlert
from papers.matching.interests.specs import spec_of
from subscriptions.interests import following
from subscriptions.models import (
    AddressChange,
    Consent,
    Feedback,
    FormEntry,
    FormerSubscriber,
    ImportedReader,
    ImportRun,
    Notice,
    SavedPaper,
    Submission,
    Subscriber,
    Upvote,
)
from subscriptions.readers import feedback, personal_data, reading_list, submissions, upvotes
from tests.factories import NOW, make_delivery, make_issue, make_notice, make_paper, make_subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(topics):
    alice = make_subscriber(topics=topics[:2])
    alice.record(Consent.Action.CONFIRMED, NOW, "Yes")
    feedback.say(alice, make_paper("A paper"), Feedback.Value.MORE, NOW)
    alice.address_changes.create(new_email="new@example.org", asked_at=NOW)
    upvotes.give(alice, make_paper("A third paper"), NOW)
    submissions.submit(alice, "2605.13779", "Alice", NOW)
    delivery = make_delivery(make_issue(), alice)
    Event.objects.create(
        delivery=delivery, provider="x", event_id="1", kind="opened", at=NOW, received_at=NOW
    )
    notice = make_notice(alice, kind="move_to", change=alice.address_changes.get())
    Event.objects.create(
        notice=notice, provider="x", event_id="2", kind="bounced", at=NOW, received_at=NOW
    )
    reading_list.save(alice, make_paper("A fourth paper"), NOW)
    RetractionAlert.objects.create(subscriber=alice, paper=make_paper("A fifth paper"))
    FormerSubscriber.objects.create(
        former_id=10**9, link_version=1, subscriber=alice, survivor_version=1
    )
    run = ImportRun.objects.create(
        profile="csv", file_name="readers.csv", file_hash="0" * 64, file_size=9, created_at=NOW
    )
    ImportedReader.objects.create(subscriber=alice, run=run)
    following.follow(alice, spec_of("words", phrases=["state of charge"]), NOW)
    following.mute(alice, spec_of("author", name="Bob Brown"), NOW)
    FormEntry.objects.create(form="link", email=alice.email, at=NOW, not_before=NOW)
    return alice


def test_the_export_has_all_of_one_reader_and_nothing_of_another(alice, topics):
    bob = make_subscriber("bob@example.org", topics=topics)
    feedback.say(bob, make_paper("Another paper"), Feedback.Value.LESS, NOW)
    data = personal_data.export(alice)
    text = json.dumps(data, cls=DjangoJSONEncoder)
    assert data["subscriber"]["email"] == "alice@example.org"
    assert {name: len(rows) for name, rows in data.items() if isinstance(rows, list)} == {
        "subscriptions": 2,
        "feedback": 1,
        "saved papers": 1,
        "imported readers": 1,
        "changes of address": 1,
        "former subscribers": 1,
        "upvotes": 1,
        "submissions": 1,
        "consents": 2,
        "followed interests": 1,
        "mutes": 1,
        "deliveries": 1,
        "retraction alerts": 1,
        "other emails": 1,
        "events": 2,
        "form entries": 1,
        # None for this reader, but looked for.
        "waiting papers": 0,
        "webhook events": 0,
        "webhook messages": 0,
    }
    assert data["deliveries"][0]["issue"] == str(make_issue_again())
    assert "bob" not in text
    assert "Another paper" not in text
    assert "new@example.org" in text
    assert data["saved papers"][0]["paper"] == "A fourth paper"
    assert data["subscriber"]["receives_by"] == "mail"
    assert data["upvotes"][0]["paper"] == "A third paper"
    assert data["followed interests"][0]["interest"]["phrases"] == ["state of charge"]
    assert data["is suppressed"] is False


def make_issue_again():
    return Delivery.objects.get().issue


def test_the_export_takes_a_query_for_each_table(alice, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        personal_data.export(alice)


def test_erasing_leaves_no_trace_of_the_person(alice):
    editor = User.objects.create_superuser("editor")
    LogEntry.objects.create(
        user=editor,
        content_type=ContentType.objects.get_for_model(Subscriber),
        object_id=str(alice.pk),
        object_repr=str(alice),
        action_flag=CHANGE,
    )
    personal_data.erase(alice)
    held = (Consent, Feedback, SavedPaper, AddressChange, ImportedReader, Upvote, Notice, FormEntry)
    for model in (Subscriber, Subscriber.topics.through, *held):
        assert not model.objects.exists()
    assert Submission.objects.get().subscriber is None
    assert Delivery.objects.get().subscriber is None
    assert LogEntry.objects.get().object_repr == "erased subscriber"
