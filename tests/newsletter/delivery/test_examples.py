"""Previews as an example reader, and tests that editors send to themselves."""

import dataclasses
import datetime as dt

import pytest
from django.contrib.auth.models import User

from newsletter.delivery import examples, worker
from newsletter.delivery.examples import Example, NothingToShow
from newsletter.mail.message import Mail
from newsletter.models import Delivery, Issue, IssueDraft, Letter, RateBucket, WebhookEvent
from subscriptions import links
from subscriptions.models import Notice
from tests.factories import (
    DAY,
    NOW,
    make_frozen_issue,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db

TOMORROW = DAY + dt.timedelta(days=1)


@pytest.fixture
def topic():
    topic = make_topic("Agents", names={"de": {"name": "Agenten"}})
    make_match(make_paper("Agents everywhere"), topic)
    make_match(make_paper("Agents tomorrow", day=TOMORROW), topic)
    return topic


@pytest.fixture
def issue(topic) -> Issue:
    return make_frozen_issue()


@pytest.fixture
def editor() -> User:
    return User.objects.create_user("editor", "editor@example.com", is_staff=True)


def send(tmp_path) -> list[Mail]:
    transport = RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)
    return transport.sent


def test_a_coming_day_is_shown_as_if_it_were_frozen_and_is_not(topic):
    IssueDraft.objects.create(day=TOMORROW, subject="All about agents", note="Good morning.")
    mail, choices = examples.compose(Example(day=TOMORROW), NOW)
    assert mail.subject.startswith("All about agents")
    assert [choice.place.card.title for choice in choices] == ["Agents tomorrow"]
    assert not Issue.objects.exists()
    assert not WebhookEvent.objects.exists()
    assert IssueDraft.objects.get().note == "Good morning."


@pytest.mark.parametrize(
    ("example", "why"),
    [
        (Example(day=DAY + dt.timedelta(days=30)), "No source has listed"),
        (Example(issue=10**15), "does not exist"),
        (Example(letter=10**15), "no subject"),
    ],
)
def test_what_is_not_there_is_said(topic, example, why):
    with pytest.raises(NothingToShow, match=why):
        examples.compose(example, NOW)


def test_it_is_shown_in_any_language_for_chosen_topics(issue, topic):
    german, _ = examples.compose(Example(issue=issue.pk, language="de"), NOW)
    assert "Agenten" in "".join(fragment.text for fragment in german.html)
    other = make_topic("Robots")
    with pytest.raises(NothingToShow, match="no paper of these topics"):
        examples.compose(Example(issue=issue.pk, topics=(other.pk,)), NOW)


def test_a_test_is_marked_inert_counted_in_the_rates_and_nowhere_else(
    issue, editor, tmp_path, settings
):
    settings.DELIVERY_RATE_PER_DAY = 1_000
    settings.TRACK_OPENS = settings.TRACK_CLICKS = True
    make_subscriber()
    examples.ask_for_test(Example(issue=issue.pk, language="de"), editor, NOW)
    (mail,) = send(tmp_path)
    assert mail.to_addr == "editor@example.com"
    assert mail.subject.startswith("[Test] ")
    text = "".join(fragment.text for fragment in (*mail.text, *mail.html))
    assert "/t/" not in text  # nothing in it is tracked
    header = dict(mail.headers)["List-Unsubscribe"]
    token = header.split("/unsubscribe/")[1].split("/")[0]
    assert links.read(links.Purpose.UNSUBSCRIBE, token).version == links.VOID
    assert not Delivery.objects.exists()
    assert Notice.objects.get().state == Notice.State.SENT
    assert max(RateBucket.objects.values_list("used", flat=True)) == 1
    assert send(tmp_path) == []


def test_a_test_of_a_letter_and_of_a_coming_day(topic, editor, tmp_path):
    letter = Letter.objects.create(
        title="A word", texts={"en": {"subject": "A word", "body": "Hi."}}, made_at=NOW
    )
    for example in (Example(letter=letter.pk), Example(day=TOMORROW)):
        assert Example.of(example.as_dict()) == example
        examples.ask_for_test(example, editor, NOW)
    subjects = sorted(mail.subject for mail in send(tmp_path))
    assert subjects[0] == "[Test] A word"
    assert "Agents tomorrow" in subjects[1]
    assert not Issue.objects.exists()


@pytest.mark.parametrize("address", ["", "editor@example.com"])
def test_a_test_that_cannot_be_made_says_why(topic, editor, tmp_path, address):
    User.objects.update(email=address)
    example = Example(day=DAY + dt.timedelta(days=30))
    examples.ask_for_test(example if address else Example(day=TOMORROW), editor, NOW)
    assert send(tmp_path) == []
    notice = Notice.objects.get()
    assert notice.state == Notice.State.SKIPPED
    assert ("No source" if address else "no address") in notice.reason


def test_every_field_of_an_example_is_kept():
    whole = Example(1, TOMORROW, 2, "de", (3, 4), True, True)
    assert dataclasses.astuple(Example.of(whole.as_dict())) == dataclasses.astuple(whole)
