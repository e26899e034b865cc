"""Merging, splitting and retiring topics in the admin."""

import pytest
from django.urls import reverse

from newsletter.letters.recipients import Recipients
from newsletter.models import Letter
from papers.models import AuditEntry, Topic
from subscriptions.models import Notice, TopicChange
from tests.admin_pages import staff, text
from tests.factories import make_subscriber, make_topic

pytestmark = pytest.mark.django_db

ADD = reverse("admin:subscriptions_topicchange_add")


@pytest.fixture
def topics() -> list[Topic]:
    found = [make_topic("Agents"), make_topic("Robots")]
    make_subscriber("alice@example.org", topics=found[:1])
    return found


@pytest.fixture
def editor():
    return staff(is_superuser=True)


def test_a_merge_is_previewed_done_recorded_and_written_about(topics, editor):
    agents, robots = topics
    assert f'value="{agents.pk}" selected' in text(editor.get(ADD, {"topic": agents.pk}))
    form = {"ended": [agents.pk], "successors": [robots.pk]}
    asked = text(editor.post(ADD, form))
    assert "1 reader\nwould follow" in asked.replace("  ", "") or "follow something new" in asked
    assert not TopicChange.objects.exists()
    done = editor.post(ADD, form | {"_change": "1", "_letter": "1"})
    made = TopicChange.objects.get()
    assert made.moved == 1
    assert AuditEntry.objects.filter(model="papers.topic", what=str(made)).exists()
    assert done.url == f"{reverse('admin:newsletter_letter_add')}?change={made.pk}"
    editor.post(done.url, {"kind": "topic", "title": "Moved", "subject_en": "A", "body_en": "B"})
    letter = Letter.objects.get()
    assert letter.recipients == {"change": made.pk}
    assert Recipients.of(letter).count() == 1


def test_a_topic_is_retired_and_its_readers_told(topics, editor):
    asked = text(editor.post(ADD, {"ended": [topics[0].pk]}))
    assert "would follow nothing else" in asked
    editor.post(ADD, {"ended": [topics[0].pk], "_change": "1"})
    assert Notice.objects.get().kind == Notice.Kind.NOTHING


@pytest.mark.parametrize("ended", [[], ["9" * 40], ["x"], ["0"]])
def test_nonsense_is_a_form_error(topics, editor, ended):
    answer = editor.post(ADD, {"ended": ended, "_change": "1"})
    assert answer.status_code == 200
    assert not TopicChange.objects.exists()


def test_it_takes_the_permission_to_change_topics(topics):
    browser = staff("subscriptions.add_topicchange")
    form = {"ended": [topics[0].pk], "_change": "1"}
    assert browser.post(ADD, form).status_code == 403
    assert not TopicChange.objects.exists()
