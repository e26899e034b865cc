"""Whatever is sent to a page behind a signed link: no fault, and no harm to another reader."""

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from papers.models import Paper, Topic
from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.models import AddressChange, Subscriber
from tests.factories import NOW, make_paper, make_subscriber

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock", "topics")]

TEXTS = st.text(max_size=40) | st.sampled_from(
    ["agents", "weekly", "feed", "10", "-1", "9" * 30, "2026-07-01", "9999-12-31", "\0", "²", "on"]
)
FIELDS = [
    *("topics", "topic", "everything", "rhythm", "weekday", "hour", "timezone", "papers_wanted"),
    *("receives_by", "paused_until", "learns", "text_only"),
    *("days", "until", "email", "paper", "List-Unsubscribe"),
]
ACTIONS = [
    *("mute", "weekly", "feed", "pause", "resume", "leave", "undo", "return"),
    *("take-back", "forget", "learn", "stop", "ask", "cancel", "agree"),
]
SENT = st.dictionaries(
    st.sampled_from(FIELDS) | st.text(max_size=6), st.lists(TEXTS, max_size=3), max_size=8
)
ASKED = st.dictionaries(st.sampled_from(["page", "saved", "done"]) | TEXTS, TEXTS, max_size=3)


def pages_of(subscriber: Subscriber, change: AddressChange, paper: Paper) -> list[str]:
    """Every page that takes something in."""
    held = subscriber.pk, subscriber.link_version
    preferences = links.preferences_path(*held)
    return [
        preferences,
        f"{preferences}learned/",
        f"{preferences}address/",
        f"{preferences}links/",
        f"{preferences}erase/",
        links.unsubscribe_path(*held),
        links.confirm_path(*held, NOW),
        links.feedback_path(*held, paper.pk, "more"),
        links.move_path(Purpose.MOVE_FROM, *held, change.pk),
        links.move_path(Purpose.MOVE_TO, *held, change.pk),
    ]


@examples(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(at=st.integers(0, 9), action=st.sampled_from(["", *ACTIONS]) | TEXTS, sent=SENT, asked=ASKED)
def test_no_form_and_no_query_breaks_a_page_or_touches_another_reader(at, action, sent, asked):
    cache.clear()  # or the limits answer in place of the page
    Subscriber.objects.all().delete()
    alice = make_subscriber(topics=list(Topic.objects.all()[:2]))
    bob = make_subscriber("bob@example.org", topics=list(Topic.objects.all()[:1]))
    before = Subscriber.objects.filter(pk=bob.pk).values().get()
    change = alice.address_changes.create(new_email="new@example.org", asked_at=NOW)
    path = pages_of(alice, change, Paper.objects.first() or make_paper())[at]
    client = Client()
    assert client.get(path, asked, secure=True).status_code == 200
    answer = client.post(path, {"action": action} | sent, secure=True)
    assert answer.status_code in (200, 302)
    if answer.status_code == 302:
        assert client.get(answer["Location"], secure=True).status_code in (200, 302, 410)
    assert Subscriber.objects.filter(pk=bob.pk).values().get() == before
    assert bob.subscriptions.count() == 1
